//! Seeded bugs: faults that the runtime or the hardware could have, to show that the checker catches them.
//!
//! They exist in builds with the feature `crash` only, and there only while a [`Check`](super::Check) asks for one.

use core::cell::{Cell, RefCell};
use std::vec::Vec;

/// A fault to check the checker with; see [`Check::bug`](super::Check::bug).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bug {
    /// Data written since the last commit reach NVM after the commit that covers them, as when an optimiser moves the
    /// stores: two published C systems lose results this way.
    CommitBeforeData,
    /// A record is taken for valid whatever its CRC.
    CrcIgnored,
    /// A position word counts although its tag belongs to an earlier record.
    StaleWord,
    /// A position word left from an earlier record is not cleared before its tag comes round again.
    StaleWordKept,
    /// A run that begins does not say so before it does anything.
    BeginningNotNoted,
    /// A task that is entered later in a run is not recorded either, so that what its callers did before is done again.
    EntryNotRecorded,
    /// After an error what SRAM holds of the run counts, not what NVM says.
    SramBelieved,
    /// A run without a record of its own commits positions in a word, which says something else there.
    WordWithoutFrames,
    /// Nothing orders data and commit: every barrier is left out.
    NoBarrier,
    /// A [`RollingInput`](crate::RollingInput) that had rows in SRAM before an outage still takes what is there for them.
    RowsKept,
    /// `Flash`: an entry of the journal is taken for valid whatever its CRC.
    JournalCrcIgnored,
    /// `Flash`: a page counts as free before its data has moved.
    ReusedTooEarly,
    /// `Flash`: nothing keeps the erase count of a page whose erase is interrupted.
    EraseCountLost,
    /// `Flash`: after an outage it goes on behind the last valid entry, over a torn one.
    WrittenAgain,
    /// `Flash`: pages with data are dropped to make room.
    DataDropped,
    /// `Flash`: nothing makes room when torn entries have filled the journal.
    NeverReclaimed,
    /// `Flash`: what was written is not read back.
    NotVerified,
    /// `Flash`: a page that reads as blank counts as erased.
    HalfErasedTaken,
    /// `Flash`: a part of an erase is noted before it is done.
    PartCountedEarly,
    /// `Flash`: nothing tells that a page whose erase is done in parts was written to.
    PartsBeforeMark,
}

std::thread_local! {
    static SEEDED: Cell<Option<Bug>> = const { Cell::new(None) };
    /// First byte of the user's data.
    static DATA_FROM: Cell<usize> = const { Cell::new(0) };
    /// Writes that `Bug::CommitBeforeData` holds back.
    static HELD: RefCell<Vec<(usize, Vec<u8>)>> = const { RefCell::new(Vec::new()) };
    /// Buffers, and the rows that `Bug::RowsKept` believes in SRAM.
    static ROWS: RefCell<Vec<(usize, Vec<usize>)>> = const { RefCell::new(Vec::new()) };
}

/// Whether this fault is seeded.
pub(crate) fn seeded(bug: Bug) -> bool {
    SEEDED.get() == Some(bug)
}

/// Whether this write is held back until the next commit.
pub(crate) fn hold(at: usize, bytes: &[u8]) -> bool {
    let hold = seeded(Bug::CommitBeforeData) && at >= DATA_FROM.get();
    if hold {
        HELD.with_borrow_mut(|held| held.push((at, bytes.to_vec())));
    }
    hold
}

/// The writes that were held back.
pub(crate) fn release() -> Vec<(usize, Vec<u8>)> {
    HELD.take()
}

/// Takes note of the rows in SRAM, of the buffer at `at`.
pub(crate) fn keep_rows(at: usize, rows: &[usize]) {
    if seeded(Bug::RowsKept) {
        ROWS.with_borrow_mut(|all| {
            all.retain(|(of, _)| *of != at);
            all.push((at, rows.to_vec()));
        });
    }
}

/// The rows that were noted before an outage, in their places.
pub(crate) fn kept_rows(at: usize, rows: &mut [usize]) {
    ROWS.with_borrow(|all| {
        let same = |(of, kept): &&(usize, Vec<usize>)| *of == at && kept.len() == rows.len();
        if let Some((_, kept)) = all.iter().find(same) {
            rows.copy_from_slice(kept);
        }
    });
}

/// Seeds a fault until dropped.
#[derive(Debug)]
pub struct Seed(());

impl Seed {
    pub(crate) fn new(bug: Option<Bug>, data_from: usize) -> Self {
        SEEDED.set(bug);
        ROWS.take();
        DATA_FROM.set(data_from);
        Self(())
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        SEEDED.set(None);
        ROWS.take();
    }
}
