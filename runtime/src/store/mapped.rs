//! Memory-mapped NVM, such as the on-chip FRAM of an MSP430FR.

#![allow(unsafe_code)] // This is the store that needs it: raw access to mapped memory.

use core::marker::PhantomData;
use core::ptr::{self, NonNull};
#[cfg(not(target_arch = "msp430"))]
use core::sync::atomic::{Ordering, compiler_fence};

use super::{Mapping, Store, StoreError};

/// Memory-mapped NVM whose aligned 16-bit words are all-or-nothing at power loss.
///
/// FRAM of the MSP430FR family promises this: its controller completes the addressed word from its own charge. The
/// store also serves tests on any host, over ordinary memory.
///
/// # Why a commit is safe here
///
/// Data and commits are volatile writes or precede a compiler fence, so the compiler keeps their order; Cortex-M
/// devices add a `DSB`, which waits for the write buffer. Words are atomic, so a position word is old or new.
///
/// ```
/// use rekindle::store::{Mapped, Store};
///
/// let mut words = [0u64; 8];
/// let mut store = Mapped::from_words(&mut words);
/// store.write(8, b"kindling")?;
/// drop(store);
/// assert_eq!(words[1].to_ne_bytes(), *b"kindling");
/// # Ok::<(), rekindle::store::StoreError>(())
/// ```
#[derive(Debug)]
pub struct Mapped<'a> {
    map: Mapping,
    memory: PhantomData<&'a mut [u8]>,
}

impl<'a> Mapped<'a> {
    /// Uses these words, which are aligned for every buffer of ordinary element types.
    pub const fn from_words(memory: &'a mut [u64]) -> Self {
        let len = size_of_val(memory);
        // SAFETY: a reference is not null; the memory is borrowed for as long as the store lives, and any bytes are
        // valid words.
        unsafe { Self::from_raw(NonNull::new_unchecked(memory.as_mut_ptr().cast()), len) }
    }

    /// Uses these bytes. [`Nvm::open`](crate::Nvm::open) checks that they are aligned well enough.
    pub const fn from_bytes(memory: &'a mut [u8]) -> Self {
        let len = memory.len();
        // SAFETY: a reference is not null, and the memory is borrowed for as long as the store lives.
        unsafe { Self::from_raw(NonNull::new_unchecked(memory.as_mut_ptr()), len) }
    }

    /// Uses the `len` bytes at `base`, such as a section of FRAM that the linker script keeps free.
    ///
    /// ```
    /// use core::ptr::NonNull;
    /// use rekindle::store::{Mapped, Store};
    ///
    /// let mut section = vec![0u64; 32]; // stands for memory that the linker script names
    /// let base = NonNull::new(section.as_mut_ptr().cast()).unwrap();
    /// // SAFETY: nothing else uses the section while the store exists.
    /// let store = unsafe { Mapped::from_raw(base, 256) };
    /// assert_eq!(store.capacity(), 256);
    /// ```
    ///
    /// # Safety
    ///
    /// For `'a`, these bytes are readable and writable, and nothing else accesses them.
    pub const unsafe fn from_raw(base: NonNull<u8>, len: usize) -> Self {
        // SAFETY: the caller's promise; the store lives no longer than `'a`.
        let map = unsafe { Mapping::new(base, len) };
        Self {
            map,
            memory: PhantomData,
        }
    }
}

impl Store for Mapped<'_> {
    const MAPPED: bool = true;
    const WORD_ATOMIC: bool = true;

    #[inline]
    fn capacity(&self) -> usize {
        self.map.len()
    }

    #[inline(always)]
    fn mapping(&self) -> Option<Mapping> {
        Some(self.map)
    }

    // One copy: what is hot reads and writes through the mapping.
    #[inline(never)]
    fn read(&mut self, at: usize, into: &mut [u8]) -> Result<(), StoreError> {
        StoreError::check(at, into.len(), self.map.len())?;
        // SAFETY: in range by the check, and `into` is elsewhere because nobody borrows the mapping.
        unsafe {
            ptr::copy_nonoverlapping(
                self.map.base().as_ptr().add(at),
                into.as_mut_ptr(),
                into.len(),
            );
        }
        Ok(())
    }

    #[inline(never)]
    fn write(&mut self, at: usize, from: &[u8]) -> Result<(), StoreError> {
        StoreError::check(at, from.len(), self.map.len())?;
        for (i, &byte) in from.iter().enumerate() {
            // Nothing: LLVM would unroll a loop without it, to four times its size.
            core::hint::black_box(());
            // SAFETY: in range by the check.
            unsafe { self.map.base().as_ptr().add(at + i).write_volatile(byte) }
        }
        Ok(())
    }

    #[inline]
    fn write_word(&mut self, at: usize, word: u16) -> Result<(), StoreError> {
        StoreError::check(at, 2, self.map.len())?;
        let to: *mut u16 = self.map.base().as_ptr().wrapping_add(at).cast();
        if !to.is_aligned() {
            return self.write(at, &word.to_ne_bytes());
        }
        // SAFETY: in range and aligned by the checks.
        unsafe { to.write_volatile(word) }
        Ok(())
    }

    #[inline(always)]
    fn barrier(&mut self) -> Result<(), StoreError> {
        // LLVM cannot select a fence for the MSP430.
        #[cfg(not(target_arch = "msp430"))]
        compiler_fence(Ordering::SeqCst);
        // SAFETY: no instruction at all. No `nomem`: what it is there for is to be a compiler barrier.
        #[cfg(target_arch = "msp430")]
        unsafe {
            core::arch::asm!("", options(nostack, preserves_flags));
        }
        // SAFETY: a barrier has no operands. No `nomem`: it is a compiler barrier as well.
        #[cfg(target_arch = "arm")]
        unsafe {
            core::arch::asm!("dsb", options(nostack, preserves_flags));
        }
        Ok(())
    }
}
