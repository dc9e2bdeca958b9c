//! Erasing pages, at once or in parts, ahead of need.

use embedded_storage::nor_flash::{MultiwriteNorFlash, NorFlash};

use super::Flash;
use super::format::{self, Kind, NOTE, OPENED_MAX, PART, SLOTS, UNIT_MAX};
use super::log::NOTES;
use crate::store::{Operation, StoreError};

#[cfg(feature = "crash")]
use crate::crash::{Bug, seeded};

/// NOR flash that can erase a page in parts, between which the power may fail.
///
/// The nRF52840 can, which takes 85 ms and a millijoule for a page, more than a small capacitor holds. Give
/// [`Flash::open_in_parts`] such a driver. A unit may be written a second time before its page is erased, which happens
/// when the power failed in the first write and left no trace in it.
pub trait PartialErase: MultiwriteNorFlash {
    /// Completed parts, after which a page is erased: at least one, at most 65,535.
    const PARTS: u32;

    /// One part of the erase of the page at `at`. Interrupted, it is none; what the page holds is undefined until it has
    /// had all of them.
    ///
    /// # Errors
    ///
    /// When the device fails.
    fn erase_part(&mut self, at: u32) -> Result<(), Self::Error>;
}

/// How a driver erases in parts.
#[derive(Debug)]
pub(super) struct Parts<F> {
    of: u32,
    /// Whether it succeeded.
    one: fn(&mut F, u32) -> bool,
}

impl<F> Clone for Parts<F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Parts<F> {}

impl<F: PartialErase> Parts<F> {
    pub(super) const fn new() -> Self {
        const { assert!(F::PARTS > 0 && F::PARTS <= 0xffff) }
        Self {
            of: F::PARTS,
            one: |flash, at| flash.erase_part(at).is_ok(),
        }
    }
}

/// The erase that was begun last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Erasing {
    pub page: u32,
    /// What the page's mark will say.
    pub count: u32,
    /// Parts that are done.
    pub parts: u32,
    /// The journal tells of it, and has not told since that the page was opened.
    pub noted: bool,
}

impl<F: NorFlash> Flash<'_, F> {
    /// Bytes for a note about a part, and for the unit that a boot leaves out before it.
    const PART_NOTE: usize = Self::FORMAT.entry(PART) + Self::FORMAT.unit;

    /// What a page that is next in turn was erased at least.
    fn least_count(&mut self) -> Result<u32, StoreError> {
        if self.seq < self.pages {
            return Ok(0);
        }
        let mut least = u32::MAX;
        for page in 0..self.pages {
            least = least.min(self.marks(page)?.0.unwrap_or(u32::MAX));
        }
        Ok(if least == u32::MAX { 0 } else { least })
    }

    /// Erases a page and marks it as erased. `false`: it is worn out, and marked as that.
    pub(super) fn prepare(&mut self, page: u32) -> Result<bool, StoreError> {
        loop {
            if let Some(prepared) = self.prepare_some(page)? {
                return Ok(prepared);
            }
        }
    }

    /// As [`prepare`](Self::prepare), but no more than a part of it, where there are parts. `None`: there are more.
    fn prepare_some(&mut self, page: u32) -> Result<Option<bool>, StoreError> {
        if let (Some(erasing), Some(parts)) = (self.unfinished(page), self.parts) {
            return self.erase_part(erasing, parts);
        }
        let count = match (self.marks(page)?.0, self.erasing) {
            (Some(count), _) => count,
            (None, Some(erasing)) if erasing.page == page => erasing.count,
            // Nothing tells it any more, or it is its first time.
            _ => self.least_count()?,
        }
        .saturating_add(1);
        #[cfg(not(feature = "crash"))]
        let forget = false;
        #[cfg(feature = "crash")]
        let forget = seeded(Bug::EraseCountLost);
        let noted = self.note(Kind::Erasing, page, if forget { 0 } else { count })?;
        let erasing = Erasing {
            page,
            count,
            parts: 0,
            noted,
        };
        self.erasing = Some(erasing);
        if !noted && self.durable != self.tail {
            // The next boot would take this page for a part of the journal, and miss it.
            let seq = self.marks(page)?.2.map_or(0, |opened| opened.seq);
            if (self.durable..self.tail).contains(&seq) {
                return Err(StoreError::JournalFull);
            }
        }
        match self.parts {
            Some(parts) if noted => self.erase_part(erasing, parts),
            // There is no room to keep count of the parts.
            _ => self.erase(page, count).map(Some),
        }
    }

    /// The erase of this page, if it was begun in parts and can go on.
    fn unfinished(&self, page: u32) -> Option<Erasing> {
        self.erasing
            .filter(|erasing| erasing.page == page && erasing.noted)
    }

    fn erase_part(
        &mut self,
        erasing: Erasing,
        parts: Parts<F>,
    ) -> Result<Option<bool>, StoreError> {
        let Erasing { page, count, .. } = erasing;
        let done = erasing.parts + 1;
        #[cfg(feature = "crash")]
        if seeded(Bug::PartCountedEarly) {
            self.note_part(page, done, parts.of)?;
        }
        let at = page as usize * F::ERASE_SIZE;
        if !(parts.one)(&mut self.flash, at as u32) {
            return Err(Self::erase_failed(at));
        }
        self.note_part(page, done, parts.of)?;
        if done < parts.of {
            self.erasing = Some(Erasing {
                parts: done,
                ..erasing
            });
            return Ok(None);
        }
        self.erased(page, count).map(Some)
    }

    /// Notes that so many parts of a page's erase are done.
    fn note_part(&mut self, page: u32, done: u32, of: u32) -> Result<(), StoreError> {
        #[cfg(feature = "crash")]
        if done == of && seeded(Bug::PartsBeforeMark) {
            return Ok(());
        }
        // After the last one the page may be written, and the parts count for nothing. There must be a note of that.
        let spare = if done < of {
            Self::FORMAT.entry(PART)
        } else {
            0
        };
        while self.has_room_to_count(spare) {
            let held = self.put(Kind::Part, page as usize, &(done << 16 | of).to_le_bytes())?;
            if held || done < of {
                break;
            }
        }
        Ok(())
    }

    /// Whether there is room to note that an erase is done, and that the page is opened; and for so much more.
    fn has_room_to_count(&self, spare: usize) -> bool {
        let needed = Self::FORMAT.entry(PART) + Self::FORMAT.entry(NOTE) + spare;
        self.place + needed <= F::ERASE_SIZE
    }

    /// The journal is read to its end.
    pub(super) fn parts_known(&mut self) {
        // There may have been no room to note that the page was being written.
        let known = self.has_room_to_count(0);
        if let Some(erasing) = &mut self.erasing {
            erasing.noted &= known;
        }
    }

    /// What a note in the journal says of an erase.
    pub(super) fn part_noted(&mut self, page: u32, word: u32) {
        let (done, of) = (word >> 16, word & 0xffff);
        if let (Some(erasing), Some(parts)) = (&mut self.erasing, self.parts)
            && erasing.page == page
            && erasing.noted
            && of == parts.of
        {
            erasing.parts = erasing.parts.max(done);
            erasing.noted = done < of;
        }
    }

    /// Erases a page at once and marks it with this count. `false`: it is worn out, and marked as that.
    pub(super) fn erase(&mut self, page: u32, count: u32) -> Result<bool, StoreError> {
        let at = page as usize * F::ERASE_SIZE;
        self.flash
            .erase(at as u32, (at + F::ERASE_SIZE) as u32)
            .map_err(|_| Self::erase_failed(at))?;
        self.erased(page, count)
    }

    fn erase_failed(at: usize) -> StoreError {
        StoreError::Device {
            operation: Operation::Erase,
            at,
            len: F::ERASE_SIZE,
        }
    }

    /// Verifies and marks a page. `false`: it is worn out, and marked as that.
    fn erased(&mut self, page: u32, count: u32) -> Result<bool, StoreError> {
        self.erases += 1;
        let mark = format::erased_mark(count);
        let mark = &mark[..Self::FORMAT.opened_at(0)];
        if self.is_blank(page, 0)? && self.program(page, 0, mark)? {
            self.erasing = None;
            self.suspect = self.suspect.filter(|&(suspect, _)| suspect != page);
            return Ok(true);
        }
        self.retire(page)?;
        Ok(false)
    }

    pub(super) fn retire(&mut self, page: u32) -> Result<(), StoreError> {
        self.failures += 1;
        // What cannot even be marked is found out again when its turn comes.
        let mark = format::retired_mark();
        self.program(page, 0, &mark[..Self::FORMAT.unit.max(4)])?;
        self.usable = self.usable()?;
        Ok(())
    }

    fn is_blank(&mut self, page: u32, from: usize) -> Result<bool, StoreError> {
        let mut bytes = [0; UNIT_MAX];
        let mut place = from;
        while place < F::ERASE_SIZE {
            let len = UNIT_MAX.min(F::ERASE_SIZE - place);
            self.read_page(page, place, &mut bytes[..len])?;
            if bytes[..len].iter().any(|&byte| byte != 0xff) {
                return Ok(false);
            }
            place += len;
        }
        Ok(true)
    }

    /// Where the page's second mark can be written, if the page can be opened as it is.
    pub(super) fn prepared(&mut self, page: u32) -> Result<Option<usize>, StoreError> {
        // A mark from before the erase that was begun last may be what is left of the page.
        let least = match self.erasing {
            Some(erasing) if erasing.page == page => erasing.count,
            _ => 0,
        };
        let erased = self.marks(page)?.0.is_some_and(|count| count >= least);
        #[cfg(feature = "crash")]
        let erased = erased || seeded(Bug::HalfErasedTaken) && self.is_blank(page, 0)?;
        let begun = match self.suspect {
            Some((suspect, begun)) if suspect == page => begun,
            _ => 0,
        };
        if !erased || begun >= SLOTS || !self.is_blank(page, Self::FORMAT.data_at(SLOTS - 1))? {
            return Ok(None);
        }
        // Torn marks are left behind.
        for slot in (begun..SLOTS).rev() {
            let from = Self::FORMAT.opened_at(slot);
            let mut mark = [0; OPENED_MAX];
            let mark = &mut mark[..Self::FORMAT.opened_at(slot + 1) - from];
            self.read_page(page, from, mark)?;
            if mark.iter().any(|&byte| byte != 0xff) {
                return Ok((slot + 1 < SLOTS).then_some(slot + 1));
            }
        }
        Ok(Some(begun))
    }

    /// Erases the next page while there is room to keep count of the parts. Whether it did.
    pub(super) fn erase_ahead(&mut self, len: usize) -> Result<bool, StoreError> {
        let Some(parts) = self.parts else {
            return Ok(false);
        };
        if self.seq == 0 || self.free() == 0 {
            return Ok(false);
        }
        // Outages may tear notes. What is left of the room is for data, once the page is erased.
        let notes = NOTES * Self::FORMAT.entry(NOTE) + 3 * parts.of as usize * Self::PART_NOTE;
        if self.place + Self::FORMAT.entry(len) + notes <= F::ERASE_SIZE {
            return Ok(false);
        }
        let page = self.after(self.head)?;
        if self.prepared(page)?.is_some() {
            return Ok(false);
        }
        if self.only_prepared {
            return Err(StoreError::NoErasedPage { page });
        }
        self.prepare(page)?;
        Ok(true)
    }

    /// Does one piece of work that will be needed: copying on, or erasing a page or a part of one. Whether there is more.
    ///
    /// Call it in a moment of plenty, such as when the capacitor is full and the harvester delivers; an erase of an nRF52
    /// takes 85 ms and about a millijoule. An outage in it loses nothing but the piece.
    ///
    /// # Errors
    ///
    /// When the device fails, or too few pages are left that hold what is written.
    pub fn maintain(&mut self) -> Result<bool, StoreError> {
        let only_prepared = core::mem::replace(&mut self.only_prepared, false);
        let more = self.maintain_now();
        self.only_prepared = only_prepared;
        more
    }

    fn maintain_now(&mut self) -> Result<bool, StoreError> {
        if self.free() <= self.usable / 2 {
            self.copy_on()?;
            return Ok(true);
        }
        let mut page = self.head;
        let mut first = true;
        for _ in 0..self.free() {
            page = self.after(page)?;
            if self.prepared(page)?.is_none() {
                // The last notes of a page are for the page that follows it.
                if !first && !self.has_room_to_erase(page) {
                    return Ok(false);
                }
                self.prepare_some(page)?;
                return Ok(true);
            }
            first = false;
        }
        Ok(false)
    }

    /// Whether the notes of an erase fit in, and those of the next page after them.
    fn has_room_to_erase(&self, page: u32) -> bool {
        let part = Self::PART_NOTE;
        let needed = match (self.unfinished(page), self.parts) {
            (Some(_), Some(_)) => 2 * part,
            (None, Some(parts)) => Self::FORMAT.entry(NOTE) + parts.of as usize * part,
            (_, None) => Self::FORMAT.entry(NOTE),
        };
        self.place + NOTES * Self::FORMAT.entry(NOTE) + needed <= F::ERASE_SIZE
    }
}
