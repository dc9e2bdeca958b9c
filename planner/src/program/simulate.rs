//! Executes a program on a board as the runtime does: records, position words, recoveries, and what outages undo.

use std::ops::Add;
use std::sync::Arc;

use super::board::{CHILD, HEADER};
use super::ledger::{Ledger, Purpose};
use super::policy::Decision;
use super::{Board, BrownOut, Harvest, Loop, Memory, Policy, Program, Reservoir, Timeline};
use crate::units::{Cost, Joules, Seconds, Volts, Watts};

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
    /// Nothing is under way.
    Idle,
    /// The run, which has no record yet.
    Begun,
    /// A sub-task and the iterations that are committed.
    Inside(usize, u64),
}

/// Iterations that were made at once, and whether the last of them ended with a commit.
struct Leap {
    iterations: u64,
    committed: bool,
}

impl At {
    /// Part of the work that is committed.
    fn done(self, program: &Program) -> f64 {
        let Self::Inside(index, iterations) = self else {
            return 0.0;
        };
        let before: u64 = program.loops[..index]
            .iter()
            .map(|l| l.iterations * l.units)
            .sum();
        let here = iterations * program.loops[index].units;
        (before + here) as f64 / program.units().max(1) as f64
    }
}

const DAY: Seconds = Seconds(86_400.0);

/// Boots without a commit after which a run counts as stuck.
const BARREN: u64 = 1000;

struct Run<'r> {
    board: &'r Board,
    decision: Decision,
    reservoir: Reservoir,
    peak: Watts,
    counts: Counts,
    /// Records written so far.
    seq: u64,
    /// Record under which the position word was written.
    word: u64,
    /// Lengths of the newest record and the one before; 0 if there is none.
    records: [u64; 2],
    /// Whether this run has a record: until its first commit a word says that it has begun, where words are atomic.
    recorded: bool,
    ledger: Ledger,
    /// The sub-task that energy is spent on; `None` at its board's expense: boots and recoveries.
    now: Option<usize>,
    timeline: Option<Timeline>,
    /// Many iterations are drawn at once where they fit for certain.
    coarse: bool,
}

/// Simulates a run from the switch-off voltage on, up to its last commit.
///
/// # Errors
///
/// [`Stuck`].
pub fn simulate(program: &Program, board: &Board, harvest: &Arc<Harvest>) -> Result<Counts, Stuck> {
    let mut run = Run::new(program, board, harvest, Decision::Interval);
    run.through(program)?;
    Ok(run.counts)
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
    let (program, decision) = apply(policy, program, board)?;
    let mut run = Run::new(&program, board, harvest, decision);
    run.through(&program)?;
    Ok(run.counts)
}

/// The same with what its energy went to, and the voltage over time.
///
/// # Errors
///
/// [`Stuck`].
pub fn observe(
    program: &Program,
    board: &Board,
    harvest: &Arc<Harvest>,
    policy: Policy,
) -> Result<(Counts, Ledger, Timeline), Stuck> {
    let (program, decision) = apply(policy, program, board)?;
    let mut run = Run::new(&program, board, harvest, decision);
    run.timeline = Some(Timeline::default());
    run.through(&program)?;
    Ok((run.counts, run.ledger, run.timeline.unwrap_or_default()))
}

/// As many runs as end within a time, one after the other: their number, and all their counts. Works in larger steps than
/// [`simulate`], and where the harvest is more than the capacitor takes, in another order.
///
/// # Errors
///
/// [`Stuck`], if that is before the time is over.
pub fn simulate_for(
    program: &Program,
    board: &Board,
    harvest: &Arc<Harvest>,
    policy: Policy,
    duration: Seconds,
) -> Result<(u64, Counts), Stuck> {
    let (program, decision) = apply(policy, program, board)?;
    let mut run = Run::new(&program, board, harvest, decision);
    run.coarse = true;
    let (mut runs, mut ended) = (0, Counts::default());
    loop {
        match run.through(&program) {
            Ok(()) if run.reservoir.time <= duration => (runs, ended) = (runs + 1, run.counts),
            Ok(()) => return Ok((runs, ended)),
            Err(_) if run.reservoir.time > duration => return Ok((runs, ended)),
            Err(stuck) => return Err(stuck),
        }
    }
}

fn apply(policy: Policy, program: &Program, board: &Board) -> Result<(Program, Decision), Stuck> {
    policy
        .apply(program, board)
        .map_err(|_| Stuck("no iteration fits a power cycle"))
}

impl<'r> Run<'r> {
    fn new(
        program: &Program,
        board: &'r Board,
        harvest: &Arc<Harvest>,
        decision: Decision,
    ) -> Self {
        Self {
            board,
            decision,
            reservoir: Reservoir::new(harvest, &board.storage),
            peak: board.peak(),
            counts: Counts::default(),
            // The one that says that nothing is under way.
            seq: 1,
            word: 0,
            records: [HEADER, 0],
            recorded: false,
            ledger: Ledger::new(program),
            now: None,
            timeline: None,
            coarse: false,
        }
    }

    fn through(&mut self, program: &Program) -> Result<(), Stuck> {
        let mut at = At::Idle;
        self.recorded = false;
        let (mut barren, mut commits) = (0, 0);
        loop {
            self.charge()?;
            let start = self.reservoir.time;
            let ended = self.power_cycle(program, &mut at);
            self.counts.busy += self.reservoir.time - start;
            self.mark(Some(at.done(program)), true);
            if ended.is_ok() {
                self.counts.latency = self.reservoir.time;
                self.ledger.ends(program, self.board);
                return Ok(());
            }
            self.counts.outages += 1;
            barren = if self.counts.commits > commits {
                0
            } else {
                barren + 1
            };
            commits = self.counts.commits;
            if barren > BARREN {
                return Err(Stuck("no commit in a thousand power cycles"));
            }
        }
    }

    fn charge(&mut self) -> Result<(), Stuck> {
        let dark = Stuck("the capacitor is not charged within a day");
        if self.timeline.is_none() {
            return if self.reservoir.charge(DAY) {
                Ok(())
            } else {
                Err(dark)
            };
        }
        let end = self.reservoir.time + DAY;
        while !self.reservoir.charge(Seconds(2e-3)) {
            self.mark(None, false);
            if self.reservoir.time > end {
                return Err(dark);
            }
        }
        self.mark(None, false);
        Ok(())
    }

    /// Notes the time and voltage, and what part of the work is committed, for the timeline.
    fn mark(&mut self, done: Option<f64>, on: bool) {
        if let Some(timeline) = &mut self.timeline {
            timeline.push(self.reservoir.time, self.reservoir.volts(), done, on);
        }
    }

    fn spend(&mut self, cost: Cost, purpose: Purpose) -> Result<(), BrownOut> {
        if cost == Cost::ZERO {
            return Ok(());
        }
        let (start, time) = (self.reservoir.time, self.board.time(cost));
        let result = self.reservoir.draw(cost.energy, time);
        let part = match result {
            Ok(()) => 1.0,
            Err(BrownOut) => (self.reservoir.time - start) / time.max(Seconds(1e-12)),
        };
        self.ledger.add(self.now, purpose, cost.energy * part);
        self.mark(None, true);
        result
    }

    fn power_cycle(&mut self, program: &Program, at: &mut At) -> Result<(), BrownOut> {
        self.now = None;
        self.boot()?;
        if *at == At::Idle {
            // The outer task begins with the first sub-task, so that neither needs a record.
            self.begin_or_end()?;
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
            self.now = Some(index);
            let (from, again) = match from.take() {
                Some(from) => (from, true),
                None if self.decision == Decision::Never => (0, false),
                None => {
                    if index > 0 {
                        self.record(CHILD)?;
                    }
                    *at = At::Inside(index, 0);
                    (0, false)
                }
            };
            self.sub_task(l, (from, again), &mut |done| *at = At::Inside(index, done))?;
            self.mark(Some(at.done(program)), true);
        }
        self.now = None;
        self.begin_or_end()
    }

    /// Commits that a run has begun, or is complete: a word where words are atomic and it has no record, else one without
    /// frames.
    fn begin_or_end(&mut self) -> Result<(), BrownOut> {
        if self.board.memory == Memory::Words && !self.recorded {
            return self.word();
        }
        self.write_record(HEADER)
    }

    /// A commit of the position word.
    fn word(&mut self) -> Result<(), BrownOut> {
        self.spend(self.board.word, Purpose::Commit)?;
        self.word = self.seq;
        self.counts.commits += 1;
        Ok(())
    }

    fn sub_task(
        &mut self,
        l: &Loop,
        (from, again): (u64, bool),
        committed: &mut dyn FnMut(u64),
    ) -> Result<(), BrownOut> {
        let mapped = self.board.memory == Memory::Words;
        if !mapped {
            let purpose = if again {
                Purpose::Restart
            } else {
                Purpose::Input
            };
            self.spend(self.board.fetch(l.input), purpose)?;
        }
        let mut left = l.every;
        let mut pending = 0;
        let mut done = from;
        while done < l.iterations {
            if self.coarse {
                let leap = self.leap(l, (l.iterations - done, left, pending))?;
                done += leap.iterations;
                if leap.committed {
                    committed(done);
                    continue;
                }
                pending += leap.iterations * l.writes;
                left = left.saturating_sub(leap.iterations);
                if done == l.iterations {
                    break;
                }
            }
            done += 1;
            self.spend_work(l, mapped)?;
            pending += l.writes;
            left = left.saturating_sub(1);
            if self.due(l, left, pending)? {
                left = l.every;
                if !mapped {
                    self.spend(self.board.transfer(pending), Purpose::Output)?;
                    pending = 0;
                }
                if mapped && self.recorded {
                    self.word()?;
                } else {
                    self.record(CHILD)?;
                }
                committed(done);
            }
        }
        if l.iterations == 0 {
            if mapped {
                let words = self.board.word.times(l.writes.div_ceil(2));
                self.spend(words, Purpose::Output)?;
            }
            pending = l.writes;
        }
        if !mapped && pending > 0 {
            self.spend(self.board.transfer(pending), Purpose::Output)?;
        }
        Ok(())
    }

    /// Makes as many iterations at once as the capacitor holds for certain, with the commits between them; what is drawn is
    /// the same, in another order: it differs where the harvest is more than the capacitor takes.
    ///
    /// Of the loop there are `rest` iterations, and `due` to the next commit.
    fn leap(&mut self, l: &Loop, (rest, due, pending): (u64, u64, u64)) -> Result<Leap, BrownOut> {
        let board = self.board;
        let mapped = board.memory == Memory::Words;
        let writes = if mapped {
            board.word.times(l.writes.div_ceil(2))
        } else {
            Cost::ZERO
        };
        let work = board.unit.times(l.units);
        let mut each = work + writes;
        let mut floor = Volts::ZERO;
        let mut reserve = Joules::ZERO;
        let mut most = rest;
        let mut adc = Cost::ZERO;
        match self.decision {
            Decision::Never => {}
            Decision::Interval => {
                let commit = if mapped {
                    board.word
                } else {
                    board.transfer(l.every.saturating_mul(l.writes)) + board.transfer(CHILD)
                };
                // The first commit of a run where words are atomic is a record, and none of these.
                if due == l.every && pending == 0 && rest >= l.every && (self.recorded || !mapped) {
                    let sure = self.reservoir.sure(floor, self.peak) * 0.999;
                    let region = each.times(l.every) + commit;
                    let regions = ((sure / region.energy) as u64).min(rest / l.every);
                    if regions > 0 {
                        return self.regions(l, (regions, l.every), (work, writes));
                    }
                }
                most = rest.min(due - 1);
            }
            Decision::Voltage(least)
                if self.reservoir.volts() < least && pending == 0 && (self.recorded || !mapped) =>
            {
                // Each iteration is committed as long as the voltage falls.
                let commit = if mapped {
                    board.word
                } else {
                    board.transfer(l.writes) + board.transfer(CHILD)
                };
                let region = each + board.adc + commit;
                let falling = self.reservoir.falls_for(region.energy, board.time(region));
                let sure = self.reservoir.sure(floor, self.peak) * 0.999;
                let regions = (falling.min(sure / region.energy) as u64).min(rest);
                if regions > 0 {
                    self.spend(board.adc.times(regions), Purpose::Work)?;
                    return self.regions(l, (regions, 1), (work, writes));
                }
                most = 0;
            }
            Decision::Voltage(least) => {
                (floor, adc) = (least, board.adc);
                each += adc;
            }
            Decision::Oracle => {
                // It has to stay certain that the next iteration and a commit would do.
                let commit = self.commit(pending + l.writes);
                reserve = (board.iteration(l.units, l.writes) + commit).energy;
                if !mapped {
                    each += board.byte.times(l.writes);
                }
            }
        }
        let sure = self.reservoir.sure(floor, self.peak) * 0.999 - reserve;
        let n = ((sure / each.energy).max(0.0) as u64).min(most);
        if n > 0 {
            self.spend(work.times(n) + adc.times(n), Purpose::Work)?;
            self.spend(writes.times(n), Purpose::Output)?;
            self.counts.iterations += n;
            self.counts.units += n * l.units;
        }
        Ok(Leap {
            iterations: n,
            committed: false,
        })
    }

    /// Whole regions, which fit for certain.
    fn regions(
        &mut self,
        l: &Loop,
        (regions, every): (u64, u64),
        (work, writes): (Cost, Cost),
    ) -> Result<Leap, BrownOut> {
        let board = self.board;
        let iterations = regions * every;
        self.spend(work.times(iterations), Purpose::Work)?;
        self.spend(writes.times(iterations), Purpose::Output)?;
        if board.memory == Memory::Words {
            self.spend(board.word.times(regions), Purpose::Commit)?;
            self.word = self.seq;
        } else {
            let output = board.transfer(every * l.writes);
            self.spend(output.times(regions), Purpose::Output)?;
            self.spend(board.transfer(CHILD).times(regions), Purpose::Commit)?;
            self.seq += regions;
            self.records = [CHILD, CHILD];
        }
        self.counts.commits += regions;
        self.counts.iterations += iterations;
        self.counts.units += iterations * l.units;
        Ok(Leap {
            iterations,
            committed: true,
        })
    }

    /// Whether a commit follows the iteration that was made.
    fn due(&mut self, l: &Loop, left: u64, pending: u64) -> Result<bool, BrownOut> {
        match self.decision {
            Decision::Interval => Ok(left == 0),
            Decision::Never => Ok(false),
            Decision::Voltage(least) => {
                self.spend(self.board.adc, Purpose::Work)?;
                Ok(self.reservoir.volts() < least)
            }
            Decision::Oracle => {
                // Whether the power fails before another iteration and its commit are done.
                let mut next = self.reservoir.clone();
                let board = self.board;
                let mut draw = |c: Cost| next.draw(c.energy, board.time(c));
                let commit = self.commit(pending + l.writes);
                let fails = draw(board.iteration(l.units, l.writes))
                    .and_then(|()| draw(commit))
                    .is_err();
                Ok(fails)
            }
        }
    }

    fn spend_work(&mut self, l: &Loop, mapped: bool) -> Result<(), BrownOut> {
        if mapped {
            let words = self.board.word.times(l.writes.div_ceil(2));
            self.spend(words, Purpose::Output)?;
        }
        self.spend(self.board.unit.times(l.units), Purpose::Work)?;
        self.counts.iterations += 1;
        self.counts.units += l.units;
        Ok(())
    }

    /// What a commit takes here, with the bytes of output before it where NVM is not mapped.
    fn commit(&self, pending: u64) -> Cost {
        let board = self.board;
        match board.memory {
            Memory::Words if self.recorded => board.word,
            // A look at the word, which says that the run has begun, and need not be replaced.
            Memory::Words => board.transfer(2) + board.transfer(CHILD),
            Memory::Bytes => board.transfer(pending) + board.transfer(CHILD),
        }
    }

    fn record(&mut self, len: u64) -> Result<(), BrownOut> {
        self.write_record(len)?;
        self.recorded = true;
        Ok(())
    }

    fn write_record(&mut self, len: u64) -> Result<(), BrownOut> {
        let seq = self.seq + 1;
        if self.board.memory == Memory::Words {
            self.spend(self.board.transfer(2), Purpose::Commit)?;
            // Two bits tell whose word it is.
            if self.word % 4 == seq % 4 {
                self.spend(self.board.word, Purpose::Commit)?;
                self.word = self.seq;
            }
        }
        self.spend(self.board.transfer(len), Purpose::Commit)?;
        self.seq = seq;
        self.records = [len, self.records[0]];
        self.counts.commits += 1;
        Ok(())
    }

    /// Start-up, and the control area, which `Nvm::open` reads.
    fn boot(&mut self) -> Result<(), BrownOut> {
        if self.coarse {
            let reads = self.recovery().into_iter().fold(Cost::ZERO, Cost::add);
            let all = self.board.boot + reads;
            if all.energy < self.reservoir.sure(Volts::ZERO, self.peak) {
                return self.spend(all, Purpose::Restart);
            }
        }
        self.spend(self.board.boot, Purpose::Restart)?;
        for cost in self.recovery() {
            self.spend(cost, Purpose::Restart)?;
        }
        Ok(())
    }

    /// The reads of the control area, in their order.
    fn recovery(&self) -> [Cost; 6] {
        let board = self.board;
        let [newest, other] = self.records;
        let rest = |record: u64| match record {
            0 => Cost::ZERO,
            n => board.fetch(n - HEADER),
        };
        let again = self.seq.is_multiple_of(2);
        let only = |cost| if again { cost } else { Cost::ZERO };
        [
            board.fetch(4),
            board.fetch(HEADER).times(2),
            rest(newest),
            rest(other),
            // The newer one lies in the first slot, and is read again.
            only(board.fetch(HEADER)),
            only(rest(newest)),
        ]
    }
}
