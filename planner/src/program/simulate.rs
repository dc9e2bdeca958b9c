//! Executes a program on a board as the runtime does: records, position words, recoveries, and what outages undo.

use std::sync::Arc;

use super::board::{CHILD, HEADER, ROOT};
use super::policy::Decision;
use super::{Board, BrownOut, Harvest, Loop, Memory, Policy, Program, Reservoir};
use crate::units::{Cost, Seconds};

/// What a run took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// From the switch-off voltage at time 0 to completion.
    pub latency: Seconds,
    /// Time with the load on.
    pub busy: Seconds,
    /// Boots, less the first.
    pub outages: u64,
    /// Commits: records, positions, and the end of the run.
    pub commits: u64,
    /// Iterations that were completed, repeated ones included.
    pub iterations: u64,
    /// Units of work in those.
    pub units: u64,
}

/// The program does not end: the capacitor is not charged within a day, or outages leave no progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no progress: {0}")]
pub struct Stuck(pub &'static str);

/// Where execution goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Nothing is recorded.
    Idle,
    /// The outer task.
    Begun,
    /// A sub-task and the iterations that are committed.
    Inside(usize, u64),
}

/// Boots without a commit after which a run counts as stuck.
const BARREN: u64 = 1000;

struct Run<'r> {
    board: &'r Board,
    decision: Decision,
    reservoir: Reservoir,
    counts: Counts,
    /// Records written so far.
    seq: u64,
    /// Record under which the position word was written.
    word: u64,
    /// Lengths of the newest record and the one before; 0 if there is none.
    records: [u64; 2],
}

/// Simulates a run from the switch-off voltage on, up to its last commit.
///
/// # Errors
///
/// [`Stuck`].
pub fn simulate(program: &Program, board: &Board, harvest: &Arc<Harvest>) -> Result<Counts, Stuck> {
    run(program, board, harvest, Decision::Interval, BARREN)
}

/// The same under a policy, which takes the place of the program's own intervals.
///
/// # Errors
///
/// [`Stuck`].
pub fn simulate_policy(
    program: &Program,
    board: &Board,
    harvest: &Arc<Harvest>,
    policy: Policy,
) -> Result<Counts, Stuck> {
    let (program, decision) = policy
        .apply(program, board)
        .map_err(|_| Stuck("no iteration fits a power cycle"))?;
    run(&program, board, harvest, decision, BARREN)
}

fn run(
    program: &Program,
    board: &Board,
    harvest: &Arc<Harvest>,
    decision: Decision,
    patience: u64,
) -> Result<Counts, Stuck> {
    let reservoir = Reservoir::new(
        Arc::clone(harvest),
        board.capacitance,
        board.on,
        board.off,
        board.max,
    );
    let mut run = Run {
        board,
        decision,
        reservoir,
        counts: Counts::default(),
        // The one that says that nothing is under way.
        seq: 1,
        word: 0,
        records: [HEADER, 0],
    };
    let mut at = At::Idle;
    let (mut barren, mut commits) = (0, 0);
    loop {
        if !run.reservoir.charge(Seconds(86_400.0)) {
            return Err(Stuck("the capacitor is not charged within a day"));
        }
        let start = run.reservoir.time;
        let ended = run.power_cycle(program, &mut at);
        run.counts.busy += run.reservoir.time - start;
        if ended.is_ok() {
            run.counts.latency = run.reservoir.time;
            return Ok(run.counts);
        }
        run.counts.outages += 1;
        barren = if run.counts.commits > commits {
            0
        } else {
            barren + 1
        };
        commits = run.counts.commits;
        if barren > patience {
            return Err(Stuck("no commit in a thousand power cycles"));
        }
    }
}

impl Run<'_> {
    fn spend(&mut self, cost: Cost) -> Result<(), BrownOut> {
        self.reservoir.draw(cost.energy, self.board.time(cost))
    }

    fn power_cycle(&mut self, program: &Program, at: &mut At) -> Result<(), BrownOut> {
        self.spend(self.board.boot)?;
        self.recover()?;
        self.recover()?;
        if *at == At::Idle {
            self.record(ROOT)?;
            *at = At::Begun;
        }
        if self.decision == Decision::Never {
            // Nothing was kept.
            *at = At::Begun;
        }
        let (first, mut from) = match *at {
            At::Inside(index, done) => (index, Some(done)),
            At::Idle | At::Begun => (0, None),
        };
        for (index, l) in program.loops.iter().enumerate().skip(first) {
            let from = match from.take() {
                Some(from) => from,
                None if self.decision == Decision::Never => 0,
                None => {
                    self.record(CHILD)?;
                    *at = At::Inside(index, 0);
                    0
                }
            };
            self.sub_task(l, from, &mut |done| *at = At::Inside(index, done))?;
        }
        self.record(HEADER)
    }

    fn sub_task(
        &mut self,
        l: &Loop,
        from: u64,
        committed: &mut dyn FnMut(u64),
    ) -> Result<(), BrownOut> {
        let mapped = self.board.memory == Memory::Words;
        if !mapped {
            self.spend(self.board.transfer(l.input))?;
        }
        let mut left = l.every;
        let mut pending = 0;
        for done in from + 1..=l.iterations {
            self.spend_work(l, mapped)?;
            pending += l.writes;
            left = left.saturating_sub(1);
            if self.due(l, left, pending)? {
                left = l.every;
                if mapped {
                    self.spend(self.board.word)?;
                    self.word = self.seq;
                    self.counts.commits += 1;
                } else {
                    self.spend(self.board.transfer(pending))?;
                    self.record(CHILD)?;
                    pending = 0;
                }
                committed(done);
            }
        }
        if l.iterations == 0 {
            if mapped {
                self.spend(self.board.word.times(l.writes.div_ceil(2)))?;
            }
            pending = l.writes;
        }
        if !mapped && pending > 0 {
            self.spend(self.board.transfer(pending))?;
        }
        Ok(())
    }

    /// Whether a commit follows the iteration that was made.
    fn due(&mut self, l: &Loop, left: u64, pending: u64) -> Result<bool, BrownOut> {
        match self.decision {
            Decision::Interval => Ok(left == 0),
            Decision::Never => Ok(false),
            Decision::Voltage(least) => {
                self.spend(self.board.adc)?;
                Ok(self.reservoir.volts() < least)
            }
            Decision::Oracle => {
                // Whether the power fails before another iteration and its commit are done.
                let mut next = self.reservoir.clone();
                let board = self.board;
                let mut draw = |c: Cost| next.draw(c.energy, board.time(c));
                let commit = match board.memory {
                    Memory::Words => board.word,
                    Memory::Bytes => board.transfer(pending + l.writes) + board.transfer(CHILD),
                };
                let fails = draw(board.iteration(l.units, l.writes))
                    .and_then(|()| draw(commit))
                    .is_err();
                Ok(fails)
            }
        }
    }

    fn spend_work(&mut self, l: &Loop, mapped: bool) -> Result<(), BrownOut> {
        if mapped {
            self.spend(self.board.word.times(l.writes.div_ceil(2)))?;
        }
        self.spend(self.board.unit.times(l.units))?;
        self.counts.iterations += 1;
        self.counts.units += l.units;
        Ok(())
    }

    fn record(&mut self, len: u64) -> Result<(), BrownOut> {
        let seq = self.seq + 1;
        if self.board.memory == Memory::Words {
            self.spend(self.board.transfer(2))?;
            // Two bits tell whose word it is.
            if self.word % 4 == seq % 4 {
                self.spend(self.board.word)?;
                self.word = self.seq;
            }
        }
        self.spend(self.board.transfer(len))?;
        self.seq = seq;
        self.records = [len, self.records[0]];
        self.counts.commits += 1;
        Ok(())
    }

    /// Reading the control area at boot.
    fn recover(&mut self) -> Result<(), BrownOut> {
        let [newest, other] = self.records;
        self.spend(self.board.transfer(4))?;
        self.spend(self.board.transfer(HEADER).times(2))?;
        for record in [newest, other] {
            if record > 0 {
                self.spend(self.board.transfer(record - HEADER))?;
            }
        }
        if self.seq.is_multiple_of(2) {
            // The newer one lies in the first slot, and is read again.
            self.spend(self.board.transfer(HEADER))?;
            self.spend(self.board.transfer(newest - HEADER))?;
        }
        Ok(())
    }
}
