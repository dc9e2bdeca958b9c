//! Rebuilding the image from the journal.

use embedded_storage::nor_flash::NorFlash;

use super::erase::Erasing;
use super::format::{self, ENTRY_MAX, Head, Kind, NOTE, Opened, SLOTS, UNIT_MAX};
use super::log::PIECE_MIN;
use super::{Flash, Found};
use crate::layout::align_up;
use crate::store::StoreError;

#[cfg(feature = "crash")]
use crate::crash::{Bug, seeded};

impl<F: NorFlash> Flash<'_, F> {
    /// Reads the journal, or begins a new one.
    pub(super) fn recover(&mut self) -> Result<(), StoreError> {
        if self.read_journal()? {
            self.found = Found::Journal;
            return Ok(());
        }
        let needed = Self::pages_needed(self.image.len());
        if (self.pages as usize) < needed {
            return Err(StoreError::FlashTooSmall {
                needed,
                pages: self.pages as usize,
            });
        }
        // Nothing of ours. The marks with erase counts stay until each page's turn comes.
        let mut any = false;
        for page in 0..self.pages {
            any |= self.marks(page)?.0.is_some();
        }
        self.found = if any { Found::Foreign } else { Found::Blank };
        self.image.fill(0);
        (self.seq, self.tail, self.pass, self.erasing) = (0, 0, None, None);
        self.suspect = None;
        if self.newest == 0 {
            self.head = self.pages - 1;
        }
        self.open_next().map(|_| ())
    }

    /// Finds the journal and rebuilds the image; `false` if there is none.
    pub(super) fn read_journal(&mut self) -> Result<bool, StoreError> {
        self.image.fill(0);
        (self.usable, self.newest) = (0, 0);
        (self.pass, self.suspect) = (None, None);
        let mut newest = None;
        for page in 0..self.pages {
            let (_, retired, opened) = self.marks(page)?;
            self.usable += u32::from(!retired);
            if let Some(opened) = opened {
                self.newest = self.newest.max(opened.seq);
                if newest.is_none_or(|(_, seq)| opened.seq > seq) {
                    newest = Some((page, opened.seq));
                }
            }
        }
        let Some((page, _)) = newest else {
            return Ok(false);
        };
        self.head = page;
        self.replay()
    }

    /// Where the journal begins, by what this page of it says.
    pub(super) fn noted_tail(&mut self, page: u32, opened: Opened) -> Result<u32, StoreError> {
        let mut tail = opened.tail;
        self.scan(page, opened.seq, &mut |_, kind, _, data| {
            if let (Kind::Erasing, Some(word)) = (kind, data.get(8..12)) {
                let word = u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
                if (tail..=opened.seq).contains(&word) {
                    tail = word;
                }
            }
        })?;
        Ok(tail)
    }

    /// Reads the journal that ends in `head`; `false` if it is not all there.
    fn replay(&mut self) -> Result<bool, StoreError> {
        let Some(last) = self.marks(self.head)?.2 else {
            return Ok(false);
        };
        if last.capacity as usize != self.image.len() || last.tail > last.seq {
            return Ok(false);
        }
        // Notes at its end may tell of a later beginning, after which pages were erased.
        self.seq = last.seq;
        let tail = self.noted_tail(self.head, last)?;
        (self.tail, self.durable) = (tail, tail);
        // Back to the first page of it.
        let mut page = self.head;
        let mut seq = last.seq;
        for _ in 0..self.pages {
            if seq == tail {
                break;
            }
            page = (page + self.pages - 1) % self.pages;
            let opened = self.marks(page)?.2;
            if opened.is_some_and(|o| o.seq == seq - 1 && o.capacity == last.capacity) {
                seq -= 1;
            }
        }
        if seq != tail {
            return Ok(false);
        }
        loop {
            let (ends, claimed) =
                self.scan(page, seq, &mut |flash, kind, at, data| match kind {
                    Kind::Data | Kind::Copy => {
                        let Some(to) = flash.image.get_mut(at..at + data.len()) else {
                            return;
                        };
                        to.copy_from_slice(data);
                        if kind == Kind::Copy {
                            flash.copied_to(seq, at, data.len());
                        }
                    }
                    Kind::Part => {
                        if let Some(&word) = data.first_chunk() {
                            flash.part_noted(at as u32, u32::from_le_bytes(word));
                        }
                    }
                    Kind::Erasing | Kind::Opening => {
                        let Some(&[a, b, c, d, e, f, g, h, ..]) = data.first_chunk::<NOTE>() else {
                            return;
                        };
                        let page = u32::from_le_bytes([a, b, c, d]);
                        if kind == Kind::Opening {
                            let slot = u32::from_le_bytes([e, f, g, h]) as usize;
                            flash.suspect = Some((page, slot.saturating_add(1)));
                            if let Some(erasing) = &mut flash.erasing
                                && erasing.page == page
                            {
                                erasing.noted = false;
                            }
                        } else {
                            flash.erasing = Some(Erasing {
                                page,
                                count: u32::from_le_bytes([e, f, g, h]),
                                parts: 0,
                                noted: true,
                            });
                            flash.suspect = flash.suspect.filter(|&(suspect, _)| suspect != page);
                        }
                    }
                })?;
            if seq == last.seq {
                self.place = self.end_of(page, ends, claimed)?;
                if claimed > ends || self.place > ends + Self::FORMAT.unit {
                    // The power may not last for a long one.
                    self.piece = PIECE_MIN;
                }
                self.parts_known();
                // There may have been no room to note that the next one was being opened. In parts, a unit may be written
                // again that seems not to be written.
                if self.parts.is_none() && self.place + Self::FORMAT.entry(NOTE) > F::ERASE_SIZE {
                    self.suspect = Some((self.after(self.head)?, SLOTS));
                }
                return Ok(true);
            }
            seq += 1;
            // The next page of the journal; worn-out ones and some that were erased may lie between.
            for _ in 0..self.pages {
                page = (page + 1) % self.pages;
                if self.marks(page)?.2.is_some_and(|opened| opened.seq == seq) {
                    break;
                }
            }
        }
    }

    /// Calls `found` with every entry of a page. Returns where the last one ends, and what may be one that was torn.
    #[allow(clippy::type_complexity)]
    pub(super) fn scan(
        &mut self,
        page: u32,
        seq: u32,
        found: &mut dyn FnMut(&mut Self, Kind, usize, &[u8]),
    ) -> Result<(usize, usize), StoreError> {
        let unit = Self::FORMAT.unit;
        let slot = self.marks(page)?.2.map_or(0, |opened| opened.slot);
        let mut place = Self::FORMAT.data_at(slot);
        let (mut claimed, mut ends) = (place, place);
        while place + unit <= F::ERASE_SIZE {
            let mut bytes = [0; ENTRY_MAX];
            self.read_page(page, place, &mut bytes[..unit])?;
            let head = Head::parse([bytes[0], bytes[1], bytes[2], bytes[3]]);
            let size = head.map_or(0, |head| Self::FORMAT.entry(head.len));
            if let Some(head) = head
                && place + size <= F::ERASE_SIZE
            {
                self.read_page(page, place, &mut bytes[..size])?;
                let end = 4 + align_up(head.len, 4);
                let crc = format::entry_crc(seq, place, &bytes[..end]).to_le_bytes();
                let valid = bytes[end..end + 4] == crc;
                #[cfg(feature = "crash")]
                let valid = valid || seeded(Bug::JournalCrcIgnored);
                claimed = claimed.max(place + size);
                if valid {
                    found(self, head.kind, head.at, &bytes[4..4 + head.len]);
                    place += size;
                    ends = place;
                    continue;
                }
            }
            place += unit;
        }
        Ok((ends, claimed))
    }

    /// Where the journal can go on: behind everything that was written or may have been.
    fn end_of(&mut self, page: u32, ends: usize, claimed: usize) -> Result<usize, StoreError> {
        #[cfg(feature = "crash")]
        if seeded(Bug::WrittenAgain) {
            return Ok(ends);
        }
        // The claim of an entry whose first word is torn may be anything.
        let claimed = match self.parts {
            Some(_) => ends,
            None => claimed,
        };
        let unit = Self::FORMAT.unit;
        let mut place = F::ERASE_SIZE;
        let mut bytes = [0; UNIT_MAX];
        while place > claimed {
            self.read_page(page, place - unit, &mut bytes[..unit])?;
            if bytes[..unit].iter().any(|&byte| byte != 0xff) {
                break;
            }
            place -= unit;
        }
        // The next unit may have been written without a trace.
        Ok(place + unit)
    }
}
