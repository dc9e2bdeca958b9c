//! The capacitor over time. Where a load takes the same power at any voltage, energies are linear by pieces, and exact;
//! otherwise the voltage is integrated.

use std::sync::Arc;

use super::{Harvest, Load, Storage};
use crate::units::{Joules, Seconds, Volts, Watts};

/// The supervisor has switched the load off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrownOut;

/// A capacitor on a harvest, with the time.
#[derive(Clone, Debug)]
pub struct Reservoir {
    harvest: Arc<Harvest>,
    storage: Arc<Storage>,
    on: Joules,
    off: Joules,
    max: Joules,
    energy: Joules,
    /// Now.
    pub time: Seconds,
}

/// Most of its voltage that the capacitor may change by in a step of the integration.
const STEP: f64 = 2e-3;

impl Reservoir {
    /// At the switch-off voltage, at time 0.
    pub fn new(harvest: Arc<Harvest>, storage: &Storage) -> Self {
        let c = storage.capacitance;
        Self {
            harvest,
            on: c.energy(storage.on),
            off: c.energy(storage.off),
            max: c.energy(storage.max),
            energy: c.energy(storage.off),
            storage: Arc::new(storage.clone()),
            time: Seconds::ZERO,
        }
    }

    /// Voltage of the capacitor now.
    pub fn volts(&self) -> Volts {
        self.storage.capacitance.volts(self.energy)
    }

    /// Energy that the load gets at least, whatever is harvested, before the voltage is at `down_to` or the load is switched
    /// off, if no operation takes more power than `peak`.
    pub fn sure(&self, down_to: Volts, peak: Watts) -> Joules {
        self.storage.between(self.volts(), down_to, peak)
    }

    /// Power into the capacitor, and until when it stays.
    fn income(&self) -> (Watts, Seconds) {
        let (watts, until) = self.harvest.at(self.time);
        (self.storage.boosted(watts), until)
    }

    /// Charges until the load is switched on; `false` when that takes longer than `patience`.
    pub fn charge(&mut self, patience: Seconds) -> bool {
        let end = self.time + patience;
        while self.energy < self.on {
            if self.time >= end {
                return false;
            }
            let (watts, until) = self.income();
            let missing = (self.on - self.energy).get() / watts.get();
            let left = (until - self.time).get().max(1e-12);
            if missing <= left {
                self.time += Seconds(missing);
                self.energy = self.on;
            } else {
                self.energy += Joules(watts.get() * left);
                self.time = until.max(self.time + Seconds(1e-12));
            }
        }
        true
    }

    /// The load takes `energy`, evenly over `time`, as it does at its nominal voltage and behind its converter.
    ///
    /// # Errors
    ///
    /// When the voltage falls to the switch-off voltage; the time is then that of the brown-out.
    pub fn draw(&mut self, energy: Joules, time: Seconds) -> Result<(), BrownOut> {
        let load = Watts(energy.get() / time.get().max(1e-12));
        let mut left = time.get().max(1e-12);
        while left > 0.0 {
            let (watts, until) = self.income();
            let piece = left.min((until - self.time).get().max(1e-12));
            if self.storage.is_linear() {
                self.linear(watts, load / self.storage.output, piece)?;
            } else {
                self.integrate(watts, load, piece)?;
            }
            left -= piece;
        }
        Ok(())
    }

    fn linear(&mut self, watts: Watts, load: Watts, piece: f64) -> Result<(), BrownOut> {
        let net = (watts - load).get();
        let after = self.energy.get() + net * piece;
        if after < self.off.get() {
            let lasts = (self.off - self.energy).get() / net;
            self.time += Seconds(lasts);
            self.energy = self.off;
            return Err(BrownOut);
        }
        self.energy = Joules(after.min(self.max.get()));
        self.time += Seconds(piece);
        Ok(())
    }

    /// `C·V·dV/dt = P_harvest − P_load(V)`, with what the net current loses in the series resistance, by the classical
    /// Runge-Kutta method of the fourth order.
    fn integrate(&mut self, watts: Watts, load: Watts, piece: f64) -> Result<(), BrownOut> {
        let storage = Arc::clone(&self.storage);
        let c = storage.capacitance;
        let slope = |v: f64| {
            let net = storage.drawn(load, Volts(v)) - watts;
            let mut out = net.get();
            // A constant current is the capacitor's as it is the load's.
            if out > 0.0 && storage.load == Load::Power {
                // The terminals are at u = v − esr·out/u.
                let u = f64::midpoint(v, (v * v - 4.0 * storage.esr.get() * out).max(0.0).sqrt());
                out *= v / u.max(1e-9);
            }
            -out / (c.get() * v)
        };
        let step = |v: f64, dt: f64| {
            let k1 = slope(v);
            let k2 = slope(v + 0.5 * dt * k1);
            let k3 = slope(v + 0.5 * dt * k2);
            let k4 = slope(v + dt * k3);
            v + dt / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        };
        let lowest = |v: f64| storage.lowest(storage.drawn(load, Volts(v)) - watts).get();
        let mut left = piece;
        while left > 0.0 {
            let v = self.volts().get();
            if v < lowest(v) {
                return Err(BrownOut);
            }
            let dt = left.min(STEP * v / slope(v).abs().max(1e-12));
            let after = step(v, dt);
            if after < lowest(after) {
                let (mut good, mut bad) = (0.0, dt);
                for _ in 0..50 {
                    let middle = f64::midpoint(good, bad);
                    let then = step(v, middle);
                    if then < lowest(then) {
                        bad = middle;
                    } else {
                        good = middle;
                    }
                }
                self.energy = c.energy(Volts(step(v, good)));
                self.time += Seconds(good);
                return Err(BrownOut);
            }
            self.energy = c.energy(Volts(after)).min(self.max);
            self.time += Seconds(dt);
            left -= dt;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Farads, Ohms};

    fn storage() -> Storage {
        Storage::ideal(Farads(100e-6), Volts(2.8), Volts(2.4), Volts(3.3))
    }

    fn full(watts: f64, storage: &Storage) -> Reservoir {
        let mut r = Reservoir::new(Arc::new(Harvest::constant(Watts(watts))), storage);
        assert!(r.charge(Seconds(1e9)));
        r
    }

    #[test]
    fn energy_is_conserved() {
        let c = storage().capacitance;
        let mut r = full(1e-3, &storage());
        let budget = (c.energy(Volts(2.8)) - c.energy(Volts(2.4))).get();
        assert!((r.time.get() - budget / 1e-3).abs() < 1e-9);
        // 3 mW drawn, 1 mW harvested.
        assert_eq!(r.draw(Joules(3.0), Seconds(1000.0)), Err(BrownOut));
        assert!((r.time.get() - budget / 1e-3 - budget / 2e-3).abs() < 1e-9);
        assert!((r.volts().get() - 2.4).abs() < 1e-9);
    }

    #[test]
    fn a_constant_current_takes_charge() {
        // 1 mA, which is 3 mW at 3 V.
        let storage = Storage {
            load: Load::Current(Volts(3.0)),
            ..storage()
        };
        let mut r = full(1e-9, &storage);
        let start = r.time;
        assert_eq!(r.draw(Joules(3.0), Seconds(1000.0)), Err(BrownOut));
        // C·ΔV = I·t.
        assert!(((r.time - start).get() - 100e-6 * 0.4 / 1e-3).abs() < 1e-6);
        let usable = storage.usable(Watts(3e-3));
        assert!((usable.get() - 3e-3 * 0.04).abs() < 1e-12);
    }

    #[test]
    fn a_converter_and_a_resistance_take_their_part() {
        let storage = Storage {
            esr: Ohms(20.0),
            output: 0.8,
            ..storage()
        };
        // 8 mW at the load are 10 mW at the terminals: 4.17 mA at 2.4 V, 83 mV over the resistance.
        let mut r = full(1e-9, &storage);
        let start = r.time;
        assert_eq!(r.draw(Joules(8.0), Seconds(1000.0)), Err(BrownOut));
        assert!((r.volts().get() - (2.4 + 20.0 * 10e-3 / 2.4)).abs() < 1e-7);
        // What the load got is not less than what the formula promises, and hardly more.
        let got = (r.time - start).get() * 8e-3;
        let promised = storage.usable(Watts(8e-3)).get();
        assert!(got >= promised && got < promised * 1.01, "{got} {promised}");
    }

    /// Where both apply, they agree.
    #[test]
    fn the_integration_is_exact_where_energy_is_linear() {
        let mut linear = full(2e-3, &storage());
        let mut curved = linear.clone();
        for _ in 0..1000 {
            let _ = linear.linear(Watts(2e-3), Watts(5e-3), 1e-5);
            let _ = curved.integrate(Watts(2e-3), Watts(5e-3), 1e-5);
            assert!((linear.volts().get() / curved.volts().get() - 1.0).abs() < 1e-12);
            assert!((linear.time.get() - curved.time.get()).abs() < 1e-12);
        }
    }
}
