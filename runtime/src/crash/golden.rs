//! The run on continuous power that all others are compared with.

use std::collections::HashMap;
use std::vec;
use std::vec::Vec;

use super::frontier::DigestMap;
use super::hazard::Tracker;
use super::image::{Digest, Image};
use super::power::{Mark, Supply, Verdict};
use super::report::Hazard;
use super::tear::Grain;

/// One event of the run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Write {
        at: u32,
        len: u32,
        from: u32,
        grain: Grain,
    },
    Barrier,
    Commit,
}

/// One commit of the run.
pub(crate) struct Commit {
    pub mark: Mark,
    /// Index of the event.
    pub event: usize,
}

/// The log of the run: enough to rebuild NVM at any moment of it.
pub(crate) struct Golden {
    pub start: Image,
    pub end: Image,
    pub events: Vec<Event>,
    bytes: Vec<u8>,
    pub commits: Vec<Commit>,
    by_key: DigestMap<u32>,
    by_data: DigestMap<u32>,
    pub writes: u64,
    pub bytes_written: u64,
    pub longest_region: u64,
    /// Times that a paced loop asked for a commit.
    pub asked: u64,
    since_commit: u64,
    /// Of each byte, the event that last wrote it.
    last_write: Vec<u32>,
    /// The first commit at each place of the program.
    by_place: HashMap<(usize, u8, Option<u32>), u32>,
    tracker: Tracker,
}

impl Golden {
    /// Starts recording on this image.
    pub(crate) fn new(start: Image) -> Self {
        let tracker = Tracker::new(start.bytes().len(), start.data_from());
        let last_write = vec![0; start.bytes().len()];
        Self {
            end: start.clone(),
            start,
            events: Vec::new(),
            bytes: Vec::new(),
            commits: Vec::new(),
            by_key: DigestMap::default(),
            by_data: DigestMap::default(),
            writes: 0,
            bytes_written: 0,
            longest_region: 0,
            asked: 0,
            since_commit: 0,
            last_write,
            by_place: HashMap::new(),
            tracker,
        }
    }

    /// What an event wrote.
    pub(crate) fn written(&self, from: u32, len: u32) -> &[u8] {
        &self.bytes[from as usize..(from + len) as usize]
    }

    /// The commit at which all of NVM is like this.
    pub(crate) fn commit_like(&self, key: Digest) -> Option<u32> {
        self.by_key.get(&key).copied()
    }

    /// Whether the user's data are like this at some commit.
    pub(crate) fn has_data(&self, data: Digest) -> bool {
        self.by_data.contains_key(&data)
    }

    /// Whether the user's data can be those of a commit that this run makes at another moment, or not at all: only paced
    /// loops do so. An attempt that the power cut short may have got further than the commit that now comes, or have left
    /// anything where it was writing; all of that is written again. What this run does not write after its own commit at
    /// this place must be as it leaves it.
    pub(crate) fn may_have(&self, found: &Image, mark: Mark) -> bool {
        let Some(&index) = self.by_place.get(&place(mark)) else {
            return false;
        };
        let commit = self.commits[index as usize].event as u32;
        let data = self.start.data_from();
        let ends = found.bytes().iter().zip(self.end.bytes());
        self.asked > 0
            && ends
                .zip(&self.last_write)
                .skip(data)
                .all(|((found, end), &last)| found == end || last > commit)
    }

    /// NVM as it was at commit number `index`, or at the end.
    pub(crate) fn at_commit(&self, index: usize) -> Image {
        let Some(commit) = self.commits.get(index) else {
            return self.end.clone();
        };
        let mut image = self.start.clone();
        for event in &self.events[..commit.event] {
            if let Event::Write { at, len, from, .. } = *event {
                image.put(at as usize, self.written(from, len));
            }
        }
        image
    }

    /// Where the region begins, and where it ends, that follows this commit.
    pub(crate) fn region(&self, after: Option<u32>) -> (Option<Mark>, Option<Mark>) {
        let mark = |index: usize| self.commits.get(index).map(|commit| commit.mark);
        (
            after.and_then(|c| mark(c as usize)),
            mark(after.map_or(0, |c| c as usize + 1)),
        )
    }

    /// Commits that were a single write of the position word.
    pub(crate) fn word_commits(&self) -> usize {
        let is_word = |commit: &&Commit| {
            let write = self.events[..commit.event]
                .iter()
                .rfind(|event| matches!(event, Event::Write { .. }));
            matches!(write, Some(Event::Write { at: 0, len: 2, .. }))
        };
        self.commits.iter().filter(is_word).count()
    }

    pub(crate) fn hazards(&self) -> Vec<Hazard> {
        self.tracker.hazards().to_vec()
    }

    /// Whether another run did the very same.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.events == other.events && self.bytes == other.bytes
    }
}

/// Where a commit stands in the program; loops that run again come by the same place.
fn place(mark: Mark) -> (usize, u8, Option<u32>) {
    let task = mark.0.task.map_or(0, |task| (&raw const *task).addr());
    (task, mark.0.site, mark.0.position)
}

impl Supply for Golden {
    fn write(&mut self, at: usize, bytes: &[u8], grain: Grain) -> Verdict {
        let from = self.bytes.len() as u32;
        self.bytes.extend_from_slice(bytes);
        self.events.push(Event::Write {
            at: at as u32,
            len: bytes.len() as u32,
            from,
            grain,
        });
        self.writes += 1;
        self.bytes_written += bytes.len() as u64;
        self.since_commit += 1;
        self.longest_region = self.longest_region.max(self.since_commit);
        self.tracker
            .write(at, &self.end.bytes()[at..at + bytes.len()], bytes);
        self.end.put(at, bytes);
        let now = self.events.len() as u32;
        self.last_write[at..at + bytes.len()].fill(now);
        Verdict::Pass
    }

    fn read(&mut self, at: usize, len: usize) {
        self.tracker.read(at, len);
    }

    fn barrier(&mut self) {
        self.events.push(Event::Barrier);
    }

    fn due(&mut self) -> bool {
        self.asked += 1;
        true
    }

    fn committed(&mut self, mark: Mark) -> bool {
        let index = self.commits.len() as u32;
        self.by_place.entry(place(mark)).or_insert(index);
        self.by_key.insert(self.end.key(), index);
        self.by_data.insert(self.end.data_key(), index);
        self.commits.push(Commit {
            mark,
            event: self.events.len(),
        });
        self.events.push(Event::Commit);
        self.since_commit = 0;
        self.tracker.committed(mark);
        true
    }
}
