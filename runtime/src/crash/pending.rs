//! Writes that no barrier has made durable yet: at an outage any of them may be missing.
//!
//! This is what catches a missing barrier or fence. In the order in which the program makes them, a commit after its
//! data looks right with or without a barrier; a write buffer, a cache or the compiler may let the commit arrive first.

use std::vec;
use std::vec::Vec;

use super::image::Image;
use super::rng::Rng;

struct Write {
    at: usize,
    old: Vec<u8>,
    new: Vec<u8>,
}

/// The writes since the last barrier, and what they replaced.
pub(crate) struct Pending {
    writes: Vec<Write>,
    /// Per byte the epoch that wrote it last: tells cheaply whether two pending writes overlap.
    written_in: Vec<u32>,
    epoch: u32,
    overlap: bool,
}

impl Pending {
    pub(crate) fn new(len: usize) -> Self {
        Self {
            writes: Vec::new(),
            written_in: vec![0; len],
            epoch: 1,
            overlap: false,
        }
    }

    /// To be called before the image takes the write.
    pub(crate) fn add(&mut self, image: &Image, at: usize, new: &[u8]) {
        for stamp in &mut self.written_in[at..at + new.len()] {
            self.overlap |= *stamp == self.epoch;
            *stamp = self.epoch;
        }
        let old = image.bytes()[at..at + new.len()].to_vec();
        self.writes.push(Write {
            at,
            old,
            new: new.to_vec(),
        });
    }

    /// All is durable.
    pub(crate) fn settle(&mut self) {
        self.writes.clear();
        self.overlap = false;
        self.epoch += 1;
    }

    fn without(&self, image: &mut Image, mut dropped: impl FnMut(usize) -> bool) {
        self.undo(image);
        for (i, write) in self.writes.iter().enumerate() {
            if !dropped(i) {
                image.put(write.at, &write.new);
            }
        }
    }

    fn undo(&self, image: &mut Image) {
        for write in self.writes.iter().rev() {
            image.put(write.at, &write.old);
        }
    }

    fn redo(&self, image: &mut Image) {
        for write in &self.writes {
            image.put(write.at, &write.new);
        }
    }

    /// What the image holds where it lacks a pending write.
    pub(crate) fn lost<'a>(&'a self, image: &'a Image) -> impl Iterator<Item = (usize, &'a [u8])> {
        self.writes.iter().filter_map(|write| {
            let left = &image.bytes()[write.at..write.at + write.new.len()];
            (left != &*write.new).then_some((write.at, left))
        })
    }

    /// Drops a random subset from the image, and settles.
    pub(crate) fn lose_some(&mut self, image: &mut Image, rng: &mut Rng) {
        self.without(image, |_| rng.next() & 1 == 1);
        self.settle();
    }

    /// Shows `seen` the image with each single pending write missing; of more than `most`, with so many of them. With
    /// `samples`, also with only the last one arrived, and that many random subsets. The image is as before afterwards.
    ///
    /// Not all subsets: there are 2ⁿ, and a commit that overtakes its data shows with one missing byte of them.
    pub(crate) fn each(
        &self,
        image: &mut Image,
        most: usize,
        samples: u32,
        rng: &mut Rng,
        seen: &mut dyn FnMut(&Image),
    ) {
        let count = self.writes.len();
        if count < 2 {
            return;
        }
        for i in 0..count.min(most) {
            let lost = if count <= most { i } else { rng.below(count) };
            if self.overlap {
                self.without(image, |i| i == lost);
                seen(image);
                self.redo(image);
            } else {
                let write = &self.writes[lost];
                image.put(write.at, &write.old);
                seen(image);
                image.put(write.at, &write.new);
            }
        }
        if samples > 0 && count > 2 {
            self.without(image, |i| i + 1 < count);
            seen(image);
            self.redo(image);
        }
        if count > 3 {
            for _ in 0..samples {
                self.without(image, |_| rng.next() & 1 == 1);
                seen(image);
                self.redo(image);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn subsets(writes: &[(usize, &[u8])]) -> BTreeSet<Vec<u8>> {
        let mut image = Image::new(vec![0; 4], 0);
        let mut pending = Pending::new(4);
        for (at, new) in writes {
            pending.add(&image, *at, new);
            image.put(*at, new);
        }
        let before = image.bytes().to_vec();
        let mut all = BTreeSet::new();
        pending.each(&mut image, 100, 4, &mut Rng::new(1), &mut |image| {
            all.insert(image.bytes().to_vec());
        });
        assert_eq!(image.bytes(), before);
        all
    }

    #[test]
    fn each_single_write_is_lost_and_the_last_one_is_kept() {
        let seen = subsets(&[(0, &[1]), (1, &[2]), (2, &[3])]);
        for image in [[0, 2, 3, 0], [1, 0, 3, 0], [1, 2, 0, 0], [0, 0, 3, 0]] {
            assert!(seen.contains(&image[..]), "{image:?}");
        }
    }

    #[test]
    fn overlapping_writes_keep_their_order() {
        let seen = subsets(&[(0, &[1, 1]), (1, &[2, 2])]);
        assert_eq!(seen, BTreeSet::from([vec![1, 1, 0, 0], vec![0, 2, 2, 0]]));
    }
}
