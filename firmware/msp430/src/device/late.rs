//! A seeded bug, to show that the power failures of `cargo xtask firmware` find such: each last output before a commit
//! is written right after it.

use core::cell::UnsafeCell;
use core::ptr::NonNull;

use rekindle::Store;
use rekindle::store::{Mapped, Mapping, StoreError};
use rekindle::zerocopy::{Immutable, IntoBytes};

use super::FRAM;

/// FRAM behind a buffer that lets a commit overtake an output.
pub struct Late(pub Mapped<'static>);

struct Pending(UnsafeCell<(usize, usize, [u8; 16])>);

// SAFETY: there is one thread.
unsafe impl Sync for Pending {}

static PENDING: Pending = Pending(UnsafeCell::new((0, 0, [0; 16])));

fn flush() {
    // SAFETY: there is one thread, and nothing else borrows this.
    let (at, len, bytes) = unsafe { &mut *PENDING.0.get() };
    for (i, byte) in bytes.iter().take(*len).enumerate() {
        // SAFETY: where `poke` was asked to write.
        unsafe { core::ptr::with_exposed_provenance_mut::<u8>(*at + i).write_volatile(*byte) }
    }
    *len = 0;
}

impl Store for Late {
    const MAPPED: bool = true;
    const WORD_ATOMIC: bool = true;

    fn capacity(&self) -> usize {
        self.0.capacity()
    }

    fn mapping(&self) -> Option<Mapping> {
        self.0.mapping()
    }

    fn read(&mut self, at: usize, into: &mut [u8]) -> Result<(), StoreError> {
        flush();
        self.0.read(at, into)
    }

    fn write(&mut self, at: usize, from: &[u8]) -> Result<(), StoreError> {
        flush();
        self.0.write(at, from)
    }

    fn write_word(&mut self, at: usize, word: u16) -> Result<(), StoreError> {
        flush();
        self.0.write_word(at, word)
    }

    fn barrier(&mut self) -> Result<(), StoreError> {
        self.0.barrier()
    }

    unsafe fn poke<E: IntoBytes + Immutable>(to: NonNull<E>, value: E) {
        let commit = to.cast::<u8>() == NonNull::from(&FRAM).cast();
        if commit || size_of::<E>() > 16 {
            // SAFETY: the caller's promise.
            unsafe { to.write_volatile(value) }
            flush();
        } else {
            flush();
            // SAFETY: there is one thread, and nothing else borrows this.
            let (at, len, bytes) = unsafe { &mut *PENDING.0.get() };
            *at = to.expose_provenance().get();
            *len = size_of::<E>();
            bytes[..*len].copy_from_slice(value.as_bytes());
        }
    }
}
