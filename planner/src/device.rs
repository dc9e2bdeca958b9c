//! Cost of a device's operations, and the supply it runs from.

use std::sync::LazyLock;

use crate::units::{Cost, Farads, Hertz, Joules, Ohms, Seconds, Volts, Watts};

/// A device whose operations cost a fixed part and a part per value.
#[derive(Clone, Copy, Debug)]
pub struct Device {
    /// CPU clock.
    pub clock: Hertz,
    /// Start after an outage.
    pub reboot: Cost,
    /// DMA from FRAM: fixed.
    pub read_fixed: Cost,
    /// DMA from FRAM: each value.
    pub read_value: Cost,
    /// DMA to FRAM: fixed.
    pub write_fixed: Cost,
    /// DMA to FRAM: each value.
    pub write_value: Cost,
    /// Vector MAC: fixed.
    pub mac_fixed: Cost,
    /// Vector MAC: each element.
    pub mac_element: Cost,
    /// One addition.
    pub add: Cost,
    /// One multiplication.
    pub mul: Cost,
    /// One maximum.
    pub max: Cost,
    /// Working memory for one tile, in values of two bytes.
    pub sram_values: u64,
}

impl Device {
    /// The board of iNAS: the profile that comes with the planner, [`INAS`](crate::profile::INAS).
    pub fn inas() -> Self {
        static READ: LazyLock<Device> = LazyLock::new(|| {
            #[allow(clippy::expect_used)] // A constant text, which a test reads.
            crate::profile::tiles(crate::profile::INAS).expect("the profile is sound")
        });
        *READ
    }

    /// Fetches `n` neighbouring values from NVM.
    pub fn read(&self, n: u64) -> Cost {
        self.read_fixed + self.read_value.times(n)
    }

    /// Writes `n` neighbouring values to NVM.
    pub fn write(&self, n: u64) -> Cost {
        self.write_fixed + self.write_value.times(n)
    }

    /// Multiplies and accumulates two vectors of `n`.
    pub fn mac(&self, n: u64) -> Cost {
        self.mac_fixed + self.mac_element.times(n)
    }

    /// `adds` additions and `muls` multiplications, as address arithmetic takes them.
    pub fn address(&self, adds: u64, muls: u64) -> Cost {
        self.add.times(adds) + self.mul.times(muls)
    }

    /// Time of a cost.
    pub fn time(&self, cost: Cost) -> Seconds {
        cost.cycles / self.clock
    }
}

/// Capacitor, thresholds and a harvester that is a voltage source behind a resistance.
#[derive(Clone, Copy, Debug)]
pub struct Supply {
    /// Capacitance.
    pub capacitance: Farads,
    /// The load is switched on at this voltage …
    pub on: Volts,
    /// … and must be off below this.
    pub off: Volts,
    /// Open-circuit voltage of the harvester.
    pub source: Volts,
    /// Its inner resistance.
    pub resistance: Ohms,
    /// Part of the usable energy that a plan may count on.
    pub margin: f64,
}

impl Supply {
    /// The supply of iNAS: 2.99 V to 2.8 V from 3.0 V.
    pub const fn inas(capacitance: Farads, resistance: Ohms, margin: f64) -> Self {
        Self {
            capacitance,
            on: Volts(2.99),
            off: Volts(2.8),
            source: Volts(3.0),
            resistance,
            margin,
        }
    }

    /// Energy between the thresholds.
    pub fn usable(&self) -> Joules {
        self.capacitance.energy(self.on) - self.capacitance.energy(self.off)
    }

    /// Energy that a plan may count on.
    pub fn budget(&self) -> Joules {
        self.usable() * self.margin
    }

    /// Time to charge from `from` to the switch-on voltage, nothing drawn.
    pub fn recharge(&self, from: Volts) -> Seconds {
        let ratio = (self.on - self.source) / (from - self.source);
        Seconds(-self.resistance.get() * self.capacitance.get() * ratio.ln()).max(Seconds::ZERO)
    }

    /// Power into the capacitor at a voltage.
    pub fn harvest(&self, at: Volts) -> Watts {
        Watts(at.get() * (self.source - at).get() / self.resistance.get())
    }
}
