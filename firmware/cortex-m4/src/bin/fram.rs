//! The application as on the nRF52 with an SPI FRAM: same store, same driver, same arena. Behind the bus is a chip that
//! takes its commands as the data sheet says, and keeps its bytes where a reset leaves them alone.
#![no_std]
#![no_main]

use core::cell::UnsafeCell;
use core::convert::Infallible;

use cortex_m_rt::entry;
use embedded_hal::spi::{ErrorType, Operation, SpiDevice};
use rekindle::{Bytes, Error, Fingerprint};
use rekindle_app::{ARENA, by_element, by_row, open, step_with};
use rekindle_cortex_m4::board::psram;
use rekindle_cortex_m4::harness::{By, Judge, Program, run};
use rekindle_cortex_m4::pictures::Pictures;
use rekindle_fram::{Chip, Fram};

/// The chip.
struct Bus {
    memory: &'static mut [u8],
    enabled: bool,
}

impl ErrorType for Bus {
    type Error = Infallible;
}

impl SpiDevice for Bus {
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), Infallible> {
        match operations {
            [Operation::Write([0x06])] => self.enabled = true,
            [Operation::Write([0x02, at @ ..]), Operation::Write(data)] if self.enabled => {
                self.enabled = false;
                let at = address(at);
                for (to, from) in self.memory[at..].iter_mut().zip(data.iter()) {
                    // A byte after the other, as they come over the bus: the power may fail between any two.
                    // SAFETY: a reference is a place that can be written.
                    unsafe { core::ptr::from_mut(to).write_volatile(*from) }
                }
            }
            [Operation::Write([0x03, at @ ..]), Operation::Read(into)] => {
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

/// SRAM for the buffers of a task, as on a device.
struct Arena(UnsafeCell<[u8; ARENA]>);

// SAFETY: one core, and no interrupt that returns.
unsafe impl Sync for Arena {}

static SRAM: Arena = Arena(UnsafeCell::new([0; ARENA]));

struct OnFram;

impl Program for OnFram {
    fn step(
        nvm: &'static mut [u8],
        print: Fingerprint,
        by: By,
        sensor: &mut Pictures,
        judge: &mut Judge,
    ) -> Result<(), Error> {
        let bus = Bus {
            memory: nvm,
            enabled: false,
        };
        let fram = Fram::new(bus, Chip::new(psram::NVM_SIZE, 3));
        let mut nvm = open(Bytes::new(fram), print)?;
        // SAFETY: one step at a time.
        let arena = unsafe { &mut *SRAM.0.get() };
        match by {
            By::Row => step_with(&mut nvm, arena, sensor, judge, by_row),
            By::Element => step_with(&mut nvm, arena, sensor, judge, by_element),
        }
    }
}

#[entry]
fn main() -> ! {
    run::<OnFram>()
}
