//! Pacing by the clock.

use super::Pacer;

/// Reads a free-running counter: a hardware timer, or a closure.
///
/// ```
/// use rekindle::pace::Clock;
///
/// let mut timer = || 42;
/// assert_eq!(timer.ticks(), 42);
/// ```
pub trait Clock {
    /// The counter, which may wrap around.
    fn ticks(&mut self) -> u32;
}

impl<F: FnMut() -> u32> Clock for F {
    #[inline(always)]
    fn ticks(&mut self) -> u32 {
        self()
    }
}

/// A commit once so many ticks have passed since the last one.
///
/// The clock is read once per `check_every` units of work; an iteration in between costs one subtraction and one compare.
/// Intervals of half the counter's range and more are not told from those that have passed.
///
/// ```
/// use rekindle::pace::{ByTimer, Pacer};
///
/// let mut now = [0, 40, 99, 100, 120, 230].into_iter();
/// let mut pacer = ByTimer::new(|| now.next().unwrap(), 100);
/// assert!(!pacer.due(1)); // begins to count
/// assert!(!pacer.due(1) && !pacer.due(1));
/// assert!(pacer.due(1));
/// pacer.committed();
/// assert!(!pacer.due(1)); // 20 since then
/// assert!(pacer.due(1));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ByTimer<C> {
    clock: C,
    interval: u32,
    check_every: u32,
    left: u32,
    /// The clock at the first reading since the last commit.
    last: Option<u32>,
    /// The clock at the latest reading.
    now: Option<u32>,
}

impl<C: Clock> ByTimer<C> {
    /// `interval` in ticks of the clock.
    pub const fn new(clock: C, interval: u32) -> Self {
        Self {
            clock,
            interval,
            check_every: 0,
            left: 0,
            last: None,
            now: None,
        }
    }

    /// Units of work between two readings. Default: a reading after each iteration.
    #[must_use]
    pub const fn check_every(mut self, units: u32) -> Self {
        self.check_every = units;
        self.left = units;
        self
    }

    #[inline(never)]
    fn read(&mut self) -> bool {
        self.left = self.check_every;
        let now = self.clock.ticks();
        self.now = Some(now);
        let last = *self.last.get_or_insert(now);
        now.wrapping_sub(last) >= self.interval
    }
}

impl<C: Clock> Pacer for ByTimer<C> {
    #[inline(always)]
    fn due(&mut self, work: u32) -> bool {
        self.left = self.left.saturating_sub(work);
        self.left == 0 && self.read()
    }
    #[inline(always)]
    fn committed(&mut self) {
        // The commit was made at the latest reading or later; reading the clock for each would cost more than it says.
        self.last = self.now;
    }
}
