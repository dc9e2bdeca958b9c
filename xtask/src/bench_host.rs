//! Inference on this machine, beside TFLM and microflow.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::machine;
use crate::peers::tflm;
use crate::shell::{command, output, target};

const MANIFEST: &str = "tests/microflow/Cargo.toml";
const MODELS: &str = "../shared/models";
const REPORT: &str = "docs/results/models-host.md";
/// How often each process runs, in turns; the median counts.
const TURNS: usize = 3;
/// Names in the code and of the files, in the order in which they are printed.
const FILES: [(&str, &str); 5] = [
    ("hello_world", "hello_world_int8"),
    ("micro_speech", "micro_speech_quantized"),
    ("keyword_spotting", "kws_ref_model"),
    ("resnet", "pretrainedResnet_quant"),
    ("person_detection", "person_detect"),
];

/// One line of the table: nanoseconds per inference.
#[derive(Debug, Default, Serialize)]
struct Line {
    model: &'static str,
    protected: f64,
    unprotected: f64,
    tflm: Option<f64>,
    microflow: Option<f64>,
}

/// Runs all of them in turns and reports medians; whether ours is the fastest on each model but the smallest, which is all
/// overhead.
pub fn report(json: bool) -> Result<bool> {
    ensure!(
        Path::new(MODELS).is_dir(),
        "the models are missing: they are looked for in {MODELS}"
    );
    let files = FILES.map(|(_, file)| PathBuf::from(format!("{MODELS}/{file}.tflite")));
    let mut turns = Vec::new();
    for turn in 1..=TURNS {
        eprintln!("     turn {turn} of {TURNS}");
        let mut lines = Vec::new();
        let (protected, plain) = (ours(false)?, ours(true)?);
        let others = tflm(files.iter().map(PathBuf::as_path)).unwrap_or_default();
        for (i, (model, _)) in FILES.into_iter().enumerate() {
            let find = |list: &[Time]| {
                list.iter()
                    .find(|t| t.name == model)
                    .map(|t| (t.ours, t.microflow))
            };
            let (ours, microflow) =
                find(&protected).with_context(|| format!("{model} was not measured"))?;
            let (unprotected, _) =
                find(&plain).with_context(|| format!("{model} was not measured"))?;
            lines.push(Line {
                model,
                protected: ours,
                unprotected,
                tflm: others.get(&files[i]).map(|t| t.ns),
                microflow,
            });
        }
        turns.push(lines);
    }
    let lines = medians(&turns);
    let fastest = |l: &Line| {
        let others = [l.tflm, l.microflow];
        others.into_iter().flatten().all(|t| l.protected < t)
    };
    if json {
        println!("{}", serde_json::to_string_pretty(&lines)?);
    } else {
        let text = markdown(&lines);
        print!("{text}");
        fs::write(REPORT, text).with_context(|| format!("cannot write {REPORT}"))?;
    }
    Ok(lines.iter().all(|l| l.model == "hello_world" || fastest(l)))
}

/// What `tests/microflow` prints of one model.
struct Time {
    name: String,
    microflow: Option<f64>,
    ours: f64,
}

fn ours(unprotected: bool) -> Result<Vec<Time>> {
    let mut cargo = command(&format!(
        "cargo run --quiet --release --manifest-path {MANIFEST}"
    ));
    if unprotected {
        cargo
            .env("RUSTFLAGS", "--cfg rekindle_unprotected -Adead_code")
            .env("CARGO_TARGET_DIR", target().join("microflow-unprotected"));
    }
    let printed = output(&mut cargo)?;
    let lines = printed.lines().map(|line| {
        let [name, microflow, ours] = line.split('|').collect::<Vec<_>>()[..] else {
            anyhow::bail!("not a result: {line}");
        };
        Ok(Time {
            name: name.to_owned(),
            microflow: microflow.parse().ok(),
            ours: ours.parse().with_context(|| line.to_owned())?,
        })
    });
    lines.collect()
}

fn medians(turns: &[Vec<Line>]) -> Vec<Line> {
    let median = |model: usize, of: &dyn Fn(&Line) -> Option<f64>| {
        let mut all: Vec<_> = turns.iter().filter_map(|lines| of(&lines[model])).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied()
    };
    let line = |(i, (model, _)): (usize, &(&'static str, &str))| Line {
        model,
        protected: median(i, &|l| Some(l.protected)).unwrap_or_default(),
        unprotected: median(i, &|l| Some(l.unprotected)).unwrap_or_default(),
        tflm: median(i, &|l| l.tflm),
        microflow: median(i, &|l| l.microflow),
    };
    FILES.iter().enumerate().map(line).collect()
}

fn markdown(lines: &[Line]) -> String {
    let mut text = format!(
        "# Inference on a host\n\n\
         `cargo xtask bench --models --host`, {}, {}. Microseconds of processor time per\n\
         inference: Rekindle with a commit per output row on mapped memory, and the same without protection; TFLM's reference kernels (`tflite_micro` from PyPI, the version of\n\
         `tools/requirements.txt`, the call of `invoke` alone); microflow 0.1.3 from crates.io. The latter two protect nothing.\n\
         The same model files, one run, each in turns, medians of {TURNS} turns of 31 rounds. Values are compared elsewhere:\n\
         microflow pads strided layers differently from TensorFlow Lite, and has no operators for ResNet-8.\n\n\
         | model | protected | unprotected | TFLM | microflow | times faster than TFLM | than microflow |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        machine::date(),
        machine::name()
    );
    let micros = |ns: f64| format!("{:.*}", if ns < 10_000.0 { 2 } else { 0 }, ns / 1000.0);
    let dash = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
    for l in lines {
        let times = |other: Option<f64>| dash(other.map(|t| format!("{:.2}", t / l.protected)));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            l.model,
            micros(l.protected),
            micros(l.unprotected),
            dash(l.tflm.map(micros)),
            dash(l.microflow.map(micros)),
            times(l.tflm),
            times(l.microflow),
        );
    }
    text + "\n`hello_world` has 288 multiply-accumulates: its time is that of a run being started, recorded and completed.\n"
}
