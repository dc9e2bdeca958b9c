//! Stores whose accesses are charged to the thread's meter.

#![allow(unsafe_code)] // `Store::poke` is unsafe: it writes where a reference to mapped memory points.

use core::ptr::NonNull;

use rekindle::store::{Commit, Mapping, Store, StoreError};
use rekindle::zerocopy::{Immutable, IntoBytes};

use crate::meter;

/// The store `S` on the supply of this thread.
///
/// An access that the energy does not last for is not carried out at all: which bytes of it arrive is the crash checker's
/// matter, not that of latency.
#[derive(Debug)]
pub struct Powered<S>(pub S);

impl<S: Store> Store for Powered<S> {
    const MAPPED: bool = S::MAPPED;
    const WORD_ATOMIC: bool = S::WORD_ATOMIC;
    // Paced loops announce their work, and are never told to commit here.
    const PACED: bool = true;

    fn capacity(&self) -> usize {
        self.0.capacity()
    }

    fn mapping(&self) -> Option<Mapping> {
        self.0.mapping()
    }

    fn read(&mut self, at: usize, into: &mut [u8]) -> Result<(), StoreError> {
        meter::spend(|board| board.fetch(into.len() as u64));
        self.0.read(at, into)
    }

    fn write(&mut self, at: usize, from: &[u8]) -> Result<(), StoreError> {
        meter::spend(|board| board.transfer(from.len() as u64));
        self.0.write(at, from)
    }

    fn write_word(&mut self, at: usize, word: u16) -> Result<(), StoreError> {
        meter::spend(|board| board.word);
        self.0.write_word(at, word)
    }

    fn barrier(&mut self) -> Result<(), StoreError> {
        self.0.barrier()
    }

    unsafe fn poke<E: IntoBytes + Immutable>(to: NonNull<E>, value: E) {
        meter::spend(|board| board.word.times((size_of::<E>() as u64).div_ceil(2)));
        // SAFETY: the caller's promise is this function's.
        unsafe { S::poke(to, value) }
    }

    fn due(&mut self, work: u32) -> bool {
        meter::spend(|board| board.unit.times(u64::from(work)));
        meter::with(|meter| {
            meter.counts.iterations += 1;
            meter.counts.units += u64::from(work);
        });
        false
    }

    fn committed(&mut self, commit: Commit) {
        meter::with(|meter| meter.counts.commits += 1);
        self.0.committed(commit);
    }
}
