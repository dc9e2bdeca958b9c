//! The application on a store that looks at the supply after each commit: for the voltage guard, and for overflows of
//! the stack in the middle of a task.
#![no_std]
#![no_main]

use core::hint::black_box;

use cortex_m_rt::entry;
use rekindle::pace::Voltmeter;
use rekindle::store::Mapped;
use rekindle::{Error, Fingerprint};
use rekindle_app::{Guarded, Supply, Voltage, VoltageGuard, by_element, by_row, open, step_with};
use rekindle_cortex_m4::board::{instructions, power};
use rekindle_cortex_m4::harness::{By, Judge, Program, control, run};
use rekindle_cortex_m4::pictures::Pictures;

/// As if the capacitor lost its charge in proportion to the instructions.
struct Capacitor;

/// Millivolts when as many instructions are left as the session calls its reserve.
const STOP: u32 = 2200;
/// Millivolts at the power failure.
const EMPTY: u32 = 1800;

impl Voltmeter for Capacitor {
    fn millivolts(&mut self) -> u32 {
        match (power::left(), control().config.reserve) {
            (Some(left), reserve) if reserve > 0 => {
                let above = u64::from(instructions(left)) * u64::from(STOP - EMPTY);
                EMPTY + (above / u64::from(reserve)).min(2000) as u32
            }
            _ => u32::MAX,
        }
    }
}

impl Voltage for Capacitor {
    fn sleep(&mut self) {
        control().is_waiting = 1;
    }
}

/// Called after each commit.
struct AfterCommit {
    guard: VoltageGuard<Capacitor>,
    commits: u32,
}

/// The commit, counted from the boot, after which the stack overflows.
const OVERFLOW_AT: u32 = 7;

impl Supply for AfterCommit {
    fn ready(&mut self) {
        self.guard.ready();
        self.commits += 1;
        let session = control();
        if !session.is_new()
            && session.faults < session.config.overflows
            && self.commits == OVERFLOW_AT
        {
            black_box(deeper(0));
        }
    }
}

/// Uses up the stack.
#[allow(unconditional_recursion)]
#[inline(never)]
fn deeper(depth: u32) -> u32 {
    let frame = black_box([depth; 4]);
    deeper(depth + 1) + black_box(frame)[3]
}

struct Watched;

impl Program for Watched {
    fn step(
        nvm: &'static mut [u8],
        print: Fingerprint,
        by: By,
        sensor: &mut Pictures,
        judge: &mut Judge,
    ) -> Result<(), Error> {
        let supply = AfterCommit {
            guard: VoltageGuard::new(Capacitor, STOP, u32::MAX),
            commits: 0,
        };
        let mut nvm = open(Guarded::new(Mapped::from_bytes(nvm), supply), print)?;
        match by {
            By::Row => step_with(&mut nvm, &mut [], sensor, judge, by_row),
            By::Element => step_with(&mut nvm, &mut [], sensor, judge, by_element),
        }
    }
}

#[entry]
fn main() -> ! {
    run::<Watched>()
}
