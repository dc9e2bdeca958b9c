//! What lies in a page.
//!
//! ```text
//! page:   erased mark (magic, erase count, CRC) | opened mark (magic, sequence, tail, capacity, CRC) | entries
//!         (an opened mark that was torn stays, and the next is behind it)
//! entry:  word (kind 4 bits, length - 1 8 bits, address 20 bits) | data | CRC
//! ```
//!
//! Everything is padded with ones to the unit in which the memory is written. The CRC of an entry also covers the sequence
//! number of its page and its place there, so that no copy of an entry is taken for one.

use crate::layout::align_up;
use crate::record;

/// Largest unit of writing that is supported, in bytes.
pub(super) const UNIT_MAX: usize = 32;
/// Largest data of one entry.
pub(super) const DATA_MAX: usize = 256;
/// Room for an entry.
pub(super) const ENTRY_MAX: usize = 4 + DATA_MAX + 4 + UNIT_MAX;
/// Largest image: addresses have 20 bits.
pub(super) const IMAGE_MAX: usize = match 1_usize.checked_shl(20) {
    Some(max) => max,
    // All that a 16-bit CPU addresses.
    None => usize::MAX,
};

const ERASED: u32 = 0x524b_4531;
const OPENED: u32 = 0x524b_4f31;
/// In place of `ERASED`: the page is worn out.
const RETIRED: u32 = 0x1002_0020;
/// In its place as well: the page is no part of the journal any more. However it is torn, it is not `RETIRED`.
const DROPPED: u32 = ERASED & !RETIRED;
const ERASED_LEN: usize = 12;
const OPENED_LEN: usize = 20;
/// Data of a note: page, erase count, tail.
pub(super) const NOTE: usize = 12;
/// Data of a note about a part of an erase: how many are done, and of how many.
pub(super) const PART: usize = 4;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Bytes that were written.
    Data,
    /// Bytes repeated by a copying pass.
    Copy,
    /// A page is about to be erased.
    Erasing,
    /// A page is about to be opened.
    Opening,
    /// So many parts of a page's erase are done. The page is in place of the address.
    Part,
}

impl Kind {
    const fn bits(self) -> u32 {
        match self {
            Self::Data => 0x3,
            Self::Copy => 0x5,
            Self::Erasing => 0x6,
            Self::Opening => 0x9,
            Self::Part => 0xa,
        }
    }

    const fn of(bits: u32) -> Option<Self> {
        match bits {
            0x3 => Some(Self::Data),
            0x5 => Some(Self::Copy),
            0x6 => Some(Self::Erasing),
            0x9 => Some(Self::Opening),
            0xa => Some(Self::Part),
            _ => None,
        }
    }
}

/// Places and sizes for one unit of writing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Format {
    pub unit: usize,
}

impl Format {
    /// The place of the opened mark, the first or one that follows torn ones.
    pub const fn opened_at(self, slot: usize) -> usize {
        align_up(ERASED_LEN, self.unit) + slot * align_up(OPENED_LEN, self.unit)
    }

    pub const fn data_at(self, slot: usize) -> usize {
        self.opened_at(slot + 1)
    }

    /// Bytes of an entry with so much data.
    pub const fn entry(self, len: usize) -> usize {
        align_up(4 + align_up(len, 4) + 4, self.unit)
    }

    /// The most data that an entry of at most `room` bytes can have.
    pub const fn fits(self, room: usize) -> usize {
        let room = room / self.unit * self.unit;
        if room < 12 {
            return 0;
        }
        if room - 8 < DATA_MAX {
            room - 8
        } else {
            DATA_MAX
        }
    }
}

/// An entry's first word.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub kind: Kind,
    pub at: usize,
    pub len: usize,
}

impl Head {
    pub fn parse(word: [u8; 4]) -> Option<Self> {
        let word = u32::from_le_bytes(word);
        Some(Self {
            kind: Kind::of(word >> 28)?,
            at: (word & 0xf_ffff) as usize,
            len: (word >> 20 & 0xff) as usize + 1,
        })
    }

    fn word(self) -> [u8; 4] {
        (self.kind.bits() << 28 | (self.len as u32 - 1) << 20 | self.at as u32).to_le_bytes()
    }
}

/// CRC of an entry's words in this place.
pub(super) fn entry_crc(seq: u32, place: usize, words: &[u8]) -> u32 {
    record::crc(seq.wrapping_mul(0x9e37_79b1) ^ place as u32, words)
}

/// Builds an entry, and returns its length in units of writing.
pub(super) fn entry(
    format: Format,
    seq: u32,
    place: usize,
    head: Head,
    data: &[u8],
    into: &mut [u8; ENTRY_MAX],
) -> usize {
    into.fill(0xff);
    into[..4].copy_from_slice(&head.word());
    into[4..4 + data.len()].copy_from_slice(data);
    let end = 4 + align_up(data.len(), 4);
    let crc = entry_crc(seq, place, &into[..end]);
    into[end..end + 4].copy_from_slice(&crc.to_le_bytes());
    format.entry(data.len())
}

/// A page that is erased or in use.
pub(super) fn erased_mark(count: u32) -> [u8; UNIT_MAX] {
    let mut mark = [0xff; UNIT_MAX];
    mark[..4].copy_from_slice(&ERASED.to_le_bytes());
    mark[4..8].copy_from_slice(&count.to_le_bytes());
    let crc = record::crc(ERASED, &mark[..8]);
    mark[8..12].copy_from_slice(&crc.to_le_bytes());
    mark
}

/// The erase count of a page with a valid mark.
pub(super) fn erase_count(bytes: &[u8; UNIT_MAX]) -> Option<u32> {
    let count = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
    (bytes[..12] == erased_mark(count)[..12]).then_some(count)
}

pub(super) fn retired_mark() -> [u8; UNIT_MAX] {
    let mut mark = [0xff; UNIT_MAX];
    mark[..4].copy_from_slice(&RETIRED.to_le_bytes());
    mark
}

pub(super) fn is_retired(bytes: &[u8; UNIT_MAX]) -> bool {
    bytes[..4] == RETIRED.to_le_bytes()
}

/// Makes of a page's mark that of one that is not used any more.
pub(super) fn drop_mark(mark: &mut [u8; UNIT_MAX]) {
    for (byte, keep) in mark.iter_mut().zip(DROPPED.to_le_bytes()) {
        *byte &= keep;
    }
}

/// The second mark of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Opened {
    pub seq: u32,
    /// Sequence number of the page where the journal begins.
    pub tail: u32,
    /// Bytes of the image.
    pub capacity: u32,
    /// Which of the places it is in.
    pub slot: usize,
}

/// Places for it.
pub(super) const SLOTS: usize = 5;

pub(super) const OPENED_MAX: usize = 64;

pub(super) fn opened_mark(opened: Opened) -> [u8; OPENED_MAX] {
    let mut mark = [0xff; OPENED_MAX];
    for (i, word) in [OPENED, opened.seq, opened.tail, opened.capacity]
        .into_iter()
        .enumerate()
    {
        mark[4 * i..4 * i + 4].copy_from_slice(&word.to_le_bytes());
    }
    let crc = record::crc(OPENED, &mark[..16]);
    mark[16..20].copy_from_slice(&crc.to_le_bytes());
    mark
}

pub(super) fn parse_opened(bytes: &[u8; OPENED_MAX], slot: usize) -> Option<Opened> {
    let word = |i: usize| u32::from_le_bytes([bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]]);
    let opened = Opened {
        seq: word(4),
        tail: word(8),
        capacity: word(12),
        slot,
    };
    (bytes[..OPENED_LEN] == opened_mark(opened)[..OPENED_LEN]).then_some(opened)
}
