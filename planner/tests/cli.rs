//! The commands for people: what they print, what they write, how they fail.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn rekindle(args: &str) -> Output {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    Command::new(env!("CARGO_BIN_EXE_rekindle"))
        .current_dir(root)
        .args(args.split_whitespace())
        .output()
        .expect("the command runs")
}

fn json(args: &str) -> Value {
    let output = rekindle(args);
    assert!(output.status.success(), "{args}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{args}: {e}"))
}

fn error(args: &str) -> String {
    let output = rekindle(args);
    assert!(!output.status.success(), "{args}");
    String::from_utf8(output.stderr).expect("UTF-8")
}

const MODEL: &str = "examples/data/lenet.tflite";

#[test]
fn devices_can_be_listed_copied_and_extended() {
    let all = json("devices --json");
    assert_eq!(all.as_array().map(Vec::len), Some(5));
    let toml = rekindle("devices msp430fr5969 --toml").stdout;
    let own = std::env::temp_dir().join(format!("rekindle-{}.toml", std::process::id()));
    let text = String::from_utf8(toml).expect("UTF-8");
    std::fs::write(
        &own,
        text.replace("capacitance_f = 47e-6", "capacitance_f = 94e-6"),
    )
    .expect("a file");
    let mine = json(&format!("devices {} --json", own.display()));
    let (a, b) = (&mine[0]["usable_j"], &all[3]["usable_j"]);
    let ratio = a.as_f64().zip(b.as_f64()).map(|(a, b)| a / b);
    assert!(ratio.is_some_and(|r| (r - 2.0).abs() < 1e-9), "{a} {b}");
    std::fs::write(&own, text.replace("off_v = 2.4", "off_v = 3.4")).expect("a file");
    let said = error(&format!("explain {MODEL} --device {}", own.display()));
    assert!(
        said.contains("line") && said.contains("`on_v` must be above `off_v`"),
        "{said}"
    );
    std::fs::remove_file(own).expect("it was there");
    let said = error(&format!("explain {MODEL} --device nrf53"));
    assert!(said.contains("nrf52840-spi-fram"), "{said}");
}

#[test]
fn a_plan_says_what_limits_each_layer() {
    let args = format!("{MODEL} --device nrf52840-spi-fram --capacitor 100u --step element");
    let plan = json(&format!("plan {args} --json"));
    let explained = json(&format!("explain {args} --json"));
    assert_eq!(plan, explained["layers"]);
    let layers = plan.as_array().expect("layers");
    assert_eq!(layers.len(), 7);
    for l in layers {
        let n = |key: &str| l[key].as_f64().unwrap_or_else(|| panic!("{key}: {l}"));
        let whole = |key: &str| l[key].as_u64().unwrap_or_else(|| panic!("{key}: {l}"));
        let (every, young, fits) = (whole("every"), whole("young"), whole("fits"));
        // A region fits a power cycle, and the limit that is named is the one that holds.
        assert!(n("every") * n("iteration_j") <= n("room_j"), "{l}");
        match l["limit"].as_str() {
            Some("repetition") => assert!(every == young && young <= fits, "{l}"),
            Some("power-cycle") => assert!(every == fits && fits < young, "{l}"),
            Some("layer") => {
                assert!(every == whole("iterations") && every <= young, "{l}");
            }
            other => panic!("{other:?}"),
        }
    }
    let n = |key: &str| explained[key].as_f64().unwrap_or_else(|| panic!("{key}"));
    assert!(n("latency_s") > n("bound_s") && n("bound_s") > 0.0);
    let text = rekindle(&format!("explain {args}"));
    let text = String::from_utf8(text.stdout).expect("UTF-8");
    assert!(
        text.contains("conv2: a commit every") && text.contains("No plan is faster"),
        "{text}"
    );
    let module = rekindle(&format!("plan {args} --rust"));
    assert!(String::from_utf8_lossy(&module.stdout).contains("const _: () = PLAN.check();"));
    let said = error(&format!(
        "plan {MODEL} --device nrf52840-spi-fram --capacitor 10u"
    ));
    assert!(
        said.contains("µJ") && said.contains("--step element"),
        "{said}"
    );
}

#[test]
fn steps_are_chosen_as_the_import_chooses_them() {
    let board = "--device nrf52840-spi-fram --capacitor 30u";
    let said = error(&format!("plan {MODEL} {board} --step element"));
    assert!(said.contains("pool1"), "{said}");
    let plan = json(&format!("plan {MODEL} {board} --step chosen --json"));
    let out = format!("{}/chosen.rs", env!("CARGO_TARGET_TMPDIR"));
    let made = json(&format!("import {MODEL} {board} --out {out} --json"));
    let (plan, made) = (plan.as_array().unwrap(), made["layers"].as_array().unwrap());
    assert_eq!(plan.len(), made.len());
    for (step, layer) in plan.iter().zip(made) {
        assert_eq!(step["layer"], layer["name"]);
        let by_value = layer["commit"] == "element";
        assert_eq!(
            step["iterations"].as_u64().unwrap() > 100,
            by_value,
            "{step} {layer}"
        );
    }
    assert!(made.iter().any(|l| !l["tile_bytes"].is_null()));
    let rows = json(&format!(
        "simulate {MODEL} {board} --step chosen --trace constant:1 --json"
    ));
    let ours = rows
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["policy"] == "planned interval");
    assert!(ours.unwrap()["latency_s"].as_f64().is_some(), "{rows}");
}

#[test]
fn a_day_of_runs_is_as_many_runs() {
    let args = format!(
        "simulate {MODEL} --device nrf52840-spi-fram --step element --capacitor 470u --trace constant:0.5 --json"
    );
    let one = json(&args);
    let many = json(&format!("{args} --repeat 200"));
    let mut compared = 0;
    for (a, b) in one
        .as_array()
        .into_iter()
        .flatten()
        .zip(many.as_array().into_iter().flatten())
    {
        if a["latency_s"].is_null() {
            assert!(b["latency_s"].is_null(), "{a} {b}");
            continue;
        }
        // The first run charges from empty, so it is longer; the time that it is on is the same.
        let per_run = |v: &Value| v["busy_s"].as_f64().zip(v["runs"].as_f64().or(Some(1.0)));
        let (Some((first, _)), Some((all, n))) = (per_run(a), per_run(b)) else {
            panic!("{a} {b}");
        };
        assert!((all / n / first - 1.0).abs() < 0.02, "{a} {b}");
        assert!(b["latency_s"].as_f64() < a["latency_s"].as_f64(), "{a} {b}");
        let (runs, commits) = (b["runs"].as_u64(), b["commits"].as_u64());
        if a["policy"] == "per iteration" {
            assert_eq!(
                commits,
                runs.map(|n| n * a["commits"].as_u64().unwrap_or(0))
            );
        }
        compared += 1;
    }
    assert!(compared >= 5, "{compared}");
}

#[test]
fn pictures_are_drawn_from_the_figures() {
    let out = std::env::temp_dir().join(format!("rekindle-plots-{}", std::process::id()));
    let data = json(&format!(
        "plot {MODEL} --device nrf52840-spi-fram --capacitor 47u --step element --trace steps:1 --json --out {}",
        out.display()
    ));
    let latency = data["latency_s"].as_f64().expect("a latency");
    assert_eq!(data["planned"][1].as_f64(), Some(latency));
    // The plan is at least as good as any one interval for all layers.
    let best = data["intervals"]["points"].as_array().into_iter().flatten();
    let best = best
        .filter_map(|p| p[1].as_f64())
        .fold(f64::INFINITY, f64::min);
    assert!(latency <= best * 1.01, "{latency} {best}");
    assert!(data["capacitors"].as_array().is_some_and(|l| l.len() >= 6));
    for name in ["timeline", "capacitors", "intervals", "energy"] {
        let text = std::fs::read_to_string(out.join(format!("{name}.svg"))).expect(name);
        assert!(
            text.starts_with("<svg") && text.trim_end().ends_with("</svg>"),
            "{name}"
        );
        assert!(text.contains("steps, seed 1"), "{name}");
    }
    std::fs::remove_dir_all(&out).expect("it was there");
    std::fs::write(&out, "").expect("a file");
    let said = error(&format!(
        "plot {MODEL} --device nrf52840-spi-fram --out {}",
        out.display()
    ));
    assert!(said.contains(&out.display().to_string()), "{said}");
    std::fs::remove_file(out).expect("it was there");
}

#[test]
fn a_bad_trace_is_named_with_line_and_column() {
    let path = std::env::temp_dir().join(format!("rekindle-{}.csv", std::process::id()));
    std::fs::write(&path, "seconds,watts\n0,0.001\n1,x\n").expect("a file");
    let said = error(&format!("traces {}", path.display()));
    assert!(said.contains(":3:3:"), "{said}");
    std::fs::remove_file(path).expect("it was there");
    assert!(error("traces radio:x").contains("a seed is a whole number"));
    assert!(error(&format!("simulate {MODEL} --device riotee --repeat 0")).contains("above zero"));
}

#[test]
fn a_reader_who_has_seen_enough_gets_no_message() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rekindle"))
        .args(["compare", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Nobody reads it.
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
