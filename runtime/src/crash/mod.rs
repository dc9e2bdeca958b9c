//! The crash checker: a program is run with the power cut at every NVM write, and must not notice.
//!
//! One call in a `#[test]`, on the host, with the feature `crash`:
//!
//! ```
//! use rekindle::prelude::*;
//!
//! #[derive(Layout)]
//! struct Memory { x: Buffer<[i32; 8]>, y: Buffer<[i32; 8]> }
//!
//! #[intermittent_task]
//! fn prefix_sum(x: Input<[i32; 8]>, y: Output<[i32; 8]>) {
//!     let mut sum: i32 = 0;
//!     #[commit]
//!     for i in 0..8 {
//!         sum += x[i];
//!         y.set(i, sum);
//!     }
//! }
//!
//! // In a #[test]:
//! rekindle::crash_check!(Memory, |nvm| nvm.write(|m| &mut m.x, &[3; 8]), |cx, m| prefix_sum(cx, &m.x, &mut m.y));
//! ```
//!
//! runs the task on a memory-mapped, word-atomic store and on a byte store, and fails with the outage, the source line of
//! the interrupted region and the first wrong byte. [`Check`] is the same with settings.
//!
//! # What is tried
//!
//! 1. **A golden run** on continuous power, twice: it must be deterministic, and a further start must find nothing to do.
//! 2. **Every outage.** For each NVM write of the golden run: the power fails right after it; inside it, as the store
//!    allows (between any two 16-bit words of a longer write and with any subset of up to four words; after any byte,
//!    with garbage in the byte in flight, and with random subsets of the changed bits); and with writes since the last
//!    [barrier](crate::store::Store::barrier) missing: each single one, all but the last, and random subsets. That is what
//!    finds a missing barrier.
//! 3. **Every outage during recovery,** and during the recovery of a recovery, at every depth. A recovery sees NVM and
//!    nothing else, so outages that leave the same image have the same future. The checker explores the *distinct
//!    images*: each is recovered once, and each write of that recovery is cut and torn again. Images are told apart by a
//!    128-bit digest that costs constant work per byte written. [`Report::unexplored`] is 0 when nothing was left out.
//!    Only what is without number is sampled: garbage and random subsets are tried once per sequence of outages.
//! 4. **Random schedules** from a seed, each run through all its outages to the end.
//! 5. For programs that are not large, **all of it again** on the NVM that a complete first run leaves behind, where
//!    stale records and position words lie about.
//!
//! Loops marked `#[commit(paced)]` commit after each iteration in the golden run; at every other boot an adversary
//! decides ([`Pacing`]), so that the recoveries meet regions of every length. Their commits come at other moments than the
//! golden run's, when data may be there already that an earlier attempt had got to, or torn. So at those commits, what the
//! golden run does not write any more must be as it leaves it, and the end must be the same.
//!
//! SRAM is lost at each outage: the runtime's state is dropped, and the arena is filled with noise.
//!
//! # What is compared
//!
//! *All* of the user's NVM, byte by byte: at each commit after an outage with the commits of the golden run, and at the
//! end with its end. Which slot a record lies in may differ. A recovery is left early only once all of NVM, records and
//! all, equals the golden run's at a commit, and for [some more commits](Check::follow) after it; small programs are
//! always run to their end. A recovery that errs, panics or does not end is a failure.
//!
//! # What cannot be seen
//!
//! * An infinite loop that writes nothing hangs the test.
//! * [Write-after-read hazards](Report::hazards) are tracked where the store sees reads. On a mapped store these are
//!   ordinary loads; outages find the harm that they do there, not the hazard.
//! * Unwinding must be on (`panic = "unwind"`, the default of tests).

mod bugs;
mod check;
mod cut;
mod device;
mod explore;
mod frontier;
mod golden;
mod hazard;
mod image;
mod nor;
mod pacing;
mod patch;
mod pending;
mod power;
mod ram;
mod report;
mod rng;
mod run;
mod schedule;
mod tear;
#[cfg(test)]
mod tests;

pub use bugs::{Bug, Seed};
pub(crate) use bugs::{keep_rows, kept_rows, seeded};
pub use check::{BytesCut, Check, MappedCut};
pub use cut::Cut;
pub use nor::{NorSim, seed_flash_bug};
pub use pacing::Pacing;
pub use power::{PowerLoss, cut_after};
pub use ram::Ram;
pub use report::{Difference, Failure, Hazard, Outage, Reason, Report};
pub use tear::Tear;

/// Checks a task on both kinds of store; the one-line form of [`Check`](crate::crash::Check).
///
/// `crash_check!(Memory, |nvm| write the inputs, |cx, memory| run the task)`, or
/// `crash_check!(Check::<Memory>::new().random(1000) => |cx, memory| run the task)` with settings. The closures are
/// repeated for each store, whose types differ. Returns the two reports, mapped store first.
///
/// ```
/// use rekindle::crash::Check;
/// use rekindle::crash_check;
/// use rekindle::prelude::*;
///
/// #[derive(Layout)]
/// struct Memory { x: Buffer<[i32; 8]>, y: Buffer<[i32; 8]> }
///
/// #[intermittent_task]
/// fn double(x: Input<[i32; 8]>, y: Output<[i32; 8]>) {
///     #[commit]
///     for i in 0..8 {
///         y.set(i, 2 * x[i]);
///     }
/// }
///
/// let check = || Check::<Memory>::new().init(|nvm| nvm.write(|m| &mut m.x, &[3; 8])).random(10);
/// let [mapped, bytes] = crash_check!(check() => |cx, m| double(cx, &m.x, &mut m.y));
/// assert_eq!((mapped.word_commits, bytes.word_commits), (8, 0)); // the run begins, 7 rows
/// assert_eq!((mapped.unexplored, bytes.unexplored), (0, 0));
/// ```
///
/// # Panics
///
/// With a [`Failure`](crate::crash::Failure) when the task is not crash-safe.
#[macro_export]
macro_rules! crash_check {
    ($check:expr => $task:expr $(,)?) => {
        [($check).run_mapped($task), ($check).run_bytes($task)]
    };
    ($memory:ty, $init:expr, $task:expr $(,)?) => {
        $crate::crash_check!($crate::crash::Check::<$memory>::new().init($init) => $task)
    };
}
