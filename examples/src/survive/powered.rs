//! A store on harvested power: each access takes time and energy, and when the capacitor is empty, everything stops.

use std::cell::RefCell;
use std::panic::resume_unwind;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

use rekindle::store::{Commit, Store, StoreError};

use super::capacitor::Capacitor;
use super::harvest::Harvest;
use super::program::work_of;
use super::tally::{Sheet, Tally};

/// What the model charges, for a Cortex-M4 at 64 MHz with SPI FRAM.
mod cost {
    /// The core: 150 pJ per cycle.
    pub const ACTIVE_W: f64 = 9.6e-3;
    /// A multiply-accumulate of scalar code: 4 cycles.
    pub const WORK_S: f64 = 62.5e-9;
    /// A byte over SPI at 40 MHz.
    pub const BYTE_S: f64 = 0.2e-6;
    /// The memory while it is written or read: 2.4 mA at 2.5 V.
    pub const BYTE_J: f64 = 1.2e-9;
    /// Command and address of a transfer.
    pub const TRANSFER_S: f64 = 1e-6;
    /// Start-up after a reset.
    pub const BOOT_S: f64 = 1e-3;
}

/// How a run ended, as the payload of the unwinding that stands for a loss of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The capacitor is empty.
    Outage,
    /// The user pressed Ctrl-C.
    Stopped,
}

/// The supply, with what it has seen.
#[derive(Debug)]
pub struct Supply {
    /// The capacitor.
    pub capacitor: Capacitor,
    harvest: Harvest,
    /// Time of the model, in seconds.
    pub time_s: f64,
    /// Counters.
    pub tally: Tally,
    /// Where they are kept.
    pub sheet: Sheet,
    /// Offset of the buffers.
    pub data_at: usize,
    /// The last commit's task.
    pub task: &'static str,
    /// Samples for the picture.
    pub probe: Probe,
}

/// Samples of the supply for the picture.
#[derive(Debug, Default)]
pub struct Probe {
    /// Seconds, volts, whether the load is on.
    pub samples: Vec<(f64, f64, bool)>,
    /// Seconds, images done.
    pub progress: Vec<(f64, u64)>,
    next_s: f64,
}

/// The picture shows the first seconds in detail.
pub const DETAIL_S: f64 = 8.0;

impl Probe {
    fn sample(&mut self, time_s: f64, volts: f64, on: bool) {
        let changed = self.samples.last().is_none_or(|s| s.2 != on);
        if time_s <= DETAIL_S && (changed || time_s >= self.next_s) {
            self.samples.push((time_s, volts, on));
            self.next_s = time_s + 2e-3;
        }
    }
}

impl Supply {
    /// A supply with an empty capacitor.
    pub fn new(capacitor: Capacitor, harvest: Harvest, sheet: Sheet, data_at: usize) -> Self {
        let tally = sheet.read();
        Self {
            capacitor,
            harvest,
            time_s: 0.0,
            tally,
            sheet,
            data_at,
            task: "",
            probe: Probe::default(),
        }
    }

    /// The load is off until the capacitor is charged. `None` when that never happens.
    pub fn recharge(&mut self, patience_s: f64) -> Option<f64> {
        let start = self.time_s;
        while !self.capacitor.is_charged() {
            let watts = self.harvest.watts(self.time_s);
            self.time_s += 1e-3;
            self.capacitor.exchange(watts * 1e-3, 0.0);
            self.probe
                .sample(self.time_s, self.capacitor.volts(), false);
            if self.time_s - start > patience_s {
                return None;
            }
        }
        Some(self.time_s - start)
    }

    /// The device boots.
    pub fn boot(&mut self) {
        self.spend(cost::BOOT_S, 0.0);
    }

    /// The load works for `seconds`; `false` when the power fails meanwhile.
    fn spend(&mut self, seconds: f64, extra_j: f64) -> bool {
        let mut left = seconds;
        let mut extra = extra_j;
        while left > 0.0 {
            let step = left.min(0.5e-3);
            let harvested = self.harvest.watts(self.time_s) * step;
            self.capacitor
                .exchange(harvested, cost::ACTIVE_W * step + extra);
            extra = 0.0;
            self.time_s += step;
            self.tally.busy_ns += (step * 1e9) as u64;
            left -= step;
            self.probe.sample(self.time_s, self.capacitor.volts(), true);
            if self.capacitor.is_empty() {
                return false;
            }
        }
        true
    }

    fn transfer(&mut self, bytes: usize) -> bool {
        let bytes = bytes as f64;
        self.spend(
            cost::TRANSFER_S + bytes * cost::BYTE_S,
            bytes * cost::BYTE_J,
        )
    }

    /// Images done, in the picture: a point where the number changes.
    pub fn progress(&mut self) {
        let (time_s, images) = (self.time_s, self.tally.images());
        if self.probe.progress.last().is_none_or(|p| p.1 != images) {
            self.probe.progress.push((time_s, images));
        }
    }
}

/// Time that the model charges for `work` and `bytes` without protection or outages, in nanoseconds.
pub fn unprotected_ns(work: u64, bytes: u64) -> f64 {
    (work as f64 * cost::WORK_S + bytes as f64 * cost::BYTE_S) * 1e9
}

/// A store on a [`Supply`].
#[derive(Debug)]
pub struct Powered<S> {
    inner: S,
    supply: Rc<RefCell<Supply>>,
    stop: &'static AtomicBool,
}

impl<S> Powered<S> {
    /// Puts `inner` on the supply; `stop` ends the run as an outage would.
    pub fn new(inner: S, supply: Rc<RefCell<Supply>>, stop: &'static AtomicBool) -> Self {
        Self {
            inner,
            supply,
            stop,
        }
    }

    fn end(ending: Ending) -> ! {
        resume_unwind(Box::new(ending))
    }
}

impl<S: Store> Store for Powered<S> {
    const MAPPED: bool = false;
    const WORD_ATOMIC: bool = false;

    fn capacity(&self) -> usize {
        self.inner.capacity()
    }

    fn read(&mut self, at: usize, into: &mut [u8]) -> Result<(), StoreError> {
        if !self.supply.borrow_mut().transfer(into.len()) {
            Self::end(Ending::Outage);
        }
        self.inner.read(at, into)
    }

    fn write(&mut self, at: usize, from: &[u8]) -> Result<(), StoreError> {
        if self.stop.load(Ordering::Relaxed) {
            Self::end(Ending::Stopped);
        }
        let mut supply = self.supply.borrow_mut();
        let work = at
            .checked_sub(supply.data_at)
            .map_or(0, |offset| work_of(offset, from.len()));
        let before_s = supply.time_s;
        let done = supply.spend(work as f64 * cost::WORK_S, 0.0);
        // What an outage cuts short has been done as far as it went, and will be done again.
        supply.tally.work += if done {
            work
        } else {
            ((supply.time_s - before_s) / cost::WORK_S) as u64
        };
        if !done {
            Self::end(Ending::Outage);
        }
        // The power can fail between any two bytes.
        let mut written = from.len();
        for i in 0..from.len() {
            if !supply.spend(cost::BYTE_S, cost::BYTE_J) {
                written = i;
                break;
            }
        }
        supply.tally.nvm_bytes += written as u64;
        drop(supply);
        self.inner.write(at, &from[..written])?;
        if written < from.len() {
            Self::end(Ending::Outage);
        }
        Ok(())
    }

    fn barrier(&mut self) -> Result<(), StoreError> {
        self.inner.barrier()
    }

    fn committed(&mut self, commit: Commit) {
        let mut supply = self.supply.borrow_mut();
        supply.tally.count(&commit);
        supply.task = commit.name();
        let supply = &*supply;
        supply.sheet.write(&supply.tally);
    }
}
