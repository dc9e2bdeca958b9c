//! The demonstration as a user meets it: what it prints, how it ends, and that nothing is lost on the way.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

/// A folder of its own for each test.
struct Bench(PathBuf);

impl Bench {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn command(&self, args: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_survive"));
        command.current_dir(&self.0).args(args.split_whitespace());
        command
    }

    fn run(&self, args: &str) -> Output {
        self.command(args).output().unwrap()
    }

    fn report(&self, args: &str) -> Value {
        let output = self.run(&format!("--json {args}"));
        assert!(output.status.success(), "{}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Expects a one-line error.
    fn refuses(&self, args: &str, code: i32, why: &str) {
        let output = self.run(args);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(code), "{args}: {said}");
        assert!(said.contains(why), "{args}: {said}");
        assert!(
            said.starts_with("survive: ") && said.lines().count() == 1,
            "{args}: {said}"
        );
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn outages_change_no_bit_and_the_report_says_so() {
    let bench = Bench::new("simulated");
    let report = bench.report("--images 6");
    assert_eq!(
        (&report["images"], &report["mismatches"], &report["kills"]),
        (&6.into(), &0.into(), &0.into())
    );
    assert!(report["outages"].as_u64().unwrap() > 20, "{report}");
    for key in ["accuracy", "commits", "nvm_bytes", "redone", "overhead"] {
        assert!(report[key].as_f64().unwrap() > 0.0, "{key}: {report}");
    }
    let svg = fs::read_to_string(bench.0.join("survive.svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("100 µF"));
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let bench = Bench::new("seed");
    let first = bench.report("--images 2 --seed 7 --store a.nvm");
    assert_eq!(bench.report("--images 2 --seed 7 --store b.nvm"), first);
    let other = bench.report("--images 2 --seed 8 --capacitor 1mF --store c.nvm");
    assert!(other["outages"].as_u64() < first["outages"].as_u64());
}

#[test]
fn killed_processes_change_no_bit() {
    let bench = Bench::new("kill");
    let report = bench.report("--images 12 --kill");
    assert_eq!(report["mismatches"], 0);
    assert!(report["kills"].as_u64().unwrap() > 0, "{report}");
}

#[test]
fn an_interrupted_run_goes_on() {
    for mode in ["", "--kill"] {
        let bench = Bench::new(&format!("interrupt{mode}"));
        let args = format!("--images 256 --json {mode}");
        let mut run = bench.command(&args).stderr(Stdio::null()).spawn().unwrap();
        // Until the counters show that some work is done.
        let (start, tally) = (Instant::now(), bench.0.join("survive-256.nvm.tally"));
        let commits = || fs::read(&tally).map_or(0, |t| t.get(24).copied().unwrap_or(0));
        while commits() == 0 && start.elapsed() < Duration::from_secs(30) {
            sleep(Duration::from_millis(2));
        }
        let kill = Command::new("kill")
            .arg("-INT")
            .arg(run.id().to_string())
            .status();
        assert!(kill.unwrap().success());
        assert_eq!(run.wait().unwrap().code(), Some(130), "{mode}");
        let before = fs::read(&tally).unwrap();
        // Another experiment must not take its store.
        bench.refuses(
            "--images 2 --store survive-256.nvm",
            3,
            "another experiment",
        );
        assert_eq!(fs::read(&tally).unwrap(), before);
    }
}

#[test]
fn an_interrupted_run_ends_as_an_uninterrupted_one() {
    let bench = Bench::new("resume");
    let whole = bench.report("--images 8 --store whole.nvm");
    // A parent that is killed leaves its work behind, and a child that notices.
    let mut run = bench
        .command("--images 8 --kill")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    sleep(Duration::from_millis(150));
    run.kill().unwrap();
    run.wait().unwrap();
    let report = bench.report("--images 8");
    assert_eq!(report["mismatches"], 0);
    assert_eq!(report["accuracy"], whole["accuracy"]);
}

#[test]
fn unusable_stores_are_named_and_left_alone() {
    let bench = Bench::new("stores");
    bench.refuses("--store no/such.nvm", 3, "there is no such file");
    fs::write(bench.0.join("text.nvm"), "hello").unwrap();
    bench.refuses("--store text.nvm", 3, "not a store");
    assert_eq!(fs::read(bench.0.join("text.nvm")).unwrap(), b"hello");

    bench.report("--images 1 --store good.nvm");
    let good = fs::read(bench.0.join("good.nvm")).unwrap();
    let damage = |name: &str, bytes: &[u8]| fs::write(bench.0.join(name), bytes).unwrap();
    damage("short.nvm", &good[..good.len() / 2]);
    bench.refuses("--images 1 --store short.nvm", 3, "damaged");
    let mut torn = good.clone();
    torn[36..240].fill(0xA5);
    damage("torn.nvm", &torn);
    bench.refuses("--images 1 --store torn.nvm", 3, "is damaged");
    assert_eq!(fs::read(bench.0.join("torn.nvm")).unwrap(), torn);
}

#[test]
fn unusable_traces_are_named_with_line_and_column() {
    let bench = Bench::new("traces");
    bench.refuses("--trace none.txt", 4, "none.txt: ");
    fs::write(bench.0.join("bad.csv"), "time_s,power_w\n0,0.001\n1,lots\n").unwrap();
    bench.refuses("--trace bad.csv", 4, "bad.csv:3:3: `lots` is not a number");
    fs::write(
        bench.0.join("good.csv"),
        "time_s,power_w\n0,0.001\n1,0.002\n",
    )
    .unwrap();
    assert_eq!(bench.report("--images 1 --trace good.csv")["mismatches"], 0);
}

#[test]
fn a_capacitor_that_is_too_small_is_refused_and_a_larger_one_goes_on() {
    let bench = Bench::new("capacitor");
    bench.refuses("--images 1 --capacitor 1uF", 5, "no progress");
    bench.refuses("--images 1 --capacitor 20uF", 5, "`max_pool`");
    assert_eq!(bench.report("--images 1")["mismatches"], 0);
}

#[test]
fn a_report_that_nobody_reads_is_no_panic() {
    let bench = Bench::new("pipe");
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = bench
        .command("--images 1 --json")
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(6));
    assert!(!said(&output).contains("panicked"), "{}", said(&output));
    bench.refuses(
        "--images 1 --json --svg no/such/folder.svg",
        6,
        "folder.svg",
    );
}
