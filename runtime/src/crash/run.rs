//! The course of a check: first boot, golden run, exploration, random schedules, and all of it again.

use core::cell::RefCell;
use std::rc::Rc;
use std::vec;
use std::vec::Vec;

use super::bugs::Seed;
use super::check::Check;
use super::device::Device;
use super::explore::{Ended, Machine, explore};
use super::frontier::Limits;
use super::golden::Golden;
use super::image::Image;
use super::pacing::Pacing;
use super::power::Supply;
use super::ram::Ram;
use super::report::{Failure, Reason, Report};
use super::rng::mix;
use super::schedule;
use super::tear::Thoroughness;
use crate::store::{Bytes, Store};
use crate::{Cx, Error, Layout, Nvm};

/// Golden runs that write up to so many bytes are checked without any pruning.
const SMALL: u64 = 2_000;
/// Golden runs that write up to so many bytes are checked a second time, on the NVM that the first run leaves.
const MEDIUM: u64 = 5_000;
/// Depth to which outages are tried exhaustively where a coin decides about commits.
const TOSSED: u32 = 2;
/// An arena that grows beyond this is not what an embedded program needs.
const MOST_ARENA: usize = 1 << 24;

impl<M: Layout, const RECORD: usize> Check<'_, M, RECORD> {
    pub(super) fn run<S: Store>(
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
            if warm || !self.warm.unwrap_or(golden.bytes_written <= MEDIUM) {
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
        let Some(init) = &mut self.init else {
            return Ok(());
        };
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
            .position(|commit| commit.mark.0.task.is_some());
        let limits = Limits {
            until: golden
                .commits
                .get(claimed.unwrap_or(0))
                .map_or(usize::MAX, |commit| commit.event),
            settle: usize::MAX,
            further: false,
            ..self.limits(&golden)
        };
        report
            .add_explored(&explore(&golden, limits, mix(self.seed), self.pacing, device)?.borrow());
        Ok(())
    }

    fn limits(&self, golden: &Golden) -> Limits {
        // With a coin, each further outage multiplies the images: sequence numbers no longer go with positions.
        let tossed = golden.asked > 0 && self.pacing == Pacing::Random;
        Limits {
            depth: if tossed {
                self.depth.min(TOSSED)
            } else {
                self.depth
            },
            states: self.states,
            reorder: self.reorder,
            tears: Thoroughness {
                garbage: self.garbage,
                subsets: 2,
            },
            settle: self.settle.unwrap_or(if golden.bytes_written <= SMALL {
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
        let explored = explore(golden, limits, mix(self.seed), self.pacing, device)?;
        report.add_explored(&explored.borrow());
        let settings = schedule::Settings {
            seed: self.seed,
            reorder: self.reorder,
            garbage: self.garbage,
            pacing: self.pacing,
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
