//! Uninterrupted runs.

use rekindle_app::{DATA_AT, FINGERPRINT};

use super::config::{Config, Mode};
use super::judge::Judge;
use super::session::control;
use super::{By, Program};
use crate::board::{bytes, console, instructions, now, psram, stack};
use crate::pictures::{PICTURES, Pictures};
use crate::say;

/// The buffers after the run of picture `number`.
pub(super) fn data(number: usize) -> &'static mut [u8] {
    let at = psram::GOLDEN + number % PICTURES * psram::NVM_SIZE;
    // SAFETY: only changed by the first boot.
    unsafe { bytes(at + DATA_AT, control().nvm - DATA_AT) }
}

/// Reads the arguments, runs every picture, and begins the session.
pub(super) fn first_boot<P: Program>() -> ! {
    let mut line = [0; 256];
    let line = console::arguments(&mut line);
    // The first word is the program's name.
    let words = line
        .trim_start()
        .split_once(' ')
        .map_or("", |(_, words)| words);
    let config = match Config::parse(words) {
        Ok(config) => config,
        Err(word) => {
            say!("error: cannot read `{word}` of `{words}`");
            console::end(false);
        }
    };
    control().config = config;
    stack::paint();
    for number in 0..PICTURES {
        let before = now();
        uninterrupted::<P>(number, config.by);
        control().instructions = instructions(now().wrapping_sub(before));
    }
    control().stack = stack::painted(stack::top());
    if config.mode == Mode::Golden {
        for number in 0..PICTURES {
            let mut console = console::Console::new();
            for byte in &*data(number) {
                use core::fmt::Write as _;
                let _ = write!(console, "{byte:02x}");
            }
            drop(console);
            say!();
        }
    }
    control().begin(config);
    unreachable!("it resets the core")
}

#[inline(never)]
fn uninterrupted<P: Program>(number: usize, by: By) {
    // SAFETY: only used here.
    let nvm = unsafe { bytes(psram::GOLDEN + number * psram::NVM_SIZE, psram::NVM_SIZE) };
    let mut sensor = Pictures {
        next: number as u32,
        taken: || {},
    };
    if let Err(error) = P::step(nvm, FINGERPRINT, by, &mut sensor, &mut Judge::new()) {
        say!("error: {error}");
        console::end(false);
    }
}
