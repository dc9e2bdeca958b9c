//! Rebuilding the image from the journal.

use embedded_storage::nor_flash::NorFlash;

use super::format::{self, ENTRY_MAX, Head, Kind, NOTE, UNIT_MAX};
use super::{Flash, Found};
use crate::layout::align_up;
use crate::store::StoreError;

#[cfg(feature = "crash")]
use crate::crash::{Bug, seeded};

impl<F: NorFlash> Flash<'_, F> {
    /// Reads the journal, or begins a new one.
    pub(super) fn recover(&mut self) -> Result<(), StoreError> {
        self.image.fill(0);
        let mut newest = None;
        let mut any = false;
        for page in 0..self.pages {
            let (count, retired, opened) = self.marks(page)?;
            self.usable += u32::from(!retired);
            any |= count.is_some();
            if let Some(opened) = opened {
                self.newest = self.newest.max(opened.seq);
                if newest.is_none_or(|(_, seq)| opened.seq > seq) {
                    newest = Some((page, opened.seq));
                }
            }
        }
        if let Some((page, _)) = newest {
            self.head = page;
            if self.replay()? {
                self.found = Found::Journal;
                return Ok(());
            }
        }
        let needed = Self::pages_needed(self.image.len());
        if (self.pages as usize) < needed {
            return Err(StoreError::FlashTooSmall {
                needed,
                pages: self.pages as usize,
            });
        }
        // Nothing of ours. The marks with erase counts stay until each page's turn comes.
        self.found = if any { Found::Foreign } else { Found::Blank };
        self.image.fill(0);
        (self.seq, self.tail, self.pass, self.erasing) = (0, 0, None, None);
        self.suspect = None;
        if newest.is_none() {
            self.head = self.pages - 1;
        }
        self.open_next()
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
        (self.seq, self.tail) = (last.seq, last.tail);
        let mut tail = last.tail;
        self.scan(self.head, last.seq, &mut |flash, kind, _, data| {
            if let (Kind::Erasing, Some(word)) = (kind, data.get(8..12)) {
                let word = u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
                if (tail..=flash.seq).contains(&word) {
                    tail = word;
                }
            }
        })?;
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
            let end = self.scan(page, seq, &mut |flash, kind, at, data| match kind {
                Kind::Data | Kind::Copy => {
                    let Some(to) = flash.image.get_mut(at..at + data.len()) else {
                        return;
                    };
                    to.copy_from_slice(data);
                    if kind == Kind::Copy {
                        flash.copied_to(seq, at, data.len());
                    }
                }
                Kind::Erasing | Kind::Opening => {
                    let Some(&[a, b, c, d, e, f, g, h, ..]) = data.first_chunk::<NOTE>() else {
                        return;
                    };
                    let page = u32::from_le_bytes([a, b, c, d]);
                    if kind == Kind::Opening {
                        flash.suspect = Some(page);
                    } else {
                        flash.erasing = Some((page, u32::from_le_bytes([e, f, g, h])));
                        flash.suspect = flash.suspect.filter(|&suspect| suspect != page);
                    }
                }
            })?;
            if seq == last.seq {
                self.place = self.end_of(page, end)?;
                if self.place + Self::FORMAT.entry(NOTE) > F::ERASE_SIZE {
                    // There may have been no room to note that the next one was being opened.
                    self.suspect = Some(self.after(self.head)?);
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

    /// Calls `found` with every entry of a page. Returns where the last one ends, or what may be one that was torn.
    #[allow(clippy::type_complexity)]
    fn scan(
        &mut self,
        page: u32,
        seq: u32,
        found: &mut dyn FnMut(&mut Self, Kind, usize, &[u8]),
    ) -> Result<usize, StoreError> {
        let unit = Self::FORMAT.unit;
        let mut place = Self::FORMAT.data_at();
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
        #[cfg(feature = "crash")]
        if seeded(Bug::WrittenAgain) {
            return Ok(ends);
        }
        let _ = ends;
        Ok(claimed)
    }

    /// Where the journal can go on: behind everything that was written or may have been.
    fn end_of(&mut self, page: u32, claimed: usize) -> Result<usize, StoreError> {
        #[cfg(feature = "crash")]
        if seeded(Bug::WrittenAgain) {
            return Ok(claimed);
        }
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
