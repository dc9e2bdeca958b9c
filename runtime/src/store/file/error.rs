//! Why a file could not be used as a store.

use core::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A file could not be used as a store.
///
/// ```
/// use rekindle::store::File;
///
/// let error = File::open("no/such/file.nvm").unwrap_err();
/// assert_eq!(error.to_string(), "no/such/file.nvm: there is no such file");
/// ```
#[derive(Debug)]
pub struct FileError {
    path: PathBuf,
    kind: FileErrorKind,
}

/// What is wrong with the file.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileErrorKind {
    /// There is none.
    Missing,
    /// There is one already.
    Exists,
    /// It does not begin as a store does: it is another file, or its header is damaged.
    NotAStore,
    /// It is shorter than its header says.
    Truncated {
        /// Bytes that it has.
        len: u64,
        /// Bytes that it should have.
        wanted: u64,
    },
    /// It is a store, but too small.
    Smaller {
        /// Its capacity in bytes.
        capacity: usize,
        /// The capacity that was asked for.
        wanted: usize,
    },
    /// The disk is full.
    Full,
    /// Anything else that the system reports.
    Io(io::Error),
}

impl FileErrorKind {
    pub(super) fn from_io(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::Missing,
            ErrorKind::AlreadyExists => Self::Exists,
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Io(error),
        }
    }
}

impl FileError {
    pub(super) fn new(path: &Path, kind: FileErrorKind) -> Self {
        Self {
            path: path.to_path_buf(),
            kind,
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is wrong with it.
    pub fn kind(&self) -> &FileErrorKind {
        &self.kind
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        match &self.kind {
            FileErrorKind::Missing => f.write_str("there is no such file"),
            FileErrorKind::Exists => f.write_str("the file exists already"),
            FileErrorKind::NotAStore => {
                f.write_str("this is not a store of Rekindle, or its header is damaged")
            }
            FileErrorKind::Truncated { len, wanted } => {
                write!(f, "the store is damaged: {len} bytes of {wanted} are left")
            }
            FileErrorKind::Smaller { capacity, wanted } => {
                write!(f, "the store has {capacity} bytes, but {wanted} are needed")
            }
            FileErrorKind::Full => f.write_str("the disk is full"),
            FileErrorKind::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            FileErrorKind::Io(error) => Some(error),
            _ => None,
        }
    }
}
