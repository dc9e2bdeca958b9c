//! Latency of a plan on a constant harvest without stepping through it.

use super::board::{CHILD, HEADER, ROOT};
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

/// A phase whose operations drain the capacitor by so much.
struct Drain<'b> {
    board: &'b Board,
    harvest: Watts,
    usable: Joules,
    /// What the capacitor gives for each joule of the load.
    share: f64,
}

impl Drain<'_> {
    fn of(&self, cost: Cost) -> Joules {
        cost.energy * self.share - self.harvest * self.board.time(cost)
    }
}

/// The latency of a program at its intervals: a power cycle's energy, less what a restart takes, holds a whole number of
/// regions; what is left of it is lost with the region that the outage cuts.
///
/// With `E` usable, drains `R` of a restart and `r` of a region (its energy less what is harvested meanwhile), a cycle
/// holds `⌊(E − R) / r⌋` regions, and charging it takes `E / P`. `None` where that is none, or no power comes in.
pub fn analytic(program: &Program, board: &Board, power: Watts) -> Option<Estimate> {
    let (usable, share) = board.storage.capacity(board.peak());
    let drain = Drain {
        board,
        harvest: board.storage.boosted(power),
        usable,
        share,
    };
    if drain.harvest.get() <= 0.0 {
        return None;
    }
    let recharge = drain.usable / drain.harvest;
    let commit = |pending: u64| match board.memory {
        Memory::Words => board.word,
        Memory::Bytes => board.transfer(pending) + board.transfer(CHILD),
    };
    let open = |newest| board.recovery(newest, CHILD) + board.recovery(newest, CHILD);
    let mut total = Estimate::default();
    // The first boot, and the record of the outer task.
    let first = board.boot + open(HEADER) + board.transfer(ROOT);
    let mut left = drain.usable - drain.of(first);
    total.busy += board.time(first);
    // Energy taken from what is left: `n` times a cost that is all or nothing.
    let mut outages = 0.0;
    for l in &program.loops {
        let fetch = match board.memory {
            Memory::Words => Cost::ZERO,
            Memory::Bytes => board.fetch(l.input),
        };
        let start = board.transfer(CHILD) + fetch;
        let restart = board.boot + open(CHILD) + fetch;
        let writes = |n: u64| match board.memory {
            Memory::Words => board.word.times(n * l.writes.div_ceil(2)),
            Memory::Bytes => Cost::ZERO,
        };
        let region = |n: u64| board.unit.times(n * l.units) + writes(n);
        let every = l.every.clamp(1, l.iterations.max(1));
        let whole = if l.iterations == 0 {
            0
        } else {
            l.iterations / every
        };
        // The last, shorter one ends with the next sub-task's record.
        let tail = l.iterations - whole * every;
        let rest = match (board.memory, l.iterations) {
            (Memory::Words, 0) => board.word.times(l.writes.div_ceil(2)),
            (Memory::Words, _) => region(tail),
            (Memory::Bytes, 0) => board.transfer(l.writes),
            (Memory::Bytes, _) if tail > 0 => region(tail) + board.transfer(tail * l.writes),
            (Memory::Bytes, _) => Cost::ZERO,
        };
        let mut pay = |cost: Cost, n: u64| -> Option<()> {
            let (net, time) = (drain.of(cost).get(), board.time(cost));
            let mut n = n as f64;
            total.busy += time * n;
            if net <= 0.0 {
                return Some(());
            }
            let now = (left.get() / net).floor().clamp(0.0, n);
            left -= Joules(net * now);
            n -= now;
            if n > 0.0 {
                let room = (drain.usable - drain.of(restart)).get();
                let each = (room / net).floor();
                if each < 1.0 {
                    return None;
                }
                let cycles = (n / each).ceil();
                outages += cycles;
                // What each outage cuts was drained at the power of what it cut.
                let cut = left.get() + (cycles - 1.0) * (room - each * net);
                total.busy += board.time(restart) * cycles + time * (cut / net);
                left = Joules(room - net * (n - each * (cycles - 1.0)));
            }
            Some(())
        };
        pay(start, 1)?;
        pay(region(every) + commit(every * l.writes), whole)?;
        pay(rest, u64::from(rest.energy.get() > 0.0))?;
    }
    let last = board.transfer(HEADER);
    total.busy += board.time(last);
    total.outages = outages;
    total.latency = total.busy + recharge * (outages + 1.0);
    Some(total)
}
