//! The kernels on an emulated Cortex-M4, beside CMSIS-NN.

use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::firmware::tools;
use crate::machine;
use crate::pipeline;
use crate::shell::{outside, quietly, target};

const TRIPLE: &str = "thumbv7em-none-eabihf";
const MANIFEST: &str = "firmware/bench-m4/Cargo.toml";
const REPORT: &str = "docs/results/kernels-m4.md";
/// Instructions of CMSIS-NN (commit 99f736a6, DSP, arm-none-eabi-gcc 12.2.1 -O3) on the same machine and shapes.
const CMSIS: [u64; 7] = [
    5_487_499, 1_269_289, 2_169_248, 34_018, 317_473, 1_111_179, 2_134_138,
];
/// The worst ratio of a kernel that is accepted.
const BAR: f64 = 0.85;

/// Runs the firmware in QEMU and the same code, on its portable path, on this machine; compares every byte of output.
pub fn cortex_m4(json: bool) -> Result<bool> {
    output(&mut words(&format!(
        "cargo build -q --release --manifest-path {MANIFEST} --target {TRIPLE}"
    )))
    .with_context(|| format!("is the target installed? `rustup target add {TRIPLE}`"))?;
    let program = target_dir().join(TRIPLE).join("release/rekindle-bench-m4");
    let qemu = "timeout 120 qemu-system-arm -M mps2-an386 -icount shift=8 -nographic -semihosting-config enable=on,target=native";
    let device = output(words(qemu).arg("-kernel").arg(&program))
        .context("is qemu-system-arm installed?")?;
    let host = output(&mut words(&format!(
        "cargo run -q --release --manifest-path {MANIFEST}"
    )))?;
    let (device, host): (Vec<&str>, Vec<&str>) = (device.lines().collect(), host.lines().collect());
    ensure!(
        device.len() == CMSIS.len() && host.len() == CMSIS.len(),
        "the firmware stopped early:\n{}",
        device.join("\n")
    );

    let taken = pipeline::between(&program, "rekindle_bench_now", "-M mps2-an386")?;
    ensure!(
        taken.len() == CMSIS.len(),
        "{} kernels in the emulator's log",
        taken.len()
    );
    let mut rows = String::new();
    let mut list = Vec::new();
    let (mut logs, mut good) = (0.0, true);
    for (((device, host), cmsis), taken) in device.iter().zip(host).zip(CMSIS).zip(taken) {
        let (name, instructions, output) = fields(device)?;
        if output != fields(host)?.2 {
            bail!("{name}: the DSP path differs from the portable one");
        }
        let ratio = instructions as f64 / cmsis as f64;
        logs += ratio.ln();
        good &= ratio <= BAR;
        // The log and the counter are two ways to count the same.
        ensure!(
            taken.instructions.abs_diff(instructions) <= 40,
            "{name}: {instructions} instructions counted, {} in the log",
            taken.instructions
        );
        let [least, most] = taken.cycles;
        let bound = most as f64 / cmsis as f64;
        // Fewer instructions must not be more cycles.
        good &= bound < 1.0;
        writeln!(
            rows,
            "| {name} | {instructions} | {cmsis} | {ratio:.3} | {least} | {most} | {:.2} | {bound:.3} |",
            most as f64 / taken.instructions as f64
        )?;
        list.push(serde_json::json!({
            "kernel": name, "instructions": instructions, "cmsis": cmsis, "ratio": ratio,
            "cycles": taken.cycles, "cycles_over_cmsis_instructions": bound,
        }));
    }
    let mean = (logs / CMSIS.len() as f64).exp();
    if json {
        println!(
            "{}",
            serde_json::to_string_pretty(
                &serde_json::json!({ "kernels": list, "geometric_mean": mean })
            )?
        );
        return Ok(good);
    }
    let report = format!(
        "# Kernels on a Cortex-M4\n\n\
         `cargo xtask bench --target cortex-m4`, {}. QEMU `mps2-an386 -icount shift=8`: instructions. Buffers are in\n\
         mapped NVM (PSRAM of the machine), protection is on, and each output row is committed (the fully connected layer:\n\
         each eighth neuron). Starting and completing the run is included. Outputs equal those of the portable path byte by byte.\n\
         CMSIS-NN: commit 99f736a6, DSP path, arm-none-eabi-gcc 12.2.1 -O3, same machine and shapes, without protection.\n\n\
         | kernel | Rekindle, protected | CMSIS-NN | ratio | cycles, least | most | most per instruction | most over CMSIS-NN's instructions |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n{rows}| geometric mean | | | {mean:.3} | | | | |\n\n\
         Cycles are those of every executed instruction by the timing table of the Cortex-M4's manual (ARM DDI 0439): a load two, or one right after\n\
         another access; `LDM`, `LDRD`, `PUSH` one and one per register; a division 12; a taken branch one (least) or three (most) more to\n\
         refill the pipeline; a barrier four; all else one. Memory answers at once; flash with wait states and no cache takes longer, and so does\n\
         an unaligned word. Not measured on a board. CMSIS-NN takes at least a cycle per instruction, so a last column below 1 says that it is\n\
         slower in cycles as well, whatever its mix.\n",
        machine::date()
    );
    print!("{report}");
    fs::write(REPORT, report).with_context(|| format!("cannot write {REPORT}"))?;
    Ok(good)
}

/// The golden vectors of the kernels that have a path of their own there, on the emulated device: how many were compared.
pub fn golden() -> Result<u64> {
    tools::rust_target(TRIPLE)?;
    tools::qemu_arm()?;
    let mut build = outside(
        "firmware/bench-m4",
        &format!(
            "cargo build --quiet --locked --profile golden --features golden --bin golden --target {TRIPLE}"
        ),
    );
    quietly(&mut build, |_| {})?;
    let program = target()
        .join("firmware/bench-m4")
        .join(TRIPLE)
        .join("golden/golden");
    let qemu = "timeout 120 qemu-system-arm -M mps2-an386 -nographic -semihosting-config enable=on,target=native";
    let compared = output(words(qemu).arg("-kernel").arg(program))?;
    let compared = compared.trim();
    compared
        .parse()
        .with_context(|| format!("the firmware stopped: {compared}"))
}

/// The firmware is a workspace of its own, with its own target directory unless one is set.
fn target_dir() -> std::path::PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| "firmware/bench-m4/target".into(), Into::into)
}

/// `name|instructions|output`.
fn fields(line: &str) -> Result<(&str, u64, &str)> {
    let mut fields = line.split('|');
    match (fields.next(), fields.next(), fields.next()) {
        (Some(name), Some(count), Some(output)) => Ok((name, count.parse()?, output)),
        _ => bail!("not a result: {line}"),
    }
}

/// A command from words.
fn words(line: &str) -> Command {
    let mut words = line.split(' ');
    let mut command = Command::new(words.next().unwrap_or_default());
    command
        .args(words)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    command
}

/// What a command prints, if it succeeds.
fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout)
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
