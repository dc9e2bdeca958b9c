//! Time across outages: how old a reading is.
//!
//! A reading made durable by `#[sense]` survives an outage of any length, and may be stale behind it. With
//! `#[sense(expires = MS, clock = EXPR)]` it is read again if execution resumes directly behind it, before anything that
//! uses it was committed, and it is older than that, or its age is not known:
//!
//! ```
//! use rekindle::clock::Clock;
//! use rekindle::prelude::*;
//!
//! trait Thermometer {
//!     fn measure(&mut self) -> i16;
//! }
//!
//! #[intermittent_task]
//! fn log(sensor: &mut impl Thermometer, clock: &impl Clock, y: Output<[i16; 1]>) {
//!     #[sense(expires = 60_000, clock = clock)]
//!     let degrees: i16 = sensor.measure();
//!     y.set(0, degrees);
//! }
//! ```
//!
//! What is committed behind it was made of the reading that it was: from there on, the reading stays. A program that wants
//! to know its age later keeps a [`Stamp`], and asks it; the answer is a reading too:
//!
//! ```
//! use rekindle::clock::{Clock, Stamp};
//! use rekindle::prelude::*;
//! # trait Thermometer { fn measure(&mut self) -> i16; }
//!
//! #[intermittent_task]
//! fn average(sensor: &mut impl Thermometer, clock: &impl Clock, sum: State<i32>, y: Output<[i32; 2]>) {
//!     #[sense]
//!     let since: Stamp = Stamp::now(clock);
//!     #[commit]
//!     for _ in 0..16 {
//!         #[effect(at_least_once)]
//!         let degrees: i16 = sensor.measure();
//!         *sum += i32::from(degrees);
//!     }
//!     #[sense]
//!     let fresh: bool = !since.is_older(clock, 10_000);
//!     y.set(0, *sum / 16);
//!     y.set(1, i32::from(fresh));
//! }
//! ```

use zerocopy::{FromBytes, Immutable, IntoBytes};

/// A clock that outages do not stop, or that says so.
pub trait Clock {
    /// Milliseconds on a scale that goes on over outages; `None` when that is not known, as on a device whose clock has
    /// lost its power and was not set again.
    fn now_ms(&self) -> Option<u64>;
}

impl<C: Clock + ?Sized> Clock for &C {
    fn now_ms(&self) -> Option<u64> {
        (**self).now_ms()
    }
}

impl<C: Clock + ?Sized> Clock for &mut C {
    fn now_ms(&self) -> Option<u64> {
        (**self).now_ms()
    }
}

/// For devices without a clock that survives: no age is ever known, so that after an outage everything has expired.
#[derive(Debug, Clone, Copy, Default)]
#[allow(clippy::exhaustive_structs)]
pub struct NoClock;

impl Clock for NoClock {
    fn now_ms(&self) -> Option<u64> {
        None
    }
}

/// A moment, as a clock saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(transparent)]
pub struct Stamp(u64);

/// The clock did not know.
const UNKNOWN: u64 = u64::MAX;

impl Stamp {
    /// Now.
    pub fn now(clock: &(impl Clock + ?Sized)) -> Self {
        Self(clock.now_ms().unwrap_or(UNKNOWN))
    }

    /// Milliseconds since; `None` when either moment is not known, or the clock went back.
    ///
    /// ```
    /// use rekindle::clock::{Clock, NoClock, Stamp};
    ///
    /// struct At(u64);
    /// impl Clock for At {
    ///     fn now_ms(&self) -> Option<u64> { Some(self.0) }
    /// }
    ///
    /// let stamp = Stamp::now(&At(5));
    /// assert_eq!(stamp.age_ms(&At(12)), Some(7));
    /// assert_eq!(stamp.age_ms(&At(4)), None);
    /// assert_eq!(stamp.age_ms(&NoClock), None);
    /// ```
    pub fn age_ms(&self, clock: &(impl Clock + ?Sized)) -> Option<u64> {
        let now = clock.now_ms()?;
        if self.0 == UNKNOWN {
            return None;
        }
        now.checked_sub(self.0)
    }

    /// Whether it is longer ago than `ms` milliseconds, or that is not known.
    pub fn is_older(&self, clock: &(impl Clock + ?Sized), ms: u64) -> bool {
        self.age_ms(clock).is_none_or(|age| age > ms)
    }
}
