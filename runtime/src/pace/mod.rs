//! Pacers: they decide at run time when a loop marked `#[commit(paced)]` commits.
//!
//! A commit costs energy, and so does the work that an outage takes with it. How often to commit depends on the harvest,
//! which a static interval cannot know. A pacer is asked after every iteration of a paced loop:
//!
//! * [`ByWork`] counts cost units: a commit when enough has been done since the last one, whichever loop did it.
//! * [`ByVoltage`] reads the capacitor: no commits while it is full, one after each piece of work once it runs low.
//! * [`ByTimer`] goes by the clock.
//! * [`Pacer::or`] joins two of them.
//!
//! A pacer belongs to the store ([`Store::paced`](crate::Store::paced)), so that the same task runs with any pacer or
//! none, and pays for none:
//!
//! ```
//! use rekindle::pace::ByWork;
//! use rekindle::prelude::*;
//!
//! #[derive(Layout)]
//! struct Memory { y: Buffer<[i32; 100]> }
//!
//! #[intermittent_task]
//! fn squares(y: Output<[i32; 100]>) {
//!     #[commit(paced, cost = 3)]
//!     for i in 0..100 {
//!         y.set(i, (i * i) as i32);
//!     }
//! }
//!
//! let mut words = [0u64; 128];
//! // A commit after 30 units: each tenth iteration.
//! let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words).paced(ByWork::new(30)))?;
//! nvm.resume_or_start(&mut [], |cx, m| squares(cx, &mut m.y))?;
//! assert_eq!(nvm.read(|m| &m.y)?[99], 99 * 99);
//! # Ok::<(), Error>(())
//! ```
//!
//! # What a pacer cannot break
//!
//! *When* a task commits never changes *what* it computes: the macro has accepted the loop for regions of any number of
//! iterations. So a pacer may be wrong, random, or differ from boot to boot. What it does decide is progress. A pacer
//! that never asks for a commit leaves the whole loop as one region, and a loop that does not fit one power cycle then
//! never ends; `#[commit(paced, every = N)]` is the bound that holds whatever the pacer does (rule RK04 demands it of
//! `while` and `loop`).
//!
//! A pacer lives in SRAM. After an outage it starts afresh, as the work since the last commit does.

mod timer;
mod voltage;
mod work;

pub use timer::{ByTimer, Clock};
pub use voltage::{ByVoltage, Voltmeter, millivolts_for};
pub use work::ByWork;

/// Decides when a paced loop commits.
///
/// ```
/// use rekindle::pace::Pacer;
///
/// /// Commits after each tenth iteration of any loop.
/// #[derive(Default)]
/// struct EachTenth(u8);
///
/// impl Pacer for EachTenth {
///     fn due(&mut self, _work: u32) -> bool {
///         self.0 += 1;
///         self.0 >= 10
///     }
///     fn committed(&mut self) {
///         self.0 = 0;
///     }
/// }
///
/// let mut pacer = EachTenth::default();
/// assert_eq!((0..12).filter(|_| pacer.due(1)).count(), 3); // it asks until it gets one
/// ```
pub trait Pacer {
    /// An iteration worth `work` units is done; is a commit due? Called once per iteration of every paced loop.
    fn due(&mut self, work: u32) -> bool;

    /// A commit was made, asked for or not: of a paced loop, of another one, or of a task's record. Also called when a
    /// run begins.
    fn committed(&mut self);

    /// Commits when either asks for it. Both see all of the work.
    ///
    /// ```
    /// use rekindle::pace::{ByWork, Pacer};
    ///
    /// let mut pacer = ByWork::new(10).or(ByWork::new(7));
    /// assert!(!pacer.due(6) && pacer.due(1));
    /// ```
    fn or<P: Pacer>(self, other: P) -> Or<Self, P>
    where
        Self: Sized,
    {
        Or(self, other)
    }
}

impl<P: Pacer + ?Sized> Pacer for &mut P {
    #[inline(always)]
    fn due(&mut self, work: u32) -> bool {
        (**self).due(work)
    }
    #[inline(always)]
    fn committed(&mut self) {
        (**self).committed();
    }
}

/// Two pacers; see [`Pacer::or`].
#[derive(Debug, Clone, Copy)]
pub struct Or<A, B>(A, B);

impl<A: Pacer, B: Pacer> Pacer for Or<A, B> {
    #[inline(always)]
    fn due(&mut self, work: u32) -> bool {
        // Both count.
        self.0.due(work) | self.1.due(work)
    }
    #[inline(always)]
    fn committed(&mut self) {
        self.0.committed();
        self.1.committed();
    }
}
