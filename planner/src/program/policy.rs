//! When to commit: the ways that are in use, to be compared on one trace.

use super::{Board, Program, choose};
use crate::units::Volts;

/// What decides when a program commits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Policy {
    /// Never: an outage loses everything.
    Unprotected,
    /// At the end of each sub-task, as task-based systems do.
    PerTask,
    /// After each iteration, as SONIC does.
    PerIteration,
    /// After every so many iterations.
    Every(u64),
    /// After each tile of so many bytes of output, as HAWAII preserves them.
    PerTile(u64),
    /// When the ADC sees less than this, looked at after each iteration; an iteration that comes to an outage unseen is lost.
    Voltage(Volts),
    /// The interval that the planner chooses for each loop.
    Planned,
    /// Just before each outage, which it foresees: no way of deciding does better with the same commits.
    Oracle,
}

/// What decides within a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Decision {
    Interval,
    Never,
    Voltage(Volts),
    Oracle,
}

impl Policy {
    /// The ways that `rekindle simulate` compares, on a board.
    pub fn all(board: &Board) -> Vec<Self> {
        let (on, off) = (board.storage.on.get(), board.storage.off.get());
        vec![
            Self::Unprotected,
            Self::PerTask,
            Self::PerIteration,
            Self::Every(16),
            Self::PerTile(64),
            // A fifth of the way above the switch-off voltage.
            Self::Voltage(Volts(off + (on - off) * 0.2)),
            Self::Planned,
            Self::Oracle,
        ]
    }

    /// Its name in tables.
    pub fn name(&self) -> String {
        match self {
            Self::Unprotected => "no protection".to_owned(),
            Self::PerTask => "per task".to_owned(),
            Self::PerIteration => "per iteration".to_owned(),
            Self::Every(n) => format!("every {n} iterations"),
            Self::PerTile(n) => format!("per tile of {n} B"),
            Self::Voltage(v) => format!("below {:.2} V", v.get()),
            Self::Planned => "planned interval".to_owned(),
            Self::Oracle => "oracle".to_owned(),
        }
    }

    /// The program with the intervals of this policy, and what else decides.
    ///
    /// # Errors
    ///
    /// The name of a loop of which no power cycle holds an iteration, for a planned one.
    pub(super) fn apply(
        &self,
        program: &Program,
        board: &Board,
    ) -> Result<(Program, Decision), String> {
        let mut program = program.clone();
        let mut decision = Decision::Interval;
        match self {
            Self::Unprotected => {
                decision = Decision::Never;
            }
            Self::PerTask => {
                // The next sub-task's record ends this one.
                for l in &mut program.loops {
                    l.every = u64::MAX;
                }
            }
            Self::PerIteration => program = program.with_every(1),
            Self::Every(n) => program = program.with_every((*n).max(1)),
            Self::PerTile(bytes) => {
                for l in &mut program.loops {
                    l.every = bytes.div_ceil(l.writes.max(1)).max(1);
                }
            }
            Self::Voltage(v) => decision = Decision::Voltage(*v),
            Self::Planned => program = choose(board, program)?,
            Self::Oracle => decision = Decision::Oracle,
        }
        Ok((program, decision))
    }
}
