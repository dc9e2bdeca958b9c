//! Finding out what NVM holds. Recovery reads; the first thing that writes is a clean start.

use super::Core;
use crate::Error;
use crate::record::{
    self, COMPLETE, EPOCH_AT, HEADER, Header, IDLE, MAX_COUNT, WORD_AT, WORD_COMPLETE,
};
use crate::store::Store;

/// What NVM held when it was last looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing was ever written.
    Blank,
    /// Something that is not this program's.
    Foreign,
    /// Nothing is under way.
    Idle,
    /// A task is under way.
    Interrupted,
    /// A task ran to its end.
    Complete,
}

impl<S: Store> Core<S> {
    /// Reads the control area. Afterwards nothing from SRAM matters any more.
    #[inline(never)]
    pub(crate) fn recover(&mut self) -> Result<(), Error> {
        self.task = None;
        self.site = 0;
        self.resuming = false;
        self.ended = false;
        self.position = 0;
        self.next = 0;
        self.begun = 0;

        let mut words = [0; 4];
        self.store.read(WORD_AT, &mut words)?;
        let [word, epoch] = [0, EPOCH_AT].map(|i| u16::from_ne_bytes([words[i], words[i + 1]]));
        self.epoch = epoch;
        self.seed = record::seed(self.fingerprint.value(), epoch);

        let mut blank = uniform(&words, words[0]);
        let even = self.read_slot(0, words[0], &mut blank)?;
        let odd = self.read_slot(1, words[0], &mut blank)?;
        let newest = match (even, odd) {
            // The record room holds slot 1 now.
            (Some(even), Some(odd)) if record::newer(even.seq, odd.seq) => {
                self.read_slot(0, 0, &mut blank)?
            }
            (Some(_), None) => self.read_slot(0, 0, &mut blank)?,
            (_, odd) => odd,
        };
        let Some(header) = newest else {
            self.len = 0;
            self.found = if blank { Found::Blank } else { Found::Foreign };
            self.known = true;
            return Ok(());
        };
        self.adopt(header.seq, header.counter, usize::from(header.len));
        let tagged = word & !(MAX_COUNT as u16) == record::tag(header.seq);
        #[cfg(feature = "crash")]
        let tagged = tagged || crate::crash::seeded(crate::crash::Bug::StaleWord);
        let count = if S::WORD_ATOMIC && tagged {
            word & MAX_COUNT as u16
        } else {
            0
        };
        self.found = match (self.len, header.counter) {
            (0, COMPLETE) => Found::Complete,
            (0, IDLE) => match count {
                0 => Found::Idle,
                WORD_COMPLETE => Found::Complete,
                begun => {
                    self.begun = begun;
                    Found::Interrupted
                }
            },
            (0, begun) => {
                self.begun = begun as u16;
                Found::Interrupted
            }
            _ => {
                self.position = self.base.saturating_add(u32::from(count));
                Found::Interrupted
            }
        };
        self.known = true;
        Ok(())
    }

    /// Takes this record as the current one.
    pub(super) fn adopt(&mut self, seq: u8, counter: u32, len: usize) {
        self.seq = seq;
        self.base = counter;
        self.idle = len == 0 && counter == IDLE;
        // No position is of a record without frames.
        self.end = match len {
            0 => 0,
            _ => counter.saturating_add(MAX_COUNT + 1),
        };
        #[cfg(feature = "crash")]
        if crate::crash::seeded(crate::crash::Bug::WordWithoutFrames) {
            self.end = counter.saturating_add(MAX_COUNT + 1);
        }
        self.bias = record::tag(seq).wrapping_sub(counter as u16);
        self.len = len;
    }

    /// Reads a slot into the record room; `None` if it holds no record of this program.
    fn read_slot(
        &mut self,
        parity: u8,
        erased: u8,
        blank: &mut bool,
    ) -> Result<Option<Header>, Error> {
        let at = record::slot_at(parity, self.record.len());
        self.store.read(at, &mut self.record[..HEADER])?;
        *blank &= uniform(&self.record[..HEADER], erased);
        let Some(header) = Header::parse(&self.record, parity, self.record.len()) else {
            return Ok(None);
        };
        let end = HEADER + usize::from(header.len);
        self.store
            .read(at + HEADER, &mut self.record[HEADER..end])?;
        Ok(header
            .matches(self.seed, &self.record[..end])
            .then_some(header))
    }

    /// Makes NVM this program's, if it is not: outdates whatever records it holds, of any program.
    ///
    /// What is known is what NVM says: only whoever opens it, and whoever comes after an error or a panic, has to look
    /// there, as nothing else writes to it.
    #[inline(never)]
    pub(crate) fn claim(&mut self) -> Result<(), Error> {
        let known = self.known;
        #[cfg(feature = "crash")]
        let known = known || crate::crash::seeded(crate::crash::Bug::SramBelieved);
        if !known {
            self.recover()?;
        }
        if !matches!(self.found, Found::Blank | Found::Foreign) {
            return Ok(());
        }
        self.known = false;
        // A program that was here before must not find its record valid again after we have changed its data.
        self.epoch = self.epoch.wrapping_add(1);
        if S::WORD_ATOMIC {
            self.store.write_word(EPOCH_AT, self.epoch)?;
        } else {
            self.store.write(EPOCH_AT, &self.epoch.to_ne_bytes())?;
        }
        self.seed = record::seed(self.fingerprint.value(), self.epoch);
        self.adopt(0, 0, 0);
        self.forget()
    }

    /// Enters the recorded frames again (or starts, if there are none).
    pub(crate) fn begin_run(&mut self) {
        self.store.begins();
        self.known = false;
        self.resuming = self.found == Found::Interrupted;
        self.untouched = self.len == 0;
        self.ended = false;
        self.next = 0;
    }

    pub(crate) fn is_resuming(&self) -> bool {
        self.resuming
    }

    /// Whether a task was entered and has not ended.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.len != 0
    }
}

fn uniform(bytes: &[u8], erased: u8) -> bool {
    (erased == 0 || erased == 0xff) && bytes.iter().all(|&byte| byte == erased)
}
