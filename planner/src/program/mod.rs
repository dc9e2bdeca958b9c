//! Programs as the runtime executes them: loops that commit, on a board, on a harvest. Chooses the intervals, and simulates
//! the commit protocol access by access, so that what it predicts can be held against the real code.
//!
//! This is the model of programs that are written with the macros, whose loops are given; [`crate::ours`] is the one of
//! networks whose loops are still to be chosen.

mod analytic;
mod board;
mod choose;
mod cycles;
mod harvest;
mod ledger;
mod policy;
mod reservoir;
mod simulate;
mod storage;
mod trace;

pub use analytic::{Estimate, analytic};
pub use board::{Board, Memory};
pub use choose::{choose, young};
pub use cycles::{PowerCycle, PowerCycles, Supplied, power_cycles};
pub use harvest::Harvest;
pub use ledger::{Ledger, Sample, Spent, Timeline};
pub use policy::Policy;
pub use reservoir::{BrownOut, Reservoir};
pub use simulate::{Counts, Stuck, observe, simulate, simulate_for, simulate_policy};
pub use storage::{Load, Point, Storage};
pub use trace::{Format, TraceError, read as read_trace};

/// A task that runs its sub-tasks one after the other, each of which is a nest of loops with one commit.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// The sub-tasks.
    pub loops: Vec<Loop>,
}

/// One sub-task.
#[derive(Clone, Debug, PartialEq)]
pub struct Loop {
    /// Its name.
    pub name: String,
    /// Iterations of the innermost loop, over the whole nest; 0 for a task without a commit of its own.
    pub iterations: u64,
    /// Work of one iteration, in units (multiply-accumulates).
    pub units: u64,
    /// Bytes that an iteration writes to its output (the task, where it has no iterations).
    pub writes: u64,
    /// Bytes of its input, fetched at its start and after every outage where NVM is not mapped.
    pub input: u64,
    /// Iterations between two commits.
    pub every: u64,
    /// SRAM of its rows or tiles in bytes, where input and output stay in NVM; what is fetched is in `units`.
    pub tile: Option<u64>,
}

impl Program {
    /// Work without any repetition, in units.
    pub fn units(&self) -> u64 {
        self.loops.iter().map(|l| l.iterations * l.units).sum()
    }

    /// The same program with one interval for all loops.
    #[must_use]
    pub fn with_every(mut self, every: u64) -> Self {
        for l in &mut self.loops {
            l.every = every;
        }
        self
    }
}
