//! Random schedules: full runs through many outages, never cut short because the state is known.

use core::cell::RefCell;
use std::rc::Rc;
use std::vec::Vec;

use super::explore::{Ended, Machine, PATIENCE, commit_difference, difference};
use super::golden::Golden;
use super::image::Image;
use super::pacing::{Adversary, Pacing};
use super::pending::Pending;
use super::power::{Mark, Supply, Verdict};
use super::report::{Failure, Outage, Reason};
use super::rng::{Rng, mix};
use super::tear::{self, Grain, Tear};

/// So many outages without a new commit, and the harvest gets better: an unlucky mean must not hang the test.
const UNLUCKY: u32 = 32;

/// What many schedules did together.
#[derive(Default)]
pub(crate) struct Totals {
    pub schedules: u64,
    pub outages: u64,
    pub recoveries: u64,
    /// Writes beyond those of the golden run.
    pub redone: u64,
    /// Commits that the pacer did not ask for.
    pub declined: u64,
}

/// How they are drawn.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    pub seed: u64,
    pub reorder: bool,
    pub garbage: bool,
    pub pacing: Pacing,
}

struct Schedule {
    golden: Rc<Golden>,
    settings: Settings,
    rng: Rng,
    image: Image,
    pending: Pending,
    /// Writes until the next outage.
    left: u64,
    mean: f64,
    cycle_writes: u64,
    writes: u64,
    commit: Option<u32>,
    /// Outages since the last commit that was new.
    barren: u32,
    outages: Vec<Outage>,
    wrong: Option<Reason>,
    adversary: Adversary,
}

/// Runs schedules number `0..count`.
pub(crate) fn run(
    golden: &Rc<Golden>,
    settings: Settings,
    count: u64,
    machine: &mut dyn Machine,
) -> Result<Totals, Failure> {
    let mut totals = Totals::default();
    let schedule = Rc::new(RefCell::new(Schedule {
        golden: Rc::clone(golden),
        settings,
        rng: Rng::new(0),
        image: golden.start.clone(),
        pending: Pending::new(golden.start.bytes().len()),
        left: 0,
        mean: 1.0,
        cycle_writes: 0,
        writes: 0,
        commit: None,
        barren: 0,
        outages: Vec::new(),
        wrong: None,
        adversary: Adversary::new(settings.pacing, settings.seed),
    }));
    let supply: Rc<RefCell<dyn Supply>> = schedule.clone();
    for number in 0..count {
        schedule.borrow_mut().begin(number);
        loop {
            machine.load(schedule.borrow().image.bytes());
            schedule.borrow_mut().power_on();
            let ended = machine.boot(&supply);
            totals.recoveries += 1;
            if schedule.borrow_mut().end(ended, number)? {
                break;
            }
        }
        let schedule = schedule.borrow();
        totals.schedules += 1;
        totals.outages += schedule.outages.len() as u64;
        totals.redone += schedule.writes.saturating_sub(golden.writes);
    }
    totals.declined = schedule.borrow().adversary.declined;
    Ok(totals)
}

impl Schedule {
    fn begin(&mut self, number: u64) {
        self.rng = Rng::new(mix(self.settings.seed) ^ mix(number));
        self.image.clone_from(&self.golden.start);
        self.pending.settle();
        self.outages.clear();
        self.writes = 0;
        self.commit = None;
        self.barren = 0;
        // From one outage in the whole run to dozens; long enough that a region has a fair chance to finish.
        let outages = 1 + self.rng.below(64);
        self.mean = (self.golden.writes as f64 / outages as f64)
            .max(self.golden.longest_region as f64 / 2.0)
            .max(1.0);
    }

    fn power_on(&mut self) {
        self.cycle_writes = 0;
        self.left = self.rng.gap(self.mean);
        self.adversary.boot(self.rng.next());
    }

    /// Whether the schedule is over.
    fn end(&mut self, ended: Ended, number: u64) -> Result<bool, Failure> {
        self.writes += self.cycle_writes;
        if let Some(reason) = self.wrong.take() {
            return Err(self.failure(reason, number));
        }
        match ended {
            Ended::PowerLost => {
                self.barren += 1;
                if self.barren.is_multiple_of(UNLUCKY) {
                    self.mean *= 2.0;
                }
                Ok(false)
            }
            Ended::Complete(_) => match difference(&self.golden.end, &self.image, None) {
                None => Ok(true),
                Some(difference) => Err(self.failure(Reason::ResultDiffers(difference), number)),
            },
            Ended::Error(error) => Err(self.failure(Reason::Error(error), number)),
            Ended::Panic(message) => Err(self.failure(Reason::Panic(message), number)),
        }
    }

    fn failure(&mut self, reason: Reason, number: u64) -> Failure {
        let outages = core::mem::take(&mut self.outages);
        Failure {
            store: "",
            outages,
            reason,
            seed: 0,
            schedule: Some(number),
        }
    }
}

impl Supply for Schedule {
    fn write(&mut self, at: usize, bytes: &[u8], grain: Grain) -> Verdict {
        let cycle_writes = self.cycle_writes;
        self.cycle_writes += 1;
        if cycle_writes > PATIENCE * self.golden.writes + 1000 {
            self.wrong = Some(Reason::NoProgress {
                writes: cycle_writes,
            });
            return Verdict::Cut(None);
        }
        if self.left > 0 {
            self.left -= 1;
            if self.settings.reorder {
                self.pending.add(&self.image, at, bytes);
            }
            self.image.put(at, bytes);
            return Verdict::Pass;
        }
        let tear = if self.settings.reorder && self.rng.below(4) == 0 {
            // It is one of those that may have arrived or not.
            self.pending.add(&self.image, at, bytes);
            self.image.put(at, bytes);
            self.pending.lose_some(&mut self.image, &mut self.rng);
            Tear::Reordered
        } else {
            let old = &self.image.bytes()[at..at + bytes.len()];
            let (left, tear) =
                tear::one(at, old, bytes, grain, self.settings.garbage, &mut self.rng);
            self.image.put(at, &left);
            tear
        };
        self.pending.settle();
        let (region, until) = self.golden.region(self.commit);
        self.outages.push(Outage {
            write: cycle_writes,
            offset: at,
            len: bytes.len(),
            tear,
            region,
            until,
        });
        Verdict::Cut(None)
    }

    fn barrier(&mut self) {
        self.pending.settle();
    }

    fn due(&mut self) -> bool {
        self.adversary.due()
    }

    fn committed(&mut self, mark: Mark) -> bool {
        if let Some(index) = self.golden.commit_like(self.image.key()) {
            if Some(index) > self.commit {
                self.commit = Some(index);
                self.barren = 0;
            }
            return true;
        }
        if self.golden.has_data(self.image.data_key()) || self.golden.may_have(&self.image, mark) {
            return true;
        }
        let wrong = commit_difference(&self.golden, self.commit, &self.image, mark);
        self.wrong = Some(Reason::CommitDiffers(wrong));
        false
    }
}
