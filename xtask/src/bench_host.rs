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

/// What an inference takes.
#[derive(Debug, Default, Clone, Copy, Serialize)]
struct Take {
    /// Nanoseconds.
    ns: f64,
    /// Bytes at most.
    stack: u64,
    heap: u64,
}

/// One line of the tables.
#[derive(Debug, Default, Serialize)]
struct Line {
    model: &'static str,
    protected: Take,
    unprotected: Take,
    /// Nanoseconds.
    tflm: Option<f64>,
    /// Bytes of its arena.
    arena: Option<u64>,
    microflow: Option<Take>,
    /// Bytes of Rekindle's memory for inputs, outputs and activations, which is non-volatile on a device.
    nvm: u64,
}

/// Runs all of them in turns and reports medians; whether ours is the fastest on each model.
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
            let find = |list: &[Measured]| {
                let found = list.iter().find(|t| t.name == model).cloned();
                found.with_context(|| format!("{model} was not measured"))
            };
            let (with, without) = (find(&protected)?, find(&plain)?);
            lines.push(Line {
                model,
                protected: with.ours,
                unprotected: without.ours,
                tflm: others.get(&files[i]).map(|t| t.ns),
                arena: others.get(&files[i]).map(|t| t.arena),
                microflow: with.microflow,
                nvm: with.nvm,
            });
        }
        turns.push(lines);
    }
    let lines = medians(&turns);
    let fastest = |l: &Line| {
        let others = [l.tflm, l.microflow.map(|m| m.ns)];
        others.into_iter().flatten().all(|t| l.protected.ns < t)
    };
    if json {
        println!("{}", serde_json::to_string_pretty(&lines)?);
    } else {
        let text = markdown(&lines);
        print!("{text}");
        fs::write(REPORT, text).with_context(|| format!("cannot write {REPORT}"))?;
    }
    Ok(lines.iter().all(fastest))
}

/// What `tests/microflow` prints of one model.
#[derive(Clone)]
struct Measured {
    name: String,
    microflow: Option<Take>,
    ours: Take,
    nvm: u64,
}

/// Nanoseconds, stack, heap.
fn take(text: &str) -> Option<Take> {
    let [ns, stack, heap] = text.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    Some(Take {
        ns: ns.parse().ok()?,
        stack: stack.parse().ok()?,
        heap: heap.parse().ok()?,
    })
}

fn ours(unprotected: bool) -> Result<Vec<Measured>> {
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
        let [name, microflow, ours, nvm] = line.split('|').collect::<Vec<_>>()[..] else {
            anyhow::bail!("not a result: {line}");
        };
        Ok(Measured {
            name: name.to_owned(),
            microflow: take(microflow),
            ours: take(ours).with_context(|| line.to_owned())?,
            nvm: nvm.parse().with_context(|| line.to_owned())?,
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
    // Memory is the same in each turn; times are not.
    let timed = |take: Take, ns: Option<f64>| Take {
        ns: ns.unwrap_or(take.ns),
        ..take
    };
    let line = |(i, (model, _)): (usize, &(&'static str, &str))| {
        let first = turns.first().map(|lines| &lines[i]);
        let of = |f: &dyn Fn(&Line) -> Option<Take>| {
            let ns = median(i, &|l| f(l).map(|t| t.ns));
            first.and_then(f).map(|take| timed(take, ns))
        };
        Line {
            model,
            protected: of(&|l| Some(l.protected)).unwrap_or_default(),
            unprotected: of(&|l| Some(l.unprotected)).unwrap_or_default(),
            tflm: median(i, &|l| l.tflm),
            arena: first.and_then(|l| l.arena),
            microflow: of(&|l| l.microflow),
            nvm: first.map_or(0, |l| l.nvm),
        }
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
        let times = |other: Option<f64>| dash(other.map(|t| format!("{:.2}", t / l.protected.ns)));
        let microflow = l.microflow.map(|m| m.ns);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            l.model,
            micros(l.protected.ns),
            micros(l.unprotected.ns),
            dash(l.tflm.map(micros)),
            dash(microflow.map(micros)),
            times(l.tflm),
            times(microflow),
        );
    }
    text += "\n## Peak memory\n\nBytes, the most during one inference: the stack is painted and its own, the heap is counted by the allocator. Rekindle's \
             inputs, outputs and activations lie in what is non-volatile memory on a device (NVM); TFLM's are in its arena, \
             whose interpreter's stack and heap were not measured.\n\n\
             | model | protected: stack | heap | NVM | unprotected: stack | microflow: stack | heap | TFLM: arena |\n\
             | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    for l in lines {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            l.model,
            l.protected.stack,
            l.protected.heap,
            l.nvm,
            l.unprotected.stack,
            dash(l.microflow.map(|m| m.stack.to_string())),
            dash(l.microflow.map(|m| m.heap.to_string())),
            dash(l.arena.map(|a| a.to_string())),
        );
    }
    text + "\n`hello_world` has 288 multiply-accumulates. Both of ours start and complete a run, with a word written for each.\n"
}
