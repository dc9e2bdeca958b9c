//! What the operations of a program cost on a board.

use super::Storage;
use crate::units::{Bytes, Cost, Farads, Hertz, Joules, Seconds, Watts};

/// How NVM is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Mapped, with words that are all or nothing: the runtime's `Mapped`.
    Words,
    /// Behind a driver: the runtime's `Bytes`.
    Bytes,
}

/// A board: processor, NVM and capacitor. [`crate::profile`] reads one from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Board {
    /// Its name.
    pub name: String,
    /// Where its figures come from.
    pub sources: String,
    /// How NVM is reached.
    pub memory: Memory,
    /// SRAM.
    pub sram: Bytes,
    /// NVM.
    pub nvm: Bytes,
    /// CPU clock.
    pub clock: Hertz,
    /// Energy of a cycle.
    pub cycle: Joules,
    /// Start-up after an outage, before the runtime looks at NVM.
    pub boot: Cost,
    /// A unit of work: a multiply-accumulate with its loads.
    pub unit: Cost,
    /// A 16-bit word stored to mapped NVM.
    pub word: Cost,
    /// A write by driver or by block copy, whatever its length.
    pub access: Cost,
    /// Each byte of it.
    pub byte: Cost,
    /// A read by driver or by block copy, whatever its length.
    pub read_access: Cost,
    /// Each byte of it.
    pub read_byte: Cost,
    /// A conversion of the voltage by the ADC, for pacers.
    pub adc: Cost,
    /// Capacitor, thresholds and converters.
    pub storage: Storage,
}

impl Board {
    /// A board that comes with the planner ([`SHIPPED`](crate::profile::SHIPPED)).
    pub fn shipped(name: &str) -> Option<Self> {
        crate::profile::shipped(name)
    }

    /// `nrf52840-spi-fram`.
    pub fn nrf52840_spi_fram() -> Self {
        Self::known("nrf52840-spi-fram")
    }

    /// `msp430fr5994`.
    pub fn msp430fr5994() -> Self {
        Self::known("msp430fr5994")
    }

    #[allow(clippy::expect_used)] // Constant texts, which a test reads.
    fn known(name: &str) -> Self {
        Self::shipped(name).expect("the profile is sound")
    }

    /// The same with another capacitor.
    #[must_use]
    pub fn with(mut self, capacitance: Farads) -> Self {
        self.storage.capacitance = capacitance;
        self
    }

    /// Time of a cost.
    pub fn time(&self, cost: Cost) -> Seconds {
        cost.cycles / self.clock
    }

    /// A write of so many bytes by driver or by block copy.
    pub fn transfer(&self, bytes: u64) -> Cost {
        self.access + self.byte.times(bytes)
    }

    /// A read of so many bytes by driver or by block copy.
    pub fn fetch(&self, bytes: u64) -> Cost {
        self.read_access + self.read_byte.times(bytes)
    }

    /// The most power that an operation takes.
    pub fn peak(&self) -> Watts {
        let all = [
            self.boot,
            self.unit,
            self.word,
            self.access,
            self.byte,
            self.read_access,
            self.read_byte,
            self.adc,
        ];
        let powers = all.into_iter().filter(|c| c.cycles.get() > 0.0);
        powers
            .map(|c| Watts(c.energy.get() / self.time(c).get()))
            .fold(Watts::ZERO, Watts::max)
    }

    /// Energy between the thresholds, as the operations' costs count it.
    pub fn usable(&self) -> Joules {
        self.storage.usable(self.peak())
    }

    /// A commit of a position; where NVM is not mapped, a record, and an access for the outputs before it.
    pub fn commit(&self) -> Cost {
        match self.memory {
            Memory::Words => self.word,
            Memory::Bytes => self.access + self.transfer(CHILD),
        }
    }

    /// An iteration without its commit. Where NVM is not mapped its output goes with the commit; the share of bytes is here.
    pub fn iteration(&self, units: u64, writes: u64) -> Cost {
        let bytes = match self.memory {
            Memory::Words => self.word.times(writes.div_ceil(2)),
            Memory::Bytes => self.byte.times(writes),
        };
        self.unit.times(units) + bytes
    }

    /// SRAM for the buffers of a loop, in bytes: none where NVM is mapped; otherwise its input, its output and a bit for
    /// each byte of output, aligned.
    pub fn sram(&self, l: &super::Loop) -> u64 {
        if let Some(tile) = l.tile {
            return tile;
        }
        let output = l.iterations.max(1) * l.writes;
        match self.memory {
            Memory::Words => 0,
            Memory::Bytes => l.input + output + output.div_ceil(8) + 16,
        }
    }

    /// What a boot takes before the loop goes on: start-up, recovery, and the loop's input where it is not mapped.
    pub fn restart(&self, input: u64) -> Cost {
        let fetch = match self.memory {
            Memory::Words => Cost::ZERO,
            Memory::Bytes => self.fetch(input),
        };
        self.boot + self.recovery(CHILD, CHILD) + fetch
    }

    /// Reading the control area: words, two headers, what the records hold, and the newer one again if it is the first.
    pub(super) fn recovery(&self, newest: u64, other: u64) -> Cost {
        self.fetch(4)
            + self.fetch(HEADER).times(2)
            + self.fetch(newest - HEADER)
            + self.fetch(other - HEADER)
    }
}

/// Bytes of a record's header.
pub(super) const HEADER: u64 = 11;
/// The record of the outer task and a sub-task without saved locals.
pub(super) const CHILD: u64 = HEADER + 3 + 3;
