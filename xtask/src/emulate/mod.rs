//! `cargo xtask emulate`: keyword spotting on an emulated Cortex-M4 whose power fails as that of a board with a capacitor
//! on a harvest.
//!
//! The emulator counts instructions. For how many of them each charge lasts is what `rekindle cycles` has computed; the
//! firmware's driver takes off what the FRAM chip draws, as it is drawn. When nothing is left, SRAM is filled with noise
//! and the core is reset.

mod picture;
mod sram;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::firmware::{qemu, tools};
use crate::machine;

const FOLDER: &str = "firmware/kws";
/// Cycles per instruction, assumed: loads and taken branches of a Cortex-M4 take more than one.
const PER_INSTRUCTION: f64 = 1.3;
/// Instructions after which the emulator's timer, of 24 bits, can fail the power at the latest.
const LONGEST: u32 = 2_600_000;
/// Where the firmware looks for the table, `psram::SUPPLY`, and how many words it has.
const SUPPLY: (u32, usize) = (0x21f0_0000, 1 << 18);

/// What `rekindle cycles --out` writes.
#[derive(Debug, Deserialize)]
struct Supply {
    board: String,
    trace: String,
    capacitance_f: f64,
    on_v: f64,
    off_v: f64,
    clock_hz: f64,
    cycle_j: f64,
    byte_j: f64,
    boot_s: f64,
    cycles: Vec<PowerCycle>,
    volts: Vec<(f64, f64)>,
}

#[derive(Debug, Deserialize)]
struct PowerCycle {
    off_s: f64,
    cycles: f64,
}

/// What came out.
#[derive(Debug, Serialize)]
struct Outcome {
    board: String,
    trace: String,
    capacitance_f: f64,
    /// Resets because the power failed.
    failures: usize,
    /// Completed before the last of them.
    inferences: u32,
    /// Bytes of NVM or of results that differ from those without failures, or from the reference interpreter's.
    differences: u64,
    instructions_without_failures: u64,
    instructions_per_inference: f64,
    power_cycles_per_inference: f64,
    seconds_on_per_inference: f64,
    seconds_per_inference: f64,
    sram: u64,
    nvm: u64,
    text: u64,
}

/// Builds the firmware, runs it, and writes a table and a picture; whether no result differed.
pub fn report(cycles: &Path, out: &Path, json: bool) -> Result<bool> {
    tools::rust_target(tools::CORTEX_M4)?;
    tools::qemu_arm()?;
    let supply = supply(cycles)?;
    ensure!(
        Path::new(FOLDER).join("src/model.rs").exists(),
        "{FOLDER}/src/model.rs is not here: `rekindle import` makes it, see docs/tutorial-kws.md"
    );
    let program = tools::build(FOLDER, tools::CORTEX_M4, "")?.join("rekindle-kws");
    let (outcome, completed) = run(&supply, &program, out)?;
    if json {
        println!("{}", serde_json::to_string_pretty(&outcome)?);
    } else {
        print!("{}", table(&outcome));
    }
    let text = markdown(&outcome, &supply);
    for (name, text) in [
        ("kws.md", text),
        ("kws.svg", picture::svg(&supply, &completed)),
    ] {
        let path = out.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(outcome.differences == 0)
}

/// Keyword spotting with less and less SRAM, on these cycles; whether no result differed.
pub fn sram(cycles: &Path) -> Result<bool> {
    tools::rust_target(tools::CORTEX_M4)?;
    tools::qemu_arm()?;
    sram::report(&mut supply(cycles)?)
}

fn supply(cycles: &Path) -> Result<Supply> {
    let text =
        fs::read_to_string(cycles).with_context(|| format!("cannot read {}", cycles.display()))?;
    serde_json::from_str(&text)
        .with_context(|| format!("{} is not from `rekindle cycles`", cycles.display()))
}

/// The session, and when inferences were completed.
fn run(supply: &Supply, program: &Path, out: &Path) -> Result<(Outcome, Vec<f64>)> {
    let lasts = supply
        .cycles
        .iter()
        .map(|c| (c.cycles / PER_INSTRUCTION) as u32);
    let lasts: Vec<_> = lasts.collect();
    if let Some(at) = lasts.iter().position(|last| *last > LONGEST) {
        bail!(
            "power cycle {at} lasts for {} instructions, and the emulator's timer for {LONGEST}: a smaller capacitor is needed",
            lasts[at]
        );
    }
    let words: Vec<_> = lasts.into_iter().flat_map(u32::to_le_bytes).collect();
    let failures = supply.cycles.len();
    ensure!(
        (1..=SUPPLY.1).contains(&failures),
        "{failures} power cycles: 1 to {} are possible",
        SUPPLY.1
    );
    let file = out.join("kws-supply.bin");
    fs::write(&file, words).with_context(|| format!("cannot write {}", file.display()))?;
    let machine = format!(
        "{} -device loader,file={},addr={:#x},force-raw=on",
        qemu::CORTEX_M4,
        file.display(),
        SUPPLY.0
    );
    let words = format!("mode=random failures={failures} supply={failures} pictures=4");
    let session = qemu::session_on(&machine, program, &words)?;
    ensure!(
        session.done.len() == failures && session.failures.len() == failures,
        "{} of {failures} failures were logged",
        session.failures.len()
    );
    let inferences = session.done.last().copied().unwrap_or(0);
    ensure!(inferences > 0, "no inference was completed");
    let each = |total: f64| total / f64::from(inferences);
    let instructions: f64 = session.failures.iter().map(|f| f64::from(f.1)).sum();
    let on = instructions * PER_INSTRUCTION / supply.clock_hz + failures as f64 * supply.boot_s;
    let seconds = supply.cycles.last().map_or(0.0, |c| c.off_s);
    let before = std::iter::once(0).chain(session.done.iter().copied());
    let completed = before
        .zip(&session.done)
        .zip(&supply.cycles)
        .filter(|((before, after), _)| before < *after)
        .map(|(_, cycle)| cycle.off_s);
    let outcome = Outcome {
        board: supply.board.clone(),
        trace: supply.trace.clone(),
        capacitance_f: supply.capacitance_f,
        failures,
        inferences,
        differences: session.get("differences")?,
        instructions_without_failures: session.get("instructions")?,
        instructions_per_inference: each(instructions),
        power_cycles_per_inference: each(failures as f64),
        seconds_on_per_inference: each(on),
        seconds_per_inference: each(seconds),
        sram: session.get("sram")?,
        nvm: session.get("nvm")?,
        text: tools::sizes(program)?.text,
    };
    Ok((outcome, completed.collect()))
}

fn table(o: &Outcome) -> String {
    format!(
        "| | |\n| --- | ---: |\n\
         | power failures | {} |\n\
         | inferences completed | {} |\n\
         | bytes of results and of NVM that differ | {} |\n\
         | power cycles per inference | {:.1} |\n\
         | time per inference | {:.1} s |\n\
         | of it the device is on | {:.0} ms |\n\
         | instructions of an inference without failures | {} |\n\
         | with them | {:.0} |\n\
         | SRAM: arena, variables and stack | {} bytes |\n\
         | NVM | {} bytes |\n\
         | flash, with samples and the harness | {} bytes |\n",
        o.failures,
        o.inferences,
        o.differences,
        o.power_cycles_per_inference,
        o.seconds_per_inference,
        o.seconds_on_per_inference * 1e3,
        o.instructions_without_failures,
        o.instructions_per_inference,
        o.sram,
        o.nvm,
        o.text,
    )
}

fn markdown(o: &Outcome, s: &Supply) -> String {
    format!(
        "# Keyword spotting on harvested power\n\n\
         `cargo xtask tutorial`, {}, {}. What [the tutorial](../tutorial-kws.md) ends with: MLPerf Tiny's keyword spotting on\n\
         an emulated Cortex-M4 (QEMU `mps2-an386`), its NVM an SPI FRAM whose bytes the driver waits for. Every power failure\n\
         is a reset with SRAM lost. When it comes is what the planner's model says of the board ({}): {:.0} MHz,\n\
         {:.0} pJ per cycle, {:.1} nJ per byte for the FRAM, {:.0} ms to start, {:.0} µF between {} and {} V, on the trace `{}`;\n\
         assumed are {PER_INSTRUCTION} cycles per instruction.\n\n{}\n\
         Results are held against the reference interpreter's outputs, and all of NVM against a run without failures.\n",
        machine::date(),
        machine::name(),
        o.board,
        s.clock_hz / 1e6,
        s.cycle_j * 1e12,
        s.byte_j * 1e9,
        s.boot_s * 1e3,
        o.capacitance_f * 1e6,
        s.on_v,
        s.off_v,
        o.trace,
        table(o),
    )
}
