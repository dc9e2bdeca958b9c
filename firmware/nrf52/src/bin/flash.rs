//! Sense, classify, report, with the device's own flash as NVM: no part but the microcontroller.
//!
//! Flash must not be cut off while it is written, and a page takes some 85 ms and a millijoule to erase. So pages are erased
//! ahead, in the moment before a reading when the capacitor is full; on the nRF52840 in parts, which 100 µF can pay for, on the
//! nRF52832 at once, which takes a millifarad.
#![no_std]
#![no_main]

use cortex_m::singleton;
use cortex_m_rt::entry;
use rekindle::pace::millivolts_for;
use rekindle::store::{Flash, StoreError};
use rekindle_app::{ARENA, FINGERPRINT, Guarded, NVM, Supply as _, VoltageGuard, open, step};
use rekindle_nrf52::analogue::{Supply, Trace};
use rekindle_nrf52::board::Board;
use rekindle_nrf52::region::{self, NEEDED, Region};
use rekindle_nrf52::report::Light;
use rekindle_nrf52::{faults, info, wait};

/// The flash is written down to 1.7 V.
const STOP: u32 = millivolts_for(NEEDED.0, NEEDED.1, 1_700);
/// Pages of `NVM` in `memory-*.x`: enough, with spare ones for those that wear out.
const PAGES: usize = 32;
const _: () = assert!(Flash::<Region>::pages_needed(NVM) + 2 <= PAGES);
/// Where work goes on.
const GO: u32 = 2_800;

#[entry]
fn main() -> ! {
    faults::guard_stack();
    let board = Board::new();
    let (mut sensor, mut report) = (Trace(&board.analogue), Light(board.light));
    let mut supply = VoltageGuard::new(Supply(&board.analogue), STOP, GO);
    // What the flash says, and the buffers of one layer; nothing in them outlasts a power failure, or has to.
    let (Some(image), Some(arena)) = (
        singleton!(: [u8; NVM] = [0; NVM]),
        singleton!(: [u8; ARENA] = [0; ARENA]),
    ) else {
        unreachable!("main runs once")
    };
    supply.ready();
    let mut flash = match region::open(board.flash, image) {
        Ok(flash) => flash,
        Err(_) => panic!("the flash is worn out, or has too few pages"),
    };
    loop {
        // Ahead of need, while the capacitor is full.
        if let Err(error) = prepare(&mut flash, &mut supply) {
            let _ = error;
            info!("the flash is wearing out");
        }
        let mut nvm = match open(Guarded::new(flash, supply), FINGERPRINT) {
            Ok(nvm) => nvm,
            Err(_) => panic!("the flash does not answer"),
        };
        // On every boot: finish what was under way, or start.
        if let Err(error) = step(&mut nvm, arena, &mut sensor, &mut report) {
            let _ = error;
            info!("the flash has failed; once more in a second");
            wait::milliseconds(1000);
        }
        (flash, supply) = nvm.into_store().into_parts();
    }
}

/// Erases and copies on what will be needed, a piece at a time.
fn prepare(
    flash: &mut Flash<'_, Region>,
    supply: &mut impl rekindle_app::Supply,
) -> Result<(), StoreError> {
    loop {
        supply.ready();
        if !flash.maintain()? {
            return Ok(());
        }
    }
}
