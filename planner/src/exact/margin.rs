//! How much more than the mean a step may take, from what was measured.

use crate::units::Joules;

/// Mean and deviation of measured costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Mean.
    pub mean: Joules,
    /// Standard deviation, with n − 1.
    pub deviation: Joules,
    /// Measurements.
    pub count: u64,
}

/// So few measurements say nothing at the given risk, whatever they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{have} measurements are too few for that risk; {wanted} are the least")]
pub struct TooFew {
    /// Measurements there are.
    pub have: u64,
    /// Measurements that the risk asks for.
    pub wanted: u64,
}

impl Spread {
    /// Of measurements; two at least, or the deviation is zero.
    pub fn of(samples: &[Joules]) -> Self {
        let n = samples.len().max(1) as f64;
        let mean = samples.iter().map(|s| s.get()).sum::<f64>() / n;
        let squares: f64 = samples.iter().map(|s| (s.get() - mean).powi(2)).sum();
        Self {
            mean: Joules(mean),
            deviation: Joules((squares / (n - 1.0).max(1.0)).sqrt()),
            count: samples.len() as u64,
        }
    }

    /// What one more step of the same kind exceeds with at most the probability `risk`, whatever the distribution: mean plus
    /// k deviations, k from Chebyshev's inequality with estimated mean and variance,
    /// P(|X − m| ≥ k·q) ≤ ⌊(N + 1)/N · ((N − 1)/k² + 1)⌋ / (N + 1), q² = (N + 1)/N · s² (J. Saw, M. Yang, T. Mo, The
    /// American Statistician 38(2), 1984; in this form A. Kabán, Statistics and Computing 22(2), 2012).
    ///
    /// # Errors
    ///
    /// Where so few measurements bound nothing.
    pub fn need(&self, risk: f64) -> Result<Joules, TooFew> {
        let n = self.count as f64;
        // The least positive value of the bound is 1 / (N + 1).
        let allowed = (risk * (n + 1.0)).floor();
        if allowed < 1.0 || n < 2.0 {
            return Err(TooFew {
                have: self.count,
                wanted: ((1.0 / risk).ceil() as u64).saturating_sub(1).max(2),
            });
        }
        // ⌊x⌋ ≤ allowed while x < allowed + 1.
        let room = (allowed + 1.0) * n / (n + 1.0) - 1.0;
        let k = ((n - 1.0) / room).sqrt();
        Ok(self.mean + self.deviation * (k * ((n + 1.0) / n).sqrt()))
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Share of new steps above the need, over many measured sets.
    fn exceeded(count: usize, risk: f64, draw: impl Fn(&mut ChaCha8Rng) -> f64, scale: f64) -> f64 {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let rounds = 20_000;
        let above = (0..rounds).filter(|_| {
            let samples: Vec<Joules> = (0..count).map(|_| Joules(draw(&mut rng))).collect();
            let spread = Spread::of(&samples);
            let need = spread.need(risk).expect("enough measurements");
            let need = spread.mean + (need - spread.mean) * scale;
            draw(&mut rng) > need.get()
        });
        above.count() as f64 / f64::from(rounds)
    }

    #[test]
    fn the_risk_holds_for_distributions_of_any_shape() {
        for (count, risk) in [(20, 0.1), (50, 0.05), (200, 0.01)] {
            let rare = move |rng: &mut ChaCha8Rng| {
                if rng.random_bool(risk * 0.7) {
                    5.0
                } else {
                    1.0
                }
            };
            let even = |rng: &mut ChaCha8Rng| rng.random_range(1.0..2.0);
            let tail = |rng: &mut ChaCha8Rng| -rng.random_range(1e-9_f64..1.0).ln();
            for seen in [
                exceeded(count, risk, rare, 1.0),
                exceeded(count, risk, even, 1.0),
                exceeded(count, risk, tail, 1.0),
            ] {
                assert!(seen <= risk, "{count} {risk}: {seen}");
            }
            // A margin that is too small is noticed.
            assert!(exceeded(count, risk, tail, 0.3) > risk);
        }
    }

    #[test]
    fn too_few_measurements_are_refused() {
        let spread = Spread::of(&[Joules(1.0), Joules(1.1), Joules(0.9)]);
        assert_eq!(
            spread.need(0.01),
            Err(TooFew {
                have: 3,
                wanted: 99
            })
        );
        assert!(spread.need(0.5).is_ok());
    }
}
