//! What protection costs on continuous power: the same bodies with and without it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::callgrind;
use crate::shell::{command, output, run, target};

/// What is measured, as the probe names it.
const CASES: [(&str, &str); 13] = [
    ("lenet", "row"),
    ("lenet", "element"),
    ("conv2d", "row"),
    ("conv2d", "element"),
    ("depthwise", "row"),
    ("depthwise", "element"),
    ("max_pool", "row"),
    ("max_pool", "element"),
    ("average_pool", "row"),
    ("average_pool", "element"),
    ("dense", "row"),
    ("dense", "element"),
    ("softmax", "row"),
];

/// Bars for the whole network: granularity, instructions, NVM bytes.
const BARS: [(&str, f64, f64); 2] = [("row", 1.01, 1.02), ("element", 1.08, f64::INFINITY)];

/// Bar for the frame and the position of a task that calls no other, in bytes.
const STATE_BAR: u64 = 16;

/// The position word's size, which the state includes.
const WORD: u64 = 2;

/// One line of the table.
#[derive(Debug, Serialize)]
struct Row {
    kernel: &'static str,
    granularity: &'static str,
    /// Instructions with protection over instructions without.
    instructions_ratio: f64,
    /// NVM bytes with protection over bytes without.
    nvm_ratio: f64,
    /// The longest record and the position word, in bytes.
    state_bytes: u64,
    /// Instructions of one protected run.
    instructions: u64,
    /// NVM bytes of one protected run.
    nvm_bytes: u64,
}

/// The command; `check` compares with the bars.
pub fn report(json: bool, check: bool) -> Result<bool> {
    let rows = measure()?;
    if json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        print(&rows);
    }
    let breaches = if check { breaches(&rows) } else { Vec::new() };
    for breach in &breaches {
        eprintln!("{breach}");
    }
    Ok(breaches.is_empty())
}

fn measure() -> Result<Vec<Row>> {
    callgrind::available()?;
    let protected = build("overhead", None)?;
    let unprotected = build(
        "overhead-unprotected",
        Some("--cfg rekindle_unprotected -Adead_code"),
    )?;
    let case = |&(kernel, granularity): &(&'static str, &'static str)| {
        let args = [kernel, granularity];
        let instructions = callgrind::per_run(&protected, &args, 1)?;
        let plain = callgrind::per_run(&unprotected, &args, 1)?;
        let (nvm_bytes, record) = written(&protected, args)?;
        let (data, _) = written(&unprotected, args)?;
        Ok(Row {
            kernel,
            granularity,
            instructions_ratio: ratio(instructions, plain),
            nvm_ratio: ratio(nvm_bytes, data),
            state_bytes: record + WORD,
            instructions,
            nvm_bytes,
        })
    };
    CASES.iter().map(case).collect()
}

/// Four digits are all that is there to say.
fn ratio(a: u64, b: u64) -> f64 {
    (a as f64 / b as f64 * 1e4).round() / 1e4
}

fn build(folder: &str, flags: Option<&str>) -> Result<PathBuf> {
    let folder = target().join(folder);
    let mut cargo = command(
        "cargo build --quiet --release -p rekindle-examples --no-default-features --bin overhead_probe",
    );
    cargo.env("CARGO_TARGET_DIR", &folder);
    if let Some(flags) = flags {
        cargo.env("RUSTFLAGS", flags);
    }
    run(&mut cargo)?;
    Ok(folder.join("release/overhead_probe"))
}

/// NVM bytes that one run writes, and its longest record.
fn written(probe: &Path, [kernel, granularity]: [&str; 2]) -> Result<(u64, u64)> {
    let count = |runs: &str| -> Result<(u64, u64)> {
        let mut probe = std::process::Command::new(probe);
        let text = output(probe.args([kernel, granularity, runs, "--count"]))?;
        let (bytes, record) = text
            .trim()
            .split_once(' ')
            .context("the probe prints two numbers")?;
        Ok((bytes.parse()?, record.parse()?))
    };
    let ((one, record), (two, _)) = (count("1")?, count("2")?);
    Ok((two - one, record))
}

fn print(rows: &[Row]) {
    println!("Continuous power, mapped store; with protection / without\n");
    println!(
        "{:<14}{:<12}{:>14}{:>12}{:>14}",
        "kernel", "commit per", "instructions", "NVM bytes", "state"
    );
    for r in rows {
        println!(
            "{:<14}{:<12}{:>14.4}{:>12.4}{:>12} B",
            r.kernel, r.granularity, r.instructions_ratio, r.nvm_ratio, r.state_bytes
        );
    }
}

fn breaches(rows: &[Row]) -> Vec<String> {
    let mut breaches = Vec::new();
    for row in rows {
        let (kernel, granularity) = (row.kernel, row.granularity);
        if kernel != "lenet" {
            if row.state_bytes > STATE_BAR {
                breaches.push(format!(
                    "{kernel} by {granularity}: {} B of state, above {STATE_BAR}",
                    row.state_bytes
                ));
            }
            continue;
        }
        for (_, instructions, nvm) in BARS.iter().filter(|bar| bar.0 == granularity) {
            for (what, ratio, bar) in [
                ("instructions", row.instructions_ratio, *instructions),
                ("NVM bytes", row.nvm_ratio, *nvm),
            ] {
                if ratio > bar {
                    breaches.push(format!(
                        "{kernel} by {granularity}: {ratio} × {what}, above {bar}"
                    ));
                }
            }
        }
    }
    breaches
}
