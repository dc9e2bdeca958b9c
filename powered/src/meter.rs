//! The supply of this thread: what is spent, and when it ends.
//!
//! It is thread-local because a memory-mapped task writes its outputs straight to NVM, through references that know no
//! store.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use rekindle_planner::program::{Board, BrownOut, Counts, Harvest, Reservoir};
use rekindle_planner::units::{Cost, Seconds};

/// What a run's energy and time go to.
#[derive(Clone, Debug)]
pub struct Meter {
    /// What things cost.
    pub board: Board,
    /// Capacitor and time.
    pub reservoir: Reservoir,
    /// What was done.
    pub counts: Counts,
    /// Readings of the voltage.
    pub readings: u64,
}

std::thread_local! {
    static METER: RefCell<Option<Meter>> = const { RefCell::new(None) };
}

/// The power is off: the payload of the unwinding that stands for it.
struct Off;

/// Why [`on`] gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dark;

/// Puts this thread on a supply, for [`take`] to remove.
pub fn put(board: &Board, harvest: &Arc<Harvest>) {
    let reservoir = Reservoir::new(harvest, &board.storage);
    METER.set(Some(Meter {
        board: board.clone(),
        reservoir,
        counts: Counts::default(),
        readings: 0,
    }));
}

/// Takes the supply away.
pub fn take() -> Option<Meter> {
    METER.take()
}

/// Reads or changes the meter, if there is one.
pub fn with<R>(f: impl FnOnce(&mut Meter) -> R) -> Option<R> {
    METER.with_borrow_mut(|meter| meter.as_mut().map(f))
}

/// Spends; does not return when that is more than there is. Does nothing without a supply.
pub fn spend(cost: impl FnOnce(&Board) -> Cost) {
    let drawn = with(|meter| {
        let cost = cost(&meter.board);
        meter.reservoir.draw(cost.energy, meter.board.time(cost))
    });
    if drawn == Some(Err(BrownOut)) {
        resume_unwind(Box::new(Off));
    }
}

/// Charges, boots, and runs `work` until it ends or the power does.
///
/// # Errors
///
/// [`Dark`] when the power failed.
///
/// # Panics
///
/// When the capacitor is not charged within a day.
pub fn on<R>(work: impl FnOnce() -> R) -> Result<R, Dark> {
    let start = with(|meter| {
        assert!(
            meter.reservoir.charge(Seconds(86_400.0)),
            "the capacitor is not charged within a day"
        );
        meter.reservoir.time
    });
    let ended = catch_unwind(AssertUnwindSafe(|| {
        spend(|board| board.boot);
        work()
    }));
    with(|meter| {
        meter.counts.busy += meter.reservoir.time - start.unwrap_or(Seconds::ZERO);
        if ended.is_err() {
            meter.counts.outages += 1;
        } else {
            meter.counts.latency = meter.reservoir.time;
        }
    });
    ended.map_err(|payload| {
        if !payload.is::<Off>() {
            resume_unwind(payload);
        }
        Dark
    })
}

/// A conversion of the ADC: millivolts, for `ByVoltage`.
pub fn millivolts() -> u32 {
    spend(|board| board.adc);
    with(|meter| {
        meter.readings += 1;
        (meter.reservoir.volts().get() * 1e3) as u32
    })
    .unwrap_or(0)
}

/// A comparator at a threshold, as a voltmeter: looking at its output takes some cycles.
pub fn comparator() -> u32 {
    spend(|board| Cost {
        energy: board.cycle * 10.0,
        cycles: rekindle_planner::units::Cycles(10.0),
    });
    with(|meter| (meter.reservoir.volts().get() * 1e3) as u32).unwrap_or(0)
}

/// Microseconds since the boot or earlier, for `ByTimer`: reading a timer is not charged.
pub fn microseconds() -> u32 {
    with(|meter| (meter.reservoir.time.get() * 1e6) as u64 as u32).unwrap_or(0)
}
