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
    /// Waiting until earlier writes are durable.
    Barrier,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "reading",
            Self::Write => "writing",
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
