//! What a write may leave behind when the power fails inside it.

use core::fmt;
use std::vec::Vec;

use super::rng::Rng;

/// How a store's write can be interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grain {
    /// Aligned 16-bit words are all-or-nothing, as on MSP430FR: a longer write may stop between two words.
    Word,
    /// Nothing is atomic: a write may stop after any byte, and the byte in flight may hold anything.
    Byte,
}

impl Grain {
    pub(crate) const fn of(word_atomic: bool) -> Self {
        if word_atomic { Self::Word } else { Self::Byte }
    }
}

/// How the power failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tear {
    /// Right after the write, before the next.
    Clean,
    /// Only the first bytes of the write arrived, or none.
    Prefix(u32),
    /// The first bytes arrived and the next one holds garbage.
    Garbage(u32),
    /// Some words (or bits) arrived, others did not.
    Mixed,
    /// Of the writes since the last barrier, only some arrived.
    Reordered,
}

impl fmt::Display for Tear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clean => write!(f, "right after it"),
            Self::Prefix(0) => write!(f, "before any of its bytes"),
            Self::Prefix(n) => write!(f, "after {n} of its bytes"),
            Self::Garbage(n) => write!(f, "after {n} of its bytes, the next one torn"),
            Self::Mixed => write!(f, "with only some of its bits written"),
            Self::Reordered => write!(
                f,
                "with earlier writes since the last barrier not all arrived"
            ),
        }
    }
}

/// How much is tried per write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Thoroughness {
    /// Also garbage in the byte in flight.
    pub garbage: bool,
    /// Random subsets of the changed words or bits, per write.
    pub subsets: u32,
}

/// Where a write of `len` bytes at `at` can stop: after so many bytes, neither 0 nor `len`.
pub(crate) fn stops(at: usize, len: usize, grain: Grain) -> impl Iterator<Item = usize> {
    let (first, step) = match grain {
        Grain::Byte => (1, 1),
        Grain::Word => (2 - at % 2, 2),
    };
    (first..len).step_by(step)
}

/// Calls `found` with things other than a prefix that the `old.len()` bytes at `at` may hold after a cut inside a write
/// of `new`.
pub(crate) fn dirty(
    at: usize,
    old: &[u8],
    new: &[u8],
    grain: Grain,
    how: Thoroughness,
    rng: &mut Rng,
    found: &mut dyn FnMut(&[u8], Tear),
) {
    let mut torn = old.to_vec();
    if grain == Grain::Byte && how.garbage {
        for i in 0..new.len() {
            torn[i] = rng.next() as u8;
            found(&torn, Tear::Garbage(i as u32));
            torn[i] = new[i];
        }
    }
    if old == new {
        return;
    }
    let units: Vec<usize> = stops(at, new.len(), grain).collect();
    if grain == Grain::Word && (1..=3).contains(&units.len()) {
        // Up to four words: every subset, whichever way the copy runs.
        for subset in 1..(1u32 << (units.len() + 1)) - 1 {
            mix_words(&units, old, new, u64::from(subset), &mut torn);
            found(&torn, Tear::Mixed);
        }
    } else if !units.is_empty() || grain == Grain::Byte {
        for _ in 0..how.subsets {
            mix_any(&units, old, new, grain, rng, &mut torn);
            found(&torn, Tear::Mixed);
        }
    }
}

/// One random thing that may be left of the write, the clean cut included.
pub(crate) fn one(
    at: usize,
    old: &[u8],
    new: &[u8],
    grain: Grain,
    garbage: bool,
    rng: &mut Rng,
) -> (Vec<u8>, Tear) {
    let mut torn = old.to_vec();
    let units: Vec<usize> = stops(at, new.len(), grain).collect();
    match rng.below(4) {
        0 => return (torn, Tear::Prefix(0)),
        1 if grain == Grain::Byte && garbage => {
            let i = rng.below(new.len());
            torn[..i].copy_from_slice(&new[..i]);
            torn[i] = rng.next() as u8;
            return (torn, Tear::Garbage(i as u32));
        }
        2 if !units.is_empty() => {
            mix_any(&units, old, new, grain, rng, &mut torn);
            return (torn, Tear::Mixed);
        }
        _ => {}
    }
    if units.is_empty() {
        return (torn, Tear::Prefix(0));
    }
    let stop = units[rng.below(units.len())];
    torn[..stop].copy_from_slice(&new[..stop]);
    (torn, Tear::Prefix(stop as u32))
}

/// Bit `i` of `subset` says whether the words up to stop `i` come from `new`.
fn mix_words(stops: &[usize], old: &[u8], new: &[u8], subset: u64, torn: &mut [u8]) {
    let mut from = 0;
    for (i, &to) in stops.iter().chain(core::iter::once(&new.len())).enumerate() {
        let source = if subset >> (i % 64) & 1 == 1 {
            new
        } else {
            old
        };
        torn[from..to].copy_from_slice(&source[from..to]);
        from = to;
    }
}

fn mix_any(stops: &[usize], old: &[u8], new: &[u8], grain: Grain, rng: &mut Rng, torn: &mut [u8]) {
    match grain {
        Grain::Word => mix_words(stops, old, new, rng.next(), torn),
        // Any subset of the bits that should have changed.
        Grain::Byte => {
            for ((torn, &old), &new) in torn.iter_mut().zip(old).zip(new) {
                let mask = rng.next() as u8;
                *torn = old & !mask | new & mask;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::vec;

    use super::*;

    fn tears(at: usize, old: &[u8], new: &[u8], grain: Grain, garbage: bool) -> BTreeSet<Vec<u8>> {
        let prefix = |stop: usize| [&new[..stop], &old[stop..]].concat();
        let mut all: BTreeSet<Vec<u8>> = stops(at, new.len(), grain).map(prefix).collect();
        let how = Thoroughness {
            garbage,
            subsets: 0,
        };
        dirty(
            at,
            old,
            new,
            grain,
            how,
            &mut Rng::new(1),
            &mut |torn, _| {
                all.insert(torn.to_vec());
            },
        );
        all
    }

    #[test]
    fn single_aligned_words_are_all_or_nothing() {
        assert!(tears(4, &[0, 0], &[1, 2], Grain::Word, true).is_empty());
        assert!(tears(5, &[0], &[1], Grain::Word, true).is_empty());
    }

    #[test]
    fn unaligned_words_are_not() {
        let left = tears(5, &[0, 0], &[1, 2], Grain::Word, true);
        assert_eq!(left, BTreeSet::from([vec![1, 0], vec![0, 2]]));
    }

    #[test]
    fn longer_writes_stop_between_words() {
        let left = tears(4, &[0; 4], &[1, 2, 3, 4], Grain::Word, true);
        assert_eq!(left, BTreeSet::from([vec![1, 2, 0, 0], vec![0, 0, 3, 4]]));
    }

    #[test]
    fn bytes_stop_anywhere_and_may_hold_garbage() {
        let left = tears(0, &[0; 3], &[1, 2, 3], Grain::Byte, false);
        assert_eq!(left, BTreeSet::from([vec![1, 0, 0], vec![1, 2, 0]]));
        assert!(tears(0, &[9], &[9], Grain::Byte, true).len() == 1);
    }
}
