//! Imported models on an emulated Cortex-M4: bits, power failures, and what they take.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::{Check, Effort, Outcome, Row, Target, qemu, tools};
use crate::machine;

/// See the module.
pub const TARGET: Target = Target {
    name: "cortex-m4-models",
    run,
};

const FOLDER: &str = "firmware/models-m4";
const REPORT: &str = "docs/results/models-m4.md";

/// A reference model, and what others need for it.
struct Model {
    name: &'static str,
    /// In `../shared/models`.
    file: &'static str,
    macs: u64,
    /// Arena of TFLM's interpreter in kB, as `../shared/models/README.md` gives it.
    tflm_arena: f64,
    /// Millions of instructions and kB of stack of microflow on the same machine, where it runs.
    microflow: Option<(f64, f64)>,
}

const MODELS: [Model; 5] = [
    Model {
        name: "keyword_spotting",
        file: "kws_ref_model",
        macs: 2_656_768,
        tflm_arena: 24.3,
        microflow: Some((72.0, 43.4)),
    },
    Model {
        name: "micro_speech",
        file: "micro_speech_quantized",
        macs: 336_000,
        tflm_arena: 7.6,
        microflow: Some((8.36, 18.6)),
    },
    Model {
        name: "resnet",
        file: "pretrainedResnet_quant",
        macs: 12_501_632,
        tflm_arena: 56.0,
        microflow: None,
    },
    Model {
        name: "person_detection",
        file: "person_detect",
        macs: 7_157_760,
        tflm_arena: 85.3,
        microflow: Some((330.0, 155.0)),
    },
    Model {
        name: "hello_world",
        file: "hello_world_int8",
        macs: 288,
        tflm_arena: 1.5,
        microflow: None,
    },
];

/// Those that run through power failures.
const THROUGH_FAILURES: [&str; 2] = ["keyword_spotting", "micro_speech"];

/// One line of the table.
#[derive(Debug, Serialize)]
struct Line {
    model: &'static str,
    macs: u64,
    /// Instructions of an inference with protection, a commit per output row.
    instructions: u64,
    instructions_per_mac: f64,
    /// Over those without protection.
    overhead: f64,
    /// Values that differ from the reference interpreter's outputs, over four samples.
    differences: u64,
    /// Bytes of stack, which is all the SRAM that a model in mapped NVM takes.
    stack: u64,
    tflm_arena: f64,
    nvm: u64,
    /// Code and constants, in bytes.
    text: u64,
    microflow_instructions: Option<f64>,
    microflow_stack: Option<f64>,
}

/// Models whose file is here; says which are not.
fn present() -> Vec<&'static Model> {
    let here = |model: &&Model| {
        let file = format!("../shared/models/{}.tflite", model.file);
        let found = Path::new(&file).exists();
        if !found {
            println!("SKIPPED: {} is not here, {file}", model.name);
        }
        found
    };
    MODELS.iter().filter(here).collect()
}

fn run(effort: Effort) -> Result<Outcome> {
    tools::rust_target(tools::CORTEX_M4)?;
    tools::qemu_arm()?;
    let mut outcome = Outcome::default();
    let here = present();
    let models: Vec<_> = here
        .iter()
        .filter(|m| THROUGH_FAILURES.contains(&m.name))
        .collect();
    if models.is_empty() {
        return Ok(outcome);
    }
    let names = models.iter().map(|m| m.name);
    let words = bins(names.flat_map(|name| [name.to_owned(), format!("{name}_outages")]));
    let programs = tools::build(FOLDER, tools::CORTEX_M4, &words)?;
    for model in models {
        let cost = measured(&programs.join(model.name))?;
        let target = format!("cortex-m4 {}", model.name);
        outcome.checks.push(Check {
            target: target.clone(),
            what: "outputs against the reference interpreter's".to_owned(),
            passed: cost["differences"] == 0 && cost["samples"] == 4,
            seen: format!(
                "{} samples, {} values differ",
                cost["samples"], cost["differences"]
            ),
        });
        let program = programs.join(format!("{}_outages", model.name));
        let failures = match effort {
            Effort::Full => 10_000,
            Effort::Short => 200,
        };
        let words = format!("mode=random seed=2026 failures={failures} max=300000 pictures=4");
        eprintln!("     {} {words}", model.name);
        let session = qemu::session(&program, &words)?;
        let sizes = tools::sizes(&program)?;
        outcome.rows.push(Row {
            target: format!("{target}, commit per row"),
            text: sizes.text,
            data: sizes.data + sizes.bss,
            sram_peak: Some(session.get("sram")?),
            nvm: session.get("nvm")?,
            failures: session.get("failures")?,
            differences: Some(session.get("differences")?),
            overhead: None,
            note: format!(
                "{} inferences; {} failures differ in commit or instruction; seed 2026",
                session.get("done")?,
                session.distinct()
            ),
        });
    }
    Ok(outcome)
}

/// Words for cargo that build these programs.
fn bins(names: impl Iterator<Item = String>) -> String {
    let words: Vec<_> = names.map(|name| format!("--bin {name}")).collect();
    words.join(" ")
}

/// The numbers that a program prints.
fn measured(program: &Path) -> Result<HashMap<String, u64>> {
    let text = qemu::print(program, "")?;
    let words = text
        .trim()
        .strip_prefix("result ")
        .with_context(|| text.clone())?;
    let pairs = words.split_whitespace().map(|word| {
        let (key, value) = word.split_once('=').with_context(|| text.clone())?;
        Ok((key.to_owned(), value.parse()?))
    });
    pairs.collect()
}

/// `cargo xtask bench --models`.
pub fn bench(json: bool) -> Result<bool> {
    let models = present();
    ensure!(!models.is_empty(), "no reference model is here");
    tools::rust_target(tools::CORTEX_M4)?;
    tools::qemu_arm()?;
    let words = bins(models.iter().map(|m| m.name.to_owned()));
    let programs = tools::build(FOLDER, tools::CORTEX_M4, &words)?;
    let plain = tools::build_unprotected(FOLDER, tools::CORTEX_M4, &words)?;
    let lines = models
        .iter()
        .map(|m| line(m, &programs, &plain))
        .collect::<Result<Vec<_>>>()?;
    if json {
        println!("{}", serde_json::to_string_pretty(&lines)?);
    } else {
        let text = markdown(&lines);
        print!("{text}");
        fs::write(REPORT, text).with_context(|| format!("cannot write {REPORT}"))?;
    }
    Ok(lines.iter().all(|l| l.differences == 0))
}

fn line(model: &Model, programs: &Path, plain: &Path) -> Result<Line> {
    let protected = measured(&programs.join(model.name))?;
    let unprotected = measured(&plain.join(model.name))?;
    let instructions = protected["instructions"];
    Ok(Line {
        model: model.name,
        macs: model.macs,
        instructions,
        instructions_per_mac: instructions as f64 / model.macs as f64,
        overhead: instructions as f64 / unprotected["instructions"] as f64,
        differences: protected["differences"] + unprotected["differences"],
        stack: protected["stack"],
        tflm_arena: model.tflm_arena,
        nvm: protected["nvm"],
        text: tools::sizes(&programs.join(model.name))?.text,
        microflow_instructions: model.microflow.map(|m| m.0),
        microflow_stack: model.microflow.map(|m| m.1),
    })
}

fn markdown(lines: &[Line]) -> String {
    let mut text = format!(
        "# Imported models on a Cortex-M4\n\n\
         `cargo xtask bench --models`, {}, {}. QEMU `mps2-an386 -icount shift=8`: instructions, not cycles. Each model is\n\
         made by `rekindle import`, its NVM is mapped (PSRAM of the machine), protection is on, and each output row is\n\
         committed. An inference is from its start to its completion. Outputs equal the reference interpreter's on four\n\
         samples. SRAM is the painted stack: there is no arena. TFLM: arena of its interpreter on x86. microflow 0.1.3: its\n\
         instructions and stack on the same machine, without protection.\n\n\
         | model | MACs | instructions | per MAC | over unprotected | SRAM, bytes | TFLM's arena | microflow: instructions, stack | NVM, bytes | code and constants, bytes |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        machine::date(),
        machine::name()
    );
    for l in lines {
        let microflow = match (l.microflow_instructions, l.microflow_stack) {
            (Some(instructions), Some(stack)) => format!(
                "{instructions} M ({:.1}×), {stack} kB",
                instructions * 1e6 / l.instructions as f64
            ),
            _ => "–".to_owned(),
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.2} | {:.4}× | {} | {} kB | {microflow} | {} | {} |",
            l.model,
            l.macs,
            l.instructions,
            l.instructions_per_mac,
            l.overhead,
            l.stack,
            l.tflm_arena,
            l.nvm,
            l.text
        );
    }
    text
}
