//! What a check tried, and what it found wrong.

use core::fmt;
use std::string::String;
use std::vec::Vec;

use super::explore::Explorer;
use super::frontier::Limits;
use super::golden::Golden;
use super::power::Mark;
use super::schedule::Totals;
use super::tear::Tear;
use crate::Error;

/// What a passed check tried. Its `Display` is a few lines for a test's output, such as
///
/// ```text
/// crash check, mapped store of 276 B, second run: 19 commits (12 words, 7 records), 34 writes, 208 B written
///   3702 cuts, 8227 tears, 0 reorderings: 204 distinct images, 5739 recoveries, 10453 writes redone
///   complete at every depth (deepest new image: 2 outages), each run to its end
///   100 random schedules with 5435 outages, seed 1
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Report {
    /// The kind of store: `mapped` or `bytes`.
    pub store: &'static str,
    /// Size of the NVM image in bytes.
    pub nvm_bytes: usize,
    /// NVM writes of the run on continuous power.
    pub writes: u64,
    /// Bytes these wrote.
    pub bytes_written: u64,
    /// Commits of the run on continuous power.
    pub commits: usize,
    /// Those of them that were one aligned word.
    pub word_commits: usize,
    /// Those of them that were a record.
    pub record_commits: usize,
    /// Outages tried between two writes, at any depth.
    pub cuts: u64,
    /// Outages tried inside a write, at any depth.
    pub tears: u64,
    /// Outages tried with writes since the last barrier missing, at any depth.
    pub reorderings: u64,
    /// Distinct NVM images that these left, each of which was recovered.
    pub states: u64,
    /// NVM images that were not recovered, because of [`depth`](super::Check::depth) or
    /// [`max_states`](super::Check::max_states). 0 means that outages during recovery were tried to *every* depth.
    pub unexplored: u64,
    /// Most outages in a row (an outage in a recovery from an outage in a recovery …) that led to a new image.
    pub depth: u32,
    /// Recoveries: executions from a reset on, random schedules included.
    pub recoveries: u64,
    /// Writes that those made, less one golden run per schedule.
    pub redone: u64,
    /// Commits that a recovery passed before it was known to go like the run on continuous power; `None`: it always ran
    /// to its end.
    pub pruned_after: Option<usize>,
    /// Random schedules, each run to its end.
    pub schedules: u64,
    /// Outages in those.
    pub outages: u64,
    /// Times that a paced loop was told not to commit.
    pub declined: u64,
    /// Seed of all that is random.
    pub seed: u64,
    /// Whether NVM held an earlier, complete run when the checked run began.
    pub warm: bool,
    /// Regions that read a byte and then change it. They did no harm, or the check would have failed.
    pub hazards: Vec<Hazard>,
}

impl Report {
    /// Adds what an exploration did.
    pub(crate) fn add_explored(&mut self, explored: &Explorer) {
        let counts = explored.counts();
        self.cuts += counts.cuts;
        self.tears += counts.tears;
        self.reorderings += counts.reorderings;
        self.states += counts.states;
        self.unexplored += counts.unexplored;
        self.depth = self.depth.max(counts.depth);
        self.recoveries += explored.recoveries;
        self.redone += explored.redone;
        self.declined += explored.adversary.declined;
    }

    /// Adds what random schedules did.
    pub(crate) fn add_schedules(&mut self, totals: &Totals) {
        self.schedules += totals.schedules;
        self.outages += totals.outages;
        self.recoveries += totals.recoveries;
        self.redone += totals.redone;
        self.declined += totals.declined;
    }

    /// Describes the run on continuous power.
    pub(crate) fn describe(&mut self, golden: &Golden, limits: Limits) {
        self.writes = golden.writes;
        self.bytes_written = golden.bytes_written;
        self.commits = golden.commits.len();
        self.word_commits = golden.word_commits();
        self.record_commits = self.commits - self.word_commits;
        self.hazards = golden.hazards();
        self.pruned_after =
            (limits.settle != usize::MAX).then_some(limits.settle.saturating_add(1));
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "crash check, {} store of {} B{}: {} commits ({} words, {} records), {} writes, {} B written",
            self.store,
            self.nvm_bytes,
            if self.warm { ", second run" } else { "" },
            self.commits,
            self.word_commits,
            self.record_commits,
            self.writes,
            self.bytes_written,
        )?;
        writeln!(
            f,
            "  {} cuts, {} tears, {} reorderings: {} distinct images, {} recoveries, {} writes redone",
            self.cuts, self.tears, self.reorderings, self.states, self.recoveries, self.redone,
        )?;
        let end = match self.pruned_after {
            None => String::from("each run to its end"),
            Some(commits) => {
                std::format!("each followed over {commits} commits equal to the golden run's")
            }
        };
        match self.unexplored {
            0 => writeln!(
                f,
                "  complete at every depth (deepest new image: {} outages), {end}",
                self.depth
            )?,
            n => writeln!(
                f,
                "  INCOMPLETE: {n} images were not recovered (depth {}), {end}",
                self.depth
            )?,
        }
        write!(
            f,
            "  {} random schedules with {} outages, seed {}",
            self.schedules, self.outages, self.seed
        )?;
        if self.declined > 0 {
            write!(
                f,
                "\n  paced loops were told {} times not to commit",
                self.declined
            )?;
        }
        for hazard in &self.hazards {
            write!(f, "\n  write after read: {hazard}")?;
        }
        Ok(())
    }
}

/// A region that reads a byte of NVM and later changes it.
#[derive(Debug, Clone, Copy)]
pub struct Hazard {
    /// Offset into the NVM layout.
    pub offset: usize,
    pub(crate) after: Option<Mark>,
    pub(crate) before: Mark,
}

impl fmt::Display for Hazard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "byte {} in the region that ends at {}",
            self.offset, self.before
        )?;
        match self.after {
            Some(mark) => write!(f, " and began at {mark}"),
            None => Ok(()),
        }
    }
}

/// One outage on the way to a failure.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Outage {
    /// Number of the NVM write since power came (from 0) at which it went again.
    pub write: u64,
    /// Offset of that write in the store.
    pub offset: usize,
    /// Its length; 0 when the program had nothing more to write.
    pub len: usize,
    /// How it was interrupted.
    pub tear: Tear,
    /// The commits that the interrupted region lies between.
    pub(crate) region: Option<Mark>,
    pub(crate) until: Option<Mark>,
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cut at write {} ({} B at offset {}), {}",
            self.write, self.len, self.offset, self.tear
        )?;
        match self.until {
            Some(mark) => write!(f, ", in the region up to {mark}")?,
            None => write!(f, ", after the last commit")?,
        }
        match self.region {
            Some(mark) => write!(f, " from {mark}"),
            None => write!(f, " from the start"),
        }
    }
}

/// What went wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reason {
    /// At a commit after the outages, the data were not those of any commit of the run on continuous power.
    CommitDiffers(Difference),
    /// At the end the data were not those of the run on continuous power.
    ResultDiffers(Difference),
    /// The run on continuous power failed.
    Golden(Error),
    /// Two runs on continuous power did different things: something other than NVM steers the task.
    NotDeterministic,
    /// A second start after completion wrote to NVM or ran the task again.
    NotFinal,
    /// A recovery returned an error.
    Error(Error),
    /// A recovery panicked.
    Panic(String),
    /// A recovery on continuous power did not end.
    NoProgress {
        /// Writes it had made.
        writes: u64,
    },
}

/// The first byte that differs.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Difference {
    /// Offset into the NVM layout.
    pub offset: usize,
    /// What the run on continuous power had there.
    pub expected: u8,
    /// What was there.
    pub got: u8,
    /// The commit that the data are compared at; `None` at the end.
    pub(crate) at: Option<Mark>,
}

/// The first outage after which the result differs, and how it does.
///
/// ```
/// use rekindle::crash::{Bug, Check, Reason};
/// use rekindle::prelude::*;
///
/// #[derive(Layout)]
/// struct Memory { y: Buffer<[u8; 4]> }
///
/// #[intermittent_task]
/// fn count(y: Output<[u8; 4]>) {
///     #[commit]
///     for i in 0..4 {
///         y.set(i, 7);
///     }
/// }
///
/// let check = Check::<Memory>::new().bug(Bug::NoBarrier);
/// let failure = check.try_mapped(|cx, m| count(cx, &mut m.y)).unwrap_err();
/// assert_eq!(failure.outages.len(), 1);
/// let (Reason::CommitDiffers(difference) | Reason::ResultDiffers(difference)) = failure.reason else {
///     panic!("{failure}")
/// };
/// assert_eq!((difference.offset, difference.expected, difference.got), (0, 7, 0));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Failure {
    /// The kind of store: `mapped` or `bytes`.
    pub store: &'static str,
    /// The outages, in order; empty when the run on continuous power failed.
    pub outages: Vec<Outage>,
    /// What went wrong.
    pub reason: Reason,
    /// Seed of all that is random.
    pub seed: u64,
    /// Number of the random schedule, when it was one.
    pub schedule: Option<u64>,
}

impl Failure {
    /// Source file and line of the commit that ends the region in which the last outage was, when the task knows them.
    pub fn line(&self) -> Option<(&'static str, u32)> {
        let last = self.outages.last()?;
        last.until
            .as_ref()
            .and_then(Mark::line)
            .or_else(|| last.region.as_ref().and_then(Mark::line))
    }
}

impl Failure {
    /// The `#[assume_idempotent("why")]` of the tasks around the last outage, any of which may be false: file, line, why.
    pub fn assumptions(&self) -> Vec<(&'static str, u32, &'static str)> {
        let mut found = Vec::new();
        let marks = self.outages.last().map(|last| [last.region, last.until]);
        for task in marks
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|mark| mark.0.task)
        {
            for (line, why) in task.assumed {
                let assumption = (task.file, *line, *why);
                if !found.contains(&assumption) {
                    found.push(assumption);
                }
            }
        }
        found
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "not crash-safe on a {} store", self.store)?;
        match self.schedule {
            Some(n) => writeln!(f, "  random schedule {n} of seed {}:", self.seed)?,
            None => writeln!(f, "  seed {}:", self.seed)?,
        }
        // A random schedule can have hundreds; the last ones say what happened.
        let skipped = self.outages.len().saturating_sub(6);
        if skipped > 0 {
            writeln!(f, "  … {skipped} outages …")?;
        }
        for outage in &self.outages[skipped..] {
            writeln!(f, "  {outage}")?;
        }
        write!(f, "  ")?;
        match &self.reason {
            Reason::CommitDiffers(difference) => {
                write!(
                    f,
                    "then a commit with data that continuous power never commits: {difference}"
                )
            }
            Reason::ResultDiffers(difference) => write!(f, "then a wrong result: {difference}"),
            Reason::Golden(error) => write!(f, "the run on continuous power failed: {error}"),
            Reason::NotDeterministic => {
                write!(
                    f,
                    "two runs on continuous power wrote different things: something other than NVM steers the task"
                )
            }
            Reason::NotFinal => write!(f, "a start after completion wrote to NVM"),
            Reason::Error(error) => write!(f, "then recovery failed: {error}"),
            Reason::Panic(message) => write!(f, "then a panic: {message}"),
            Reason::NoProgress { writes } => {
                write!(
                    f,
                    "then no end: {writes} writes on continuous power without completion"
                )
            }
        }?;
        for (file, line, why) in self.assumptions() {
            write!(
                f,
                "\n  {file}:{line} assumes that repeating a statement does no harm (\"{why}\"): check that first"
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "byte {} is {:#04x}, expected {:#04x}",
            self.offset, self.got, self.expected
        )?;
        match self.at {
            Some(mark) => write!(f, " (at {mark})"),
            None => Ok(()),
        }
    }
}
