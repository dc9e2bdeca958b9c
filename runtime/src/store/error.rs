//! What a store can report.

use core::fmt;

/// A store could not read or write.
///
/// ```
/// use rekindle::store::{Mapped, Store, StoreError};
///
/// let mut words = [0u64; 2];
/// let mut store = Mapped::from_words(&mut words);
/// assert_eq!(
///     store.write(14, &[1, 2, 3, 4]),
///     Err(StoreError::OutOfRange { at: 14, len: 4, capacity: 16 }),
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// The access goes past the end of the store.
    OutOfRange {
        /// First byte.
        at: usize,
        /// Length in bytes.
        len: usize,
        /// Capacity of the store in bytes.
        capacity: usize,
    },
    /// The driver of the memory reported an error.
    Device {
        /// What was tried.
        operation: Operation,
        /// First byte.
        at: usize,
        /// Length in bytes.
        len: usize,
    },
    /// Too few pages are left that hold what is written to them; what was committed can still be read.
    WornOut {
        /// The page that was tried last.
        page: u32,
    },
    /// The next page is to be erased first, which the store was told not to do by itself: see
    /// [`Flash::maintain`](super::Flash::maintain).
    NoErasedPage {
        /// The next page.
        page: u32,
    },
    /// No room is left to go on, and none could be made: pages do not hold what is written to them. All that was
    /// committed can still be read, and the next boot tries again.
    JournalFull,
    /// The flash has too few pages for an image of this size.
    FlashTooSmall {
        /// Pages needed.
        needed: usize,
        /// Pages that it has.
        pages: usize,
    },
    /// The operating system reported an error.
    #[cfg(feature = "std")]
    Io {
        /// What was tried.
        operation: Operation,
        /// First byte.
        at: usize,
        /// Length in bytes.
        len: usize,
        /// The system's reason.
        kind: std::io::ErrorKind,
    },
}

/// What a store was doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Erasing.
    Erase,
    /// Waiting until earlier writes are durable.
    Barrier,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "reading",
            Self::Write => "writing",
            Self::Erase => "erasing",
            Self::Barrier => "syncing",
        })
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::OutOfRange { at, len, capacity } => {
                write!(
                    f,
                    "{len} bytes at {at} are outside the store of {capacity} bytes"
                )
            }
            Self::Device { operation, at, len } => {
                write!(
                    f,
                    "{operation} {len} bytes at {at}: the device reports an error"
                )
            }
            Self::WornOut { page } => write!(
                f,
                "too few pages of the flash hold what is written to them; the last one tried is page {page}"
            ),
            Self::NoErasedPage { page } => {
                write!(f, "page {page} of the flash has to be erased first")
            }
            Self::JournalFull => {
                f.write_str("the journal is full of entries that were torn or do not hold")
            }
            Self::FlashTooSmall { needed, pages } => {
                write!(
                    f,
                    "the journal needs {needed} pages, but the flash has {pages}"
                )
            }
            #[cfg(feature = "std")]
            Self::Io {
                operation,
                at,
                len,
                kind,
            } => write!(f, "{operation} {len} bytes at {at}: {kind}"),
        }
    }
}

impl core::error::Error for StoreError {}

impl StoreError {
    /// Checks that an access lies within `capacity`.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`](Self::OutOfRange) when it does not.
    ///
    /// ```
    /// use rekindle::store::StoreError;
    /// assert!(StoreError::check(0, 16, 16).is_ok());
    /// assert!(StoreError::check(usize::MAX, 2, 16).is_err());
    /// ```
    #[inline]
    pub const fn check(at: usize, len: usize, capacity: usize) -> Result<(), Self> {
        match at.checked_add(len) {
            Some(end) if end <= capacity => Ok(()),
            _ => Err(Self::OutOfRange { at, len, capacity }),
        }
    }
}
