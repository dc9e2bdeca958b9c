//! Adversarial pacers: what the checker answers when a paced loop asks whether a commit is due.

use super::rng::{Rng, mix};

/// What loops marked `#[commit(paced)]` are told during outages; see [`Check::pacing`](super::Check::pacing).
///
/// On continuous power they are always told to commit, so that every commit that any pacer can ask for is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Pacing {
    /// A coin decides each time: one that is fair, or often or seldom says yes.
    #[default]
    Random,
    /// A commit after each iteration.
    Always,
    /// None, other than those that `every = N` forces.
    Never,
}

/// A pacer of this kind.
pub(crate) struct Adversary {
    pacing: Pacing,
    seed: u64,
    rng: Rng,
    /// Of four answers, so many are yes.
    yes: usize,
    /// Commits that were refused.
    pub declined: u64,
}

impl Adversary {
    pub(crate) fn new(pacing: Pacing, seed: u64) -> Self {
        let mut adversary = Self {
            pacing,
            seed,
            rng: Rng::new(seed),
            yes: 2,
            declined: 0,
        };
        adversary.boot(0);
        adversary
    }

    /// A pacer starts afresh at every boot. What it answers depends on `number` only.
    pub(crate) fn boot(&mut self, number: u64) {
        self.rng = Rng::new(mix(self.seed) ^ mix(number));
        self.yes = 1 + self.rng.below(3);
    }

    pub(crate) fn due(&mut self) -> bool {
        let due = match self.pacing {
            Pacing::Always => true,
            Pacing::Never => false,
            Pacing::Random => self.rng.below(4) < self.yes,
        };
        self.declined += u64::from(!due);
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_coin_is_tossed() {
        let mut adversary = Adversary::new(Pacing::Random, 1);
        let mut seen = [false; 4];
        for number in 0..20 {
            adversary.boot(number);
            seen[adversary.yes] = true;
            let yes = (0..400).filter(|_| adversary.due()).count();
            assert!(yes.abs_diff(adversary.yes * 100) < 50, "{yes}");
        }
        assert_eq!(seen, [false, true, true, true]);
    }
}
