//! Memory for Rekindle that counts what is written to it.

use std::cell::Cell;
use std::convert::Infallible;
use std::ptr::NonNull;

use embedded_storage::{ReadStorage, Storage};
use rekindle::prelude::*;
use rekindle::store::{Mapping, StoreError};
use rekindle::zerocopy::{Immutable, IntoBytes};

thread_local! {
    static WRITTEN: Cell<u64> = const { Cell::new(0) };
}

/// Bytes written on this thread since the last call.
pub fn written() -> u64 {
    WRITTEN.take()
}

fn count(bytes: usize) {
    WRITTEN.set(WRITTEN.get() + bytes as u64);
}

/// A memory of which any byte can be overwritten, as the drivers of FRAM and MRAM chips offer.
#[derive(Debug)]
pub struct Fram(pub Vec<u8>);

impl ReadStorage for Fram {
    type Error = Infallible;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.copy_from_slice(&self.0[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl Storage for Fram {
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Infallible> {
        count(bytes.len());
        self.0[offset as usize..][..bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
}

/// A mapped memory that counts.
#[derive(Debug)]
pub struct Counting<'a>(pub Mapped<'a>);

impl Store for Counting<'_> {
    const MAPPED: bool = true;
    const WORD_ATOMIC: bool = true;

    fn capacity(&self) -> usize {
        self.0.capacity()
    }

    fn mapping(&self) -> Option<Mapping> {
        self.0.mapping()
    }

    fn read(&mut self, at: usize, into: &mut [u8]) -> Result<(), StoreError> {
        self.0.read(at, into)
    }

    fn write(&mut self, at: usize, from: &[u8]) -> Result<(), StoreError> {
        count(from.len());
        self.0.write(at, from)
    }

    fn write_word(&mut self, at: usize, word: u16) -> Result<(), StoreError> {
        count(2);
        self.0.write_word(at, word)
    }

    fn barrier(&mut self) -> Result<(), StoreError> {
        self.0.barrier()
    }

    unsafe fn poke<E: IntoBytes + Immutable>(to: NonNull<E>, value: E) {
        count(size_of::<E>());
        // SAFETY: the caller's promise, passed on.
        unsafe { Mapped::poke(to, value) }
    }
}
