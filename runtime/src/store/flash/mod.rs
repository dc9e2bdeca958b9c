//! NOR flash, such as the internal flash of the nRF52.

mod erase;
mod format;
mod log;
mod reclaim;
mod recover;

use embedded_storage::nor_flash::NorFlash;

use self::erase::{Erasing, Parts};
use self::format::{Format, IMAGE_MAX, UNIT_MAX};
use super::{Store, StoreError};

pub use self::erase::PartialErase;

/// NOR flash behind a driver: an append-only journal of what is written, and the bytes themselves in SRAM.
///
/// Reads are served from the *image* in SRAM, which [`open`](Self::open) rebuilds from the journal. A write appends what
/// differs from the image: an entry with its address and a CRC, in whole aligned units. Pages are used in turn, worn-out
/// ones are left out. When half of them are in use, the image is copied on to the end of the journal, piece by piece
/// between other writes, and the pages before the copy are free. Erasing them takes time and energy;
/// [`maintain`](Self::maintain) does it, and the copying, ahead of need.
///
/// # Guarantees
///
/// 1. A write that has returned survives every outage, also one during a later write, a copy, an erase or a recovery.
/// 2. A write of at most 256 bytes that stays within a page is all or nothing; a longer one is so piece by piece.
/// 3. No unit is written twice between two erases of its page, also after outages that have left no trace in it, and
///    none that is not erased. So the memory need not allow a second write; only the mark of a page that is worn out or
///    dropped is written over what is there. (A write that an outage has cut before it changed any bit is none.)
/// 4. Pages are erased in turn, so erase counts differ by one, plus the erases that outages have interrupted, pages
///    that were left out and copies that were begun again. The counts are in the pages, attempts included as far as
///    there was room to note them: between the erases that were completed and those that were begun.
/// 5. An interrupted erase is begun again, with the same page, and costs nothing but itself: the supply has to last for
///    one erase now and then, not more; with [`open_in_parts`](Self::open_in_parts), for one part of an erase.
/// 6. All that is written is read back. What a page does not hold is written elsewhere; a page that is not blank after an
///    erase, or does not hold its marks, is retired. [`StoreError::WornOut`] comes when too few are left.
/// 7. A supply that tears entries does not use up the journal: copying goes on in pieces that get shorter, and pages with
///    nothing but torn entries and unfinished copies are dropped. [`StoreError::JournalFull`] means that this did
///    not help within one boot, because pages do not hold what is written.
/// 8. Recovery writes nothing, unless it finds no journal.
///
/// # Why
///
/// A page counts as erased only with the mark that is written after a complete erase was verified; a half-erased page has
/// none, or still its old marks with an old sequence number. The journal is the pages from a *tail* to the highest
/// sequence number. An entry counts if its CRC, which covers the sequence number and place, is right: torn entries do
/// not. Entries are applied in order, and each boot goes on behind whatever may have been touched. A copy begins at address 0
/// and ends at the last, each piece with what is true at its place in the journal; so from the page where it begins, the
/// journal gives all of the image, and the pages before are needed no more. None of them is erased before a note of the
/// new tail is in the journal. Pages at its end without data say what the pages before them say; they are dropped from the
/// last on, each marked as no part of the journal before its erase, and only if the page before tells the same tail.
///
/// # Assumptions
///
/// The driver programs units in ascending order and returns when it is done; an interrupted unit may hold any mix of old
/// and new bits, an interrupted erase any mix over the whole page, and both read the same until the next write. The power
/// lasts for one entry of data (as long as the write, at most 256 bytes) now and then, or there is no progress.
///
/// ```
/// use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
/// use rekindle::store::{Flash, Store};
///
/// struct Driver(Vec<u8>); // stands for a driver crate
/// impl ErrorType for Driver { type Error = NorFlashErrorKind; }
/// impl ReadNorFlash for Driver {
///     const READ_SIZE: usize = 1;
///     fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), NorFlashErrorKind> {
///         into.copy_from_slice(&self.0[at as usize..][..into.len()]);
///         Ok(())
///     }
///     fn capacity(&self) -> usize { self.0.len() }
/// }
/// impl NorFlash for Driver {
///     const WRITE_SIZE: usize = 4;
///     const ERASE_SIZE: usize = 1024;
///     fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
///         self.0[from as usize..to as usize].fill(0xff);
///         Ok(())
///     }
///     fn write(&mut self, at: u32, from: &[u8]) -> Result<(), NorFlashErrorKind> {
///         for (to, from) in self.0[at as usize..].iter_mut().zip(from) { *to &= from }
///         Ok(())
///     }
/// }
///
/// let mut image = [0; 256];
/// let mut store = Flash::open(Driver(vec![0; 16 * 1024]), &mut image)?;
/// store.write(3, b"kindling")?;
/// let driver = store.into_inner(); // the power fails
///
/// let mut image = [0x55; 256];
/// let mut store = Flash::open(driver, &mut image)?;
/// let mut back = [0; 8];
/// store.read(3, &mut back)?;
/// assert_eq!(&back, b"kindling");
/// # Ok::<(), rekindle::store::StoreError>(())
/// ```
#[derive(Debug)]
#[allow(clippy::struct_field_names)] // The driver of a flash is a flash.
pub struct Flash<'a, F> {
    flash: F,
    image: &'a mut [u8],
    pages: u32,
    /// Pages that are not worn out.
    usable: u32,
    found: Found,
    only_prepared: bool,

    /// The page that is written, its sequence number, and where it goes on. Number 0: there is no journal yet.
    head: u32,
    seq: u32,
    place: usize,
    /// Sequence number of the journal's first page.
    tail: u32,
    /// The one that the next boot would find.
    durable: u32,
    /// The highest number that any page has.
    newest: u32,
    pass: Option<Pass>,
    /// Room was made for this pass.
    reclaimed: bool,
    /// Most bytes of the next piece that is copied.
    piece: usize,
    /// The erase that was begun last.
    erasing: Option<Erasing>,
    parts: Option<Parts<F>>,
    /// A page whose second mark may have been begun, and in how many of its places.
    suspect: Option<(u32, usize)>,

    written: u64,
    copied: u64,
    asked: u64,
    erases: u32,
    failures: u32,
}

/// A copy of the image that is under way.
#[derive(Debug, Clone, Copy)]
struct Pass {
    /// The page where it begins.
    seq: u32,
    cursor: usize,
}

/// What [`Flash::open`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// No page that was ever ours.
    Blank,
    /// Pages of ours without a complete journal for an image of this size. A new one has begun.
    Foreign,
    /// A journal.
    Journal,
}

/// What a [`Flash`] has done since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlashStats {
    /// Bytes that were asked to be written.
    pub asked: u64,
    /// Bytes that were programmed, marks and padding included.
    pub written: u64,
    /// Bytes of the image among them that were copied on.
    pub copied: u64,
    /// Pages that were erased.
    pub erases: u32,
    /// Writes and erases that did not hold.
    pub failures: u32,
}

impl<'a, F: NorFlash> Flash<'a, F> {
    const FORMAT: Format = {
        let unit = if F::WRITE_SIZE < 4 { 4 } else { F::WRITE_SIZE };
        assert!(unit <= UNIT_MAX && unit % 4 == 0 && unit % F::WRITE_SIZE == 0);
        assert!(unit % F::READ_SIZE == 0);
        assert!(F::ERASE_SIZE >= 512 && F::ERASE_SIZE % UNIT_MAX == 0);
        Format { unit }
    };

    /// Finds the journal and rebuilds the image, whose length is the store's capacity; or begins a new one.
    ///
    /// # Errors
    ///
    /// [`StoreError::FlashTooSmall`], [`StoreError::WornOut`], [`StoreError::OutOfRange`] for an image above 1 MiB, or
    /// when the device fails.
    pub fn open(flash: F, image: &'a mut [u8]) -> Result<Self, StoreError> {
        Self::open_with(flash, image, None)
    }

    /// As [`open`](Self::open), and erases pages in parts, with notes in the journal of how many are done.
    ///
    /// After an outage, the erase goes on where it was: the supply need not last longer than for a part of an erase and its
    /// note (12 bytes, or one unit). [`maintain`](Self::maintain) does one part at a time; without it, the erase begins
    /// when there is just room left for the notes in the page before. A whole erase at once is needed only where
    /// nothing can be noted: in the very first pages of a new journal, and where torn notes have taken the room.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_in_parts(flash: F, image: &'a mut [u8]) -> Result<Self, StoreError>
    where
        F: PartialErase,
    {
        Self::open_with(flash, image, Some(Parts::new()))
    }

    fn open_with(
        flash: F,
        image: &'a mut [u8],
        parts: Option<Parts<F>>,
    ) -> Result<Self, StoreError> {
        StoreError::check(0, image.len(), IMAGE_MAX)?;
        let pages = (flash.capacity() / F::ERASE_SIZE) as u32;
        let mut store = Self {
            flash,
            image,
            pages,
            usable: 0,
            found: Found::Blank,
            only_prepared: false,
            head: 0,
            seq: 0,
            place: 0,
            tail: 0,
            durable: 0,
            newest: 0,
            pass: None,
            reclaimed: false,
            piece: format::DATA_MAX,
            erasing: None,
            parts,
            suspect: None,
            written: 0,
            copied: 0,
            asked: 0,
            erases: 0,
            failures: 0,
        };
        store.recover()?;
        Ok(store)
    }

    /// Never erases during a write: [`StoreError::NoErasedPage`] tells that it is time to [`maintain`](Self::maintain).
    #[must_use]
    pub fn erase_only_in_maintenance(mut self) -> Self {
        self.only_prepared = true;
        self
    }

    /// What was found.
    pub const fn found(&self) -> Found {
        self.found
    }

    /// What it has done since it was opened.
    pub const fn stats(&self) -> FlashStats {
        FlashStats {
            asked: self.asked,
            written: self.written,
            copied: self.copied,
            erases: self.erases,
            failures: self.failures,
        }
    }

    /// How often a page was erased; `None` for one that is blank, half erased or worn out.
    ///
    /// # Errors
    ///
    /// When the device fails.
    pub fn erase_count(&mut self, page: u32) -> Result<Option<u32>, StoreError> {
        Ok(self.marks(page)?.0)
    }

    /// Whether a page is retired.
    ///
    /// # Errors
    ///
    /// When the device fails.
    pub fn is_retired(&mut self, page: u32) -> Result<bool, StoreError> {
        Ok(self.marks(page)?.1)
    }

    /// Pages of the flash.
    pub const fn pages(&self) -> u32 {
        self.pages
    }

    /// The least number of pages for an image of so many bytes, without spare ones.
    pub const fn pages_needed(image: usize) -> usize {
        4 * Self::pages_for(image) as usize + 4
    }

    /// Gives the driver back.
    pub fn into_inner(self) -> F {
        self.flash
    }
}

impl<F: NorFlash> Store for Flash<'_, F> {
    const MAPPED: bool = false;
    const WORD_ATOMIC: bool = false;

    fn capacity(&self) -> usize {
        self.image.len()
    }

    fn read(&mut self, at: usize, into: &mut [u8]) -> Result<(), StoreError> {
        StoreError::check(at, into.len(), self.image.len())?;
        into.copy_from_slice(&self.image[at..at + into.len()]);
        Ok(())
    }

    fn write(&mut self, at: usize, from: &[u8]) -> Result<(), StoreError> {
        StoreError::check(at, from.len(), self.image.len())?;
        self.asked += from.len() as u64;
        let old = &self.image[at..at + from.len()];
        // Only what changes.
        let Some(first) = (0..from.len()).find(|&i| old[i] != from[i]) else {
            return Ok(());
        };
        let last = (first..from.len())
            .rfind(|&i| old[i] != from[i])
            .unwrap_or(first);
        self.append(at + first, &from[first..=last])
    }

    fn barrier(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}
