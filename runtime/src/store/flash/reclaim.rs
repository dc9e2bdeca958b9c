//! Room for a copy that outages have filled with torn entries.

use embedded_storage::nor_flash::NorFlash;

use super::Flash;
use super::erase::Erasing;
use super::format::{self, Kind, UNIT_MAX};
use crate::store::StoreError;

#[cfg(feature = "crash")]
use crate::crash::{Bug, seeded};

impl<F: NorFlash> Flash<'_, F> {
    /// Drops the last pages of the journal as long as they add nothing to it but copies and torn entries. Whether there
    /// were any.
    ///
    /// Data is written only while the free pages are enough for the rest of the copy twice over; what is behind the last
    /// data is therefore enough to try again.
    pub(super) fn reclaim(&mut self) -> Result<bool, StoreError> {
        if self.reclaimed {
            // Not even the second time, without an outage: pages do not hold what is written.
            return Ok(false);
        }
        #[cfg(feature = "crash")]
        if seeded(Bug::NeverReclaimed) {
            return Ok(false);
        }
        let mut dropped = false;
        while self.seq > self.durable {
            let Some(before) = self.page_before(self.head, self.seq)? else {
                break;
            };
            if !self.adds_nothing(before)? {
                break;
            }
            if self.only_prepared {
                return Err(StoreError::NoErasedPage { page: self.head });
            }
            self.drop_page(self.head)?;
            (self.head, self.seq) = (before, self.seq - 1);
            dropped = true;
        }
        if !dropped {
            return Ok(false);
        }
        if !self.read_journal()? {
            return Err(StoreError::JournalFull);
        }
        self.reclaimed = true;
        Ok(true)
    }

    /// The page that was opened before this one.
    fn page_before(&mut self, page: u32, seq: u32) -> Result<Option<u32>, StoreError> {
        let mut before = page;
        for _ in 1..self.pages {
            before = (before + self.pages - 1) % self.pages;
            if self
                .marks(before)?
                .2
                .is_some_and(|opened| opened.seq == seq - 1)
            {
                return Ok(Some(before));
            }
        }
        Ok(None)
    }

    /// Whether the journal without its last page says the same, and where it begins.
    fn adds_nothing(&mut self, before: u32) -> Result<bool, StoreError> {
        #[cfg(feature = "crash")]
        if seeded(Bug::DataDropped) {
            return Ok(true);
        }
        let Some(opened) = self.marks(before)?.2 else {
            return Ok(false);
        };
        // Pages before the beginning that is known to the last page only may have been erased.
        if self.noted_tail(before, opened)? != self.durable {
            return Ok(false);
        }
        let mut data = false;
        self.scan(self.head, self.seq, &mut |_, kind, _, _| {
            data |= kind == Kind::Data;
        })?;
        Ok(!data)
    }

    /// Takes a page out of the journal, and erases it.
    fn drop_page(&mut self, page: u32) -> Result<(), StoreError> {
        let count = self.marks(page)?.0.unwrap_or_default().saturating_add(1);
        // A page of which an erase leaves some is not to be taken for the end of the journal and written to.
        let mut mark = [0xff; UNIT_MAX];
        self.read_page(page, 0, &mut mark)?;
        format::drop_mark(&mut mark);
        self.program(page, 0, &mark[..Self::FORMAT.unit])?;
        self.erasing = Some(Erasing {
            page,
            count,
            parts: 0,
            noted: false,
        });
        if self.parts.is_none() {
            self.erase(page, count)?;
        }
        // In parts, it is erased when its turn comes.
        Ok(())
    }
}
