//! The run on continuous power that all others are compared with.

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
    since_commit: u64,
    tracker: Tracker,
}

impl Golden {
    /// Starts recording on this image.
    pub(crate) fn new(start: Image) -> Self {
        let tracker = Tracker::new(start.bytes().len(), start.data_from());
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
            since_commit: 0,
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

    /// Commits that were a single write of one aligned word.
    pub(crate) fn word_commits(&self) -> usize {
        let is_word = |commit: &&Commit| {
            let write = self.events[..commit.event]
                .iter()
                .rfind(|event| matches!(event, Event::Write { .. }));
            let is_word = matches!(write, Some(Event::Write { at, len: 2, .. }) if at % 2 == 0);
            commit.mark.is_position() && is_word
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
        Verdict::Pass
    }

    fn read(&mut self, at: usize, len: usize) {
        self.tracker.read(at, len);
    }

    fn barrier(&mut self) {
        self.events.push(Event::Barrier);
    }

    fn committed(&mut self, mark: Mark) -> bool {
        let index = self.commits.len() as u32;
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
