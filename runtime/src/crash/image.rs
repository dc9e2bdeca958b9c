//! An image of NVM that knows its own digest, so that "have we seen this state?" costs a few bytes' work per write.

use std::vec::Vec;

use super::rng::mix;

/// A 128-bit Zobrist digest: the exclusive or, over all bytes that differ from the image that exploration began with,
/// of a pseudo-random word for (offset, value). Changing a byte therefore costs two table-free mixes, whatever the size
/// of the image. Two of `n` distinct images share a digest with probability below n² / 2^128, which is neglected.
pub(crate) type Digest = u128;

fn token(at: usize, value: u8) -> Digest {
    let word = (at as u64) << 8 | u64::from(value);
    u128::from(mix(word ^ 0x5EED_0000_0000_0001)) << 64
        | u128::from(mix(word ^ 0xA5A5_0000_0000_0000))
}

/// NVM contents with the digests of its two parts: the control area below `data_from`, the user's data from there on.
#[derive(Clone)]
pub(crate) struct Image {
    bytes: Vec<u8>,
    data_from: usize,
    control: Digest,
    data: Digest,
}

impl Image {
    /// The image all digests are relative to.
    pub(crate) fn new(bytes: Vec<u8>, data_from: usize) -> Self {
        Self {
            bytes,
            data_from,
            control: 0,
            data: 0,
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn data(&self) -> &[u8] {
        &self.bytes[self.data_from..]
    }

    pub(crate) fn data_from(&self) -> usize {
        self.data_from
    }

    /// Digest of everything.
    pub(crate) fn key(&self) -> Digest {
        self.control ^ self.data
    }

    /// Digest of the user's data.
    pub(crate) fn data_key(&self) -> Digest {
        self.data
    }

    /// Writes, and keeps the digests.
    pub(crate) fn put(&mut self, at: usize, new: &[u8]) {
        for (i, &value) in new.iter().enumerate() {
            let at = at + i;
            let old = self.bytes[at];
            if old != value {
                let change = token(at, old) ^ token(at, value);
                if at < self.data_from {
                    self.control ^= change;
                } else {
                    self.data ^= change;
                }
                self.bytes[at] = value;
            }
        }
    }

    /// The key that the image would have with `new` written at `at`.
    pub(crate) fn key_with(&self, at: usize, new: &[u8]) -> Digest {
        let mut key = self.key();
        for (i, &value) in new.iter().enumerate() {
            key = self.key_turned(key, at + i, value);
        }
        key
    }

    /// The key that the image would have with another byte at `at`, if it has this key with the present one.
    pub(crate) fn key_turned(&self, key: Digest, at: usize, new: u8) -> Digest {
        match self.bytes[at] {
            old if old == new => key,
            old => key ^ token(at, old) ^ token(at, new),
        }
    }

    /// Offset into the user's data of the first byte that differs, with the byte expected and the byte found.
    pub(crate) fn first_difference(expected: &Self, found: &Self) -> Option<(usize, u8, u8)> {
        if expected.data() == found.data() {
            return None;
        }
        let pairs = expected.data().iter().zip(found.data());
        pairs
            .enumerate()
            .find(|(_, (a, b))| a != b)
            .map(|(at, (a, b))| (at, *a, *b))
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;
    use crate::crash::rng::Rng;

    #[test]
    fn digests_follow_the_contents_however_they_came_about() {
        let start = Image::new(vec![7; 64], 16);
        let mut rng = Rng::new(3);
        let mut seen = std::collections::HashMap::new();
        let mut image = start.clone();
        for _ in 0..if cfg!(miri) { 100 } else { 5_000 } {
            let at = rng.below(60);
            let new = [rng.next() as u8 & 1, rng.next() as u8 & 1];
            let ahead = image.key_with(at, &new);
            image.put(at, &new);
            assert_eq!(ahead, image.key());
            assert_eq!(
                seen.entry(image.bytes().to_vec()).or_insert(image.key()),
                &image.key()
            );
        }
        image.put(0, &[7; 64]);
        assert_eq!((image.key(), image.data_key()), (0, 0));
        assert!(Image::first_difference(&start, &image).is_none());
        image.put(20, &[8]);
        assert_eq!(Image::first_difference(&start, &image), Some((4, 7, 8)));
    }
}
