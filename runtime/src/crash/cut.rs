//! The store whose power can be cut.

#![allow(unsafe_code)] // `Store::poke` is unsafe: it writes where a reference to mapped memory points.

use core::ptr::NonNull;

use zerocopy::{Immutable, IntoBytes};

use super::bugs::{self, Bug};
use super::power::{self, Order};
use super::tear::Grain;
use crate::store::{Commit, Mapping, Store, StoreError};

/// A store like `S`, on which the power can fail before, inside and after every write.
///
/// Writes tear as `S` allows: on a word-atomic store between 16-bit words, otherwise after any byte. An outage unwinds
/// the stack, so that everything in SRAM is dropped as on a device; what unwinding still writes is lost.
///
/// [`Check`](super::Check) makes these stores itself; [`cut_after`](super::cut_after) is the way to one outage at a
/// chosen write, and shows an example. Without either, it does as `S` does. One `Cut` store per thread is in use at a
/// time.
#[derive(Debug)]
pub struct Cut<S> {
    inner: S,
}

impl<S: Store> Cut<S> {
    /// Puts the store on this thread's power supply.
    pub fn new(inner: S) -> Self {
        power::set_base(
            inner
                .mapping()
                .map_or(0, |mapping| mapping.base().as_ptr() as usize),
        );
        Self { inner }
    }

    /// The store itself.
    pub fn into_inner(self) -> S {
        self.inner
    }

    /// Asks whether the power holds, and writes accordingly.
    fn powered(
        &mut self,
        at: usize,
        bytes: &[u8],
        write: impl FnOnce(&mut S) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        // An access that the store refuses is no write.
        StoreError::check(at, bytes.len(), self.inner.capacity())?;
        match power::write(at, bytes, Grain::of(S::WORD_ATOMIC)) {
            Order::Write => write(&mut self.inner),
            Order::Ignore => Ok(()),
            Order::Tear(left) => {
                if let Some(left) = left {
                    self.inner.write(at, &left)?;
                }
                power::fail()
            }
        }
    }
}

impl<S: Store> Store for Cut<S> {
    const MAPPED: bool = S::MAPPED;
    const WORD_ATOMIC: bool = S::WORD_ATOMIC;
    const PACED: bool = true;

    fn capacity(&self) -> usize {
        self.inner.capacity()
    }

    fn mapping(&self) -> Option<Mapping> {
        self.inner.mapping()
    }

    fn read(&mut self, at: usize, into: &mut [u8]) -> Result<(), StoreError> {
        power::read(at, into.len());
        self.inner.read(at, into)
    }

    fn write(&mut self, at: usize, from: &[u8]) -> Result<(), StoreError> {
        if bugs::hold(at, from) {
            return Ok(());
        }
        self.powered(at, from, |inner| inner.write(at, from))
    }

    fn write_word(&mut self, at: usize, word: u16) -> Result<(), StoreError> {
        self.powered(at, &word.to_ne_bytes(), |inner| inner.write_word(at, word))
    }

    fn barrier(&mut self) -> Result<(), StoreError> {
        if !bugs::seeded(Bug::NoBarrier) {
            power::barrier();
        }
        self.inner.barrier()
    }

    unsafe fn poke<E: IntoBytes + Immutable>(to: NonNull<E>, value: E) {
        let bytes = value.as_bytes();
        let at = power::offset_of(to.as_ptr() as usize);
        if bugs::hold(at, bytes) {
            return;
        }
        match power::write(at, bytes, Grain::of(S::WORD_ATOMIC)) {
            // SAFETY: the caller's promise is this function's.
            Order::Write => unsafe { S::poke(to, value) },
            Order::Ignore => {}
            Order::Tear(left) => {
                for (i, &byte) in left.iter().flatten().enumerate() {
                    // SAFETY: no more bytes are left of the value than it has, and all of it may be written.
                    unsafe { to.cast::<u8>().add(i).write_volatile(byte) }
                }
                power::fail()
            }
        }
    }

    fn begins(&mut self) {
        self.inner.begins();
    }

    fn due(&mut self, work: u32) -> bool {
        let inner = !S::PACED || self.inner.due(work);
        power::due().unwrap_or(inner)
    }

    fn committed(&mut self, commit: Commit) {
        power::committed(commit.into());
        for (at, bytes) in bugs::release() {
            // A seeded bug; what it cannot write, it could not have written in time either.
            let _ = self.powered(at, &bytes, |inner| inner.write(at, &bytes));
        }
    }
}
