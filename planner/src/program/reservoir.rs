//! The capacitor over time. Where a load takes the same power at any voltage, energies are linear by pieces, and exact;
//! otherwise the voltage is integrated.

use std::sync::Arc;

use super::{Harvest, Load, Storage};
use crate::units::{Joules, Seconds, Volts, Watts};

/// The supervisor has switched the load off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrownOut;

/// A harvest behind the booster, with what it has given until each of its pieces.
#[derive(Debug)]
struct Income {
    step: Seconds,
    watts: Vec<Watts>,
    /// Energy before each piece, and that of all at the end.
    before: Vec<f64>,
}

impl Income {
    fn new(harvest: &Harvest, storage: &Storage) -> Self {
        let watts: Vec<_> = harvest.watts.iter().map(|w| storage.boosted(*w)).collect();
        let mut before = vec![0.0];
        let mut sum = 0.0;
        for w in &watts {
            sum += w.get() * harvest.step.get();
            before.push(sum);
        }
        Self {
            step: harvest.step,
            watts,
            before,
        }
    }

    /// The piece of a time: which one, and when it begins.
    fn piece(&self, time: Seconds) -> (u64, Seconds) {
        let piece = (time / self.step).floor();
        (piece as u64, self.step * piece)
    }

    /// Power at a time, and until when it stays.
    fn at(&self, time: Seconds) -> (Watts, Seconds) {
        let (piece, begin) = self.piece(time);
        let watts = self.watts[piece as usize % self.watts.len()];
        (watts, begin + self.step)
    }

    /// What all pieces have given together, after so many of them.
    fn sum(&self, pieces: u64) -> f64 {
        let count = self.watts.len() as u64;
        let all = self.before[self.watts.len()];
        (pieces / count) as f64 * all + self.before[(pieces % count) as usize]
    }

    /// Energy from time 0.
    fn until(&self, time: Seconds) -> Joules {
        let (piece, begin) = self.piece(time);
        let watts = self.watts[piece as usize % self.watts.len()];
        Joules(self.sum(piece) + watts.get() * (time - begin).get())
    }

    /// When so much more than at a time has come in; never, if nothing does.
    fn when(&self, time: Seconds, energy: Joules) -> Seconds {
        let (here, begin) = self.piece(time);
        let watts = |piece: u64| self.watts[piece as usize % self.watts.len()].get();
        let rest = watts(here) * (begin + self.step - time).get();
        if energy.get() <= rest {
            return time + Seconds(energy.get() / watts(here));
        }
        let count = self.watts.len();
        let all = self.before[count];
        if all <= 0.0 {
            return Seconds(f64::INFINITY);
        }
        // From the end of this piece on; whole repetitions first, then the piece in which it is reached.
        let (first, mut missing) = (here + 1, energy.get() - rest);
        let offset = self.before[(first % count as u64) as usize];
        let rounds = ((offset + missing) / all).floor();
        missing = offset + missing - rounds * all;
        let index = self.before[..count]
            .partition_point(|b| *b <= missing)
            .saturating_sub(1);
        let index = index as u64;
        let piece = first - first % count as u64 + rounds as u64 * count as u64 + index;
        let inside = match watts(index) {
            w if w > 0.0 => (missing - self.before[index as usize]) / w,
            _ => 0.0,
        };
        self.step * piece as f64 + Seconds(inside)
    }
}

/// A capacitor on a harvest, with the time.
#[derive(Clone, Debug)]
pub struct Reservoir {
    income: Arc<Income>,
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
    pub fn new(harvest: &Harvest, storage: &Storage) -> Self {
        let c = storage.capacitance;
        Self {
            income: Arc::new(Income::new(harvest, storage)),
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
        if self.storage.is_linear() {
            let low = self.storage.capacitance.energy(down_to).max(self.off);
            return (self.energy - low).max(Joules::ZERO) * self.storage.output;
        }
        self.storage.between(self.volts(), down_to, peak)
    }

    /// How often a load can take `energy` over `time` while the harvest stays as it is and the voltage falls.
    pub(super) fn falls_for(&self, energy: Joules, time: Seconds) -> f64 {
        let (watts, until) = self.income.at(self.time);
        if watts * time >= energy {
            return 0.0;
        }
        (until - self.time) / time
    }

    /// Charges until the load is switched on; `false` when that takes longer than `patience`.
    pub fn charge(&mut self, patience: Seconds) -> bool {
        let end = self.time + patience;
        let missing = self.on - self.energy;
        if missing <= Joules::ZERO {
            return true;
        }
        let when = self.income.when(self.time, missing);
        if when <= end {
            self.time = when;
            self.energy = self.on;
            return true;
        }
        let got = self.income.until(end) - self.income.until(self.time);
        self.energy = (self.energy + got).min(self.on);
        self.time = end;
        false
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
            let (watts, until) = self.income.at(self.time);
            // A day has 16 digits of a double down to 1e-11 s.
            let piece = left.min((until - self.time).get().max(1e-9));
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
        let mut r = Reservoir::new(&Harvest::constant(Watts(watts)), storage);
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

    /// Charging by sums is charging piece by piece.
    #[test]
    fn charging_takes_what_the_pieces_give() {
        let harvest = Harvest::steps(3);
        let income = Income::new(&harvest, &storage());
        let mut time = Seconds(0.123);
        for i in 1..500 {
            let energy = Joules(f64::from(i) * 7e-6);
            let end = income.when(time, energy);
            let (mut now, mut got) = (time, 0.0);
            while now < end {
                let (watts, until) = income.at(now);
                let next = until.min(end).max(now + Seconds(1e-12));
                got += watts.get() * (next - now).get();
                now = next;
            }
            assert!(
                (got / energy.get() - 1.0).abs() < 1e-6,
                "{i}: {got} {energy}"
            );
            let sums = income.until(end) - income.until(time);
            assert!((sums.get() / energy.get() - 1.0).abs() < 1e-6, "{i}");
            time = end;
        }
        let dark = Harvest::constant(Watts::ZERO);
        let mut r = Reservoir::new(&dark, &storage());
        assert!(!r.charge(Seconds(1e6)));
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
