//! What lies between the harvester and the load: booster, capacitor, thresholds, converter.

use crate::units::{Farads, Joules, Ohms, Volts, Watts};

/// How the load draws.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Load {
    /// The same power at any voltage: behind a switching converter.
    Power,
    /// The same current at any voltage, as behind a linear regulator: at this voltage its power is what the costs say.
    Current(Volts),
}

/// A point of a booster's efficiency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Power that goes in.
    pub input: Watts,
    /// Part of it that comes out.
    pub efficiency: f64,
}

/// Capacitor, thresholds and converters.
#[derive(Clone, Debug, PartialEq)]
pub struct Storage {
    /// Capacitance.
    pub capacitance: Farads,
    /// The supervisor switches the load on at this voltage …
    pub on: Volts,
    /// … and off when its terminals are at this one.
    pub off: Volts,
    /// The harvester's surplus is lost above this.
    pub max: Volts,
    /// Equivalent series resistance: the terminals are lower than the capacitor by what the load draws through it.
    pub esr: Ohms,
    /// How the load draws.
    pub load: Load,
    /// Efficiency of the converter between capacitor and load.
    pub output: f64,
    /// Efficiency between harvester and capacitor, by its input power: linear between the points, constant outside; none
    /// is 1.
    pub booster: Vec<Point>,
}

impl Storage {
    /// Without resistance, and with a converter that loses nothing.
    pub fn ideal(capacitance: Farads, on: Volts, off: Volts, max: Volts) -> Self {
        Self {
            capacitance,
            on,
            off,
            max,
            esr: Ohms::ZERO,
            load: Load::Power,
            output: 1.0,
            booster: Vec::new(),
        }
    }

    /// Harvested power behind the booster.
    pub fn boosted(&self, input: Watts) -> Watts {
        let (Some(first), Some(last)) = (self.booster.first(), self.booster.last()) else {
            return input;
        };
        let within = self
            .booster
            .windows(2)
            .find(|pair| (pair[0].input..pair[1].input).contains(&input));
        let efficiency = match within {
            Some([a, b]) => {
                let share = (input - a.input) / (b.input - a.input);
                a.efficiency + (b.efficiency - a.efficiency) * share
            }
            _ if input < first.input => first.efficiency,
            _ => last.efficiency,
        };
        input * efficiency
    }

    /// Power that a load of `nominal` takes at a voltage of the terminals.
    pub(super) fn drawn(&self, nominal: Watts, at: Volts) -> Watts {
        let power = nominal / self.output;
        match self.load {
            Load::Power => power,
            Load::Current(volts) => power * (at / volts),
        }
    }

    /// Voltage of the capacitor at which the terminals reach the switch-off voltage, under a load at the terminals less the
    /// harvest.
    pub(super) fn lowest(&self, net: Watts) -> Volts {
        Volts(self.off.get() + self.esr.get() * net.get().max(0.0) / self.off.get())
    }

    /// Energy for the load from the switch-on to the switch-off voltage without harvest, in the terms of the costs, if no
    /// operation takes more power than `peak`.
    ///
    /// `C·(V_on² − V_off²)/2` for constant power; for constant current the charge, `C·(V_on − V_off)`, times its nominal
    /// voltage. What the load's current loses in the series resistance is counted at the lowest voltage.
    pub fn usable(&self, peak: Watts) -> Joules {
        self.between(self.on, self.off, peak)
    }

    /// The same between two other voltages of the capacitor.
    pub(super) fn between(&self, high: Volts, low: Volts, peak: Watts) -> Joules {
        let floor = self.lowest(self.drawn(peak, self.off));
        let low = low.max(floor);
        if low >= high {
            return Joules::ZERO;
        }
        let energy = match self.load {
            Load::Power => {
                let stored = self.capacitance.energy(high) - self.capacitance.energy(low);
                stored * (self.off / floor)
            }
            // The charge; at a lower voltage the same current is less power.
            Load::Current(volts) => {
                Joules(self.capacitance.get() * (high - low).get() * volts.get())
            }
        };
        energy * self.output
    }

    /// Energy of the capacitor between the thresholds, and what of it the load's energy takes in the mean, per joule of the
    /// costs.
    pub(super) fn capacity(&self, peak: Watts) -> (Joules, f64) {
        let low = self.lowest(self.drawn(peak, self.off));
        let all = self.capacitance.energy(self.on) - self.capacitance.energy(low);
        let share = match self.load {
            Load::Power => 1.0,
            Load::Current(volts) => f64::midpoint(self.on.get(), low.get()) / volts.get(),
        };
        (all, share / self.output)
    }

    /// Whether energy is drawn from the capacitor as it is from the load, at any voltage.
    pub(super) fn is_linear(&self) -> bool {
        self.load == Load::Power && self.esr == Ohms::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn efficiency_is_read_between_its_points() {
        let mut storage = Storage::ideal(Farads(1e-4), Volts(2.8), Volts(2.4), Volts(3.3));
        assert_eq!(storage.boosted(Watts(1e-3)), Watts(1e-3));
        let point = |input, efficiency| Point {
            input: Watts(input),
            efficiency,
        };
        storage.booster = vec![point(1e-4, 0.5), point(3e-4, 0.9)];
        for (input, efficiency) in [
            (5e-5, 0.5),
            (1e-4, 0.5),
            (2e-4, 0.7),
            (3e-4, 0.9),
            (1.0, 0.9),
        ] {
            let out = storage.boosted(Watts(input));
            assert!((out.get() - input * efficiency).abs() < 1e-12, "{input}");
        }
    }
}
