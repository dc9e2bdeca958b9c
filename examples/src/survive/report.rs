//! What came out: a table for people, an object for programs.

use std::fmt;

use serde::Serialize;

use super::powered::unprotected_ns;
use super::program::per_image;
use super::tally::Tally;
use crate::lenet::Scores;

/// The result of an experiment.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Report {
    /// Images classified.
    pub images: u64,
    /// Share of them classified as labelled.
    pub accuracy: f64,
    /// Power failures of the simulated supply.
    pub outages: u64,
    /// Processes killed.
    pub kills: u64,
    /// Commits.
    pub commits: u64,
    /// Bytes written to NVM, records included.
    pub nvm_bytes: u64,
    /// Multiply-accumulates done more than once.
    pub redone: u64,
    /// Modelled time on over that of the same inferences without protection and without outages; in `--kill` mode,
    /// where nothing is modelled, work done over work needed.
    pub overhead: f64,
    /// Score vectors that differ in any bit from those of uninterrupted inference.
    pub mismatches: u64,
    /// NVM bytes over the bytes of the tensors.
    pub nvm_ratio: f64,
}

impl Report {
    /// Compares with uninterrupted inference and with the labels.
    pub fn new(tally: &Tally, results: &[Scores], uninterrupted: &[Scores], labels: &[u8]) -> Self {
        let n = results.len() as u64;
        let (work, bytes) = per_image();
        let right = results
            .iter()
            .zip(labels)
            .filter(|(s, label)| answer(s) == usize::from(**label))
            .count();
        let mismatches = results
            .iter()
            .zip(uninterrupted)
            .filter(|(a, b)| a != b)
            .count();
        let overhead = if tally.busy_ns == 0 {
            tally.work as f64 / (n * work) as f64
        } else {
            tally.busy_ns as f64 / unprotected_ns(n * work, n * bytes)
        };
        Self {
            images: n,
            accuracy: right as f64 / n.max(1) as f64,
            outages: tally.outages,
            kills: tally.kills,
            commits: tally.commits,
            nvm_bytes: tally.nvm_bytes,
            redone: tally.work.saturating_sub(n * work),
            overhead,
            mismatches: mismatches as u64,
            nvm_ratio: tally.nvm_bytes as f64 / (n * bytes).max(1) as f64,
        }
    }
}

/// The class with the highest score, the first of equals.
pub fn answer(scores: &Scores) -> usize {
    (0..scores.len())
        .rev()
        .max_by_key(|i| scores[*i])
        .unwrap_or(0)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let work = (self.images * per_image().0).max(1) as f64;
        let mut row = |name: &str, value: String| writeln!(f, "  {name:<34}{value:>18}");
        row("images", self.images.to_string())?;
        row("accuracy", format!("{:.2} %", 100.0 * self.accuracy))?;
        row("power failures (simulated)", self.outages.to_string())?;
        row("processes killed", self.kills.to_string())?;
        row("commits", self.commits.to_string())?;
        row(
            "NVM bytes written",
            format!("{} ({:.3}×)", self.nvm_bytes, self.nvm_ratio),
        )?;
        row(
            "work done twice",
            format!("{:.2} %", 100.0 * self.redone as f64 / work),
        )?;
        row(
            "time on, against unprotected",
            format!("{:.3}×", self.overhead),
        )?;
        row("mismatches", self.mismatches.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_bit_is_a_mismatch() {
        let good = [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]; 2];
        let mut bad = good;
        bad[1][3] ^= 1;
        let tally = Tally::default();
        assert_eq!(Report::new(&tally, &good, &good, &[9, 9]).mismatches, 0);
        let report = Report::new(&tally, &bad, &good, &[9, 0]);
        assert_eq!((report.mismatches, report.accuracy), (1, 0.5));
    }

    #[test]
    fn the_first_of_equals_wins() {
        assert_eq!(answer(&[0, 5, 5, 0, 0, 0, 0, 0, 0, 0]), 1);
    }
}
