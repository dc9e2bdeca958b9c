//! Runs the cases and counts their instructions.

use core::fmt::Write;

use cortex_m_rt::entry;
use rekindle_bench_m4::{NVM, run_all};

use crate::machine;

/// Free-running counter of the FPGA's I/O block: 25 MHz of virtual time.
const COUNTER: *const u32 = 0x4002_8018 as *const u32;

/// Called before and after each kernel, and nowhere else: `cargo xtask bench` finds these calls in the emulator's log.
// SAFETY: no other symbol has this name.
#[unsafe(export_name = "rekindle_bench_now")]
#[inline(never)]
fn now() -> u32 {
    // SAFETY: a readable register of this machine.
    unsafe { COUNTER.read_volatile() }
}

/// With `-icount shift=8` an instruction takes 256 ns, which is 6.4 ticks.
fn instructions(ticks: u32) -> u64 {
    (u64::from(ticks) * 5 + 16) / 32
}

#[entry]
fn main() -> ! {
    // SAFETY: the first and only use.
    let (mut uart, nvm) = unsafe { machine::take(NVM) };
    let run = run_all(nvm, now, |name, ticks, output| {
        let _ = write!(uart, "{name}|{}|", instructions(ticks));
        for byte in output {
            let _ = write!(uart, "{byte:02x}");
        }
        let _ = writeln!(uart);
    });
    if let Err(error) = &run {
        let _ = writeln!(uart, "{error}");
    }
    machine::exit(run.is_ok())
}
