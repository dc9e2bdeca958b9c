//! `cargo xtask firmware`: builds the firmware of every target, runs what an emulator can run, and prints one table.
//!
//! A target is a module of this one with a [`Target`] in it, and a line in [`TARGETS`].

mod cortex_m4;
pub mod elf;
mod kernels;
mod microbit;
pub mod models;
mod msp430;
mod nrf52;
pub mod qemu;
mod report;
pub mod tools;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::shell::outside;
use crate::steps::Tally;

/// Every target there is.
const TARGETS: &[Target] = &[
    cortex_m4::TARGET,
    microbit::TARGET,
    nrf52::TARGET,
    msp430::TARGET,
    models::TARGET,
    kernels::TARGET, // the size of the benchmark
];

/// Firmware crates, workspaces of their own: folder, and the words with which cargo builds all that is in it.
/// `cargo xtask test` formats and lints them.
pub const CRATES: &[(&str, &str)] = &[
    ("firmware/bench-m4", "--target thumbv7em-none-eabihf"),
    (
        "firmware/bench-m4",
        "--target thumbv7em-none-eabihf --features golden --bin golden",
    ),
    ("firmware/cortex-m4", "--target thumbv7em-none-eabihf"),
    ("firmware/overhead-m4", "--target thumbv7em-none-eabihf"),
    // Programs need the reference models.
    ("firmware/models-m4", "--lib --target thumbv7em-none-eabihf"),
    ("firmware/microbit", "--target thumbv6m-none-eabi"),
    // Without a target: on the host. What only the device has is built with warnings denied.
    ("firmware/msp430", "--all-targets"),
    ("firmware/nrf52", "--target thumbv7em-none-eabihf"),
    (
        "firmware/nrf52",
        "--target thumbv7em-none-eabihf --features defmt",
    ),
    (
        "firmware/nrf52",
        "--target thumbv7em-none-eabihf --no-default-features --features nrf52832",
    ),
];

/// One kind of device.
#[derive(Debug)]
pub struct Target {
    /// What `--only` selects.
    pub name: &'static str,
    /// Builds, runs and compares. What it returns as `Err` is that it could not: differences are in the rows.
    pub run: fn(Effort) -> Result<Outcome>,
}

/// How much is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// What `cargo xtask test` has time for: under half a minute per target.
    Short,
    /// Everything that is promised.
    Full,
}

/// What came of a target.
#[derive(Debug, Default, Serialize)]
pub struct Outcome {
    /// Programs.
    pub rows: Vec<Row>,
    /// Bad states and seeded bugs, each of which was brought about on the target.
    pub checks: Vec<Check>,
}

/// One program on one target.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Row {
    /// Device and program, such as `cortex-m4 lenet by row`.
    pub target: String,
    /// Code and constants in bytes.
    pub text: u64,
    /// Initialised and zeroed variables in bytes.
    pub data: u64,
    /// Variables and the deepest stack that was seen, in bytes; `None` where nothing was run.
    pub sram_peak: Option<u64>,
    /// Bytes of NVM that the program uses: control area and buffers, or pages of flash.
    pub nvm: u64,
    /// Power failures that were injected.
    pub failures: u64,
    /// Results that differed from those of the host; `None` where nothing was run.
    pub differences: Option<u64>,
    /// Instructions with protection over instructions without.
    pub overhead: Option<f64>,
    /// What else there is to say: distinct instructions, seed, erases per inference.
    pub note: String,
}

/// Something bad that was done to a program, and whether it took it as it should.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// As in [`Row::target`].
    pub target: String,
    /// What was done.
    pub what: String,
    /// Whether the program (or, for a seeded bug, the harness) did what it should.
    pub passed: bool,
    /// What it did.
    pub seen: String,
}

/// The command: all targets or those whose name contains `only`. Whether all is well.
pub fn command(effort: Effort, json: bool, only: Option<&str>) -> Result<bool> {
    // A full run takes long: what is there is written after each target.
    let write = effort == Effort::Full && only.is_none() && !json;
    let outcome = run(effort, only, |outcome| {
        if write {
            report::write(outcome)
        } else {
            Ok(())
        }
    })?;
    print(&outcome, json)
}

/// Prints an outcome; whether all is well.
fn print(outcome: &Outcome, json: bool) -> Result<bool> {
    if json {
        println!("{}", serde_json::to_string_pretty(outcome)?);
    } else {
        print!("{}", report::markdown(outcome));
    }
    let bad = report::bad(outcome);
    for line in &bad {
        eprintln!("{line}");
    }
    Ok(bad.is_empty())
}

/// The step of `cargo xtask test`: each row and each check counts.
pub fn step(tally: &mut Tally) -> Result<()> {
    let outcome = run(Effort::Short, None, |_| Ok(()))?;
    print!("{}", report::markdown(&outcome));
    for row in &outcome.rows {
        tally.check(row.differences.unwrap_or(0) == 0);
    }
    for check in &outcome.checks {
        tally.check(check.passed);
    }
    let bad = report::bad(&outcome);
    ensure!(bad.is_empty(), "{}", bad.join("; "));
    Ok(())
}

/// Lints all firmware crates.
pub fn lint(tally: &mut Tally) -> Result<()> {
    for (_, words) in CRATES {
        let mut words = words
            .split_whitespace()
            .skip_while(|word| *word != "--target");
        if let Some(triple) = words.nth(1) {
            tools::rust_target(triple)?;
        }
    }
    for (folder, words) in CRATES {
        let words = format!("cargo clippy --quiet --release {words} -- -D warnings");
        tally.run(&mut outside(folder, &words))?;
    }
    Ok(())
}

fn run(
    effort: Effort,
    only: Option<&str>,
    after_each: impl Fn(&Outcome) -> Result<()>,
) -> Result<Outcome> {
    let mut all = Outcome::default();
    let chosen = |target: &&Target| only.is_none_or(|only| target.name.contains(only));
    let targets: Vec<_> = TARGETS.iter().filter(chosen).collect();
    ensure!(
        !targets.is_empty(),
        "no target with this name; there are {}",
        TARGETS
            .iter()
            .map(|t| t.name)
            .collect::<Vec<_>>()
            .join(", ")
    );
    for target in targets {
        eprintln!("   {} …", target.name);
        let Outcome { rows, checks } =
            (target.run)(effort).with_context(|| format!("target {}", target.name))?;
        all.rows.extend(rows);
        all.checks.extend(checks);
        after_each(&all)?;
    }
    Ok(all)
}
