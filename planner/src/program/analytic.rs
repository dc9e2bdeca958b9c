//! Latency of a plan on a constant harvest without stepping through it.

use super::board::{CHILD, HEADER};
use super::{Board, Memory, Program};
use crate::units::{Cost, Joules, Seconds, Watts};

/// What a run takes by the formula.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// From the switch-off voltage to completion.
    pub latency: Seconds,
    /// Time with the load on.
    pub busy: Seconds,
    /// Boots, less the first.
    pub outages: f64,
}

/// What is left of a power cycle, and what went before.
struct Count<'b> {
    board: &'b Board,
    harvest: Watts,
    usable: Joules,
    /// What the capacitor gives for each joule of the load.
    share: f64,
    left: Joules,
    busy: Seconds,
    outages: f64,
}

impl Count<'_> {
    /// What the capacitor loses by an operation, less what is harvested meanwhile.
    fn drain(&self, cost: Cost) -> f64 {
        (cost.energy * self.share - self.harvest * self.board.time(cost)).get()
    }

    /// `n` times something that an outage undoes; a power cycle begins with a restart. `None` where it does not hold one.
    fn pay(&mut self, cost: Cost, n: u64, restart: Cost) -> Option<()> {
        let (net, time, mut n) = (self.drain(cost), self.board.time(cost), n as f64);
        self.busy += time * n;
        if net <= 0.0 {
            return Some(());
        }
        let now = (self.left.get() / net).floor().clamp(0.0, n);
        self.left -= Joules(net * now);
        n -= now;
        if n > 0.0 {
            let room = self.usable.get() - self.drain(restart);
            let each = (room / net).floor();
            if each < 1.0 {
                return None;
            }
            let cycles = (n / each).ceil();
            // What each outage cuts was drained at the power of what it cut.
            let cut = self.left.get() + (cycles - 1.0) * (room - each * net);
            self.busy += self.board.time(restart) * cycles + time * (cut / net);
            self.left = Joules(room - net * (n - each * (cycles - 1.0)));
            self.outages += cycles;
        }
        Some(())
    }

    /// Something that a restart does as well.
    fn once(&mut self, cost: Cost, restart: Cost) -> Option<()> {
        let net = self.drain(cost);
        if net <= self.left.get() {
            self.busy += self.board.time(cost);
            self.left -= Joules(net);
            return Some(());
        }
        self.busy += self.board.time(cost) * (self.left.get() / net) + self.board.time(restart);
        self.left = Joules(self.usable.get() - self.drain(restart));
        self.outages += 1.0;
        (self.left > Joules::ZERO).then_some(())
    }
}

/// The latency of a program at its intervals: a power cycle's energy, less what a restart takes, holds a whole number of
/// regions; what is left of it is lost with the region that the outage cuts.
///
/// With `E` usable, drains `R` of a restart and `r` of a region (its energy less what is harvested meanwhile), a cycle
/// holds `⌊(E − R) / r⌋` regions, and charging it takes `E / P`. `None` where that is none, or no power comes in.
pub fn analytic(program: &Program, board: &Board, power: Watts) -> Option<Estimate> {
    let (usable, share) = board.storage.capacity(board.peak());
    let mut count = Count {
        board,
        harvest: board.storage.boosted(power),
        usable,
        share,
        left: usable,
        busy: Seconds::ZERO,
        outages: 0.0,
    };
    if count.harvest.get() <= 0.0 {
        return None;
    }
    let open = |newest| board.boot + board.recovery(newest, CHILD);
    // The first boot, and that the run has begun.
    let begun = match board.memory {
        Memory::Words => board.word,
        Memory::Bytes => board.transfer(HEADER),
    };
    count.pay(open(HEADER) + begun, 1, open(HEADER))?;
    for (index, l) in program.loops.iter().enumerate() {
        let mapped = board.memory == Memory::Words;
        let fetch = if mapped {
            Cost::ZERO
        } else {
            board.fetch(l.input)
        };
        let restart = open(CHILD) + fetch;
        let output = |iterations: u64| {
            if mapped {
                board.word.times(iterations * l.writes.div_ceil(2))
            } else {
                board.transfer(iterations * l.writes)
            }
        };
        let commit = if mapped {
            board.word
        } else {
            board.transfer(CHILD)
        };
        let region = |n: u64| board.unit.times(n * l.units) + output(n);
        let every = l.every.clamp(1, l.iterations.max(1));
        let whole = l.iterations / every;
        // The last, shorter one ends with the next sub-task's record.
        let tail = match (l.iterations, l.iterations - whole * every) {
            (0, _) => output(1),
            (_, 0) => Cost::ZERO,
            (_, n) => region(n),
        };
        // The first sub-task's record is its first commit.
        if index > 0 || mapped {
            count.pay(board.transfer(CHILD), 1, open(CHILD))?;
        }
        count.once(fetch, restart)?;
        count.pay(region(every) + commit, whole, restart)?;
        count.pay(tail, u64::from(tail != Cost::ZERO), restart)?;
    }
    count.busy += board.time(board.transfer(HEADER));
    Some(Estimate {
        latency: count.busy + usable / count.harvest * (count.outages + 1.0),
        busy: count.busy,
        outages: count.outages,
    })
}
