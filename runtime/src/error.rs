//! One error type for everything that can go wrong, so that firmware has one place to handle it.

use core::fmt;

use crate::store::StoreError;

/// Why a task could not go on.
///
/// None of these loses committed work: after the cause is removed, the next
/// [`resume_or_start`](crate::Nvm::resume_or_start) goes on from the last commit.
///
/// ```
/// use rekindle::prelude::*;
///
/// #[derive(Layout)]
/// struct Memory { image: Buffer<[i8; 784]> }
///
/// let mut words = [0u64; 16];
/// let error = Nvm::<Memory, _>::open(Mapped::from_words(&mut words)).err();
/// assert_eq!(error, Some(Error::NvmTooSmall { needed: 980, capacity: 128 }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The store failed.
    Store(StoreError),
    /// The store is not memory-mapped, and the buffers of this task and its callers do not fit into the SRAM arena
    /// that was given to [`resume_or_start`](crate::Nvm::resume_or_start).
    ArenaTooSmall {
        /// Bytes needed for the buffer that did not fit, alignment included.
        needed: usize,
        /// Bytes that were left of the arena.
        available: usize,
        /// The task whose buffer it is.
        task: &'static str,
    },
    /// The saved values of the active tasks do not fit into a record: raise `RECORD` of [`Nvm`](crate::Nvm).
    FrameTooLarge {
        /// Bytes that the record would have.
        needed: usize,
        /// Bytes that it may have.
        capacity: usize,
        /// The task that was about to commit.
        task: &'static str,
    },
    /// The store is smaller than the control area and the buffers.
    NvmTooSmall {
        /// Bytes needed.
        needed: usize,
        /// Bytes that the store has.
        capacity: usize,
    },
    /// The mapped memory does not start at a multiple of the alignment that the buffers need.
    Misaligned {
        /// The alignment in bytes.
        align: usize,
    },
    /// What NVM records does not belong to this code. [`resume_or_start`](crate::Nvm::resume_or_start) handles it by
    /// a clean start; a user sees it only when a task misreports itself.
    Foreign,
    /// A buffer handle is not where its [`Nvm`](crate::Nvm) put it: it belongs to another one, or it was moved or
    /// swapped. A swap lives in SRAM and would be undone by the next outage, so it cannot be allowed.
    WrongStore,
    /// The closure of [`resume_or_start`](crate::Nvm::resume_or_start) ran a second task. What has to run in sequence
    /// must be one task that calls the others with `#[run]`, or it could not be resumed.
    SecondTask {
        /// The second task.
        task: &'static str,
    },
    /// The closure of [`resume_or_start`](crate::Nvm::resume_or_start) returned `Ok` although its task had failed.
    Unfinished,
    /// The iterations of a loop nest are too many for one position, or their number is not known beforehand.
    NestTooLong,
    /// Buffers cannot be written from outside while a task is under way: it may already have read them.
    Interrupted,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Store(error) => error.fmt(f),
            Self::ArenaTooSmall { needed, available, task } => write!(
                f,
                "task `{task}` needs {needed} more bytes of SRAM for a buffer, but {available} are left of the arena"
            ),
            Self::FrameTooLarge { needed, capacity, task } => write!(
                f,
                "the record of task `{task}` and its callers has {needed} bytes, but `RECORD` allows {capacity}"
            ),
            Self::NvmTooSmall { needed, capacity } => {
                write!(f, "the buffers need {needed} bytes of NVM, but the store has {capacity}")
            }
            Self::Misaligned { align } => {
                write!(f, "the mapped NVM does not start at a multiple of {align} bytes")
            }
            Self::Foreign => f.write_str("the record in NVM does not belong to this code"),
            Self::WrongStore => {
                f.write_str("a buffer handle is not where its `Nvm` put it (another `Nvm`'s, moved, or swapped)")
            }
            Self::SecondTask { task } => write!(
                f,
                "task `{task}` is the second one that this closure runs: call both with `#[run]` from one task"
            ),
            Self::Unfinished => f.write_str("the closure hides the error of its task"),
            Self::NestTooLong => {
                f.write_str("a loop nest has more iterations than a position can count, or an unknown number")
            }
            Self::Interrupted => {
                f.write_str("a task is under way: finish it or call `restart` before writing its buffers")
            }
        }
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
