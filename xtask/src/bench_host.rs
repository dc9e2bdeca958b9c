//! Inference on this machine, beside microflow.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::machine;
use crate::shell::{command, output};

const MANIFEST: &str = "tests/microflow/Cargo.toml";
const MODELS: &str = "../shared/models";
const REPORT: &str = "docs/results/kernels-host.md";

/// Runs both in one process and reports medians; whether ours is faster on each model.
pub fn report(json: bool) -> Result<bool> {
    ensure!(
        Path::new(MODELS).is_dir(),
        "the models are missing: they are looked for in {MODELS}"
    );
    let printed = output(&mut command(&format!(
        "cargo run --quiet --release --manifest-path {MANIFEST}"
    )))?;
    let (mut rows, mut list, mut good) = (String::new(), Vec::new(), true);
    for line in printed.lines() {
        let [name, microflow, ours] = line.split('|').collect::<Vec<_>>()[..] else {
            anyhow::bail!("not a result: {line}");
        };
        let (microflow, ours): (f64, f64) = (microflow.parse()?, ours.parse()?);
        let times = microflow / ours;
        good &= times > 1.0;
        writeln!(
            rows,
            "| {name} | {:.0} | {:.0} | {times:.2} |",
            ours / 1000.0,
            microflow / 1000.0
        )?;
        list.push(serde_json::json!({ "model": name, "rekindle_ns": ours, "microflow_ns": microflow, "times_faster": times }));
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&list)?);
        return Ok(good);
    }
    let report = format!(
        "# Inference on a host\n\n\
         `cargo xtask bench --host`, {}, {}. microflow 0.1.3 from crates.io, which protects nothing, and Rekindle with a commit\n\
         per output row on mapped memory; the same model files, one process, in turns, medians of 31 rounds. Speed is compared\n\
         and not values: microflow pads strided layers differently from TensorFlow Lite.\n\n\
         | model | Rekindle, protected, µs | microflow, µs | times faster |\n| --- | ---: | ---: | ---: |\n{rows}",
        machine::date(),
        machine::name()
    );
    print!("{report}");
    fs::write(REPORT, report).with_context(|| format!("cannot write {REPORT}"))?;
    Ok(good)
}
