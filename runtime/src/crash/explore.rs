//! Model checking: every NVM image that any sequence of outages can leave is recovered once.

use core::cell::RefCell;
use std::rc::Rc;
use std::string::String;
use std::vec::Vec;

use super::frontier::{Frontier, Limits, State, Walk};
use super::golden::{Event, Golden};
use super::image::Image;
use super::pacing::{Adversary, Pacing};
use super::power::{Mark, Supply, Verdict};
use super::report::{Difference, Failure, Outage, Reason};
use super::tear::Grain;
use crate::Error;

/// How an execution ended.
pub(crate) enum Ended {
    /// The task is complete; false when it was so before.
    Complete(bool),
    /// The power was cut, or the execution was left because it was known how it goes on.
    PowerLost,
    Error(Error),
    Panic(String),
}

/// A device: its NVM, its task, and no memory of anything else.
pub(crate) trait Machine {
    /// Sets NVM.
    fn load(&mut self, image: &[u8]);
    /// Resets and runs with fresh SRAM.
    fn boot(&mut self, supply: &Rc<RefCell<dyn Supply>>) -> Ended;
}

/// A recovery may write this many times what the golden run wrote in all before it counts as endless.
pub(crate) const PATIENCE: u64 = 8;

/// The state space and the execution in it that is under way.
pub(crate) struct Explorer {
    golden: Rc<Golden>,
    frontier: Frontier,
    /// Along the golden run.
    cursor: Image,
    cursor_at: usize,
    /// The recovery under way.
    walk: Walk,
    wrong: Option<Reason>,
    pub adversary: Adversary,
    pub recoveries: u64,
    pub redone: u64,
}

/// Recovers every image that outages can leave.
pub(crate) fn explore(
    golden: &Rc<Golden>,
    limits: Limits,
    seed: u64,
    pacing: Pacing,
    machine: &mut dyn Machine,
) -> Result<Rc<RefCell<Explorer>>, Failure> {
    let explorer = Rc::new(RefCell::new(Explorer {
        golden: Rc::clone(golden),
        frontier: Frontier::new(limits, seed),
        cursor: golden.start.clone(),
        cursor_at: 0,
        walk: Walk::new(golden.start.clone()),
        wrong: None,
        adversary: Adversary::new(pacing, seed),
        recoveries: 0,
        redone: 0,
    }));
    let supply: Rc<RefCell<dyn Supply>> = explorer.clone();
    explorer.borrow_mut().golden_run();
    // Round by round: all images that one outage can leave, then those that only two can, and so on. So the outages that
    // a failure names are as few and as early as can be.
    loop {
        let round = explorer.borrow_mut().round();
        if round.is_empty() {
            return Ok(explorer);
        }
        for state in round {
            if !explorer.borrow_mut().begin(state) {
                continue;
            }
            machine.load(explorer.borrow().walk.image.bytes());
            let ended = machine.boot(&supply);
            explorer.borrow_mut().end(ended)?;
        }
    }
}

impl Explorer {
    pub(crate) fn counts(&self) -> super::frontier::Counts {
        self.frontier.counts
    }

    /// All outages of the golden run itself.
    fn golden_run(&mut self) {
        let mut walk = Walk::new(self.golden.start.clone());
        for (index, event) in self
            .golden
            .events
            .iter()
            .enumerate()
            .take(self.frontier.limits.until)
        {
            walk.at_golden(index);
            match *event {
                Event::Write {
                    at,
                    len,
                    from,
                    grain,
                } => {
                    let bytes = self.golden.written(from, len);
                    let next = Some(index + 1);
                    walk.write(
                        at as usize,
                        bytes,
                        grain,
                        next,
                        &self.golden,
                        &mut self.frontier,
                    );
                }
                Event::Barrier => walk.barrier(&mut self.frontier),
                Event::Commit => walk.commit = Some(walk.commit.map_or(0, |c| c + 1)),
            }
        }
        walk.barrier(&mut self.frontier);
    }

    fn round(&mut self) -> Vec<State> {
        self.cursor.clone_from(&self.golden.start);
        self.cursor_at = 0;
        self.frontier.round()
    }

    /// Sets up the recovery from this image, unless it is known how that ends.
    fn begin(&mut self, state: State) -> bool {
        if !self.frontier.due(&state) {
            return false;
        }
        while self.cursor_at < state.base as usize {
            if let Event::Write { at, len, from, .. } = self.golden.events[self.cursor_at] {
                self.cursor.put(at as usize, self.golden.written(from, len));
            }
            self.cursor_at += 1;
        }
        self.walk.resume(&self.cursor, state);
        // A function of the image, as all of a recovery has to be.
        self.adversary.boot(self.walk.image.key() as u64);
        self.recoveries += 1;
        true
    }

    fn end(&mut self, ended: Ended) -> Result<(), Failure> {
        self.redone += self.walk.writes;
        if let Some(reason) = self.wrong.take() {
            return Err(self.failure(reason));
        }
        match ended {
            Ended::PowerLost => Ok(()),
            Ended::Complete(_) => {
                self.walk.barrier(&mut self.frontier);
                match difference(&self.golden.end, &self.walk.image, None) {
                    None => Ok(()),
                    Some(difference) => Err(self.failure(Reason::ResultDiffers(difference))),
                }
            }
            Ended::Error(error) => Err(self.failure(Reason::Error(error))),
            Ended::Panic(message) => Err(self.failure(Reason::Panic(message))),
        }
    }

    fn failure(&self, reason: Reason) -> Failure {
        let mut outages: Vec<Outage> = Vec::new();
        let mut next = self.walk.trail.as_ref();
        while let Some(trail) = next {
            let (region, until) = self.golden.region(trail.commit);
            outages.push(Outage {
                write: u64::from(trail.write),
                offset: trail.at as usize,
                len: trail.len as usize,
                tear: trail.tear,
                region,
                until,
            });
            next = trail.before.as_ref();
        }
        outages.reverse();
        Failure {
            store: "",
            outages,
            reason,
            seed: 0,
            schedule: None,
        }
    }
}

pub(crate) fn difference(expected: &Image, found: &Image, at: Option<Mark>) -> Option<Difference> {
    if expected.data_key() == found.data_key() {
        return None;
    }
    let (offset, expected, got) = Image::first_difference(expected, found)?;
    Some(Difference {
        offset,
        expected,
        got,
        at,
    })
}

/// How data that no commit of the golden run has differ from those of the commit that should have come next.
pub(crate) fn commit_difference(
    golden: &Golden,
    last: Option<u32>,
    found: &Image,
    mark: Mark,
) -> Difference {
    let expected = golden.at_commit(last.map_or(0, |c| c as usize + 1));
    difference(&expected, found, Some(mark)).unwrap_or(Difference {
        offset: 0,
        expected: 0,
        got: 0,
        at: Some(mark),
    })
}

impl Supply for Explorer {
    fn write(&mut self, at: usize, bytes: &[u8], grain: Grain) -> Verdict {
        if self.frontier.limits.further {
            self.walk
                .write(at, bytes, grain, None, &self.golden, &mut self.frontier);
        } else {
            self.walk.image.put(at, bytes);
            self.walk.writes += 1;
        }
        if self.walk.writes > PATIENCE * self.golden.writes + 1000 {
            self.wrong = Some(Reason::NoProgress {
                writes: self.walk.writes,
            });
            return Verdict::Cut(None);
        }
        Verdict::Pass
    }

    fn barrier(&mut self) {
        self.walk.barrier(&mut self.frontier);
    }

    fn due(&mut self) -> bool {
        self.adversary.due()
    }

    fn committed(&mut self, mark: Mark) -> bool {
        if let Some(index) = self.golden.commit_like(self.walk.image.key()) {
            self.walk.commit = Some(index);
            self.walk.settled += 1;
            self.walk
                .at_golden(self.golden.commits[index as usize].event);
            // All of NVM is as in the golden run: what follows is known.
            return self.walk.settled <= self.frontier.limits.settle;
        }
        if self.golden.has_data(self.walk.image.data_key())
            || self.golden.may_have(&self.walk.image, mark)
        {
            // The record may lie in the other slot. Followed further, and counted so that a failure names its place.
            self.walk.commit = Some(self.walk.commit.map_or(0, |c| c + 1));
            return true;
        }
        let wrong = commit_difference(&self.golden, self.walk.commit, &self.walk.image, mark);
        self.wrong = Some(Reason::CommitDiffers(wrong));
        false
    }
}
