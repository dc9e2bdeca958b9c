//! Reads IDX files, the format of MNIST and Fashion-MNIST, plain or gzipped.
//!
//! A file is a magic number (two zero bytes, a type, the number of dimensions), one big-endian `u32` per dimension, and
//! the values in row-major order. Only unsigned bytes are read.

use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// An array of unsigned bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idx {
    /// Size of each dimension, outermost first.
    pub shape: Vec<usize>,
    /// The values in row-major order.
    pub data: Vec<u8>,
}

/// What is wrong with a file.
#[derive(Debug)]
#[non_exhaustive]
pub enum Problem {
    /// It cannot be read.
    Io(io::Error),
    /// It starts with the magic of gzip, but cannot be unpacked.
    Gzip(io::Error),
    /// The magic number at offset 0 is none of an array of unsigned bytes.
    Magic([u8; 4]),
    /// It ends before its header does, or before all values have come.
    Short {
        /// Where the missing part starts.
        offset: usize,
        /// How many bytes are missing.
        missing: usize,
    },
    /// There is more after the last value.
    Long {
        /// Where the surplus starts.
        offset: usize,
    },
    /// The size at `offset` is too large for this machine.
    Size {
        /// Where the size is.
        offset: usize,
    },
    /// It is a sound file of another shape than expected.
    Shape {
        /// Sizes found, outermost first.
        found: Vec<usize>,
        /// What was expected.
        expected: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(e) => write!(f, "{e}"),
            Self::Gzip(e) => write!(f, "broken gzip data: {e}"),
            Self::Magic(m) => write!(
                f,
                "offset 0: {:02x} {:02x} {:02x} {:02x} is not the start of an IDX file of unsigned bytes (00 00 08 ..)",
                m[0], m[1], m[2], m[3]
            ),
            Self::Short { offset, missing } => {
                write!(f, "offset {offset}: {missing} bytes are missing")
            }
            Self::Long { offset } => write!(f, "offset {offset}: bytes after the last value"),
            Self::Size { offset } => write!(f, "offset {offset}: the array is too large"),
            Self::Shape { found, expected } => {
                write!(f, "sizes {found:?}, but {expected} expected")
            }
        }
    }
}

/// A file that is not what it should be.
#[derive(Debug)]
pub struct Error {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Problem,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.problem)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            Problem::Io(e) | Problem::Gzip(e) => Some(e),
            _ => None,
        }
    }
}

/// Reads a file, plain or gzipped.
///
/// # Errors
///
/// [`Error`] with the file's name and the offset of what is wrong.
pub fn read(path: impl AsRef<Path>) -> Result<Idx, Error> {
    let path = path.as_ref();
    let fail = |problem| Error {
        path: path.to_owned(),
        problem,
    };
    let bytes = fs::read(path).map_err(|e| fail(Problem::Io(e)))?;
    let bytes = unpack(bytes).map_err(fail)?;
    parse(&bytes).map_err(fail)
}

fn unpack(bytes: Vec<u8>) -> Result<Vec<u8>, Problem> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(&*bytes)
        .read_to_end(&mut plain)
        .map_err(Problem::Gzip)?;
    Ok(plain)
}

/// Reads the bytes of a plain IDX file.
///
/// ```
/// use rekindle_examples::idx;
///
/// let file = [0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9];
/// assert_eq!(idx::parse(&file).unwrap().data, [7, 8, 9]);
/// let error = idx::parse(&file[..9]).unwrap_err();
/// assert_eq!(error.to_string(), "offset 9: 2 bytes are missing");
/// ```
///
/// # Errors
///
/// [`Problem`] with the offset of what is wrong.
pub fn parse(bytes: &[u8]) -> Result<Idx, Problem> {
    let magic = *bytes.first_chunk::<4>().ok_or_else(|| Problem::Short {
        offset: bytes.len(),
        missing: 4 - bytes.len(),
    })?;
    let [0, 0, 8, dimensions] = magic else {
        return Err(Problem::Magic(magic));
    };
    let header = 4 + 4 * usize::from(dimensions);
    let sizes = bytes.get(4..header).ok_or_else(|| Problem::Short {
        offset: bytes.len(),
        missing: header - bytes.len(),
    })?;
    let mut shape = Vec::new();
    let mut len = 1_usize;
    for (i, size) in sizes.as_chunks::<4>().0.iter().enumerate() {
        let too_large = Problem::Size { offset: 4 + 4 * i };
        let size = u32::from_be_bytes(*size) as usize;
        // With room for the header, so that the sum below fits as well.
        len = len
            .checked_mul(size)
            .filter(|n| *n <= isize::MAX as usize / 2)
            .ok_or(too_large)?;
        shape.push(size);
    }
    let data = &bytes[header..];
    if data.len() < len {
        return Err(Problem::Short {
            offset: bytes.len(),
            missing: len - data.len(),
        });
    }
    if data.len() > len {
        return Err(Problem::Long {
            offset: header + len,
        });
    }
    Ok(Idx {
        shape,
        data: data.to_vec(),
    })
}

/// Images of 28×28 with their labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Samples {
    /// One image each, row-major.
    pub images: Vec<[u8; 784]>,
    /// The class of each image, below 10.
    pub labels: Vec<u8>,
}

impl Samples {
    /// Reads a pair of files.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, is no IDX file, or does not hold images or labels of the same number.
    pub fn read(images: impl AsRef<Path>, labels: impl AsRef<Path>) -> Result<Self, Error> {
        let (images_at, labels_at) = (images.as_ref(), labels.as_ref());
        let images = read(images_at)?;
        let labels = read(labels_at)?;
        let fail = |path: &Path, found: &Idx, expected: String| Error {
            path: path.to_owned(),
            problem: Problem::Shape {
                found: found.shape.clone(),
                expected,
            },
        };
        let &[count, 28, 28] = &*images.shape else {
            return Err(fail(images_at, &images, "images of 28 by 28".into()));
        };
        if labels.shape != [count] {
            return Err(fail(labels_at, &labels, format!("{count} labels")));
        }
        if labels.data.iter().any(|l| *l > 9) {
            return Err(fail(labels_at, &labels, "labels below 10".into()));
        }
        Ok(Self {
            images: images.data.as_chunks::<784>().0.to_vec(),
            labels: labels.data,
        })
    }

    /// The 256 test images that come with this crate.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn subset() -> Result<Self, Error> {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
        Self::read(
            data.join("t10k-256-images-idx3-ubyte"),
            data.join("t10k-256-labels-idx1-ubyte"),
        )
    }

    /// All 10,000 test images, where the Debian package `dataset-fashion-mnist` is installed.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn installed() -> Option<Result<Self, Error>> {
        let data = Path::new("/usr/share/datasets/fashion-mnist");
        let images = data.join("t10k-images-idx3-ubyte.gz");
        images
            .exists()
            .then(|| Self::read(images, data.join("t10k-labels-idx1-ubyte.gz")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(bytes: &[u8]) -> String {
        parse(bytes).unwrap_err().to_string()
    }

    #[test]
    fn each_problem_names_its_offset() {
        assert_eq!(problem(&[0, 0]), "offset 2: 2 bytes are missing");
        assert!(problem(&[1, 0, 8, 1]).starts_with("offset 0: 01 00 08 01 is not"));
        assert!(problem(&[0, 0, 9, 1]).starts_with("offset 0: "));
        assert_eq!(
            problem(&[0, 0, 8, 2, 0, 0, 0, 1]),
            "offset 8: 4 bytes are missing"
        );
        assert_eq!(
            problem(&[0, 0, 8, 1, 0, 0, 0, 1, 5, 6]),
            "offset 9: bytes after the last value"
        );
        let huge = [&[0, 0, 8, 3][..], &[0xff; 12]].concat();
        assert!(problem(&huge).ends_with("too large"), "{}", problem(&huge));
    }

    #[test]
    fn the_subset_is_sound() {
        let samples = Samples::subset().unwrap();
        assert_eq!((samples.images.len(), samples.labels.len()), (256, 256));
    }

    #[test]
    fn the_subset_is_the_start_of_the_installed_set() {
        let Some(all) = Samples::installed() else {
            println!("skipped: dataset-fashion-mnist is not installed");
            return;
        };
        let (all, subset) = (all.unwrap(), Samples::subset().unwrap());
        assert_eq!(
            (&all.images[..256], &all.labels[..256]),
            (&*subset.images, &*subset.labels)
        );
        assert_eq!(all.images.len(), 10_000);
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read("no/such/file").unwrap_err().to_string();
        assert!(error.starts_with("no/such/file: "), "{error}");
    }
}
