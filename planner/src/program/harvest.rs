//! Harvested power over time: constant by pieces.

use crate::units::{Seconds, Watts};

/// Harvested power over time, before the board's booster.
#[derive(Clone, Debug, PartialEq)]
pub struct Harvest {
    /// Name for reports.
    pub name: String,
    /// Length of a piece.
    pub step: Seconds,
    /// Power in each; repeated from the start.
    pub watts: Vec<Watts>,
}

impl Harvest {
    /// The same power always.
    pub fn constant(power: Watts) -> Self {
        Self {
            name: format!("constant {:.2} mW", power.get() * 1e3),
            step: Seconds(1.0),
            watts: vec![power],
        }
    }

    /// A tag that is carried about near a reader: stays of 0.1–2 s at one distance, fading within.
    pub fn radio(seed: u64) -> Self {
        let mut rng = Rng(seed ^ 0x5241_4449_4f00);
        let (mut level, mut left) = (0.0, 0.0);
        let watts = (0..60_000)
            .map(|_| {
                if left <= 0.0 {
                    left = rng.between(0.1, 2.0);
                    let near = rng.between(0.0, 1.0);
                    level = if near < 0.35 {
                        0.02e-3
                    } else {
                        rng.between(0.2e-3, 3e-3)
                    };
                }
                left -= 2e-3;
                // Rayleigh fading: the power is exponentially distributed.
                Watts(level * -(1.0 - rng.between(0.0, 1.0)).max(1e-12).ln())
            })
            .collect();
        Self {
            name: format!("radio, seed {seed}"),
            step: Seconds(2e-3),
            watts,
        }
    }

    /// A small solar cell under passing clouds: slow changes between full light and a tenth of it.
    pub fn clouds(seed: u64) -> Self {
        let mut rng = Rng(seed ^ 0x434c_4f55_4453);
        let (mut now, mut goal) = (0.8, 0.8);
        let watts = (0..6_000)
            .map(|i| {
                if i % 300 == 0 {
                    goal = rng.between(0.1, 1.0);
                }
                now += (goal - now) * 0.02;
                Watts(2.5e-3 * now)
            })
            .collect();
        Self {
            name: format!("clouds, seed {seed}"),
            step: Seconds(10e-3),
            watts,
        }
    }

    /// A generator on a walking person: a pulse of 50 ms at each step, 0.4–0.7 s apart.
    pub fn steps(seed: u64) -> Self {
        let mut rng = Rng(seed ^ 0x5354_4550_5300);
        let mut watts = Vec::new();
        while watts.len() < 20_000 {
            let gap = rng.between(0.4, 0.7);
            let strength = rng.between(5e-3, 20e-3);
            let pulse = 25;
            watts.extend(std::iter::repeat_n(Watts(strength), pulse));
            let rest = (gap / 2e-3) as usize - pulse;
            watts.extend(std::iter::repeat_n(Watts::ZERO, rest));
        }
        Self {
            name: format!("steps, seed {seed}"),
            step: Seconds(2e-3),
            watts,
        }
    }
}

/// `SplitMix64`.
struct Rng(u64);

impl Rng {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        low + (high - low) * ((z >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_are_those_of_their_seed() {
        for make in [Harvest::radio, Harvest::clouds, Harvest::steps] {
            assert_eq!(make(3), make(3));
            assert_ne!(make(3).watts, make(4).watts);
            let mean =
                make(3).watts.iter().map(|w| w.get()).sum::<f64>() / make(3).watts.len() as f64;
            assert!((0.2e-3..3e-3).contains(&mean), "{mean}");
        }
    }
}
