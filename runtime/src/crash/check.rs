//! The check itself: what a user sets up and calls.

use std::boxed::Box;
use std::env;

use super::bugs::Bug;
use super::cut::Cut;
use super::pacing::Pacing;
use super::ram::Ram;
use super::report::{Failure, Report};
use crate::store::{Bytes, Mapped};
use crate::{Cx, Error, Layout, Nvm};

/// A memory-mapped, word-atomic store whose power can be cut.
pub type MappedCut = Cut<Mapped<'static>>;
/// A byte store, on which every write can tear anywhere, whose power can be cut.
pub type BytesCut = Cut<Bytes<Ram>>;

type Init<'a, M, const RECORD: usize> =
    Box<dyn FnMut(&mut Nvm<M, Bytes<Ram>, RECORD>) -> Result<(), Error> + 'a>;

/// A crash check of a program with the NVM layout `M`.
///
/// See the [module](super) for what is tried, and [`crash_check!`](crate::crash_check) for the one-line form.
///
/// ```
/// use rekindle::crash::{Bug, Check};
/// use rekindle::prelude::*;
///
/// #[derive(Layout)]
/// struct Memory { x: Buffer<[i32; 4]>, y: Buffer<[i32; 4]> }
///
/// #[intermittent_task]
/// fn negate(x: Input<[i32; 4]>, y: Output<[i32; 4]>) {
///     #[commit]
///     for i in 0..4 {
///         y.set(i, -x[i]);
///     }
/// }
///
/// let check = || Check::<Memory>::new().init(|nvm| nvm.write(|m| &mut m.x, &[3; 4])).random(1000).seed(7);
/// let report = check().run_mapped(|cx, m| negate(cx, &m.x, &mut m.y));
/// assert_eq!(report.schedules, 2000); // on new NVM, and on NVM that was used before
///
/// // With a seeded fault it fails, and says where.
/// let failure = check().bug(Bug::CommitBeforeData).try_mapped(|cx, m| negate(cx, &m.x, &mut m.y)).unwrap_err();
/// assert!(failure.to_string().contains("cut at write"));
/// assert!(failure.line().is_some());
/// ```
pub struct Check<'a, M, const RECORD: usize = 96> {
    pub(super) init: Option<Init<'a, M, RECORD>>,
    pub(super) capacity: Option<usize>,
    pub(super) fill: u8,
    pub(super) arena: Option<usize>,
    pub(super) seed: u64,
    pub(super) random: u64,
    pub(super) depth: u32,
    pub(super) states: u64,
    pub(super) reorder: bool,
    pub(super) garbage: bool,
    pub(super) settle: Option<usize>,
    pub(super) warm: Option<bool>,
    pub(super) bug: Option<Bug>,
    pub(super) pacing: Pacing,
}

impl<M: Layout> Default for Check<'_, M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Layout> Check<'_, M> {
    /// Everything that the [module](super) lists, and 100 random schedules. The seed is fixed, or what the environment
    /// variable `REKINDLE_SEED` says.
    pub fn new() -> Self {
        Self::with_record()
    }
}

impl<'a, M: Layout, const RECORD: usize> Check<'a, M, RECORD> {
    /// Like [`new`](Check::new), for an [`Nvm`] with records of another size: `Check::<Memory, 200>::with_record()`.
    pub fn with_record() -> Self {
        let seed = env::var("REKINDLE_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok());
        Self {
            init: None,
            capacity: None,
            fill: 0,
            arena: None,
            seed: seed.unwrap_or(1),
            random: 100,
            depth: u32::MAX,
            states: 4_000_000,
            reorder: true,
            garbage: true,
            settle: None,
            warm: None,
            bug: None,
            pacing: Pacing::Random,
        }
    }

    /// Writes the inputs. It runs before the program first starts, on continuous power.
    #[must_use]
    pub fn init(
        mut self,
        init: impl FnMut(&mut Nvm<M, Bytes<Ram>, RECORD>) -> Result<(), Error> + 'a,
    ) -> Self {
        self.init = Some(Box::new(init));
        self
    }

    /// Size of the NVM in bytes. Default: what the layout needs.
    #[must_use]
    pub fn capacity(mut self, bytes: usize) -> Self {
        self.capacity = Some(bytes);
        self
    }

    /// What every byte of NVM holds before the first boot. Default: 0; erased flash and EEPROM have 0xFF.
    #[must_use]
    pub fn fill(mut self, byte: u8) -> Self {
        self.fill = byte;
        self
    }

    /// Size of the SRAM arena in bytes. Default: as much as the program turns out to need.
    #[must_use]
    pub fn arena(mut self, bytes: usize) -> Self {
        self.arena = Some(bytes);
        self
    }

    /// Number of random schedules, in each of the passes: on new NVM, and [again](Self::again) on used NVM.
    #[must_use]
    pub fn random(mut self, schedules: u64) -> Self {
        self.random = schedules;
        self
    }

    /// Seed of all that is random.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Most outages in a row that are tried exhaustively: 2 is an outage and another one during the recovery from it.
    /// Default: no limit, which costs little more.
    #[must_use]
    pub fn depth(mut self, outages: u32) -> Self {
        self.depth = outages;
        self
    }

    /// Most distinct NVM images that are recovered. Default: 4 million. What was left out is in
    /// [`Report::unexplored`].
    #[must_use]
    pub fn max_states(mut self, images: u64) -> Self {
        self.states = images;
        self
    }

    /// Whether writes since the last barrier may be missing after an outage while later ones arrived. Default: yes.
    #[must_use]
    pub fn reorder(mut self, reorder: bool) -> Self {
        self.reorder = reorder;
        self
    }

    /// Whether the byte in flight may hold garbage on a byte store. Default: yes.
    #[must_use]
    pub fn garbage(mut self, garbage: bool) -> Self {
        self.garbage = garbage;
        self
    }

    /// Follow each recovery over this many further commits after all of NVM first equals the golden run's at a commit.
    /// Default: to the end for small programs, one for large ones.
    ///
    /// NVM decides how a *later reset* goes on; how the execution under way goes on also depends on its SRAM, and a
    /// local that was not saved may show its wrong value later only. Random schedules are never cut short.
    #[must_use]
    pub fn follow(mut self, commits: usize) -> Self {
        self.settle = Some(commits);
        self
    }

    /// Whether everything is checked a second time on the NVM that a complete first run leaves behind. Default: yes,
    /// except for large programs.
    #[must_use]
    pub fn again(mut self, again: bool) -> Self {
        self.warm = Some(again);
        self
    }

    /// What loops marked `#[commit(paced)]` are told after an outage. Default: [`Pacing::Random`]. A pacer of yours need
    /// not be there: when a task commits does not change what it computes, and this tries worse ones.
    ///
    /// With a coin, outages are tried exhaustively in pairs (an outage, and another one in the recovery from it); the
    /// random schedules go deeper. The other two are tried to every depth.
    #[must_use]
    pub fn pacing(mut self, pacing: Pacing) -> Self {
        self.pacing = pacing;
        self
    }

    /// Seeds a fault, to see that the check fails.
    #[must_use]
    pub fn bug(mut self, bug: Bug) -> Self {
        self.bug = Some(bug);
        self
    }

    /// Checks the program on a memory-mapped, word-atomic store.
    ///
    /// # Panics
    ///
    /// With a [`Failure`] when it is not crash-safe: this is the assertion of a test.
    pub fn run_mapped(
        self,
        task: impl FnMut(&mut Cx<'_, MappedCut>, &mut M) -> Result<(), Error>,
    ) -> Report {
        assert_passed(self.try_mapped(task))
    }

    /// Checks the program on a byte store.
    ///
    /// # Panics
    ///
    /// With a [`Failure`] when it is not crash-safe: this is the assertion of a test.
    pub fn run_bytes(
        self,
        task: impl FnMut(&mut Cx<'_, BytesCut>, &mut M) -> Result<(), Error>,
    ) -> Report {
        assert_passed(self.try_bytes(task))
    }

    /// Like [`run_mapped`](Self::run_mapped), for those who want to look at the failure.
    ///
    /// # Errors
    ///
    /// The first outage after which the program goes another way than on continuous power.
    pub fn try_mapped(
        self,
        task: impl FnMut(&mut Cx<'_, MappedCut>, &mut M) -> Result<(), Error>,
    ) -> Result<Report, Failure> {
        self.run("mapped", |ram| Cut::new(ram.mapped()), task)
    }

    /// Like [`run_bytes`](Self::run_bytes), for those who want to look at the failure.
    ///
    /// # Errors
    ///
    /// The first outage after which the program goes another way than on continuous power.
    pub fn try_bytes(
        self,
        task: impl FnMut(&mut Cx<'_, BytesCut>, &mut M) -> Result<(), Error>,
    ) -> Result<Report, Failure> {
        self.run("bytes", |ram| Cut::new(Bytes::new(ram.clone())), task)
    }
}

fn assert_passed(result: Result<Report, Failure>) -> Report {
    match result {
        Ok(report) => {
            // Shown by the test harness with a failing test or --nocapture; the seed is in it.
            std::println!("{report}");
            report
        }
        Err(failure) => panic!("{failure}"),
    }
}
