//! NOR flash in memory: a program clears bits, an erase sets the bits of a page.

use std::convert::Infallible;

use embedded_storage_async::nor_flash::{ErrorType, MultiwriteNorFlash, NorFlash, ReadNorFlash};

/// Size of a page.
pub const PAGE: usize = 4096;
/// Number of pages.
pub const PAGES: usize = 2;

/// Flash with words of 4 bytes, as the nRF52's.
#[derive(Debug, Clone)]
pub struct Flash {
    bytes: Vec<u8>,
    /// Bytes written.
    pub written: u64,
    /// Pages erased.
    pub erased: u64,
}

impl Default for Flash {
    fn default() -> Self {
        Self {
            bytes: vec![0xFF; PAGE * PAGES],
            written: 0,
            erased: 0,
        }
    }
}

impl ErrorType for Flash {
    type Error = Infallible;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 4;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.copy_from_slice(&self.bytes[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Infallible> {
        self.erased += u64::from(to - from) / PAGE as u64;
        self.bytes[from as usize..to as usize].fill(0xFF);
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Infallible> {
        self.written += bytes.len() as u64;
        for (cell, byte) in self.bytes[offset as usize..].iter_mut().zip(bytes) {
            *cell &= byte;
        }
        Ok(())
    }
}

impl MultiwriteNorFlash for Flash {}
