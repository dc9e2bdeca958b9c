//! What the operations of a program cost on a board.

use crate::units::{Cost, Farads, Hertz, Joules, Seconds, Volts};

/// How NVM is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Mapped, with words that are all or nothing: the runtime's `Mapped`.
    Words,
    /// Behind a driver: the runtime's `Bytes`.
    Bytes,
}

/// A board: processor, NVM and capacitor.
#[derive(Clone, Debug)]
pub struct Board {
    /// Its name.
    pub name: &'static str,
    /// How NVM is reached.
    pub memory: Memory,
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
    /// An access by driver or by block copy, whatever its length.
    pub access: Cost,
    /// Each byte of it.
    pub byte: Cost,
    /// A conversion of the voltage by the ADC, for pacers.
    pub adc: Cost,
    /// Capacitance.
    pub capacitance: Farads,
    /// The supervisor switches on at this voltage …
    pub on: Volts,
    /// … and off at this one.
    pub off: Volts,
    /// The harvester's surplus is lost above this.
    pub max: Volts,
}

impl Board {
    /// MSP430FR5994 at 8 MHz (no FRAM wait states): 118 µA/MHz at 3 V, 0.682 nJ for a FRAM write (data sheet and fitted
    /// values, see `docs/pacing.md`). Assumed: 20 cycles for a multiply-accumulate without the vector unit, 1 ms to start, 40
    /// cycles per byte of a record (its CRC), 30 µs for a conversion of the ADC with its reference.
    pub fn msp430(capacitance: Farads) -> Self {
        let nj = 0.354;
        let cycles = |n: f64| Cost::new(n * nj * 1e-9, n);
        Self {
            name: "MSP430FR5994, on-chip FRAM",
            memory: Memory::Words,
            clock: Hertz(8e6),
            cycle: Joules(nj * 1e-9),
            boot: cycles(8000.0),
            unit: cycles(20.0),
            word: Cost::new(0.682e-9 + 4.0 * nj * 1e-9, 4.0),
            access: cycles(100.0),
            byte: Cost::new(0.341e-9 + 40.0 * nj * 1e-9, 40.0),
            adc: cycles(240.0),
            capacitance,
            on: Volts(2.8),
            off: Volts(2.4),
            max: Volts(3.3),
        }
    }

    /// nRF52840-class Cortex-M4 at 64 MHz, 150 pJ per cycle, with SPI FRAM: 2.4 mA at 40 MHz, 0.2 µs and 1.2 nJ per byte.
    /// Assumed: 4 cycles for a multiply-accumulate of scalar code, 1 µs for command and address, 1 ms to start, 20 µs for a
    /// conversion of the ADC.
    pub fn cortex_m4(capacitance: Farads) -> Self {
        let nj = 0.15;
        let cycles = |n: f64| Cost::new(n * nj * 1e-9, n);
        Self {
            name: "Cortex-M4, SPI FRAM",
            memory: Memory::Bytes,
            clock: Hertz(64e6),
            cycle: Joules(nj * 1e-9),
            boot: cycles(64_000.0),
            unit: cycles(4.0),
            word: Cost::ZERO,
            access: cycles(64.0),
            byte: Cost::new(1.2e-9 + 12.8 * nj * 1e-9, 12.8),
            adc: cycles(1280.0),
            capacitance,
            on: Volts(2.8),
            off: Volts(2.4),
            max: Volts(3.3),
        }
    }

    /// Time of a cost.
    pub fn time(&self, cost: Cost) -> Seconds {
        cost.cycles / self.clock
    }

    /// An access of so many bytes by driver or by block copy.
    pub fn transfer(&self, bytes: u64) -> Cost {
        self.access + self.byte.times(bytes)
    }

    /// Energy between the thresholds.
    pub fn usable(&self) -> Joules {
        self.capacitance.energy(self.on) - self.capacitance.energy(self.off)
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
            Memory::Bytes => self.transfer(input),
        };
        // `Nvm::open` looks, and `resume_or_start` again.
        self.boot + (self.recovery(CHILD, ROOT) + self.recovery(CHILD, CHILD)) + fetch
    }

    /// Reading the control area: words, two headers, what the records hold, and the newer one again if it is the first.
    pub(super) fn recovery(&self, newest: u64, other: u64) -> Cost {
        self.transfer(4)
            + self.transfer(HEADER).times(2)
            + self.transfer(newest - HEADER)
            + self.transfer(other - HEADER)
    }
}

/// Bytes of a record's header.
pub(super) const HEADER: u64 = 11;
/// The record of the outer task alone.
pub(super) const ROOT: u64 = HEADER + 3;
/// The record of the outer task and a sub-task without saved locals.
pub(super) const CHILD: u64 = ROOT + 3;
