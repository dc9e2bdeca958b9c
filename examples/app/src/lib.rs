//! Sense, classify, report: an application for boards that lose their power, without anything of a particular board.
//!
//! A board supplies a [`Sensor`], a [`Report`] and a store; [`step`] does one inference, whatever the last outage has
//! left. The firmware for the nRF52840 and nRF52832 and the one that is tested in an emulated Cortex-M4 run this code.
//!
//! A reading is taken once per inference, and is in NVM before the task starts. A report is made at least once: an
//! outage between the report and the end of the step repeats it, with the same number.
#![no_std]

mod guard;

use rekindle::prelude::*;
use rekindle::{Cx, Fingerprint};
use rekindle_lenet::{Activations, Image, LENET, Scores, classify, classify_by_element};

pub use guard::{Guarded, Supply, Voltage, VoltageGuard};
pub use rekindle_lenet::{ARENA, CLASSES, answer};

/// What is in NVM.
#[derive(Layout)]
pub struct Memory {
    /// The number of the reading, which its report repeats.
    pub number: Buffer<u32>,
    /// The reading.
    pub image: Buffer<Image>,
    /// What the network computes on its way.
    pub activations: Activations,
    /// Its result.
    pub scores: Buffer<Scores>,
}

/// Binds what is in NVM to the weights and to the version of the firmware.
pub const FINGERPRINT: Fingerprint = version(env!("CARGO_PKG_VERSION"));

/// What a firmware of this version binds its NVM to.
pub const fn version(version: &str) -> Fingerprint {
    rekindle_lenet::FINGERPRINT.text(version)
}

/// Where readings come from.
pub trait Sensor {
    /// A number for the next reading, for its report. `last` is the previous one's; `u32::MAX` or 0 at first, or
    /// whatever NVM held.
    fn number(&mut self, last: u32) -> u32 {
        last.wrapping_add(1)
    }

    /// The reading: 28×28, −128 is nothing and 127 is full.
    fn sense(&mut self, number: u32) -> Image;
}

/// Where results go.
pub trait Report {
    /// Reports the scores of a reading, at least once.
    fn report(&mut self, number: u32, scores: &Scores);
}

/// Bytes of NVM that the application needs on a store, whichever it is.
pub const NVM: usize = Nvm::<Memory, Mapped<'static>>::NEEDED;

/// Where its buffers start.
pub const DATA_AT: usize = Nvm::<Memory, Mapped<'static>>::DATA_AT;

/// Opens the NVM. Nothing is written yet.
///
/// # Errors
///
/// [`Error::NvmTooSmall`], [`Error::Misaligned`], or when the store fails.
pub fn open<S: Store>(store: S, print: Fingerprint) -> Result<Nvm<Memory, S>, Error> {
    Nvm::open_with(store, print)
}

/// One inference with a commit per output row: finishes the one that an outage interrupted, or takes a new reading.
///
/// `arena` is SRAM for the task's buffers, [`ARENA`] bytes; a memory-mapped store needs none.
///
/// # Errors
///
/// When the store fails, or the arena is too small.
pub fn step<S: Store>(
    nvm: &mut Nvm<Memory, S>,
    arena: &mut [u8],
    sensor: &mut impl Sensor,
    report: &mut impl Report,
) -> Result<(), Error> {
    step_with(nvm, arena, sensor, report, by_row)
}

/// [`step`] with another task.
///
/// # Errors
///
/// When the store fails, or the arena is too small.
pub fn step_with<S: Store>(
    nvm: &mut Nvm<Memory, S>,
    arena: &mut [u8],
    sensor: &mut impl Sensor,
    report: &mut impl Report,
    task: impl FnMut(&mut Cx<'_, S>, &mut Memory) -> Result<(), Error>,
) -> Result<(), Error> {
    // A run that is under way has its reading, and one that is complete has its result.
    if !matches!(nvm.status(), Status::Interrupted | Status::Complete) {
        let number = sensor.number(nvm.read(|m| &m.number)?);
        nvm.write(|m| &mut m.number, &number)?;
        nvm.write(|m| &mut m.image, &sensor.sense(number))?;
    }
    nvm.resume_or_start(arena, task)?;
    let number = nvm.read(|m| &m.number)?;
    report.report(number, &nvm.read(|m| &m.scores)?);
    nvm.restart()
}

/// The network with a commit per output row.
///
/// # Errors
///
/// As [`step`].
pub fn by_row<S: Store>(cx: &mut Cx<'_, S>, m: &mut Memory) -> Result<(), Error> {
    classify(cx, &m.image, &LENET, &mut m.activations, &mut m.scores)
}

/// The network with a commit per output value, for a supply that does not hold a row.
///
/// # Errors
///
/// As [`step`].
pub fn by_element<S: Store>(cx: &mut Cx<'_, S>, m: &mut Memory) -> Result<(), Error> {
    classify_by_element(cx, &m.image, &LENET, &mut m.activations, &mut m.scores)
}
