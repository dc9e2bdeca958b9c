//! Keyword spotting on SPI FRAM, as `docs/tutorial-kws.md` builds it: `rekindle import` writes `model.rs`, and the harness of
//! `rekindle-cortex-m4` lets the power fail. A step takes a spectrogram, runs the network, and compares the result with
//! the reference interpreter's.
#![no_std]
#![no_main]

#[rustfmt::skip]
#[allow(dead_code, reason = "scales, which the harness does not need")]
mod model;

use core::arch::asm;
use core::cell::UnsafeCell;
use core::convert::Infallible;

use embedded_hal::spi::{ErrorType, Operation, SpiDevice};
use model::{ARENA, Activations, InputTensor, NETWORK, OutputTensor, infer};
use rekindle::Fingerprint;
use rekindle::prelude::*;
use rekindle::zerocopy::{FromBytes, IntoBytes};
use rekindle_cortex_m4::board::{power, psram};
use rekindle_cortex_m4::harness::{By, Judge, Program, run};
use rekindle_cortex_m4::pictures::Pictures;
use rekindle_fram::{Chip, Fram};
use rekindle_models::keyword_spotting::SAMPLES;

#[derive(Layout)]
struct Memory {
    /// Which sample it is.
    number: Buffer<u32>,
    input: Buffer<InputTensor>,
    net: Activations,
    output: Buffer<OutputTensor>,
}

/// A chip behind a bus of 40 MHz.
struct Bus {
    memory: &'static mut [u8],
    enabled: bool,
}

/// Waits for as long as so many bytes take: 12.8 cycles each, which are 10 instructions of 1.3 cycles.
fn wait(bytes: usize) {
    // SAFETY: counts down.
    unsafe {
        asm!(
            "0: subs {n}, #1",
            ".rept 8",
            "nop",
            ".endr",
            "bgt 0b",
            n = inout(reg) bytes => _,
            options(nomem, nostack)
        )
    }
}

/// The chip's own energy: 1.2 nJ a byte, as much as 6.15 instructions of 1.3 cycles of 150 pJ.
fn spend(bytes: usize) {
    power::spend((bytes * 123 / 20) as u32);
}

impl ErrorType for Bus {
    type Error = Infallible;
}

impl SpiDevice for Bus {
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), Infallible> {
        match operations {
            [Operation::Write([0x06])] => {
                spend(1);
                wait(1);
                self.enabled = true;
            }
            [Operation::Write([0x02, at @ ..]), Operation::Write(data)] if self.enabled => {
                self.enabled = false;
                spend(1 + at.len() + data.len());
                wait(1 + at.len());
                let at = address(at);
                for (to, from) in self.memory[at..].iter_mut().zip(data.iter()) {
                    wait(1);
                    // SAFETY: a reference is a place that can be written.
                    unsafe { core::ptr::from_mut(to).write_volatile(*from) }
                }
            }
            [Operation::Write([0x03, at @ ..]), Operation::Read(into)] => {
                spend(1 + at.len() + into.len());
                wait(1 + at.len() + into.len());
                let at = address(at);
                into.copy_from_slice(&self.memory[at..at + into.len()]);
            }
            _ => {}
        }
        Ok(())
    }
}

fn address(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .fold(0, |at, byte| at << 8 | usize::from(*byte))
}

/// SRAM for the buffers of a task.
#[repr(align(8))]
struct Arena(UnsafeCell<[u8; ARENA]>);

// SAFETY: one core, and no interrupt that returns.
unsafe impl Sync for Arena {}

static SRAM: Arena = Arena(UnsafeCell::new([0; ARENA]));

struct Keywords;

impl Program for Keywords {
    const NVM: usize = Nvm::<Memory, Bytes<Fram<Bus>>>::NEEDED;

    fn step(
        nvm: &'static mut [u8],
        print: Fingerprint,
        _: By,
        sensor: &mut Pictures,
        judge: &mut Judge,
    ) -> Result<(), Error> {
        let bus = Bus {
            memory: nvm,
            enabled: false,
        };
        let fram = Fram::new(bus, Chip::new(psram::NVM_SIZE, 3));
        let mut nvm = Nvm::<Memory, _>::open_with(Bytes::new(fram), print)?;
        if !matches!(nvm.status(), Status::Interrupted | Status::Complete) {
            nvm.write(|m| &mut m.number, &sensor.next)?;
            let (input, _) = SAMPLES[sensor.next as usize % SAMPLES.len()];
            if let Ok(input) = InputTensor::ref_from_bytes(input.as_bytes()) {
                nvm.write(|m| &mut m.input, input)?;
            }
            (sensor.taken)();
        }
        // SAFETY: one step at a time.
        let arena = unsafe { &mut *SRAM.0.get() };
        nvm.resume_or_start(arena, |cx, m| {
            infer(cx, &m.input, &NETWORK, &mut m.net, &mut m.output)
        })?;
        let number = nvm.read(|m| &m.number)?;
        let found = nvm.read(|m| &m.output)?;
        let (_, expected) = SAMPLES[number as usize % SAMPLES.len()];
        judge.judge(number, |_| found[..] != *expected);
        nvm.restart()
    }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    run::<Keywords>()
}
