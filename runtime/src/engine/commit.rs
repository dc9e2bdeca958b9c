//! Commits: one word where that is enough, else a record.

#![allow(unsafe_code)] // The position word is stored directly where it is mapped.

use super::{Core, Found};
use crate::Error;
use crate::record::{self, COMPLETE, HEADER, IDLE, MAX_COUNT, WORD_AT, WORD_COMPLETE};
use crate::store::{Commit, Store};

impl<S: Store> Core<S> {
    /// Whether a paced loop commits after this iteration, which was worth `work`. `bounded` loops count themselves how
    /// many iterations go without a commit; without a pacer that is all there is.
    #[inline(always)]
    pub fn due(&mut self, work: u32, bounded: bool) -> bool {
        if S::PACED {
            self.store.due(work)
        } else {
            !bounded
        }
    }

    /// Commits that the loop nest of the current record is at `position`.
    ///
    /// On a word-atomic store this writes one word, unless the position is too far from the record's. The positions of a
    /// record only grow.
    ///
    /// # Errors
    ///
    /// When the store fails.
    #[inline(always)]
    pub fn commit_position(&mut self, position: u32) -> Result<(), Error> {
        if !S::WORD_ATOMIC || position >= self.end {
            return self.commit_far(position);
        }
        debug_assert!(position >= self.base, "positions only grow");
        self.write_word(self.bias.wrapping_add(position as u16), Some(position))
    }

    /// A commit of a word: it replaces the position word once all that was written before is durable.
    #[inline(always)]
    fn write_word(&mut self, word: u16, position: Option<u32>) -> Result<(), Error> {
        self.store.barrier()?;
        if S::MAPPED {
            // SAFETY: `Nvm::open` has checked that the mapping is large enough and aligned for a word at its start.
            // Nothing refers to the control area.
            unsafe { S::poke(self.map.base().cast(), word) }
        } else {
            self.store.write_word(WORD_AT, word)?;
        }
        self.store.barrier()?;
        self.store.committed(Commit {
            task: self.task,
            site: self.site,
            position,
        });
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn commit_far(&mut self, position: u32) -> Result<(), Error> {
        self.write_record(self.len, position, Some(position))
    }

    /// Commits the stack of frames.
    ///
    /// # Errors
    ///
    /// When the store fails.
    #[inline(never)]
    pub fn commit(&mut self) -> Result<(), Error> {
        self.write_record(self.len, 0, None)
    }

    /// Commits that a run of this task has begun, which is entered now: from here on inputs are not to be changed.
    pub(super) fn commit_begun(&mut self, hash: u16) -> Result<(), Error> {
        #[cfg(feature = "crash")]
        if crate::crash::seeded(crate::crash::Bug::BeginningNotNoted) {
            return Ok(());
        }
        if S::WORD_ATOMIC {
            self.write_word(record::tag(self.seq) | record::word_begun(hash), None)?;
        } else {
            let len = self.len;
            self.write_record(0, record::begun(hash), None)?;
            self.len = len;
        }
        self.found = Found::Interrupted;
        Ok(())
    }

    /// Commits that the run is complete.
    #[inline]
    pub(crate) fn complete(&mut self) -> Result<(), Error> {
        self.end(COMPLETE, WORD_COMPLETE, Found::Complete)
    }

    /// Commits that nothing is under way.
    #[inline]
    pub(crate) fn forget(&mut self) -> Result<(), Error> {
        self.end(IDLE, 0, Found::Idle)
    }

    /// Without a record since the last one that says idle, a word says it as well.
    #[inline]
    fn end(&mut self, record: u32, word: u16, found: Found) -> Result<(), Error> {
        self.known = false;
        self.task = None;
        self.site = 0;
        self.len = 0;
        if S::WORD_ATOMIC && self.idle {
            self.write_word(record::tag(self.seq) | word, None)?;
        } else {
            self.write_record(0, record, None)?;
        }
        self.found = found;
        self.resuming = false;
        self.ended = false;
        self.position = 0;
        self.known = true;
        Ok(())
    }

    /// Writes the record of the first `len` bytes of the stack to the slot that does not hold the current one.
    #[inline(never)]
    fn write_record(
        &mut self,
        len: usize,
        counter: u32,
        position: Option<u32>,
    ) -> Result<(), Error> {
        let seq = self.seq.wrapping_add(1);
        if S::WORD_ATOMIC {
            // Tags repeat after four records. A word that has the new record's tag already would be taken for its
            // position, so it is replaced by one that says the same of the current record: no position.
            let mut word = [0; 2];
            self.store.read(WORD_AT, &mut word)?;
            let stale = u16::from_ne_bytes(word) & !(MAX_COUNT as u16) == record::tag(seq);
            #[cfg(feature = "crash")]
            let stale = stale && !crate::crash::seeded(crate::crash::Bug::StaleWordKept);
            if stale {
                self.store.write_word(WORD_AT, record::tag(self.seq))?;
            }
        }
        let capacity = self.record.len();
        // Whoever saved the frames has checked that; without an index there is no code for a panic.
        let Some(bytes) = self.record.get_mut(..HEADER + len) else {
            return Err(Error::FrameTooLarge {
                needed: HEADER + len,
                capacity,
                task: self.task.map_or("", |task| task.name),
            });
        };
        record::seal(bytes, self.seed, seq, counter);
        self.store.barrier()?;
        self.store.write(record::slot_at(seq, capacity), bytes)?;
        self.store.barrier()?;
        self.adopt(seq, counter, len);
        self.found = Found::Interrupted; // `end` knows better
        self.store.committed(Commit {
            task: self.task,
            site: self.site,
            position,
        });
        Ok(())
    }
}
