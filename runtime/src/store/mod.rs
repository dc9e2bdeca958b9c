//! Non-volatile memories: what a commit needs of them, and nothing more.

mod bytes;
mod error;
#[cfg(feature = "std")]
mod file;
mod flash;
mod mapped;
mod paced;

use core::ptr::NonNull;

use zerocopy::{Immutable, IntoBytes};

use crate::pace::Pacer;
use crate::task::TaskInfo;

pub use bytes::Bytes;
pub use error::{Operation, StoreError};
#[cfg(feature = "std")]
pub use file::{File, FileError, FileErrorKind};
pub use flash::{Flash, FlashStats, Found, PartialErase};
pub use mapped::Mapped;
pub use paced::Paced;

/// A non-volatile memory.
///
/// # What an implementation must promise
///
/// * After [`barrier`](Store::barrier) returns, all earlier writes survive an outage, and none of them can be undone by
///   an outage during a later write elsewhere.
/// * An outage during a write may leave anything in the bytes of that write, and changes no other byte.
/// * With [`WORD_ATOMIC`](Store::WORD_ATOMIC), [`write_word`](Store::write_word) at an even address is all or nothing.
/// * With [`MAPPED`](Store::MAPPED), [`mapping`](Store::mapping) is always the same memory, and reading it by ordinary
///   loads gives what was written.
///
/// ```
/// use rekindle::store::{Store, StoreError};
///
/// /// A memory of 256 bytes that forgets nothing, because it is never switched off.
/// struct Ram([u8; 256]);
///
/// impl Store for Ram {
///     const MAPPED: bool = false;
///     const WORD_ATOMIC: bool = false;
///
///     fn capacity(&self) -> usize { self.0.len() }
///     fn read(&mut self, at: usize, into: &mut [u8]) -> Result<(), StoreError> {
///         StoreError::check(at, into.len(), 256)?;
///         into.copy_from_slice(&self.0[at..at + into.len()]);
///         Ok(())
///     }
///     fn write(&mut self, at: usize, from: &[u8]) -> Result<(), StoreError> {
///         StoreError::check(at, from.len(), 256)?;
///         self.0[at..at + from.len()].copy_from_slice(from);
///         Ok(())
///     }
///     fn barrier(&mut self) -> Result<(), StoreError> { Ok(()) }
/// }
/// ```
pub trait Store {
    /// The CPU can load from and store to this memory directly: views of buffers borrow it instead of copying.
    const MAPPED: bool;

    /// One aligned 16-bit word is written completely or not at all, also when the power fails.
    const WORD_ATOMIC: bool;

    /// A pacer decides when loops marked `#[commit(paced)]` commit.
    #[doc(hidden)]
    const PACED: bool = false;

    /// Size in bytes.
    fn capacity(&self) -> usize;

    /// Where the memory is mapped. Must be `Some` if and only if [`MAPPED`](Store::MAPPED).
    #[inline]
    fn mapping(&self) -> Option<Mapping> {
        None
    }

    /// Reads `into.len()` bytes.
    ///
    /// # Errors
    ///
    /// When the range is outside the memory, or the device fails.
    fn read(&mut self, at: usize, into: &mut [u8]) -> Result<(), StoreError>;

    /// Writes `from.len()` bytes. An outage may leave anything in them.
    ///
    /// # Errors
    ///
    /// When the range is outside the memory, or the device fails.
    fn write(&mut self, at: usize, from: &[u8]) -> Result<(), StoreError>;

    /// Writes one word at an even address, in native byte order; all or nothing with
    /// [`WORD_ATOMIC`](Store::WORD_ATOMIC).
    ///
    /// # Errors
    ///
    /// When the word is outside the memory, or the device fails.
    #[inline]
    fn write_word(&mut self, at: usize, word: u16) -> Result<(), StoreError> {
        self.write(at, &word.to_ne_bytes())
    }

    /// Waits until all earlier writes are durable, those through a mapping included.
    ///
    /// # Errors
    ///
    /// When the device fails.
    fn barrier(&mut self) -> Result<(), StoreError>;

    /// The same memory, on which this pacer decides when loops marked `#[commit(paced)]` commit.
    ///
    /// ```
    /// use rekindle::pace::ByWork;
    /// use rekindle::store::{Mapped, Store};
    ///
    /// let mut words = [0u64; 4];
    /// let store = Mapped::from_words(&mut words).paced(ByWork::new(1_000));
    /// ```
    fn paced<P: Pacer>(self, pacer: P) -> Paced<Self, P>
    where
        Self: Sized,
    {
        Paced::new(self, pacer)
    }

    /// One value stored directly to mapped memory. The crash checker replaces it.
    ///
    /// # Safety
    ///
    /// `to` is aligned and lies in this store's mapping, and nothing else refers to that place.
    #[doc(hidden)]
    #[allow(unsafe_code)]
    #[inline(always)]
    unsafe fn poke<E: IntoBytes + Immutable>(to: NonNull<E>, value: E) {
        // Volatile, so that no store is merged, dropped or moved past the (volatile) commit.
        if const { cfg!(target_arch = "arm") && align_of::<E>() < 4 && size_of::<E>() > 4 } {
            // In words where the type would have them byte by byte; what is written is the same.
            let (from, words) = (NonNull::from(&value), size_of::<E>() / 4);
            let aligned = to.cast::<u32>().is_aligned();
            for i in 0..words {
                // SAFETY: inside of the value and of its place; aligned by the check, and a word in pieces has no
                // alignment.
                unsafe {
                    let word = from.cast::<u32>().add(i).read_unaligned();
                    if aligned {
                        to.cast::<u32>().add(i).write_volatile(word);
                    } else {
                        to.cast::<Pieces>().add(i).write_volatile(Pieces(word));
                    }
                }
            }
            for i in words * 4..size_of::<E>() {
                // SAFETY: as before.
                unsafe {
                    let byte = from.cast::<u8>().add(i).read();
                    to.cast::<u8>().add(i).write_volatile(byte);
                }
            }
            return;
        }
        // SAFETY: the caller's promise.
        unsafe { to.as_ptr().write_volatile(value) }
    }

    /// Told when a run starts or goes on after an outage.
    #[doc(hidden)]
    #[inline(always)]
    fn begins(&mut self) {}

    /// Asked after each iteration of a paced loop, with [`PACED`](Store::PACED).
    #[doc(hidden)]
    #[inline(always)]
    fn due(&mut self, _work: u32) -> bool {
        true
    }

    /// Told of every commit once it is durable: the place to look at the supply, or to show progress.
    ///
    /// An outage during this call, or no return from it, loses nothing.
    #[inline(always)]
    fn committed(&mut self, _commit: Commit) {}
}

/// Which commit this is.
#[derive(Debug, Clone, Copy)]
pub struct Commit {
    /// The innermost active task; `None` when a whole run begins, ends or is forgotten.
    pub task: Option<&'static TaskInfo>,
    /// Its site; 0 is its entry.
    pub site: u8,
    /// The position, if only that was committed.
    pub position: Option<u32>,
}

impl Commit {
    /// Source file of the task; empty when unknown.
    pub fn file(&self) -> &'static str {
        self.task.map_or("", |task| task.file)
    }

    /// Source line of the site; 0 when unknown.
    pub fn line(&self) -> u32 {
        self.task
            .and_then(|task| task.lines.get(usize::from(self.site)))
            .copied()
            .unwrap_or(0)
    }

    /// Name of the task; empty when there is none.
    pub fn name(&self) -> &'static str {
        self.task.map_or("", |task| task.name)
    }
}

/// A word without alignment, which a Cortex-M4 stores at once.
#[derive(Clone, Copy)]
#[repr(C, packed)]
struct Pieces(#[allow(dead_code)] u32);

/// Memory that the CPU can address.
///
/// ```
/// use rekindle::store::{Mapped, Store};
///
/// let mut words = [0u64; 4];
/// let store = Mapped::from_words(&mut words);
/// assert_eq!(store.mapping().map(|m| m.len()), Some(32));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Mapping {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: it is an address; whoever made it promised that one owner at a time uses the memory.
#[allow(unsafe_code)]
unsafe impl Send for Mapping {}

#[allow(clippy::len_without_is_empty)]
impl Mapping {
    /// No memory at all.
    pub(crate) const NONE: Self = Self {
        base: NonNull::dangling(),
        len: 0,
    };

    /// Describes the `len` bytes at `base`.
    ///
    /// # Safety
    ///
    /// As long as the store exists that gives out this mapping, these bytes are readable and writable through `base`,
    /// and nothing else accesses them.
    #[allow(unsafe_code)]
    pub const unsafe fn new(base: NonNull<u8>, len: usize) -> Self {
        Self { base, len }
    }

    /// First byte.
    #[inline(always)]
    pub const fn base(self) -> NonNull<u8> {
        self.base
    }

    /// Length in bytes.
    #[inline(always)]
    pub const fn len(self) -> usize {
        self.len
    }
}
