//! Serial FRAM and MRAM behind `embedded-storage`, on any embedded-hal 1.0 SPI.
//!
//! The chips share their commands: `WREN` (06h) before each write, `WRITE` (02h) and `READ` (03h) with an address of two
//! or three bytes, any number of bytes at any address, no erasing and no waiting (data sheets: CY15B104QN, 512 KiB;
//! MB85RS256TY, 32 KiB; MR25H40, 512 KiB MRAM). When the power fails in the middle of a write, the bytes that have come
//! are written and the others are not, which is what `rekindle::Bytes` is made for.
//!
//! ```
//! use embedded_hal::spi::{ErrorType, Operation, SpiDevice};
//! use embedded_storage::{ReadStorage, Storage};
//! use rekindle_fram::{Chip, Fram};
//! # #[derive(Default)]
//! # struct Spi;
//! # impl ErrorType for Spi { type Error = core::convert::Infallible; }
//! # impl SpiDevice for Spi {
//! #     fn transaction(&mut self, ops: &mut [Operation<'_, u8>]) -> Result<(), Self::Error> { Ok(()) }
//! # }
//! # let spi = Spi;
//! let mut fram = Fram::new(spi, Chip::CY15B104QN); // or rekindle::Bytes::new(…) around it
//! fram.write(0x100, b"kindling").unwrap();
//! assert_eq!(fram.capacity(), 512 << 10);
//! ```
#![no_std]

#[cfg(test)]
mod tests;

use core::fmt;

use embedded_hal::spi::{Operation, SpiDevice};
use embedded_storage::{ReadStorage, Storage};

const WRITE: u8 = 0x02;
const READ: u8 = 0x03;
const ENABLE: u8 = 0x06;

/// Bytes of a transfer: the nRF52832's DMA takes 255 at once, and a header belongs to them.
const CHUNK: usize = 248;

/// What a driver has to know of a chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chip {
    /// Size in bytes.
    pub capacity: usize,
    /// Bytes of an address: 2 or 3.
    pub address: usize,
}

impl Chip {
    /// 512 KiB of FRAM.
    pub const CY15B104QN: Self = Self::new(512 << 10, 3);
    /// 32 KiB of FRAM.
    pub const MB85RS256TY: Self = Self::new(32 << 10, 2);
    /// 512 KiB of MRAM.
    pub const MR25H40: Self = Self::new(512 << 10, 3);

    /// Another chip.
    pub const fn new(capacity: usize, address: usize) -> Self {
        Self { capacity, address }
    }
}

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error<E> {
    /// The bus has failed.
    Spi(E),
    /// The range ends beyond the chip.
    OutOfRange {
        /// First byte.
        at: u32,
        /// Number of bytes.
        len: usize,
    },
}

impl<E: fmt::Debug> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spi(error) => write!(f, "SPI: {error:?}"),
            Self::OutOfRange { at, len } => {
                write!(f, "{len} bytes at {at:#x} are beyond the chip")
            }
        }
    }
}

impl<E: fmt::Debug> core::error::Error for Error<E> {}

/// A chip on an SPI bus; mode 0 or 3.
#[derive(Debug)]
pub struct Fram<S> {
    spi: S,
    chip: Chip,
}

impl<S: SpiDevice> Fram<S> {
    /// Uses the chip. Nothing is sent yet.
    pub const fn new(spi: S, chip: Chip) -> Self {
        Self { spi, chip }
    }

    /// Gives the bus back.
    pub fn into_inner(self) -> S {
        self.spi
    }

    fn check(&self, at: u32, len: usize) -> Result<(), Error<S::Error>> {
        let end = (at as usize).checked_add(len);
        if end.is_some_and(|end| end <= self.chip.capacity) {
            Ok(())
        } else {
            Err(Error::OutOfRange { at, len })
        }
    }

    /// Command and address.
    fn header(&self, command: u8, at: u32) -> ([u8; 4], usize) {
        let [_, a, b, c] = at.to_be_bytes();
        if self.chip.address == 2 {
            ([command, b, c, 0], 3)
        } else {
            ([command, a, b, c], 4)
        }
    }
}

impl<S: SpiDevice> ReadStorage for Fram<S> {
    type Error = Error<S::Error>;

    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), Self::Error> {
        self.check(at, into.len())?;
        for (i, chunk) in into.chunks_mut(CHUNK).enumerate() {
            let (header, len) = self.header(READ, at + (i * CHUNK) as u32);
            self.spi
                .transaction(&mut [Operation::Write(&header[..len]), Operation::Read(chunk)])
                .map_err(Error::Spi)?;
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.chip.capacity
    }
}

impl<S: SpiDevice> Storage for Fram<S> {
    fn write(&mut self, at: u32, from: &[u8]) -> Result<(), Self::Error> {
        self.check(at, from.len())?;
        for (i, chunk) in from.chunks(CHUNK).enumerate() {
            let (header, len) = self.header(WRITE, at + (i * CHUNK) as u32);
            // The chip forgets the permission after each write.
            self.spi.write(&[ENABLE]).map_err(Error::Spi)?;
            self.spi
                .transaction(&mut [Operation::Write(&header[..len]), Operation::Write(chunk)])
                .map_err(Error::Spi)?;
        }
        Ok(())
    }
}
