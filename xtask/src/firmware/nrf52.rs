//! The firmware for Nordic's boards: that it builds, and how large it is. Its task runs in the emulator.

use anyhow::{Result, ensure};

use super::{Effort, Outcome, Row, Target, tools};

/// See the module.
pub const TARGET: Target = Target { name: "nrf52", run };

const FOLDER: &str = "firmware/nrf52";

/// Device, cargo's words, flash and RAM in bytes (`memory-*.x`).
const DEVICES: [(&str, &str, u64, u64); 3] = [
    ("nRF52840", "", 896 << 10, 256 << 10),
    ("nRF52840, defmt", "--features defmt", 896 << 10, 256 << 10),
    (
        "nRF52832",
        "--no-default-features --features nrf52832",
        384 << 10,
        64 << 10,
    ),
];

/// Program and what it is.
const PROGRAMS: [(&str, &str); 2] = [("fram", "SPI FRAM"), ("flash", "its own flash")];

/// Bytes of stack that have to remain: more than was ever seen in the emulator.
const STACK: u64 = 8 << 10;

fn run(_: Effort) -> Result<Outcome> {
    tools::rust_target(tools::CORTEX_M4)?;
    let mut outcome = Outcome::default();
    for (device, words, flash, ram) in DEVICES {
        // One device's programs take the place of the other's.
        let programs = tools::build(FOLDER, tools::CORTEX_M4, words)?;
        for (program, store) in PROGRAMS {
            let sizes = tools::sizes(&programs.join(program))?;
            let (rom, used) = (sizes.text + sizes.data, sizes.data + sizes.bss);
            ensure!(
                rom <= flash && used + STACK <= ram,
                "{device}, {program}: {rom} of {flash} bytes of flash, {used} of {ram} bytes of RAM"
            );
            outcome.rows.push(Row {
                target: format!("{device}, {store}"),
                text: sizes.text,
                data: used,
                note: format!(
                    "{:.0} % of its flash, {} B of RAM left for the stack; built, not run",
                    rom as f64 / flash as f64 * 100.0,
                    ram - used
                ),
                ..Row::default()
            });
        }
    }
    Ok(outcome)
}
