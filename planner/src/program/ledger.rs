//! What energy was spent on, and the voltage over time.

use serde::Serialize;

use super::{Board, Memory, Program};
use crate::units::{Joules, Seconds, Volts};

/// What an operation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Input,
    Work,
    Output,
    Commit,
    Restart,
}

/// Energy by purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spent {
    /// The first fetch of inputs.
    pub input: Joules,
    /// Arithmetic that was made once.
    pub work: Joules,
    /// Outputs that were written once.
    pub output: Joules,
    /// Records and positions.
    pub commit: Joules,
    /// Boots, recoveries, inputs fetched again.
    pub restart: Joules,
    /// Arithmetic and outputs that an outage undid.
    pub repeated: Joules,
}

impl Spent {
    /// All of it.
    pub fn total(&self) -> Joules {
        self.input + self.work + self.output + self.commit + self.restart + self.repeated
    }
}

/// What the energy of a run went to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Ledger {
    /// Each loop, with the fetches of its input after outages.
    pub loops: Vec<Spent>,
    /// Boots, recoveries, and records of the outer task.
    pub board: Spent,
}

impl Ledger {
    pub(super) fn new(program: &Program) -> Self {
        Self {
            loops: vec![Spent::default(); program.loops.len()],
            board: Spent::default(),
        }
    }

    pub(super) fn add(&mut self, index: Option<usize>, purpose: Purpose, energy: Joules) {
        let spent = match index.and_then(|i| self.loops.get_mut(i)) {
            Some(spent) => spent,
            None => &mut self.board,
        };
        *match purpose {
            Purpose::Input => &mut spent.input,
            Purpose::Work => &mut spent.work,
            Purpose::Output => &mut spent.output,
            Purpose::Commit => &mut spent.commit,
            Purpose::Restart => &mut spent.restart,
        } += energy;
    }

    /// At the end of a run: what exceeds one execution was repeated.
    pub(super) fn ends(&mut self, program: &Program, board: &Board) {
        for (spent, l) in self.loops.iter_mut().zip(&program.loops) {
            let once = board.unit.times(l.iterations * l.units).energy;
            let extra = (spent.work - once).max(Joules::ZERO);
            spent.work -= extra;
            spent.repeated += extra;
            if board.memory == Memory::Words {
                let iterations = l.iterations.max(1);
                let words = board.word.times(iterations * l.writes.div_ceil(2)).energy;
                let extra = (spent.output - words).max(Joules::ZERO);
                spent.output -= extra;
                spent.repeated += extra;
            }
        }
    }

    /// All of it.
    pub fn total(&self) -> Joules {
        self.loops.iter().map(Spent::total).sum::<Joules>() + self.board.total()
    }
}

/// Time, voltage and committed work of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// In the order of time.
    pub samples: Vec<Sample>,
}

/// A moment of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When.
    pub time: Seconds,
    /// Voltage of the capacitor.
    pub volts: Volts,
    /// Part of the work that is committed.
    pub done: f64,
    /// Whether the load is on.
    pub on: bool,
}

impl Timeline {
    pub(super) fn push(&mut self, time: Seconds, volts: Volts, done: Option<f64>, on: bool) {
        let before = self.samples.last().map_or(0.0, |s| s.done);
        self.samples.push(Sample {
            time,
            volts,
            done: done.unwrap_or(before),
            on,
        });
    }
}
