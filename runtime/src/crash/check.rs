//! The check itself: what a user sets up and calls.

use core::cell::RefCell;
use std::boxed::Box;
use std::env;
use std::rc::Rc;
use std::vec;
use std::vec::Vec;

use super::bugs::{Bug, Seed};
use super::cut::Cut;
use super::device::Device;
use super::explore::{Ended, Machine, explore};
use super::frontier::Limits;
use super::golden::Golden;
use super::image::Image;
use super::power::Supply;
use super::ram::Ram;
use super::report::{Failure, Reason, Report};
use super::rng::mix;
use super::schedule;
use super::tear::Thoroughness;
use crate::store::{Bytes, Mapped, Store};
use crate::{Cx, Error, Layout, Nvm};

/// A memory-mapped, word-atomic store whose power can be cut.
pub type MappedCut = Cut<Mapped<'static>>;
/// A byte store, on which every write can tear anywhere, whose power can be cut.
pub type BytesCut = Cut<Bytes<Ram>>;

/// An arena that grows beyond this is not what an embedded program needs.
const MOST_ARENA: usize = 1 << 24;

type Init<'a, M, const RECORD: usize> =
    Box<dyn FnMut(&mut Nvm<M, Bytes<Ram>, RECORD>) -> Result<(), Error> + 'a>;

/// Golden runs of up to so many writes are checked without any pruning.
const SMALL: u64 = 300;
/// Golden runs of up to so many writes are checked a second time, on the NVM that the first run leaves.
const MEDIUM: u64 = 5_000;

/// A crash check of a program with the NVM layout `M`.
///
/// See the [module](super) for what is tried, and [`crash_check!`](crate::crash_check) for the one-line form.
pub struct Check<'a, M, const RECORD: usize = 96> {
    init: Option<Init<'a, M, RECORD>>,
    capacity: Option<usize>,
    fill: u8,
    arena: Option<usize>,
    seed: u64,
    random: u64,
    depth: u32,
    states: u64,
    reorder: bool,
    garbage: bool,
    settle: Option<usize>,
    warm: Option<bool>,
    bug: Option<Bug>,
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

    /// Number of random schedules.
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

    fn run<S: Store>(
        mut self,
        name: &'static str,
        store: fn(&Ram) -> S,
        task: impl FnMut(&mut Cx<'_, S>, &mut M) -> Result<(), Error>,
    ) -> Result<Report, Failure> {
        let _bug = Seed::new(self.bug, Nvm::<M, S, RECORD>::DATA_AT);
        let seed = self.seed;
        self.run_unnamed(store, task)
            .map(|report| Report {
                store: name,
                seed,
                ..report
            })
            .map_err(|failure| Failure {
                store: name,
                seed,
                ..failure
            })
    }

    fn run_unnamed<S: Store>(
        &mut self,
        store: fn(&Ram) -> S,
        task: impl FnMut(&mut Cx<'_, S>, &mut M) -> Result<(), Error>,
    ) -> Result<Report, Failure> {
        let capacity = self.capacity.unwrap_or(Nvm::<M, S, RECORD>::NEEDED);
        let ram = Ram::new(capacity);
        ram.load(&vec![self.fill; capacity]);
        self.prepare(&ram, store).map_err(golden_failure)?;
        let mut start = ram.contents();

        let mut device = Device::new(ram.clone(), store, task, self.arena.unwrap_or(0), self.seed);
        let mut report = Report {
            nvm_bytes: capacity,
            ..Report::default()
        };
        self.first_boot(&start, &mut device, &mut report)?;
        let mut warm = false;
        loop {
            let golden = self.golden(&start, &mut device)?;
            self.pass(&golden, &mut device, &mut report)?;
            if warm || !self.warm.unwrap_or(golden.writes <= MEDIUM) {
                return Ok(report);
            }
            warm = true;
            report.warm = true;
            ram.load(golden.end.bytes());
            self.prepare(&ram, store).map_err(golden_failure)?;
            start = ram.contents();
        }
    }

    /// The user's part before the program starts, and the runtime's.
    fn prepare<S: Store>(&mut self, ram: &Ram, store: fn(&Ram) -> S) -> Result<(), Error> {
        Nvm::<M, S, RECORD>::open(store(ram))?.restart()?;
        let Some(init) = &mut self.init else { return Ok(()) };
        // The inputs are written through a store of one kind, whatever the kind that is checked. Only the data count: a
        // record is of one kind of store.
        let inputs = Ram::new(ram.contents().len());
        inputs.load(&ram.contents());
        init(&mut Nvm::open(Bytes::new(inputs.clone()))?)?;
        let mut image = ram.contents();
        let data = Nvm::<M, S, RECORD>::DATA_AT..;
        image[data.clone()].copy_from_slice(&inputs.contents()[data]);
        ram.load(&image);
        Ok(())
    }

    /// Runs on continuous power, twice, and once more to see that nothing is left to do.
    fn golden<S: Store, F>(
        &self,
        start: &[u8],
        device: &mut Device<M, S, F, RECORD>,
    ) -> Result<Rc<Golden>, Failure>
    where
        F: FnMut(&mut Cx<'_, S>, &mut M) -> Result<(), Error>,
    {
        let image = Image::new(start.to_vec(), Nvm::<M, S, RECORD>::DATA_AT);
        let golden = loop {
            match record(&image, device) {
                (_, Ended::Error(Error::ArenaTooSmall { needed, .. }))
                    if self.arena.is_none() && needed < MOST_ARENA =>
                {
                    device.grow(device.arena() + needed);
                }
                (golden, Ended::Complete(true)) => break golden,
                (_, ended) => return Err(unexpected(ended)),
            }
        };
        match record(&image, device) {
            (again, Ended::Complete(true)) if golden.same_as(&again) => {}
            (_, Ended::Complete(_)) => return Err(failure(Reason::NotDeterministic)),
            (_, ended) => return Err(unexpected(ended)),
        }
        match record(&golden.end, device) {
            (after, Ended::Complete(false)) if after.writes == 0 => Ok(Rc::new(golden)),
            (_, Ended::Complete(_)) => Err(failure(Reason::NotFinal)),
            (_, ended) => Err(unexpected(ended)),
        }
    }

    /// Outages while the runtime takes possession of NVM that was never used, or used by another program.
    fn first_boot<S: Store, F>(
        &self,
        start: &[u8],
        device: &mut Device<M, S, F, RECORD>,
        report: &mut Report,
    ) -> Result<(), Failure>
    where
        F: FnMut(&mut Cx<'_, S>, &mut M) -> Result<(), Error>,
    {
        let mut unclaimed = start.to_vec();
        unclaimed[..Nvm::<M, S, RECORD>::DATA_AT].fill(self.fill);
        let golden = self.golden(&unclaimed, device)?;
        // Which records these outages leave depends on what was there, so recoveries do not meet the golden run's NVM
        // again and are run to their end; outages in those are the main pass's work.
        let claimed = golden
            .commits
            .iter()
            .position(|commit| !commit.mark.task.is_empty());
        let limits = Limits {
            until: golden
                .commits
                .get(claimed.unwrap_or(0))
                .map_or(usize::MAX, |commit| commit.event),
            settle: usize::MAX,
            further: false,
            ..self.limits(&golden)
        };
        report.add_explored(&explore(&golden, limits, mix(self.seed), device)?.borrow());
        Ok(())
    }

    fn limits(&self, golden: &Golden) -> Limits {
        Limits {
            depth: self.depth,
            states: self.states,
            reorder: self.reorder,
            tears: Thoroughness {
                garbage: self.garbage,
                subsets: 2,
            },
            settle: self.settle.unwrap_or(if golden.writes <= SMALL {
                usize::MAX
            } else {
                1
            }),
            until: usize::MAX,
            further: true,
        }
    }

    fn pass(
        &self,
        golden: &Rc<Golden>,
        device: &mut dyn Machine,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let limits = self.limits(golden);
        let explored = explore(golden, limits, mix(self.seed), device)?;
        report.add_explored(&explored.borrow());
        let settings = schedule::Settings {
            seed: self.seed,
            reorder: self.reorder,
            garbage: self.garbage,
        };
        report.add_schedules(&schedule::run(golden, settings, self.random, device)?);
        if !report.warm {
            report.describe(golden, limits);
        }
        Ok(())
    }
}

/// Runs from this image on continuous power.
fn record(image: &Image, device: &mut dyn Machine) -> (Golden, Ended) {
    let golden = Rc::new(RefCell::new(Golden::new(image.clone())));
    let supply: Rc<RefCell<dyn Supply>> = golden.clone();
    device.load(image.bytes());
    let ended = device.boot(&supply);
    let golden = golden.replace(Golden::new(Image::new(Vec::new(), 0)));
    (golden, ended)
}

fn failure(reason: Reason) -> Failure {
    Failure {
        store: "",
        outages: Vec::new(),
        reason,
        seed: 0,
        schedule: None,
    }
}

fn golden_failure(error: Error) -> Failure {
    failure(Reason::Golden(error))
}

fn unexpected(ended: Ended) -> Failure {
    failure(match ended {
        Ended::Error(error) => Reason::Golden(error),
        Ended::Panic(message) => Reason::Panic(message),
        Ended::Complete(_) | Ended::PowerLost => Reason::NotFinal,
    })
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
