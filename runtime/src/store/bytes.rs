//! Byte-addressed memories behind a driver: SPI or I2C FRAM, MRAM, EEPROM.

use embedded_storage::Storage;

use super::{Operation, Store, StoreError};

/// Any memory with an [`embedded_storage::Storage`] driver.
///
/// Nothing is assumed to be atomic: every commit is a record with sequence number and CRC, written to the slot that
/// does not hold the current one.
///
/// # Why a commit is safe here
///
/// The driver's writes return when they are done, so the order of calls is the order in NVM. An outage during a record
/// leaves the other slot untouched; what is left in this one fails its CRC, unless it is complete.
///
/// ```
/// use embedded_storage::{ReadStorage, Storage};
/// use rekindle::store::{Bytes, Store};
///
/// struct Fram([u8; 64]); // stands for a driver crate
/// impl ReadStorage for Fram {
///     type Error = ();
///     fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), ()> {
///         into.copy_from_slice(&self.0[at as usize..][..into.len()]);
///         Ok(())
///     }
///     fn capacity(&self) -> usize { 64 }
/// }
/// impl Storage for Fram {
///     fn write(&mut self, at: u32, from: &[u8]) -> Result<(), ()> {
///         self.0[at as usize..][..from.len()].copy_from_slice(from);
///         Ok(())
///     }
/// }
///
/// let mut store = Bytes::new(Fram([0; 64]));
/// store.write(3, &[1, 2])?;
/// assert_eq!(store.into_inner().0[..6], [0, 0, 0, 1, 2, 0]);
/// # Ok::<(), rekindle::store::StoreError>(())
/// ```
#[derive(Debug)]
pub struct Bytes<S> {
    driver: S,
}

impl<S: Storage> Bytes<S> {
    /// Uses this driver.
    pub const fn new(driver: S) -> Self {
        Self { driver }
    }

    /// Gives the driver back.
    pub fn into_inner(self) -> S {
        self.driver
    }

    fn address(&self, operation: Operation, at: usize, len: usize) -> Result<u32, StoreError> {
        StoreError::check(at, len, self.driver.capacity())?;
        u32::try_from(at).map_err(|_| StoreError::Device { operation, at, len })
    }
}

impl<S: Storage> Store for Bytes<S> {
    const MAPPED: bool = false;
    const WORD_ATOMIC: bool = false;

    fn capacity(&self) -> usize {
        self.driver.capacity()
    }

    fn read(&mut self, at: usize, into: &mut [u8]) -> Result<(), StoreError> {
        let (operation, len) = (Operation::Read, into.len());
        let address = self.address(operation, at, len)?;
        self.driver
            .read(address, into)
            .map_err(|_| StoreError::Device { operation, at, len })
    }

    fn write(&mut self, at: usize, from: &[u8]) -> Result<(), StoreError> {
        let (operation, len) = (Operation::Write, from.len());
        let address = self.address(operation, at, len)?;
        self.driver
            .write(address, from)
            .map_err(|_| StoreError::Device { operation, at, len })
    }

    fn barrier(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}
