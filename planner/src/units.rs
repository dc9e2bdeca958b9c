//! Quantities with their unit in the type, so that no bare number crosses an interface.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Sub, SubAssign};

use serde::{Deserialize, Serialize};

macro_rules! quantity {
    ($($(#[$doc:meta])* $name:ident, $symbol:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub f64);

        impl $name {
            /// Nothing of it.
            pub const ZERO: Self = Self(0.0);
            /// The number, in the unit of the type.
            pub const fn get(self) -> f64 { self.0 }
            /// The larger of two.
            #[must_use]
            pub fn max(self, other: Self) -> Self { Self(self.0.max(other.0)) }
            /// The smaller of two.
            #[must_use]
            pub fn min(self, other: Self) -> Self { Self(self.0.min(other.0)) }
        }
        impl Add for $name { type Output = Self; fn add(self, o: Self) -> Self { Self(self.0 + o.0) } }
        impl Sub for $name { type Output = Self; fn sub(self, o: Self) -> Self { Self(self.0 - o.0) } }
        impl AddAssign for $name { fn add_assign(&mut self, o: Self) { self.0 += o.0; } }
        impl SubAssign for $name { fn sub_assign(&mut self, o: Self) { self.0 -= o.0; } }
        impl Mul<f64> for $name { type Output = Self; fn mul(self, k: f64) -> Self { Self(self.0 * k) } }
        impl Div<f64> for $name { type Output = Self; fn div(self, k: f64) -> Self { Self(self.0 / k) } }
        impl Div for $name { type Output = f64; fn div(self, o: Self) -> f64 { self.0 / o.0 } }
        impl Sum for $name { fn sum<I: Iterator<Item = Self>>(all: I) -> Self { Self(all.map(|q| q.0).sum()) } }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let digits = f.precision().unwrap_or(3);
                write!(f, "{:.*} {}", digits, self.0, $symbol)
            }
        }
    )*};
}

quantity! {
    /// Energy.
    Joules, "J";
    /// Time.
    Seconds, "s";
    /// Power.
    Watts, "W";
    /// Capacitance.
    Farads, "F";
    /// Voltage.
    Volts, "V";
    /// Resistance.
    Ohms, "Ω";
    /// Clock frequency.
    Hertz, "Hz";
    /// Processor cycles; model constants are means, so not always whole.
    Cycles, "cycles";
}

/// A size in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bytes(pub u64);

impl Div<Hertz> for Cycles {
    type Output = Seconds;
    fn div(self, clock: Hertz) -> Seconds {
        Seconds(self.0 / clock.0)
    }
}

impl Mul<Seconds> for Watts {
    type Output = Joules;
    fn mul(self, time: Seconds) -> Joules {
        Joules(self.0 * time.0)
    }
}

impl Div<Watts> for Joules {
    type Output = Seconds;
    fn div(self, power: Watts) -> Seconds {
        Seconds(self.0 / power.0)
    }
}

impl Farads {
    /// Energy stored at `volts`.
    pub fn energy(self, volts: Volts) -> Joules {
        Joules(0.5 * self.0 * volts.0 * volts.0)
    }

    /// Voltage at which `energy` is stored.
    pub fn volts(self, energy: Joules) -> Volts {
        Volts((2.0 * energy.0.max(0.0) / self.0).sqrt())
    }
}

/// Energy and cycles of one operation: costs add up and repeat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Cost {
    /// Energy drawn.
    pub energy: Joules,
    /// Cycles taken.
    pub cycles: Cycles,
}

impl Cost {
    /// Nothing.
    pub const ZERO: Self = Self::new(0.0, 0.0);

    /// From joules and cycles.
    pub const fn new(joules: f64, cycles: f64) -> Self {
        Self {
            energy: Joules(joules),
            cycles: Cycles(cycles),
        }
    }

    /// `n` times.
    #[must_use]
    pub fn times(self, n: u64) -> Self {
        self * n as f64
    }
}

impl Add for Cost {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        Self {
            energy: self.energy + o.energy,
            cycles: self.cycles + o.cycles,
        }
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, o: Self) {
        *self = *self + o;
    }
}

impl Mul<f64> for Cost {
    type Output = Self;
    fn mul(self, k: f64) -> Self {
        Self {
            energy: self.energy * k,
            cycles: self.cycles * k,
        }
    }
}
