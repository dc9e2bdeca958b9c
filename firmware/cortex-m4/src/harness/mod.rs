//! Injects power failures and judges results. Its state is in PSRAM, and is not part of what is tested.
//!
//! The first boot reads the arguments, runs every picture on memory of its own without any failure, and then resets the
//! core. From there on every boot runs the application on the NVM, until the session is over.

pub mod config;
mod golden;
mod judge;
mod session;

use rekindle::{Error, Fingerprint};

use crate::board::psram;
use crate::pictures::Pictures;
use crate::say;

pub use config::{By, Config, Mode};
pub use judge::Judge;
pub use session::{Control, control};

/// A program to be tested: the application on some store, or another one whose NVM begins with a control area of the
/// same size.
pub trait Program {
    /// Bytes of NVM that it needs.
    const NVM: usize = rekindle_app::NVM;

    /// One inference: finishes what is under way, or takes a new reading.
    ///
    /// # Errors
    ///
    /// Those of the application.
    fn step(
        nvm: &'static mut [u8],
        print: Fingerprint,
        by: By,
        sensor: &mut Pictures,
        judge: &mut Judge,
    ) -> Result<(), Error>;
}

/// Runs a session, over all its boots.
pub fn run<P: Program>() -> ! {
    let session = control();
    if session.is_new() {
        session.nvm = P::NVM;
        golden::first_boot::<P>();
    }
    guard_stack();
    loop {
        let mut sensor = Pictures {
            next: session.picture(),
            taken: || control().sensed += 1,
        };
        let (print, by) = (session.print(), session.config.by);
        // SAFETY: one step at a time.
        let nvm = unsafe { crate::board::bytes(psram::NVM, psram::NVM_SIZE) };
        if let Err(error) = P::step(nvm, print, by, &mut sensor, &mut Judge::new()) {
            let _hold = crate::board::power::Hold::new();
            say!("error: {error}");
            crate::board::console::end(false);
        }
    }
}

/// Makes an overflow of the stack a fault.
fn guard_stack() {
    unsafe extern "C" {
        static _stack_end: u8;
    }
    // SAFETY: variables end there, and nothing else uses the unit.
    if unsafe { rekindle_stack_guard::enable(&raw const _stack_end) }.is_err() {
        say!("error: no memory protection unit");
    }
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    say!("error: {info}");
    crate::board::console::end(false)
}
