//! A file as non-volatile memory: for demos, tests, and the host side of a project.

mod error;

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use super::{Operation, Store, StoreError};
use crate::record::checksum;

pub use error::{FileError, FileErrorKind};

/// Bytes before the contents: magic, capacity, and their checksum.
const HEADER: usize = 32;
const MAGIC: [u8; 8] = *b"REKINDL1";

/// A store in a file. It survives `kill -9` at any moment.
///
/// Nothing is assumed to be atomic; commits are as on [`Bytes`](super::Bytes). The operating system keeps what a killed
/// process has written, so a barrier has nothing to do; [`sync`](Self::sync) makes it wait for the disk, for those who
/// pull the plug.
///
/// The file begins with a header that says what it is, so that no other file is ever written to, and none is made
/// smaller. One process at a time may use it.
///
/// ```
/// use rekindle::store::{File, FileErrorKind, Store};
///
/// let path = std::env::temp_dir().join(format!("rekindle-doc-{}.nvm", std::process::id()));
/// # let _ = std::fs::remove_file(&path);
/// assert!(matches!(File::open(&path).unwrap_err().kind(), FileErrorKind::Missing));
///
/// File::create(&path, 64)?.write(8, b"kindling")?;
///
/// let mut bytes = [0; 8];
/// File::open(&path)?.read(8, &mut bytes)?;
/// assert_eq!(&bytes, b"kindling");
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct File {
    inner: fs::File,
    capacity: usize,
    sync: bool,
}

impl File {
    /// Opens an existing store.
    ///
    /// # Errors
    ///
    /// [`FileErrorKind::Missing`], [`FileErrorKind::NotAStore`], [`FileErrorKind::Truncated`], or what the system says.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        open(path).map_err(|kind| FileError::new(path, kind))
    }

    /// Creates a store of `capacity` zero bytes. A file that exists is left alone.
    ///
    /// The file appears under its name only when it is complete, and its space is allocated.
    ///
    /// # Errors
    ///
    /// [`FileErrorKind::Exists`], [`FileErrorKind::Full`], or what the system says.
    pub fn create(path: impl AsRef<Path>, capacity: usize) -> Result<Self, FileError> {
        let path = path.as_ref();
        create(path, capacity).map_err(|kind| FileError::new(path, kind))
    }

    /// Opens the store, or creates it with `capacity` zero bytes.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open) and [`create`](Self::create), and [`FileErrorKind::Smaller`] when a store exists that has
    /// not this capacity. A larger one is used as it is.
    pub fn create_or_open(path: impl AsRef<Path>, capacity: usize) -> Result<Self, FileError> {
        let path = path.as_ref();
        let found = match open(path) {
            Err(FileErrorKind::Missing) => create(path, capacity),
            Ok(store) if store.capacity < capacity => Err(FileErrorKind::Smaller {
                capacity: store.capacity,
                wanted: capacity,
            }),
            found => found,
        };
        found.map_err(|kind| FileError::new(path, kind))
    }

    /// Whether barriers wait until the disk has the data. Needed against a loss of the host's power, not against the
    /// death of the process.
    #[must_use]
    pub fn sync(mut self, sync: bool) -> Self {
        self.sync = sync;
        self
    }
}

fn open(path: &Path) -> Result<File, FileErrorKind> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(FileErrorKind::from_io)?;
    let len = file.metadata().map_err(FileErrorKind::from_io)?.len();
    let mut header = [0; HEADER];
    match read_at(&file, &mut header, 0) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            return Err(FileErrorKind::NotAStore);
        }
        result => result.map_err(FileErrorKind::from_io)?,
    }
    let capacity = parse(&header).ok_or(FileErrorKind::NotAStore)?;
    let wanted = HEADER as u64 + capacity as u64;
    if len < wanted {
        return Err(FileErrorKind::Truncated { len, wanted });
    }
    Ok(File {
        inner: file,
        capacity,
        sync: false,
    })
}

fn create(path: &Path, capacity: usize) -> Result<File, FileErrorKind> {
    if path.exists() {
        return Err(FileErrorKind::Exists);
    }
    let mut name = path
        .file_name()
        .ok_or(FileErrorKind::NotAStore)?
        .to_os_string();
    name.push(std::format!(".{}.new", std::process::id()));
    let unfinished = path.with_file_name(name);
    let finished = fill(&unfinished, capacity).and_then(|()| {
        // Unlike a renaming, a link never replaces a file that has appeared in the meantime.
        match fs::hard_link(&unfinished, path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error),
            Err(_) => fs::rename(&unfinished, path), // no hard links on this file system
            done => done,
        }
    });
    let _ = fs::remove_file(&unfinished);
    finished.map_err(FileErrorKind::from_io)?;
    open(path)
}

fn fill(path: &Path, capacity: usize) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)?;
    file.write_all(&header(capacity))?;
    // Zeros rather than a hole: a full disk shows now, and not in the middle of a run.
    let zeros = [0; 4096];
    let mut left = capacity;
    while left > 0 {
        let part = left.min(zeros.len());
        file.write_all(&zeros[..part])?;
        left -= part;
    }
    file.sync_all()
}

fn header(capacity: usize) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(&MAGIC);
    header[8..16].copy_from_slice(&(capacity as u64).to_le_bytes());
    let sum = checksum(&header[..16]);
    header[16..20].copy_from_slice(&sum.to_le_bytes());
    header
}

fn parse(bytes: &[u8; HEADER]) -> Option<usize> {
    let capacity = usize::try_from(u64::from_le_bytes(*bytes[8..].first_chunk()?)).ok()?;
    (header(capacity) == *bytes).then_some(capacity)
}

#[cfg(unix)]
fn read_at(file: &fs::File, into: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, at)
}

#[cfg(unix)]
fn write_at(file: &fs::File, from: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, from, at)
}

#[cfg(not(unix))]
fn read_at(mut file: &fs::File, into: &mut [u8], at: u64) -> io::Result<()> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(into)
}

#[cfg(not(unix))]
fn write_at(mut file: &fs::File, from: &[u8], at: u64) -> io::Result<()> {
    use std::io::{Seek as _, SeekFrom};
    file.seek(SeekFrom::Start(at))?;
    file.write_all(from)
}

impl Store for File {
    const MAPPED: bool = false;
    const WORD_ATOMIC: bool = false;

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn read(&mut self, at: usize, into: &mut [u8]) -> Result<(), StoreError> {
        let (operation, len) = (Operation::Read, into.len());
        StoreError::check(at, len, self.capacity)?;
        read_at(&self.inner, into, (HEADER + at) as u64).map_err(|error| StoreError::Io {
            operation,
            at,
            len,
            kind: error.kind(),
        })
    }

    fn write(&mut self, at: usize, from: &[u8]) -> Result<(), StoreError> {
        let (operation, len) = (Operation::Write, from.len());
        StoreError::check(at, len, self.capacity)?;
        write_at(&self.inner, from, (HEADER + at) as u64).map_err(|error| StoreError::Io {
            operation,
            at,
            len,
            kind: error.kind(),
        })
    }

    fn barrier(&mut self) -> Result<(), StoreError> {
        if !self.sync {
            return Ok(());
        }
        let (operation, at, len) = (Operation::Barrier, 0, self.capacity);
        self.inner.sync_data().map_err(|error| StoreError::Io {
            operation,
            at,
            len,
            kind: error.kind(),
        })
    }
}
