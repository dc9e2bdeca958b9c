//! Which interval: the cost of commits against that of work done twice.

use super::{Board, Program};
use crate::units::Joules;

/// The interval at which commits and repeated work cost the least together, for outages that come at any moment.
///
/// With a commit of energy `c` after every `n` iterations of energy `e`, and one outage per `u` of energy, a unit of work
/// costs `c / (n·e)` for commits and, as an outage loses half of a region in the mean, `n·e / (2·u)` for repetition. The sum
/// is least at `n = √(2·c·u) / e` (J. W. Young, A first order approximation to the optimum checkpoint interval, CACM 17(9),
/// 1974).
pub fn young(commit: Joules, iteration: Joules, per_outage: Joules) -> u64 {
    let n = (2.0 * commit.get() * per_outage.get()).sqrt() / iteration.get();
    (n.round() as u64).max(1)
}

/// Sets every interval to Young's, or to what fits a power cycle if that is less.
///
/// # Errors
///
/// The name of a loop of which no iteration fits a power cycle.
pub fn choose(board: &Board, mut program: Program) -> Result<Program, String> {
    for l in &mut program.loops {
        let iteration = board.iteration(l.units, l.writes);
        let commit = board.commit();
        let room = board.usable() - board.restart(l.input).energy - commit.energy;
        let most = (room.get() / iteration.energy.get()).floor();
        if most < 1.0 {
            return Err(l.name.clone());
        }
        let best = young(commit.energy, iteration.energy, room);
        l.every = best.min(most as u64).min(l.iterations.max(1));
    }
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn youngs_interval_is_the_minimum() {
        let (c, e, u) = (2e-6, 0.1e-6, 80e-6);
        let cost = |n: f64| c / (n * e) + n * e / (2.0 * u);
        let best = young(Joules(c), Joules(e), Joules(u)) as f64;
        assert!(cost(best) <= cost(best - 1.0) && cost(best) <= cost(best + 1.0));
    }
}
