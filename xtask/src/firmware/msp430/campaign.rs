//! Power failures at chosen instructions, and what they must not change.

use std::collections::BTreeSet;
use std::ops::Range;

use anyhow::{Result, ensure};

use super::rng::Rng;
use super::sim::{SRAM, Sim, Stop};

/// The epoch in NVM: it counts clean starts, of which a failure during the first causes another.
const EPOCH: Range<usize> = 2..4;
/// How far back in commits a run may seem: a word that says "no position" is written again, or not.
const REACH: usize = 4;
/// Instructions from reset until a recorded task goes on, at most.
const RECOVERY: u64 = 9_000;

/// One image, and what a host makes of it.
#[derive(Debug, Clone)]
pub struct Case {
    /// As the sensor gives it.
    pub image: Vec<u8>,
    /// All data in NVM when it is classified.
    pub data: Vec<u8>,
}

/// A run without failures.
#[derive(Debug)]
pub struct Golden {
    /// Instructions at each commit of a position.
    at: Vec<u64>,
    /// NVM at each of them, and at the end.
    nvm: Vec<Vec<u8>>,
    /// Instructions of the whole run.
    pub instructions: u64,
    /// Deepest stack in bytes.
    pub stack: u64,
    /// Class on the board's pins.
    pub class: Option<u8>,
}

/// What failures have shown so far.
#[derive(Debug, Default)]
pub struct Tally {
    /// Power failures.
    pub failures: u64,
    /// Runs from blank NVM to the report.
    pub runs: u64,
    /// At which instructions of the run without failures they were.
    pub instructions: BTreeSet<u64>,
    /// Runs that went wrong, and how.
    pub wrong: Vec<String>,
}

/// Runs of one image on one program.
#[derive(Debug)]
pub struct Campaign<'s> {
    sim: &'s mut Sim,
    case: &'s Case,
    golden: Golden,
    rng: Rng,
    /// Bytes of control area.
    control: usize,
}

impl<'s> Campaign<'s> {
    /// Runs once without failures, and compares with the host.
    pub fn new(sim: &'s mut Sim, case: &'s Case, seed: u64) -> Result<Self> {
        let control = sim.nvm.len() - case.data.len();
        sim.show(&case.image)?;
        sim.fill(sim.nvm.clone(), &[0])?;
        sim.fill(SRAM.start - 0x100..SRAM.end, &[PAINT])?;
        sim.watch(true)?;
        let start = sim.instructions()?;
        sim.power_on()?;
        let mut golden = Golden {
            at: Vec::new(),
            nvm: Vec::new(),
            instructions: 0,
            stack: 0,
            class: None,
        };
        loop {
            let stop = sim.run()?;
            ensure!(
                stop != Stop::Failed,
                "the firmware failed without any outage"
            );
            golden.nvm.push(sim.read_nvm()?);
            golden.instructions = sim.instructions()? - start;
            if stop == Stop::Done {
                break;
            }
            golden.at.push(golden.instructions);
        }
        golden.stack = painted(sim)?;
        golden.class = sim.report()?;
        let last = golden.nvm.last().map_or(&[][..], |nvm| &nvm[control..]);
        ensure!(
            last == case.data,
            "without any outage, NVM differs from the host's at byte {:?}",
            first_difference(last, &case.data)
        );
        Ok(Self {
            sim,
            case,
            golden,
            rng: Rng(seed),
            control,
        })
    }

    /// The run without failures.
    pub fn golden(&self) -> &Golden {
        &self.golden
    }

    /// Regions between two commits of a position, the first and the last included.
    pub fn regions(&self) -> usize {
        self.golden.nvm.len()
    }

    fn region(&self, i: usize) -> Range<u64> {
        let start = if i == 0 { 0 } else { self.golden.at[i - 1] };
        start
            ..self
                .golden
                .at
                .get(i)
                .map_or(self.golden.instructions, |&at| at)
    }

    fn begin(&mut self, blank: &[u8]) -> Result<()> {
        self.sim.fill(self.sim.nvm.clone(), blank)?;
        self.sim.outage(&mut self.rng)
    }

    /// One run with a failure in every region, `offset(length)` instructions after its beginning, and `again` more
    /// while it recovers. All of NVM is compared at every commit.
    ///
    /// NVM is the same afterwards as without the failure, so each failure is one in an otherwise undisturbed run.
    pub fn pass(&mut self, tally: &mut Tally, offset: Offset, again: u64) -> Result<()> {
        self.sim.watch(true)?;
        self.begin(&[0])?;
        tally.runs += 1;
        let mut i = 0;
        while i < self.regions() {
            let region = self.region(i);
            let offset = offset.of(&mut self.rng, region.end - region.start);
            self.sim.step(offset)?;
            tally.failures += 1;
            tally.instructions.insert(region.start + offset);
            for _ in 0..again {
                self.sim.outage(&mut self.rng)?;
                let steps = 1 + self.rng.below(RECOVERY);
                self.sim.step(steps)?;
                tally.failures += 1;
            }
            self.sim.outage(&mut self.rng)?;
            let stop = self.sim.run()?;
            let nvm = self.sim.read_nvm()?;
            let known = self.golden.nvm[i..].iter().take(REACH);
            let same = known.map(|golden| same(golden, &nvm, self.control));
            let Some(reached) = same.into_iter().position(|same| same) else {
                let expected = &self.golden.nvm[i];
                tally.wrong.push(format!(
                    "failure at instruction {}: {stop:?}, byte {:?} of NVM differs at the next commit",
                    region.start + offset,
                    first_difference(&nvm, expected),
                ));
                return Ok(());
            };
            i += reached + 1;
            if (i == self.regions()) != (stop == Stop::Done) {
                tally
                    .wrong
                    .push(format!("the run ended with {stop:?} at commit {i}"));
                return Ok(());
            }
        }
        self.judge(tally, "at the end of a run with a failure in every region")
    }

    /// One run with one failure, at instruction `at`.
    pub fn single(&mut self, tally: &mut Tally, at: u64) -> Result<()> {
        self.sim.watch(false)?;
        self.begin(&[0])?;
        self.sim.step(at)?;
        tally.failures += 1;
        tally.instructions.insert(at);
        self.sim.outage(&mut self.rng)?;
        self.complete(tally, &format!("one failure, at instruction {at}"))
    }

    /// One run with failures anywhere until it is done: half of the power cycles do not get beyond recovery, the others
    /// last for up to one and a half times the longest region.
    pub fn random(&mut self, tally: &mut Tally) -> Result<()> {
        self.sim.watch(false)?;
        let regions = (0..self.regions()).map(|i| self.region(i));
        let longest = regions.map(|r| r.end - r.start).max().unwrap_or(1);
        let blank = self.rng.next() as u8;
        self.begin(&[blank])?;
        let (seed, mut outages) = (self.rng.0, 0);
        // So many cannot happen by chance.
        while outages < 5000 {
            let most = [RECOVERY, longest * 3 / 2][self.rng.below(2) as usize];
            let steps = 1 + self.rng.below(most);
            if self.sim.step(steps)? != Stop::Commit {
                break;
            }
            outages += 1;
            self.sim.outage(&mut self.rng)?;
        }
        tally.failures += outages;
        self.complete(
            tally,
            &format!("{outages} failures with generator {seed:#x}"),
        )
    }

    /// A run from whatever NVM holds.
    pub fn resume(&mut self, tally: &mut Tally, nvm: &[u8], what: &str) -> Result<()> {
        self.sim.watch(false)?;
        self.sim.write(self.sim.nvm.start, nvm)?;
        self.sim.outage(&mut self.rng)?;
        self.complete(tally, what)
    }

    /// Every `stride`-th instruction before the first commit, from blank NVM, with a second failure soon after.
    pub fn first_boot(&mut self, tally: &mut Tally, stride: u64) -> Result<()> {
        self.sim.watch(true)?;
        self.begin(&[0xff])?;
        // The position word is all ones: it may have to be cleared before the first commit, or has been already.
        let mut undisturbed = Vec::new();
        for _ in 0..REACH {
            self.sim.run()?;
            undisturbed.push(self.sim.read_nvm()?);
        }
        let mut at = 1;
        while at < self.golden.at[0] {
            self.begin(&[0xff])?;
            for steps in [at, 1 + self.rng.below(RECOVERY)] {
                self.sim.step(steps)?;
                self.sim.outage(&mut self.rng)?;
                tally.failures += 1;
            }
            let stop = self.sim.run()?;
            let nvm = self.sim.read_nvm()?;
            let mut known = undisturbed.iter();
            if stop != Stop::Commit || !known.any(|known| same(known, &nvm, self.control)) {
                tally.wrong.push(format!(
                    "failure at instruction {at} of the first boot: {stop:?}, another NVM"
                ));
            }
            at += stride;
        }
        Ok(())
    }

    fn complete(&mut self, tally: &mut Tally, what: &str) -> Result<()> {
        tally.runs += 1;
        let stop = self.sim.run()?;
        if stop != Stop::Done {
            tally.wrong.push(format!("{what}: {stop:?}"));
            return Ok(());
        }
        self.judge(tally, what)
    }

    /// Compares data and report with the host's.
    fn judge(&mut self, tally: &mut Tally, what: &str) -> Result<()> {
        let nvm = self.sim.read_nvm()?;
        let data = &nvm[self.control..];
        if data != self.case.data {
            let byte = first_difference(data, &self.case.data);
            tally
                .wrong
                .push(format!("{what}: byte {byte:?} of the data"));
        } else if self.sim.report()? != self.golden.class {
            tally.wrong.push(format!("{what}: another report"));
        }
        Ok(())
    }

    /// NVM in the middle of a run.
    pub fn interrupted(&self) -> &[u8] {
        &self.golden.nvm[self.regions() / 2]
    }
}

/// Where in a region the power fails.
#[derive(Debug, Clone, Copy)]
pub enum Offset {
    /// So many instructions after its first.
    FromStart(u64),
    /// So many instructions before its last.
    FromEnd(u64),
    /// Anywhere.
    Anywhere,
}

impl Offset {
    fn of(self, rng: &mut Rng, length: u64) -> u64 {
        match self {
            Self::FromStart(n) => n.min(length - 1),
            Self::FromEnd(n) => (length - 1).saturating_sub(n),
            Self::Anywhere => rng.below(length),
        }
    }
}

/// What SRAM is painted with.
const PAINT: u8 = 0xa5;

/// Bytes of SRAM in use: variables, and the deepest stack since SRAM was painted.
fn painted(sim: &mut Sim) -> Result<u64> {
    let below = sim.read(SRAM.start - 0x100..SRAM.start)?;
    ensure!(
        below.iter().all(|&byte| byte == PAINT),
        "the stack has left SRAM"
    );
    // The first word is the guard at the end of the stack.
    let sram = sim.read(SRAM.start + 2..SRAM.end)?;
    let first = sram.iter().position(|&byte| byte != PAINT);
    // What is above the stack and still painted are the bytes kept for variables.
    let last = sram.iter().rposition(|&byte| byte != PAINT);
    Ok(first.zip(last).map_or(0, |(first, last)| last + 1 - first) as u64)
}

/// All of NVM is equal; where there was another clean start, all but what is bound to its number.
fn same(golden: &[u8], nvm: &[u8], control: usize) -> bool {
    golden == nvm
        || golden[EPOCH] != nvm[EPOCH]
            && golden[..EPOCH.start] == nvm[..EPOCH.start]
            && golden[control..] == nvm[control..]
}

fn first_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    a.iter().zip(b).position(|(a, b)| a != b)
}
