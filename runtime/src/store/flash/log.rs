//! Appending, opening pages, copying on.

use embedded_storage::nor_flash::NorFlash;

use super::format::{self, ENTRY_MAX, Head, Kind, NOTE, OPENED_MAX, Opened, SLOTS, UNIT_MAX};
use super::{Flash, Pass};
use crate::store::{Operation, StoreError};

/// The first piece that is copied after an outage has torn an entry; each that follows is twice as long.
pub(super) const PIECE_MIN: usize = 32;
/// Notes that always fit into a page beside its data.
pub(super) const NOTES: usize = 3;

#[cfg(feature = "crash")]
use crate::crash::{Bug, seeded};

impl<F: NorFlash> Flash<'_, F> {
    pub(super) fn read_page(
        &mut self,
        page: u32,
        place: usize,
        into: &mut [u8],
    ) -> Result<(), StoreError> {
        let (at, len) = (page as usize * F::ERASE_SIZE + place, into.len());
        self.flash
            .read(at as u32, into)
            .map_err(|_| StoreError::Device {
                operation: Operation::Read,
                at,
                len,
            })
    }

    /// Writes and reads back; whether it holds.
    pub(super) fn program(
        &mut self,
        page: u32,
        place: usize,
        bytes: &[u8],
    ) -> Result<bool, StoreError> {
        let (at, len) = (page as usize * F::ERASE_SIZE + place, bytes.len());
        self.flash
            .write(at as u32, bytes)
            .map_err(|_| StoreError::Device {
                operation: Operation::Write,
                at,
                len,
            })?;
        self.written += len as u64;
        #[cfg(feature = "crash")]
        if seeded(Bug::NotVerified) {
            return Ok(true);
        }
        let mut back = [0; UNIT_MAX];
        for (i, want) in bytes.chunks(UNIT_MAX).enumerate() {
            let back = &mut back[..want.len()];
            self.read_page(page, place + i * UNIT_MAX, back)?;
            if back != want {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The marks of a page: erase count if it is erased or in use, whether it is worn out, what it was opened as.
    pub(super) fn marks(
        &mut self,
        page: u32,
    ) -> Result<(Option<u32>, bool, Option<Opened>), StoreError> {
        let mut erased = [0xff; UNIT_MAX];
        self.read_page(page, 0, &mut erased)?;
        let count = format::erase_count(&erased);
        let mut opened = None;
        if count.is_some() {
            for slot in 0..SLOTS {
                let mut mark = [0xff; OPENED_MAX];
                let (from, to) = (Self::FORMAT.opened_at(slot), Self::FORMAT.data_at(slot));
                self.read_page(page, from, &mut mark[..to - from])?;
                opened = format::parse_opened(&mark, slot);
                if opened.is_some() {
                    break;
                }
            }
        }
        Ok((count, format::is_retired(&erased), opened))
    }

    /// The page after this one that is not worn out.
    pub(super) fn after(&mut self, page: u32) -> Result<u32, StoreError> {
        let mut next = page;
        for _ in 0..self.pages {
            next = (next + 1) % self.pages;
            if !self.marks(next)?.1 {
                return Ok(next);
            }
        }
        Err(StoreError::WornOut { page })
    }

    /// Pages that are not worn out.
    pub(super) fn usable(&mut self) -> Result<u32, StoreError> {
        let mut usable = 0;
        for page in 0..self.pages {
            usable += u32::from(!self.marks(page)?.1);
        }
        Ok(usable)
    }

    /// Bytes of a page for entries with data.
    const fn room() -> usize {
        F::ERASE_SIZE - Self::FORMAT.data_at(0) - NOTES * Self::FORMAT.entry(NOTE)
    }

    /// Pages for a copy of so many bytes, outages apart.
    pub(super) const fn pages_for(bytes: usize) -> u32 {
        // Each entry has eight bytes and less than a unit of padding beside its data; one at the end of a page may be
        // shorter.
        let per_page = Self::room() - (Self::room() / ENTRY_MAX + 2) * (8 + Self::FORMAT.unit);
        bytes.div_ceil(per_page) as u32
    }

    /// Pages that are neither part of the journal nor worn out.
    pub(super) fn free(&self) -> u32 {
        self.usable - (self.seq - self.tail + 1).min(self.usable)
    }

    /// Appends the image's bytes `at..at + len`, which `data` replaces.
    pub(super) fn append(&mut self, at: usize, data: &[u8]) -> Result<(), StoreError> {
        if (self.usable as usize) < Self::pages_needed(self.image.len()) {
            return Err(StoreError::WornOut { page: self.head });
        }
        let (mut at, mut data) = (at, data);
        while !data.is_empty() {
            self.keep_ahead(data.len().min(format::DATA_MAX))?;
            let len = self.append_some(Kind::Data, at, data)?;
            self.image[at..at + len].copy_from_slice(&data[..len]);
            (at, data) = (at + len, &data[len..]);
        }
        Ok(())
    }

    /// Appends one entry with as much of the data as fits.
    fn append_some(&mut self, kind: Kind, at: usize, data: &[u8]) -> Result<usize, StoreError> {
        loop {
            let end = F::ERASE_SIZE - NOTES * Self::FORMAT.entry(NOTE);
            let fits = Self::FORMAT
                .fits(end.saturating_sub(self.place))
                .min(data.len());
            if fits == 0 || (fits < data.len() && fits < 16) {
                if !self.open_next()? && kind == Kind::Data {
                    // The room that there is now is for the copy first.
                    return Ok(0);
                }
                continue;
            }
            if self.erase_ahead(fits)? {
                continue;
            }
            if self.put(kind, at, &data[..fits])? {
                return Ok(fits);
            }
            // The page does not hold what is written to it: go on in another one.
            self.failures += 1;
            self.open_next()?;
        }
    }

    /// Writes one entry at the end of the journal; whether it holds.
    pub(super) fn put(&mut self, kind: Kind, at: usize, data: &[u8]) -> Result<bool, StoreError> {
        let mut bytes = [0; ENTRY_MAX];
        let head = Head {
            kind,
            at,
            len: data.len(),
        };
        let len = format::entry(Self::FORMAT, self.seq, self.place, head, data, &mut bytes);
        let place = self.place;
        self.place += len;
        self.program(self.head, place, &bytes[..len])
    }

    /// Notes what is about to be done with a page, if there is room.
    pub(super) fn note(&mut self, kind: Kind, page: u32, count: u32) -> Result<bool, StoreError> {
        if self.place + Self::FORMAT.entry(NOTE) > F::ERASE_SIZE || self.seq == 0 {
            return Ok(false);
        }
        let mut data = [0; NOTE];
        for (i, word) in [page, count, self.tail].into_iter().enumerate() {
            data[4 * i..4 * i + 4].copy_from_slice(&word.to_le_bytes());
        }
        let noted = self.put(kind, 0, &data)?;
        if noted {
            self.durable = self.tail;
        }
        Ok(noted)
    }

    /// Goes on in the next page; `false` after an earlier one, because the journal was full of torn entries.
    pub(super) fn open_next(&mut self) -> Result<bool, StoreError> {
        for _ in 0..self.pages {
            if self.seq != 0 && self.free() == 0 {
                return if self.reclaim()? {
                    Ok(false)
                } else {
                    Err(StoreError::JournalFull)
                };
            }
            let page = self.after(self.head)?;
            let slot = match self.prepared(page)? {
                Some(slot) => slot,
                None if self.only_prepared && self.seq != 0 => {
                    return Err(StoreError::NoErasedPage { page });
                }
                None => match self.prepare(page) {
                    Ok(true) => 0,
                    Ok(false) => continue,
                    Err(StoreError::JournalFull) if self.reclaim()? => return Ok(false),
                    Err(error) => return Err(error),
                },
            };
            self.note(Kind::Opening, page, slot as u32)?;
            let seq = if self.seq == 0 { self.newest } else { self.seq } + 1;
            let tail = if self.seq == 0 { seq } else { self.tail };
            let mark = format::opened_mark(Opened {
                seq,
                tail,
                capacity: self.image.len() as u32,
                slot,
            });
            let (from, to) = (Self::FORMAT.opened_at(slot), Self::FORMAT.data_at(slot));
            if self.program(page, from, &mark[..to - from])? {
                (self.head, self.seq, self.tail) = (page, seq, tail);
                self.durable = tail;
                self.place = to;
                return Ok(true);
            }
            self.retire(page)?;
        }
        Err(StoreError::WornOut { page: self.head })
    }

    /// Copies on before room runs out: at least as much as is about to be written, or everything, if it must be.
    fn keep_ahead(&mut self, len: usize) -> Result<(), StoreError> {
        if self.pass.is_none() && self.free() > self.usable / 2 {
            return Ok(());
        }
        let mut owed = len as isize;
        loop {
            let rest = self.image.len() - self.pass.map_or(0, |pass| pass.cursor);
            // Outages may cost as much room again.
            let urgent = self.free() <= 2 * Self::pages_for(rest) + 1;
            if owed <= 0 && !urgent {
                return Ok(());
            }
            let (copied, done) = self.copy_on()?;
            owed -= copied as isize;
            if done {
                return Ok(());
            }
        }
    }

    /// Repeats the next bytes of the image. How many, and whether that was all of it.
    pub(super) fn copy_on(&mut self) -> Result<(usize, bool), StoreError> {
        let from = self.pass.map_or(0, |pass| pass.cursor);
        let to = (from + self.piece).min(self.image.len());
        let mut data = [0; format::DATA_MAX];
        let data = &mut data[..to - from];
        data.copy_from_slice(&self.image[from..to]);
        #[cfg(feature = "crash")]
        if seeded(Bug::ReusedTooEarly) {
            self.tail = self.seq;
        }
        let len = self.append_some(Kind::Copy, from, data)?;
        self.copied += len as u64;
        self.piece = (2 * self.piece).min(format::DATA_MAX);
        let done = self.copied_to(self.seq, from, len);
        self.reclaimed &= !done;
        Ok((len, done))
    }

    /// A copy entry is in the journal. Whether it ends a pass.
    pub(super) fn copied_to(&mut self, seq: u32, from: usize, len: usize) -> bool {
        let begun = match self.pass {
            _ if from == 0 => seq,
            Some(pass) if pass.cursor == from => pass.seq,
            // The beginning of this pass is not in the journal any more.
            _ => return false,
        };
        let cursor = from + len;
        if cursor < self.image.len() {
            self.pass = Some(Pass { seq: begun, cursor });
            return false;
        }
        self.pass = None;
        self.tail = begun;
        true
    }
}
