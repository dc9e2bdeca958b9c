//! The do-it-yourself baseline, side by side: one dense layer with Rekindle, and from the parts that there are.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::callgrind;
use crate::shell::{output, outside, run, target};

/// The crate.
const FOLDER: &str = "tests/baseline";
/// Runs of the layer that NVM bytes are counted over, so that the erasure of a page is shared among them.
const RUNS: u64 = 100;

/// What one way costs, per run of the layer.
#[derive(Debug, Serialize)]
struct Way {
    name: &'static str,
    /// Instructions.
    instructions: u64,
    /// Over those without protection.
    instructions_ratio: f64,
    /// Bytes written to NVM.
    nvm_bytes: f64,
    /// Pages of flash erased.
    erased_pages: f64,
    /// Bytes of a stored state, with what makes it safe.
    state_bytes: u64,
    /// Bytes of SRAM, on this host.
    sram_bytes: u64,
}

/// Whether a program compiles.
#[derive(Debug, Serialize)]
struct Accepts {
    program: String,
    rekindle: bool,
    diapause: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    ways: Vec<Way>,
    accepts: Vec<Accepts>,
}

/// The command; whether Rekindle does better in instructions, NVM bytes, state and accepted programs.
pub fn report(json: bool) -> Result<bool> {
    callgrind::available()?;
    run(&mut outside(FOLDER, "cargo build --quiet --release"))?;
    let probe = target().join(FOLDER).join("release/baseline");
    let plain = callgrind::per_run(&probe, &["unprotected"], 10)?;
    let ways = [
        ("Rekindle, mapped NVM", "mapped"),
        ("Rekindle, byte store", "bytes"),
        ("diapause + postcard + sequential-storage", "diapause"),
    ]
    .map(|(name, way)| measure(&probe, name, way, plain));
    let ways = ways.into_iter().collect::<Result<Vec<_>>>()?;
    let report = Report {
        ways,
        accepts: accepts()?,
    };
    if json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    Ok(better(&report))
}

fn measure(probe: &Path, name: &'static str, way: &str, plain: u64) -> Result<Way> {
    let instructions = callgrind::per_run(probe, &[way], 10)?;
    let text = output(Command::new(probe).args([way, &RUNS.to_string(), "--count"]))?;
    let costs: Vec<u64> = text
        .split_whitespace()
        .map_while(|n| n.parse().ok())
        .collect();
    let [bytes, erased, state_bytes, sram_bytes] = costs[..] else {
        return Err(anyhow::anyhow!("the probe prints four numbers, not {text}"));
    };
    Ok(Way {
        name,
        instructions,
        instructions_ratio: (instructions as f64 / plain as f64 * 1e3).round() / 1e3,
        nvm_bytes: bytes as f64 / RUNS as f64,
        erased_pages: erased as f64 / RUNS as f64,
        state_bytes,
        sram_bytes,
    })
}

/// Compiles each program both ways.
fn accepts() -> Result<Vec<Accepts>> {
    let text = std::fs::read_to_string(format!("{FOLDER}/accepts/rekindle.rs"))?;
    let mut programs: Vec<&str> = Vec::new();
    for line in text.lines() {
        if let Some((case, _)) = line
            .strip_prefix("#[cfg(case = \"")
            .and_then(|l| l.split_once("\")]"))
            && !programs.contains(&case)
        {
            programs.push(case);
        }
    }
    ensure!(!programs.is_empty(), "no programs to compile");
    // A mistake in the crate itself must not count as a program that is refused.
    for way in ["rekindle", "diapause"] {
        ensure!(
            compiles(way, programs[0])?,
            "{way}: the simplest program does not compile"
        );
    }
    programs
        .into_iter()
        .map(|program| {
            Ok(Accepts {
                program: program.to_owned(),
                rekindle: compiles("rekindle", program)?,
                diapause: compiles("diapause", program)?,
            })
        })
        .collect()
}

fn compiles(way: &str, program: &str) -> Result<bool> {
    let mut cargo = outside(
        FOLDER,
        &format!("cargo rustc --quiet --features accepts --example {way} -- --cfg"),
    );
    let done = cargo
        .arg(format!("case=\"{program}\""))
        .output()
        .context("cannot run cargo")?;
    Ok(done.status.success())
}

fn print(report: &Report) {
    println!("A dense layer, 784 to 32, a commit per output; per run\n");
    println!(
        "{:<42}{:>14}{:>8}{:>11}{:>8}{:>8}{:>8}",
        "", "instructions", "ratio", "NVM bytes", "erases", "state", "SRAM"
    );
    for w in &report.ways {
        println!(
            "{:<42}{:>14}{:>8.3}{:>11.1}{:>8.2}{:>6} B{:>6} B",
            w.name,
            w.instructions,
            w.instructions_ratio,
            w.nvm_bytes,
            w.erased_pages,
            w.state_bytes,
            w.sram_bytes
        );
    }
    println!("\n{:<42}{:>10}{:>10}", "accepts", "Rekindle", "diapause");
    let word = |yes: bool| if yes { "yes" } else { "no" };
    for a in &report.accepts {
        println!(
            "{:<42}{:>10}{:>10}",
            a.program,
            word(a.rekindle),
            word(a.diapause)
        );
    }
}

fn better(report: &Report) -> bool {
    let [ours @ .., theirs] = &report.ways[..] else {
        return false;
    };
    let cheaper = ours.iter().all(|w| {
        w.instructions < theirs.instructions
            && w.nvm_bytes < theirs.nvm_bytes
            && w.state_bytes < theirs.state_bytes
    });
    let count = |which: fn(&Accepts) -> bool| report.accepts.iter().filter(|a| which(a)).count();
    cheaper && count(|a| a.rekindle) > count(|a| a.diapause)
}
