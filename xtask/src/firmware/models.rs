//! Imported models on an emulated Cortex-M4: bits, power failures, and what they take.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::{Check, Effort, Outcome, Row, Target, qemu, tools};
use crate::machine;
use crate::shell::{command, output, target};

/// See the module.
pub const TARGET: Target = Target {
    name: "cortex-m4-models",
    run,
};

const FOLDER: &str = "firmware/models-m4";
const MICROFLOW: &str = "firmware/microflow-m4";
const TFLM: &str = "firmware/tflm-m4";
const REPORT: &str = "docs/results/models-m4.md";

/// A reference model, and what others need for it.
struct Model {
    name: &'static str,
    /// In `../shared/models`.
    file: &'static str,
    macs: u64,
    /// Whether microflow has its operators.
    microflow: bool,
}

impl Model {
    fn path(&self) -> PathBuf {
        Path::new("../shared/models")
            .join(self.file)
            .with_extension("tflite")
    }
}

const MODELS: [Model; 5] = [
    Model {
        name: "keyword_spotting",
        file: "kws_ref_model",
        macs: 2_656_768,
        microflow: true,
    },
    Model {
        name: "micro_speech",
        file: "micro_speech_quantized",
        macs: 336_000,
        microflow: true,
    },
    Model {
        name: "resnet",
        file: "pretrainedResnet_quant",
        macs: 12_501_632,
        microflow: false,
    },
    Model {
        name: "person_detection",
        file: "person_detect",
        macs: 7_157_760,
        microflow: true,
    },
    Model {
        name: "hello_world",
        file: "hello_world_int8",
        macs: 288,
        microflow: true,
    },
];

/// Those that run through power failures in `cargo xtask test` as well, and through the most.
const THROUGH_FAILURES: [&str; 2] = ["keyword_spotting", "micro_speech"];

/// What one program takes.
#[derive(Debug, Serialize)]
struct Cost {
    instructions: u64,
    /// Bytes of stack.
    stack: u64,
    /// Code and constants, in bytes.
    text: u64,
}

/// One line of the tables.
#[derive(Debug, Serialize)]
struct Line {
    model: &'static str,
    macs: u64,
    /// With a commit per output row.
    protected: Cost,
    unprotected: Cost,
    microflow: Option<Cost>,
    tflm: Option<Cost>,
    /// Code and constants of the same programs, compiled to be small.
    small: Small,
    /// Code and constants of programs that do no more than microflow's: they run once and compare nothing.
    once: Once,
    instructions_per_mac: f64,
    /// Values that differ from the reference interpreter's outputs, over four samples.
    differences: u64,
    /// Bytes of SRAM besides the stack where NVM is not mapped.
    arena: u64,
    /// The same with some rows of the layers: `rekindle import --rows`.
    rows: u64,
    /// The same with layers in tiles: `rekindle import --sram 1K`.
    tiled: u64,
    nvm: u64,
    /// Bytes of constants that only the check of the outputs needs, in ours and in TFLM's.
    samples: u64,
    /// Bytes of TFLM's arena, by its newest interpreter.
    tflm_arena: Option<u64>,
}

/// Bytes of flash, compiled to be small.
#[derive(Debug, Serialize)]
struct Small {
    protected: u64,
    microflow: Option<u64>,
    tflm: Option<u64>,
}

/// Bytes of flash of our programs that run once, with protection.
#[derive(Debug, Serialize)]
struct Once {
    fast: u64,
    small: u64,
}

/// The most instructions per multiply-accumulate of keyword spotting.
const PER_MAC: f64 = 1.9;

impl Line {
    /// SRAM where NVM is not mapped, which is the most.
    fn sram(&self) -> u64 {
        self.arena + self.protected.stack
    }

    fn good(&self) -> bool {
        let mut peers = [&self.microflow, &self.tflm].into_iter().flatten();
        self.differences == 0
            && (self.model != "keyword_spotting" || self.instructions_per_mac <= PER_MAC)
            && self.tflm_arena.is_none_or(|arena| self.sram() < arena)
            && self.rows <= self.arena
            && peers.all(|peer| self.protected.instructions < peer.instructions)
            && self
                .tflm
                .as_ref()
                .is_none_or(|t| self.protected.text < t.text)
            && self.small.tflm.is_none_or(|t| self.small.protected < t)
    }
}

/// Models whose file is here; says which are not.
fn present() -> Vec<&'static Model> {
    let here = |model: &&Model| {
        let file = model.path();
        let found = file.exists();
        if !found {
            println!("SKIPPED: {} is not here, {}", model.name, file.display());
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
        .filter(|m| effort == Effort::Full || THROUGH_FAILURES.contains(&m.name))
        .collect();
    if models.is_empty() {
        return Ok(outcome);
    }
    let names = models.iter().map(|m| m.name);
    let words = bins(names.flat_map(|name| [name.to_owned(), format!("{name}_outages")]));
    let programs = tools::build(FOLDER, tools::CORTEX_M4, &words)?;
    for model in models {
        let failures = match effort {
            Effort::Full if THROUGH_FAILURES.contains(&model.name) => 10_000,
            Effort::Full => 2_000,
            Effort::Short => 200,
        };
        through(&mut outcome, &programs, model.name, model.macs, failures)?;
    }
    Ok(outcome)
}

/// Checks a model's outputs, and takes it through random power failures.
fn through(
    outcome: &mut Outcome,
    programs: &Path,
    name: &str,
    macs: u64,
    failures: u32,
) -> Result<()> {
    let cost = measured(&programs.join(name))?;
    let target = format!("cortex-m4 {name}");
    outcome.checks.push(Check {
        target: target.clone(),
        what: "outputs against the reference interpreter's".to_owned(),
        passed: cost["differences"] == 0 && cost["samples"] == 4,
        seen: format!(
            "{} samples, {} values differ",
            cost["samples"], cost["differences"]
        ),
    });
    let program = programs.join(format!("{name}_outages"));
    // About what an inference takes at most, and long enough for the rows of the large ones.
    let max = match macs {
        ..10_000 => 5_000 + 4 * macs,
        10_000..5_000_000 => 300_000,
        _ => 1_500_000,
    };
    let words = format!("mode=random seed=2026 failures={failures} max={max} pictures=4");
    eprintln!("     {name} {words}");
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
    Ok(())
}

/// `cargo xtask firmware --model`: a model file of yours, whose inputs and outputs are beside it (`.golden`).
pub fn own(file: &Path, failures: u32, json: bool) -> Result<bool> {
    tools::rust_target(tools::CORTEX_M4)?;
    tools::qemu_arm()?;
    for there in [file.to_owned(), file.with_extension("golden")] {
        ensure!(there.exists(), "{} is not there", there.display());
    }
    let stem = fs::canonicalize(file)?.with_extension("");
    let words = format!(
        "{} --features searched",
        bins(
            ["searched", "searched_outages"]
                .into_iter()
                .map(str::to_owned)
        )
    );
    let programs = tools::build_with(
        FOLDER,
        tools::CORTEX_M4,
        &words,
        &[("REKINDLE_SEARCHED", stem.as_os_str())],
    )?;
    let mut outcome = Outcome::default();
    // Long enough for the rows of large ones.
    through(&mut outcome, &programs, "searched", 10_000_000, failures)?;
    super::print(&outcome, json)
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
    let names = models
        .iter()
        .filter(|m| m.microflow)
        .map(|m| m.name.to_owned());
    let microflow = Peer {
        folder: MICROFLOW,
        words: bins(names),
        sources: None,
    };
    let ours = Peer {
        folder: FOLDER,
        words: words.clone(),
        sources: None,
    };
    let sources = tools::tflm_sources(TFLM)
        .inspect_err(|why| println!("SKIPPED: TFLM on the Cortex-M4: {why:#}"))
        .ok();
    let tflm = sources.map(|sources| Peer {
        folder: TFLM,
        words: words.clone(),
        sources: Some(sources),
    });
    let once = Peer {
        words: format!("{words} --features once"),
        ..ours.clone()
    };
    let (small_once, fast_once) = (once.small(&models)?, once.sizes(&models, &[])?);
    let small_ours = ours.small(&models)?;
    let small_microflow = microflow.small(&models)?;
    let small_tflm = tflm.as_ref().map(|t| t.small(&models)).transpose()?;
    let programs = ours.fast()?;
    let plain = tools::build_unprotected(FOLDER, tools::CORTEX_M4, &words)?;
    let peers = microflow.fast()?;
    let others = tflm.as_ref().map(Peer::fast).transpose()?;
    let files: Vec<_> = models.iter().map(|m| m.path()).collect();
    let arenas = crate::peers::tflm(files.iter().map(PathBuf::as_path)).unwrap_or_default();
    let line = |model: &&Model| {
        let of = |folder: &Path| cost(&folder.join(model.name));
        let (protected, printed) = of(&programs)?;
        let (unprotected, plain) = of(&plain)?;
        let microflow = model.microflow.then(|| of(&peers)).transpose()?;
        let tflm = others.as_deref().map(of).transpose()?;
        let theirs = tflm
            .as_ref()
            .map_or(0, |(_, printed)| printed["differences"]);
        ensure!(theirs == 0, "TFLM differs from itself on {}", model.name);
        Ok(Line {
            model: model.name,
            macs: model.macs,
            instructions_per_mac: protected.instructions as f64 / model.macs as f64,
            differences: printed["differences"] + plain["differences"],
            protected,
            unprotected,
            microflow: microflow.map(|m| m.0),
            tflm: tflm.map(|t| t.0),
            small: Small {
                protected: small_ours[model.name],
                microflow: small_microflow.get(model.name).copied(),
                tflm: small_tflm.as_ref().map(|sizes| sizes[model.name]),
            },
            once: Once {
                fast: fast_once[model.name],
                small: small_once[model.name],
            },
            arena: printed["arena"],
            rows: imported(&model.path(), "--rows")?,
            tiled: imported(&model.path(), "--sram 1K")?,
            nvm: printed["nvm"],
            samples: printed["bytes"],
            tflm_arena: arenas.get(&model.path()).map(|t| t.arena),
        })
    };
    let lines = models.iter().map(line).collect::<Result<Vec<_>>>()?;
    if json {
        println!("{}", serde_json::to_string_pretty(&lines)?);
    } else {
        let text = markdown(&lines);
        print!("{text}");
        fs::write(REPORT, text).with_context(|| format!("cannot write {REPORT}"))?;
    }
    Ok(lines.iter().all(Line::good))
}

/// A crate with a program per model.
#[derive(Clone)]
struct Peer {
    folder: &'static str,
    words: String,
    /// Of TFLM.
    sources: Option<PathBuf>,
}

impl Peer {
    fn build(&self, variables: &[(&str, &OsStr)]) -> Result<PathBuf> {
        let sources = self
            .sources
            .iter()
            .map(|path| ("TFLM_SOURCES", path.as_os_str()));
        let all: Vec<_> = variables.iter().copied().chain(sources).collect();
        tools::build_with(self.folder, tools::CORTEX_M4, &self.words, &all)
    }

    /// Compiled to be fast.
    fn fast(&self) -> Result<PathBuf> {
        self.build(&[])
    }

    /// The same, compiled to be small.
    fn small(&self, models: &[&Model]) -> Result<HashMap<&'static str, u64>> {
        let small = OsStr::new("s");
        let variables = [
            ("CARGO_PROFILE_RELEASE_OPT_LEVEL", small),
            ("TFLM_OPTIMIZE", small),
        ];
        self.sizes(models, &variables)
    }

    /// Sizes of the programs, built with these variables. They are gone with the next build.
    fn sizes(
        &self,
        models: &[&Model],
        variables: &[(&str, &OsStr)],
    ) -> Result<HashMap<&'static str, u64>> {
        let programs = self.build(variables)?;
        let built = models
            .iter()
            .filter(|m| m.microflow || self.folder != MICROFLOW);
        built
            .map(|m| Ok((m.name, flash(&programs.join(m.name))?)))
            .collect()
    }
}

/// Code, constants and what RAM begins with.
fn flash(program: &Path) -> Result<u64> {
    let sizes = tools::sizes(program)?;
    Ok(sizes.text + sizes.data)
}

/// SRAM of a model that is imported with these words.
fn imported(model: &Path, words: &str) -> Result<u64> {
    let out = target().join("short.rs");
    let words = format!(
        "cargo run --quiet --release --bin rekindle -- import {} {words} --json --out {}",
        model.display(),
        out.display()
    );
    let report: serde_json::Value = serde_json::from_str(&output(&mut command(&words))?)?;
    report["sram_bytes"]
        .as_u64()
        .context("`rekindle import --json` gives no `sram_bytes`")
}

/// What a program takes, and all that it prints.
fn cost(program: &Path) -> Result<(Cost, HashMap<String, u64>)> {
    let printed = measured(program)?;
    let cost = Cost {
        instructions: printed["instructions"],
        stack: printed["stack"],
        text: flash(program)?,
    };
    Ok((cost, printed))
}

fn markdown(lines: &[Line]) -> String {
    let mut text = format!(
        "# Imported models on a Cortex-M4\n\n\
         `cargo xtask bench --models`, {}, {}. QEMU `mps2-an386 -icount shift=8`: instructions, not cycles. Each model is\n\
         made by `rekindle import`, its NVM is mapped (PSRAM of the machine), protection is on, and each output row is\n\
         committed. An inference is from its start to its completion. Outputs equal the reference interpreter's on four\n\
         samples. The bar is {PER_MAC} instructions per multiply-accumulate of keyword spotting.\n\n\
         | model | MACs | instructions | per MAC | over unprotected | NVM, bytes |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |\n",
        machine::date(),
        machine::name()
    );
    for l in lines {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.2} | {:.4}× | {} |",
            l.model,
            l.macs,
            l.protected.instructions,
            l.instructions_per_mac,
            l.protected.instructions as f64 / l.unprotected.instructions as f64,
            l.nvm,
        );
    }
    beside(lines, &mut text);
    text
}

/// The peers' tables.
fn beside(lines: &[Line], text: &mut String) {
    *text += "\n## Beside others\n\n\
              The same model files. TFLM with its reference kernels, of the middle of 2020, as the package tfmicro 0.1.0 has\n\
              them, compiled by Debian's gcc 12 (`-O3`), a resolver of just the operators of the model; its outputs equal the\n\
              reference's too. microflow 0.1.3 has no operators for ResNet-8, and pads strided layers differently from TensorFlow\n\
              Lite. Neither protects anything, like the second column.\n\n\
              | instructions | protected | unprotected | TFLM | microflow | TFLM, times ours | microflow, times ours |\n\
              | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    for l in lines {
        let of = |peer: &Option<Cost>| peer.as_ref().map(|m| m.instructions);
        let times = |peer: &Option<Cost>| {
            of(peer).map_or("–".to_owned(), |m| {
                format!("{:.1}×", m as f64 / l.protected.instructions as f64)
            })
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            l.model,
            l.protected.instructions,
            l.unprotected.instructions,
            dash(of(&l.tflm)),
            dash(of(&l.microflow)),
            times(&l.tflm),
            times(&l.microflow),
        );
    }
    *text += "\nSRAM in bytes: the painted stack, and with it the arena that is needed where NVM is not mapped, such as an SPI\n\
              FRAM; TFLM's arena, as its newest interpreter on x86 prints it (part of it are pointers, half as large there), and\n\
              its stack; microflow's stack, which holds its activations. Not mapped, layers have their whole input and output in\n\
              SRAM, or by rows what is under a filter, at the same speed (`rekindle import --rows`, the default for boards\n\
              whose NVM is not mapped). In tiles, by `rekindle import --sram 1K`: without the stack, and slower\n\
              (docs/import.md).\n\n\
              | SRAM | mapped | not mapped: whole | by rows | in tiles | TFLM: arena | stack | microflow |\n\
              | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    for l in lines {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            l.model,
            l.protected.stack,
            l.sram(),
            l.rows + l.protected.stack,
            l.tiled,
            dash(l.tflm_arena),
            dash(l.tflm.as_ref().map(|t| t.stack)),
            dash(l.microflow.as_ref().map(|m| m.stack)),
        );
    }
    *text += "\nFlash in bytes: code and constants of the whole program with the reporting of the benchmark, without the samples and\n\
              expected outputs. Compiled to be fast (`opt-level = 3`, `-O3`), as above, and to be small (`\"s\"`, `-Os`).\n\
              The programs of microflow run once and compare nothing; *once* are ours that do no more, with protection.\n\n\
              | flash | protected: fast | small | unprotected: fast | TFLM: fast | small | once: fast | small | microflow: fast | small |\n\
              | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    for l in lines {
        let without = |size: Option<u64>| dash(size.map(|s| s.saturating_sub(l.samples)));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            l.model,
            without(Some(l.protected.text)),
            without(Some(l.small.protected)),
            without(Some(l.unprotected.text)),
            without(l.tflm.as_ref().map(|t| t.text)),
            without(l.small.tflm),
            l.once.fast,
            l.once.small,
            dash(l.microflow.as_ref().map(|m| m.text)),
            dash(l.small.microflow),
        );
    }
}

fn dash(number: Option<u64>) -> String {
    number.map_or("–".to_owned(), |n| n.to_string())
}
