//! `cargo xtask test`: every check.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::shell::{command, need, output, run, target, works};
use crate::steps::{Skip, Steps};
use crate::{crash, overhead};

/// The Rust version that the device crates promise.
const DEVICE_MSRV: &str = "1.87";
/// The crates that run on a device.
const DEVICE_CRATES: [&str; 4] = ["macros", "macros/compiler", "runtime", "kernels"];
/// The Cortex-M4F target.
const CORTEX_M4: &str = "thumbv7em-none-eabihf";

/// Runs all steps, or those whose name contains `only`.
pub fn all(only: Option<&str>) -> bool {
    let mut steps = Steps::new(only);
    steps.step("format", || run(&mut command("cargo fmt --all --check")));
    steps.step("clippy", || {
        run(&mut command("cargo clippy --quiet --workspace --all-targets --features rekindle/std,rekindle/crash -- -D warnings"))
    });
    steps.step("minimum Rust version", msrv);
    steps.step("unit and integration tests", tests);
    steps.step("doc tests", || {
        run(&mut command(
            "cargo test --quiet --workspace --doc --features rekindle/std,rekindle/crash",
        ))
    });
    steps.step("user interface: compile errors", || {
        run(&mut command(
            "cargo test --quiet -p rekindle-tests --test ui",
        ))
    });
    for level in crash::LEVELS {
        steps.step(&format!("crash suite, opt-level {level}"), || {
            crash::at_level(level, false)
        });
    }
    steps.step("a user's crate", downstream);
    steps.step("survive: simulated supply", || survive(&["--images", "16"]));
    steps.step("survive: kill -9", || {
        survive(&["--images", "48", "--kill"])
    });
    steps.step("overhead", || {
        ensure!(
            overhead::report(false, true)?,
            "protection costs more than promised"
        );
        Ok(())
    });
    steps.step("builds for a Cortex-M4", cortex_m4);
    steps.step("Miri", miri);
    steps.finish()
}

fn msrv() -> Result<()> {
    for name in DEVICE_CRATES {
        let text = std::fs::read_to_string(format!("{name}/Cargo.toml"))?;
        ensure!(
            text.contains("rust-version.workspace = true"),
            "{name} does not state the workspace's Rust version"
        );
    }
    let workspace = std::fs::read_to_string("Cargo.toml")?;
    ensure!(
        workspace.contains(&format!("rust-version = \"{DEVICE_MSRV}\"")),
        "the workspace does not state {DEVICE_MSRV}"
    );
    if !works(&format!("cargo +{DEVICE_MSRV} --version")) {
        println!("stated; not compiled with it: the {DEVICE_MSRV} toolchain is not installed here");
        return Ok(());
    }
    let mut cargo = command(&format!(
        "cargo +{DEVICE_MSRV} check --quiet -p rekindle -p rekindle-kernels"
    ));
    run(cargo.env("CARGO_TARGET_DIR", target().join("msrv")))
}

fn tests() -> Result<()> {
    // The crash targets are run at every level below, and the compile errors on their own.
    let rest = "--workspace --features rekindle/std,rekindle/crash";
    if works("cargo nextest --version") {
        let filter = "not (binary(ui) or binary(/^crash_/) or binary(golden_crash))";
        let mut cargo = command(&format!("cargo nextest run --no-fail-fast {rest} -E"));
        return run(cargo.arg(filter));
    }
    println!("cargo-nextest is not installed; cargo test does as well");
    run(&mut command(&format!(
        "cargo test --quiet {rest} --lib --bins --examples"
    )))?;
    run(&mut command("cargo test --quiet -p rekindle-compiler"))?;
    run(&mut command(
        "cargo test --quiet -p rekindle-tests --test golden",
    ))
}

fn downstream() -> Result<()> {
    let lines: usize = ["src/lib.rs", "src/main.rs"]
        .iter()
        .map(|f| {
            Ok(std::fs::read_to_string(format!("tests/downstream/{f}"))?
                .lines()
                .count())
        })
        .sum::<Result<usize>>()?;
    ensure!(
        lines < 60,
        "a user's crate should need less than 60 lines, and has {lines}"
    );
    let at = |words: &str| {
        let mut cargo = command(words);
        cargo.current_dir("tests/downstream").env(
            "CARGO_TARGET_DIR",
            std::path::absolute(target().join("downstream")).unwrap_or_default(),
        );
        cargo
    };
    run(&mut at("cargo test --quiet"))?;
    let file = std::path::absolute(target().join("downstream/sums.nvm"))?;
    let _ = std::fs::remove_file(&file);
    // The second run finds the work of the first one done.
    for _ in 0..2 {
        let printed = output(at("cargo run --quiet --").arg(&file))?;
        ensure!(
            printed.trim() == "[192, 384, 576, 768, 960, 1152, 1344, 1536, 1728, 1920]",
            "printed {printed}"
        );
    }
    Ok(())
}

fn survive(args: &[&str]) -> Result<()> {
    let folder = target().join("survive");
    std::fs::create_dir_all(&folder)?;
    let store = folder.join("smoke.nvm");
    let _ = std::fs::remove_file(&store);
    let mut cargo = command("cargo run --quiet --release --bin survive -- --json");
    cargo
        .args(args)
        .arg("--store")
        .arg(&store)
        .arg("--svg")
        .arg(folder.join("smoke.svg"));
    let report: Value =
        serde_json::from_str(&output(&mut cargo)?).context("survive --json prints no JSON")?;
    println!("{report}");
    for key in [
        "images",
        "accuracy",
        "outages",
        "kills",
        "commits",
        "nvm_bytes",
        "redone",
        "overhead",
        "mismatches",
    ] {
        ensure!(report.get(key).is_some(), "`{key}` is missing");
    }
    ensure!(
        report["mismatches"] == 0,
        "results differ after power failures"
    );
    let failures = report["outages"].as_u64().unwrap_or(0) + report["kills"].as_u64().unwrap_or(0);
    ensure!(
        failures >= 5,
        "only {failures} power failures: this shows nothing"
    );
    Ok(())
}

fn cortex_m4() -> Result<()> {
    if !output(&mut command("rustup target list --installed"))
        .is_ok_and(|list| list.contains(CORTEX_M4))
        && !works(&format!("rustup target add {CORTEX_M4}"))
    {
        return Err(Skip(format!(
            "the target {CORTEX_M4} is missing: rustup target add {CORTEX_M4}"
        ))
        .into());
    }
    run(&mut command(&format!(
        "cargo build --quiet --release -p rekindle -p rekindle-kernels --target {CORTEX_M4}"
    )))
}

fn miri() -> Result<()> {
    let installs = ["rustup component add miri rust-src --toolchain nightly"];
    if let Err(e) = need("Miri", "cargo +nightly miri --version", &installs) {
        return Err(Skip(e.to_string()).into());
    }
    let mut cargo = command("cargo +nightly miri test --quiet -p rekindle --lib");
    cargo
        .env("CARGO_TARGET_DIR", target().join("miri"))
        .env("MIRIFLAGS", "-Zmiri-disable-isolation");
    run(&mut cargo)
}
