//! The double-buffered record, and where things are in the control area.
//!
//! ```text
//! 0       position word     u16   tag (2 bits) and count (14 bits); only word-atomic stores use it
//! 2       epoch             u16   changes at every clean start, which outdates all older records
//! 4       slot 0            record with even sequence number
//! 4 + R   slot 1            record with odd sequence number
//! 4 + 2R  buffers
//!
//! record: crc u32 | seq u8 | len u16 | counter u32 | len bytes of frames
//! ```
//!
//! A record without frames says how a whole run goes: idle, begun or complete. While it says idle, a position word with its tag
//! says the same at less cost: count 0 is idle, the greatest complete, all others begun.
//!
//! Numbers are little-endian and unaligned, except that the two words are in native order, which is the same on every
//! target that we know of.

use crate::crc::Crc;
use crate::layout::align_up;

/// Bytes of a record before its frames.
pub(crate) const HEADER: usize = 11;
pub(crate) const WORD_AT: usize = 0;
pub(crate) const EPOCH_AT: usize = 2;
const SLOTS_AT: usize = 4;

/// `len == 0` and this counter: the task ran to its end.
pub(crate) const COMPLETE: u32 = 0x600d_d0e5;
/// `len == 0` and this counter: nothing is under way, or what the position word says of a run without records.
pub(crate) const IDLE: u32 = 0x0b5e_55ed;
/// `len == 0` and this counter, the lower half of which is the task's hash: a run has begun, and nothing in it is
/// committed. Only where words are not atomic; elsewhere the position word says so.
const BEGUN: u32 = 0xbe60_0000;

/// The record's counter that says that a run of the task with this hash has begun.
pub(crate) const fn begun(hash: u16) -> u32 {
    BEGUN | hash as u32
}

/// Whether a record without frames can have this counter.
const fn is_frameless(counter: u32) -> bool {
    counter == COMPLETE || counter == IDLE || is_begun(counter)
}

/// Whether a record without frames says that a run has begun.
pub(crate) const fn is_begun(counter: u32) -> bool {
    counter & 0xffff_0000 == BEGUN
}

/// What the position word's count says while the record says [`IDLE`]: the run is complete. 0 is that nothing is under
/// way, and what is between them that a run of the task with such a hash has begun.
pub(crate) const WORD_COMPLETE: u16 = MAX_COUNT as u16;

/// The position word's count for a run that has begun and has no record, by the hash of its task.
pub(crate) const fn word_begun(hash: u16) -> u16 {
    1 + hash % (WORD_COMPLETE - 1)
}

/// Distance of the slots for records of at most `capacity` bytes.
pub(crate) const fn slot_size(capacity: usize) -> usize {
    align_up(capacity, 4)
}

pub(crate) const fn slot_at(seq: u8, capacity: usize) -> usize {
    SLOTS_AT + (seq as usize & 1) * slot_size(capacity)
}

/// Bytes of the control area.
pub(crate) const fn control_size(capacity: usize) -> usize {
    SLOTS_AT + 2 * slot_size(capacity)
}

/// What CRCs start from: a record is valid only for this program, layout and epoch.
pub(crate) fn seed(fingerprint: u64, epoch: u16) -> u32 {
    let crc = Crc::new().add(&fingerprint.to_le_bytes());
    crc.add(&epoch.to_le_bytes()).finish()
}

/// Checksum of anything else.
#[cfg(feature = "std")]
pub(crate) fn checksum(bytes: &[u8]) -> u32 {
    Crc::new().add(bytes).finish()
}

/// The CRC of a number and bytes.
pub(crate) fn crc(seed: u32, covered: &[u8]) -> u32 {
    Crc::new().add(&seed.to_le_bytes()).add(covered).finish()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub crc: u32,
    pub seq: u8,
    /// Bytes of frames.
    pub len: u16,
    pub counter: u32,
}

impl Header {
    /// Reads the header, if it can be one of the slot with this parity and a record of at most `capacity` bytes.
    pub(crate) fn parse(bytes: &[u8], parity: u8, capacity: usize) -> Option<Self> {
        let &[c0, c1, c2, c3, seq, l0, l1, n0, n1, n2, n3] = bytes.first_chunk::<HEADER>()?;
        let header = Self {
            crc: u32::from_le_bytes([c0, c1, c2, c3]),
            seq,
            len: u16::from_le_bytes([l0, l1]),
            counter: u32::from_le_bytes([n0, n1, n2, n3]),
        };
        // Not a sum: that may be more than a 16-bit `usize` holds.
        let fits = usize::from(header.len) <= capacity.saturating_sub(HEADER);
        let meant = header.len > 0 || is_frameless(header.counter);
        (seq & 1 == parity && fits && meant).then_some(header)
    }

    /// Whether `record` (header and frames) is what was written.
    pub(crate) fn matches(&self, seed: u32, record: &[u8]) -> bool {
        #[cfg(feature = "crash")]
        if crate::crash::seeded(crate::crash::Bug::CrcIgnored) {
            return true;
        }
        record
            .get(4..)
            .is_some_and(|covered| crc(seed, covered) == self.crc)
    }
}

/// Fills in the header of a record whose frames are already behind it.
pub(crate) fn seal(record: &mut [u8], seed: u32, seq: u8, counter: u32) {
    let len = (record.len().saturating_sub(HEADER) as u16).to_le_bytes();
    let numbers = counter.to_le_bytes();
    // Without an index, and hence without code for a panic: a record has a header.
    let Some((header, _)) = record.split_first_chunk_mut::<HEADER>() else {
        return;
    };
    header[4] = seq;
    (header[5], header[6]) = (len[0], len[1]);
    (header[7], header[8], header[9], header[10]) =
        (numbers[0], numbers[1], numbers[2], numbers[3]);
    if let Some((sum, covered)) = record.split_first_chunk_mut::<4>() {
        *sum = crc(seed, covered).to_le_bytes();
    }
}

/// Whether record `a` is newer than `b`. They never differ by more than one, so wrapping does no harm.
pub(crate) const fn newer(a: u8, b: u8) -> bool {
    (a.wrapping_sub(b) as i8) > 0
}

/// The tag of record `seq`, in the upper two bits of the position word.
pub(crate) const fn tag(seq: u8) -> u16 {
    (seq as u16 & 3) << 14
}

/// The largest count of a position word.
pub(crate) const MAX_COUNT: u32 = 0x3fff;
