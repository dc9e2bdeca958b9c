//! `cargo xtask test`: every check.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::shell::{command, need, output, outside, target, works};
use crate::steps::{Skip, Steps, Tally};
use crate::{baseline, crash, firmware, flash, generated, overhead, overhead_m4, search, tutorial};

/// The Rust version that the device crates promise.
const DEVICE_MSRV: &str = "1.88";
/// The crates that run on a device, or while code for it is compiled.
const DEVICE_CRATES: [&str; 4] = ["macros", "macros/compiler", "runtime", "kernels"];
/// The Cortex-M4F target.
const CORTEX_M4: &str = "thumbv7em-none-eabihf";
/// Crates of their own, outside of the workspace as their users' would be.
const OUTSIDE: [&str; 3] = ["tests/downstream", "tests/baseline", "tests/flash_stores"];
/// Most lines that a new user's crate may need.
const DOWNSTREAM_LINES: usize = 60;

/// Runs all steps, or those whose name contains `only`.
pub fn all(only: Option<&str>) -> bool {
    let mut steps = Steps::new(only);
    steps.step("format", format);
    steps.step("clippy", clippy);
    steps.step("minimum Rust version", msrv);
    steps.step("unit and integration tests", tests);
    steps.step("compile errors", |tally| {
        tally.run(&mut command(
            "cargo test --quiet -p rekindle-tests --test ui",
        ))
    });
    steps.step("doc tests", |tally| {
        tally.run(&mut command(
            "cargo test --quiet --workspace --all-features --doc",
        ))
    });
    steps.step("documentation", |tally| {
        let mut cargo = command("cargo doc --quiet --workspace --all-features --no-deps");
        tally.run(cargo.env("RUSTDOCFLAGS", "-D warnings"))
    });
    for level in crash::LEVELS {
        steps.step(&format!("crash suite, opt-level {level}"), |tally| {
            let suite = crash::at_level(level, false, tally)?;
            ensure!(
                suite.schedules >= crash::SCHEDULES,
                "only {} random schedules",
                suite.schedules
            );
            Ok(())
        });
    }
    steps.step("generated tasks", |_| {
        ensure!(
            generated::run(generated::PROGRAMS, &[generated::SEED], false, false)?,
            "the macro accepts what is not safe"
        );
        Ok(())
    });
    steps.step("a user's crate", downstream);
    steps.step("survive on a harvest", |_| {
        survive(&["--images", "16"], "outages", 20)
    });
    steps.step("survive kill -9", |_| {
        survive(&["--images", "48", "--kill"], "kills", 5)
    });
    steps.step("overhead", |_| {
        ensure!(
            overhead::report(false, true)?,
            "protection costs more than promised"
        );
        Ok(())
    });
    steps.step("overhead on a Cortex-M4", |_| {
        ensure!(
            overhead_m4::report(false, true)?,
            "protection costs more than promised"
        );
        Ok(())
    });
    steps.step("do-it-yourself baseline", |_| {
        ensure!(baseline::report(false)?, "the baseline does better");
        Ok(())
    });
    steps.step("stores for NOR flash", |_| {
        ensure!(
            flash::report(true, false)?,
            "the store for NOR flash needs or loses more than promised"
        );
        Ok(())
    });
    steps.step("build for a Cortex-M4", cortex_m4);
    steps.step("kernels' DSP path in QEMU", dsp_path);
    steps.step("firmware", firmware::step);
    steps.step("tutorial on keyword spotting", |_| {
        if let Some(why) = tutorial::absent() {
            return Err(Skip(why).into());
        }
        ensure!(tutorial::report(true, false)?, "a result differs");
        Ok(())
    });
    steps.step("architecture search", search::tests);
    steps.step("Miri", miri);
    steps.finish()
}

fn format(tally: &mut Tally) -> Result<()> {
    need(
        "rustfmt",
        "cargo fmt --version",
        &["rustup component add rustfmt"],
    )?;
    // The names of the files are enough.
    tally.run(&mut command("cargo fmt --all -- --check -l"))?;
    let firmware = firmware::CRATES.iter().map(|(folder, _)| *folder);
    for folder in OUTSIDE.into_iter().chain(firmware) {
        tally.run(command("cargo fmt -- --check -l").current_dir(folder))?;
    }
    Ok(())
}

fn clippy(tally: &mut Tally) -> Result<()> {
    need(
        "clippy",
        "cargo clippy --version",
        &["rustup component add clippy"],
    )?;
    // What is there with every feature, and what a device gets.
    for which in [
        "--workspace --all-targets --all-features",
        "-p rekindle -p rekindle-kernels",
        "-p rekindle --features std",
    ] {
        tally.run(&mut command(&format!(
            "cargo clippy --quiet {which} -- -D warnings"
        )))?;
    }
    for folder in OUTSIDE {
        tally.run(&mut outside(
            folder,
            "cargo clippy --quiet --all-targets -- -D warnings",
        ))?;
    }
    firmware::lint(tally)
}

fn msrv(tally: &mut Tally) -> Result<()> {
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
    let toolchain = format!("{DEVICE_MSRV}.0");
    if let Err(missing) = need(
        &format!("Rust {DEVICE_MSRV}"),
        &format!("cargo +{toolchain} --version"),
        &[&format!(
            "rustup toolchain install {toolchain} --profile minimal"
        )],
    ) {
        // A distribution's compiler has no rustup beside it.
        println!("stated, but not compiled with: {missing}");
        return Ok(());
    }
    let mut cargo = command(&format!(
        "cargo +{toolchain} check --quiet -p rekindle -p rekindle-kernels"
    ));
    tally.run(cargo.env("CARGO_TARGET_DIR", target().join("msrv")))
}

fn tests(tally: &mut Tally) -> Result<()> {
    // The crash suite is run at every level below, and compile errors are a step of their own.
    if works("cargo nextest --version") {
        let filter = format!("not (binary(ui) | {})", crash::FILTER);
        let words = "cargo nextest run --cargo-quiet --no-fail-fast --status-level slow --final-status-level fail";
        return tally.run(command(words).args(["--workspace", "--all-features", "-E", &filter]));
    }
    println!("without cargo-nextest: `cargo test`, which is slower");
    tally.run(&mut command(
        "cargo test --quiet --workspace --all-features --lib --bins --examples -- --skip crash::",
    ))?;
    tally.run(&mut command(
        "cargo test --quiet -p rekindle-compiler --test *",
    ))?;
    tally.run(&mut command(
        "cargo test --quiet -p rekindle-tests --test golden",
    ))
}

fn downstream(tally: &mut Tally) -> Result<()> {
    let mut lines = 0;
    for file in ["src/lib.rs", "src/main.rs"] {
        lines += std::fs::read_to_string(format!("tests/downstream/{file}"))?
            .lines()
            .count();
    }
    ensure!(
        lines < DOWNSTREAM_LINES,
        "a user's crate should need less than {DOWNSTREAM_LINES} lines, and has {lines}"
    );
    tally.run(&mut outside("tests/downstream", "cargo test --quiet"))?;
    // The second run finds the work of the first one done.
    let program = target().join("tests/downstream/debug/downstream");
    let folder = target().join("downstream");
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("sums.nvm");
    if file.exists() {
        std::fs::remove_file(&file)?;
    }
    tally.run(&mut outside("tests/downstream", "cargo build --quiet"))?;
    for _ in 0..2 {
        let printed = output(Command::new(&program).arg(&file))?;
        ensure!(
            printed.trim() == "[192, 384, 576, 768, 960, 1152, 1344, 1536, 1728, 1920]",
            "printed {printed}"
        );
    }
    Ok(())
}

fn survive(args: &[&str], failures: &str, least: u64) -> Result<()> {
    let folder = target().join("survive");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let mut cargo = command("cargo run --quiet --release --bin survive -- --json --store");
    cargo
        .arg(folder.join("smoke.nvm"))
        .arg("--svg")
        .arg(folder.join("smoke.svg"))
        .args(args);
    let text = output(&mut cargo)?;
    let report: Value = serde_json::from_str(&text).with_context(|| format!("no JSON: {text}"))?;
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
    let seen = report[failures].as_u64().unwrap_or(0);
    ensure!(seen >= least, "only {seen} {failures}: this shows nothing");
    Ok(())
}

fn cortex_m4(tally: &mut Tally) -> Result<()> {
    let installed = output(&mut command("rustup target list --installed"))
        .is_ok_and(|list| list.contains(CORTEX_M4));
    if !installed && !works(&format!("rustup target add {CORTEX_M4}")) {
        return Err(Skip(format!("`rustup target add {CORTEX_M4}` did not work")).into());
    }
    tally.run(&mut command(&format!(
        "cargo build --quiet --release -p rekindle -p rekindle-kernels --target {CORTEX_M4}"
    )))
}

/// 800 combinations of shape and parameters, bit for bit.
fn dsp_path(tally: &mut Tally) -> Result<()> {
    let compared = crate::bench::golden()?;
    tally.check(compared >= 800);
    ensure!(compared >= 800, "only {compared} combinations");
    Ok(())
}

fn miri(tally: &mut Tally) -> Result<()> {
    let installs = ["rustup component add --toolchain nightly miri rust-src"];
    if let Err(error) = need("Miri", "cargo +nightly miri --version", &installs) {
        return Err(Skip(error.to_string()).into());
    }
    let mut cargo = command("cargo +nightly miri test --quiet -p rekindle --lib");
    cargo
        .env("CARGO_TARGET_DIR", target().join("miri"))
        .env("MIRIFLAGS", "-Zmiri-disable-isolation");
    tally.run(&mut cargo)
}
