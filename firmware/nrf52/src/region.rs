//! The part of the flash that the linker script keeps free (`NVM` in `memory-*.x`), as a flash of its own.

use embassy_nrf::nvmc::{Error, Nvmc};
use embedded_storage::nor_flash::{ErrorType, MultiwriteNorFlash, NorFlash, ReadNorFlash};

/// The region.
pub struct Region {
    flash: Nvmc<'static>,
    from: u32,
    len: usize,
}

impl Region {
    /// All of `NVM`.
    pub fn new(flash: Nvmc<'static>) -> Self {
        unsafe extern "C" {
            static __nvm_start: u8;
            static __nvm_end: u8;
        }
        let from = (&raw const __nvm_start).addr();
        let len = (&raw const __nvm_end).addr() - from;
        Self {
            flash,
            from: from as u32,
            len,
        }
    }

    /// Where `len` bytes at `at` are in the device.
    fn place(&self, at: u32, len: usize) -> Result<u32, Error> {
        match (at as usize).checked_add(len) {
            Some(end) if end <= self.len => Ok(self.from + at),
            _ => Err(Error::OutOfBounds),
        }
    }
}

impl ErrorType for Region {
    type Error = Error;
}

impl ReadNorFlash for Region {
    const READ_SIZE: usize = Nvmc::READ_SIZE;

    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), Error> {
        let at = self.place(at, into.len())?;
        self.flash.read(at, into)
    }

    fn capacity(&self) -> usize {
        self.len
    }
}

impl NorFlash for Region {
    const WRITE_SIZE: usize = Nvmc::WRITE_SIZE;
    const ERASE_SIZE: usize = Nvmc::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Error> {
        let len = to.checked_sub(from).ok_or(Error::OutOfBounds)? as usize;
        let from = self.place(from, len)?;
        self.flash.erase(from, from + len as u32)
    }

    fn write(&mut self, at: u32, from: &[u8]) -> Result<(), Error> {
        let at = self.place(at, from.len())?;
        self.flash.write(at, from)
    }
}

impl MultiwriteNorFlash for Region {}
