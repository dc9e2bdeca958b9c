//! The stores, and the chip under them.

use std::collections::BTreeMap;

use embassy_futures::block_on;
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embedded_storage::nor_flash::{NorFlash as _, NorFlashErrorKind, ReadNorFlash as _};
use embedded_storage_async::nor_flash::{ErrorType, MultiwriteNorFlash, NorFlash, ReadNorFlash};
use rekindle::crash::NorSim;
use rekindle::prelude::*;
use rekindle::store::Flash;
use sequential_storage::cache::{Cache, Uncached};
use sequential_storage::map::{MapConfig, MapStorage};

use crate::trace::{Commit, NVM};

/// The nRF52's pages and words.
pub const PAGE: usize = 4096;
const UNIT: usize = 4;
/// The chip.
pub type Sim = NorSim<PAGE, UNIT>;

/// What must be there: values by address.
pub type Values = BTreeMap<usize, Vec<u8>>;

/// A store of one boot: all that it knows is on the chip.
pub trait Boot: Sized {
    /// What it is called.
    const NAME: &'static str;

    /// Makes a chip ready, once.
    fn format(_sim: &Sim) {}

    /// Opens what is there.
    fn boot(sim: &Sim, seed: u32) -> Result<Self, String>;

    /// Stores a commit; then it is acknowledged.
    fn commit(&mut self, commit: &Commit) -> Result<(), String>;

    /// The value at an address.
    fn value(&mut self, at: usize, len: usize) -> Result<Option<Vec<u8>>, String>;
}

/// [`Flash`].
pub struct Ours(Flash<'static, Sim>);

impl Boot for Ours {
    const NAME: &'static str = "rekindle `Flash`";

    fn boot(sim: &Sim, _: u32) -> Result<Self, String> {
        // Boots are few, and the harness is short-lived.
        let image = vec![0x5a; NVM].leak();
        match Flash::open(sim.clone(), image) {
            Ok(flash) => Ok(Self(flash)),
            Err(error) => Err(error.to_string()),
        }
    }

    fn commit(&mut self, commit: &Commit) -> Result<(), String> {
        for (at, bytes) in commit {
            self.0.write(*at, bytes).map_err(|e| e.to_string())?;
        }
        Ok(())
    }

    fn value(&mut self, at: usize, len: usize) -> Result<Option<Vec<u8>>, String> {
        let mut bytes = vec![0; len];
        self.0.read(at, &mut bytes).map_err(|e| e.to_string())?;
        Ok(Some(bytes))
    }
}

/// The chip for asynchronous stores.
pub struct Async(Sim);

impl ErrorType for Async {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Async {
    const READ_SIZE: usize = UNIT;

    async fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        self.0.read(at, into)
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl NorFlash for Async {
    const WRITE_SIZE: usize = UNIT;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        self.0.erase(from, to)
    }

    async fn write(&mut self, at: u32, from: &[u8]) -> Result<(), NorFlashErrorKind> {
        self.0.write(at, from)
    }
}

impl MultiwriteNorFlash for Async {}

type Map = MapStorage<u32, Async, Cache<Uncached, Uncached, Uncached, u32>>;

/// sequential-storage's map: an item per write, its key the address.
pub struct Sequential(Map, Vec<u8>);

impl Sequential {
    fn new(sim: &Sim) -> Self {
        let size = sim.bytes().len() as u32;
        let config = MapConfig::new(0..size);
        let map = Map::new(Async(sim.clone()), config, Cache::new_uncached());
        Self(map, vec![0; 2048])
    }
}

impl Boot for Sequential {
    const NAME: &'static str = "sequential-storage 8, map";

    fn format(sim: &Sim) {
        // It takes a page that reads as ones for an erased one.
        let mut map = Self::new(sim);
        block_on(map.0.erase_all()).expect("the power is on");
    }

    fn boot(sim: &Sim, _: u32) -> Result<Self, String> {
        Ok(Self::new(sim))
    }

    fn commit(&mut self, commit: &Commit) -> Result<(), String> {
        for (at, bytes) in commit {
            let value = bytes.as_slice();
            block_on(self.0.store_item(&mut self.1, &(*at as u32), &value))
                .map_err(|e| format!("{e:?}"))?;
        }
        Ok(())
    }

    fn value(&mut self, at: usize, _: usize) -> Result<Option<Vec<u8>>, String> {
        let value: Option<&[u8]> =
            block_on(self.0.fetch_item(&mut self.1, &(at as u32))).map_err(|e| format!("{e:?}"))?;
        Ok(value.map(<[u8]>::to_vec))
    }
}

impl ekv::flash::Flash for Async {
    type Error = NorFlashErrorKind;

    fn page_count(&self) -> usize {
        self.0.capacity() / PAGE
    }

    async fn erase(&mut self, page: ekv::flash::PageID) -> Result<(), NorFlashErrorKind> {
        let at = (page.index() * PAGE) as u32;
        self.0.erase(at, at + PAGE as u32)
    }

    async fn read(
        &mut self,
        page: ekv::flash::PageID,
        at: usize,
        into: &mut [u8],
    ) -> Result<(), NorFlashErrorKind> {
        self.0.read((page.index() * PAGE + at) as u32, into)
    }

    async fn write(
        &mut self,
        page: ekv::flash::PageID,
        at: usize,
        from: &[u8],
    ) -> Result<(), NorFlashErrorKind> {
        self.0.write((page.index() * PAGE + at) as u32, from)
    }
}

/// ekv: a transaction per commit.
pub struct Ekv(ekv::Database<Async, NoopRawMutex>);

impl Ekv {
    fn new(sim: &Sim, seed: u32) -> Self {
        let mut config = ekv::Config::default();
        config.random_seed = seed;
        Self(ekv::Database::new(Async(sim.clone()), config))
    }
}

impl Boot for Ekv {
    const NAME: &'static str = "ekv 1, CRC on";

    fn format(sim: &Sim) {
        block_on(Self::new(sim, 1).0.format()).expect("the power is on");
    }

    fn boot(sim: &Sim, seed: u32) -> Result<Self, String> {
        let this = Self::new(sim, seed);
        block_on(this.0.mount()).map_err(|e| format!("{e:?}"))?;
        Ok(this)
    }

    fn commit(&mut self, commit: &Commit) -> Result<(), String> {
        block_on(async {
            let mut transaction = self.0.write_transaction().await;
            // Keys in order, each once.
            let values: Values = commit.iter().cloned().collect();
            for (at, bytes) in values {
                transaction
                    .write(&(at as u32).to_be_bytes(), &bytes)
                    .await
                    .map_err(|e| format!("{e:?}"))?;
            }
            transaction.commit().await.map_err(|e| format!("{e:?}"))
        })
    }

    fn value(&mut self, at: usize, len: usize) -> Result<Option<Vec<u8>>, String> {
        block_on(async {
            let transaction = self.0.read_transaction().await;
            let mut bytes = vec![0; len.max(1024)];
            match transaction
                .read(&(at as u32).to_be_bytes(), &mut bytes)
                .await
            {
                Ok(len) => {
                    bytes.truncate(len);
                    Ok(Some(bytes))
                }
                Err(ekv::ReadError::KeyNotFound) => Ok(None),
                Err(error) => Err(format!("{error:?}")),
            }
        })
    }
}
