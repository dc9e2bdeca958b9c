//! A store with a pacer.

#![allow(unsafe_code)] // `Store::poke` is unsafe: it writes where a reference to mapped memory points.

use core::ptr::NonNull;

use zerocopy::{Immutable, IntoBytes};

use super::{Commit, Mapping, Store, StoreError};
use crate::pace::Pacer;

/// The store `S`, with a pacer that says when loops marked `#[commit(paced)]` commit; made by
/// [`Store::paced`](super::Store::paced). Everything else is as `S` does it, down to the bytes in NVM: the same memory can
/// be opened with another pacer, or none, and a task goes on.
///
/// ```
/// use rekindle::pace::ByWork;
/// use rekindle::store::{Bytes, Mapped, Paced, Store};
///
/// let mut words = [0u64; 4];
/// let store: Paced<Mapped<'_>, ByWork> = Mapped::from_words(&mut words).paced(ByWork::new(64));
/// assert_eq!(store.capacity(), 32);
/// ```
#[derive(Debug)]
pub struct Paced<S, P> {
    inner: S,
    pacer: P,
}

impl<S, P> Paced<S, P> {
    pub(super) const fn new(inner: S, pacer: P) -> Self {
        Self { inner, pacer }
    }

    /// The store and the pacer.
    pub fn into_parts(self) -> (S, P) {
        (self.inner, self.pacer)
    }
}

impl<S: Store, P: Pacer> Store for Paced<S, P> {
    const MAPPED: bool = S::MAPPED;
    const WORD_ATOMIC: bool = S::WORD_ATOMIC;
    const PACED: bool = true;

    #[inline(always)]
    fn capacity(&self) -> usize {
        self.inner.capacity()
    }

    #[inline(always)]
    fn mapping(&self) -> Option<Mapping> {
        self.inner.mapping()
    }

    #[inline(always)]
    fn read(&mut self, at: usize, into: &mut [u8]) -> Result<(), StoreError> {
        self.inner.read(at, into)
    }

    #[inline(always)]
    fn write(&mut self, at: usize, from: &[u8]) -> Result<(), StoreError> {
        self.inner.write(at, from)
    }

    #[inline(always)]
    fn write_word(&mut self, at: usize, word: u16) -> Result<(), StoreError> {
        self.inner.write_word(at, word)
    }

    #[inline(always)]
    fn barrier(&mut self) -> Result<(), StoreError> {
        self.inner.barrier()
    }

    #[inline(always)]
    unsafe fn poke<E: IntoBytes + Immutable>(to: NonNull<E>, value: E) {
        // SAFETY: the caller's promise is this function's.
        unsafe { S::poke(to, value) }
    }

    #[inline(always)]
    fn begins(&mut self) {
        self.inner.begins();
        self.pacer.committed();
    }

    #[inline(always)]
    fn committed(&mut self, commit: Commit) {
        self.inner.committed(commit);
        self.pacer.committed();
    }

    #[inline(always)]
    fn due(&mut self, work: u32) -> bool {
        // A store below may watch: the power can fail in the work that is announced here.
        let below = S::PACED && self.inner.due(work);
        self.pacer.due(work) | below
    }
}
