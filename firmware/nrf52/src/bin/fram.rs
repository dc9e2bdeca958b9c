//! Sense, classify, report, with an SPI FRAM as NVM.
#![no_std]
#![no_main]

use cortex_m::singleton;
use cortex_m_rt::entry;
use rekindle::Bytes;
use rekindle::pace::millivolts_for;
use rekindle_app::{ARENA, FINGERPRINT, Guarded, VoltageGuard, open, step};
use rekindle_fram::{Chip, Fram};
use rekindle_nrf52::analogue::{Supply, Trace};
use rekindle_nrf52::board::Board;
use rekindle_nrf52::report::Light;
use rekindle_nrf52::{faults, info, wait};

/// The FRAM works down to 1.8 V; 100 µF hold 90 µJ above that for one row, its writes and the commit.
const STOP: u32 = millivolts_for(90_000, 100_000, 1_800);
/// Where work goes on.
const GO: u32 = 2_800;

#[entry]
fn main() -> ! {
    faults::guard_stack();
    let board = Board::new();
    let (mut sensor, mut report) = (Trace(&board.analogue), Light(board.light));
    let fram = Fram::new(board.spi, Chip::CY15B104QN);
    let supply = VoltageGuard::new(Supply(&board.analogue), STOP, GO);
    // The buffers of one layer; nothing in it outlasts a power failure, or has to.
    let Some(arena) = singleton!(: [u8; ARENA] = [0; ARENA]) else {
        unreachable!("main runs once")
    };
    // Nothing is written when there is not enough energy for it.
    let mut nvm = match open(Guarded::new(Bytes::new(fram), supply), FINGERPRINT) {
        Ok(nvm) => nvm,
        Err(_) => panic!("the FRAM does not answer, or is too small"),
    };
    info!("{=str}", status(nvm.status()));
    loop {
        // On every boot: finish what was under way, or start.
        if let Err(error) = step(&mut nvm, arena, &mut sensor, &mut report) {
            let _ = error;
            info!("the FRAM does not answer; once more in a second");
            wait::milliseconds(1000);
        }
    }
}

fn status(status: rekindle::Status) -> &'static str {
    match status {
        rekindle::Status::Blank => "new FRAM",
        rekindle::Status::Foreign => "another firmware's data: clean start",
        rekindle::Status::Interrupted => "going on after an outage",
        _ => "idle",
    }
}
