//! Dynamic write-after-read tracking: a byte that a region reads and later changes makes the region's re-execution
//! see other input than its first execution.
//!
//! What is seen is what passes the store: on a byte store every fetch of an input, on a mapped store writes only,
//! because there a read is an ordinary load.

use std::vec;
use std::vec::Vec;

use super::power::Mark;
use super::report::Hazard;

/// More than this many are not kept: they repeat.
const KEPT: usize = 16;

/// Which bytes the region under way has read.
pub(crate) struct Tracker {
    /// Per byte the number of the region that read it last.
    read_in: Vec<u32>,
    data_from: usize,
    region: u32,
    since: Option<Mark>,
    /// Hazards of the region under way; where it ends is not known yet.
    open: Vec<usize>,
    found: Vec<Hazard>,
}

impl Tracker {
    pub(crate) fn new(len: usize, data_from: usize) -> Self {
        Self {
            read_in: vec![0; len],
            data_from,
            region: 1,
            since: None,
            open: Vec::new(),
            found: Vec::new(),
        }
    }

    pub(crate) fn read(&mut self, at: usize, len: usize) {
        // Reads out of range are the store's to refuse.
        let end = (at + len).min(self.read_in.len());
        if let Some(bytes) = self.read_in.get_mut(at.max(self.data_from)..end) {
            bytes.fill(self.region);
        }
    }

    pub(crate) fn write(&mut self, at: usize, old: &[u8], new: &[u8]) {
        let hit = (0..new.len()).find(|&i| self.read_in[at + i] == self.region && old[i] != new[i]);
        if let Some(i) = hit.filter(|_| self.found.len() + self.open.len() < KEPT) {
            self.open.push(at + i - self.data_from);
        }
    }

    pub(crate) fn committed(&mut self, mark: Mark) {
        for offset in self.open.drain(..) {
            self.found.push(Hazard {
                offset,
                after: self.since,
                before: mark,
            });
        }
        self.since = Some(mark);
        self.region += 1;
    }

    pub(crate) fn hazards(&self) -> &[Hazard] {
        &self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: Mark = Mark(crate::store::Commit {
        task: None,
        site: 1,
        position: None,
    });

    #[test]
    fn only_a_change_after_a_read_in_the_same_region_is_a_hazard() {
        let mut tracker = Tracker::new(32, 8);
        tracker.write(10, &[0], &[1]);
        tracker.read(10, 4);
        tracker.write(11, &[5], &[5]);
        tracker.committed(MARK);
        tracker.write(12, &[0], &[1]);
        tracker.committed(MARK);
        assert!(tracker.hazards().is_empty());
        tracker.read(0, 32);
        tracker.write(4, &[0], &[1]);
        tracker.write(20, &[0, 0], &[0, 1]);
        tracker.committed(MARK);
        assert_eq!(tracker.hazards().len(), 1);
        assert_eq!(tracker.hazards()[0].offset, 13);
    }
}
