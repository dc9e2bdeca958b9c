//! The non-volatile memory controller of the nRF51 and nRF52, behind [`NorFlash`].
//!
//! The register block is the same on both: READY 0x400, CONFIG 0x504, ERASEPAGE 0x508 from `0x4001_E000` on (product
//! specifications of the nRF51822, nRF52832 and nRF52840). Pages have 1 KiB on the nRF51 and 4 KiB on the nRF52. A word may
//! be written at most twice between two erases on the nRF52840 and nRF51; the nRF52832 limits the writes per block of
//! 512 bytes to 181, which is more than its 128 words. So [`MultiwriteNorFlash`] holds for all of them.
//!
//! The CPU halts while the controller works and code runs from flash. With the feature `partial-erase`, pages are erased in
//! parts where the device can (not the nRF52832 and nRF51).
#![no_std]
#![allow(unsafe_code)] // Registers and flash are memory.

use embedded_storage::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

const READY: *const u32 = 0x4001_e400 as *const u32;
const CONFIG: *mut u32 = 0x4001_e504 as *mut u32;
const ERASE_PAGE: *mut u32 = 0x4001_e508 as *mut u32;
const READ_ONLY: u32 = 0;
const WRITE: u32 = 1;
const ERASE: u32 = 2;

/// Milliseconds of a part of an erase: some 60 µJ, which a capacitor of 100 µF has to spare.
pub const PART_MS: u32 = 5;

/// A part of the internal flash in pages of `PAGE` bytes: 1024 on the nRF51, 4096 on the nRF52.
#[derive(Debug)]
pub struct Nvmc<const PAGE: usize> {
    base: usize,
    len: usize,
}

/// An access that is not aligned, or outside of the flash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused(NorFlashErrorKind);

impl NorFlashError for Refused {
    fn kind(&self) -> NorFlashErrorKind {
        self.0
    }
}

impl<const PAGE: usize> Nvmc<PAGE> {
    /// The `len` bytes at `base`, whole pages.
    ///
    /// # Safety
    ///
    /// This runs on such a device, the pages hold no code or constants, and nothing else uses them or the controller.
    pub const unsafe fn new(base: usize, len: usize) -> Self {
        Self {
            base: base.next_multiple_of(PAGE),
            len: len / PAGE * PAGE,
        }
    }

    fn check(&self, at: u32, len: usize, unit: usize) -> Result<usize, Refused> {
        let at = at as usize;
        if at > self.len || len > self.len - at {
            return Err(Refused(NorFlashErrorKind::OutOfBounds));
        }
        if !at.is_multiple_of(unit) || !len.is_multiple_of(unit) {
            return Err(Refused(NorFlashErrorKind::NotAligned));
        }
        Ok(self.base + at)
    }
}

/// Switches the controller.
///
/// # Safety
///
/// As [`Nvmc::new`].
unsafe fn config(mode: u32) {
    // SAFETY: the caller's promise.
    unsafe {
        CONFIG.write_volatile(mode);
        wait();
    }
}

/// Waits for the controller.
///
/// # Safety
///
/// As [`Nvmc::new`].
unsafe fn wait() {
    // SAFETY: the caller's promise.
    while unsafe { READY.read_volatile() } & 1 == 0 {}
}

impl<const PAGE: usize> ErrorType for Nvmc<PAGE> {
    type Error = Refused;
}

impl<const PAGE: usize> ReadNorFlash for Nvmc<PAGE> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), Refused> {
        let from = self.check(at, into.len(), 1)?;
        for (i, byte) in into.iter_mut().enumerate() {
            // SAFETY: in range by the check; volatile, as the controller changes it behind the compiler's back.
            *byte = unsafe { ((from + i) as *const u8).read_volatile() };
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.len
    }
}

impl<const PAGE: usize> NorFlash for Nvmc<PAGE> {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Refused> {
        let len = to
            .checked_sub(from)
            .ok_or(Refused(NorFlashErrorKind::OutOfBounds))?;
        let start = self.check(from, len as usize, PAGE)?;
        for page in (start..start + len as usize).step_by(PAGE) {
            // SAFETY: a page of ours by the check.
            unsafe {
                config(ERASE);
                ERASE_PAGE.write_volatile(page as u32);
                wait();
                config(READ_ONLY);
            }
        }
        Ok(())
    }

    fn write(&mut self, at: u32, from: &[u8]) -> Result<(), Refused> {
        let start = self.check(at, from.len(), 4)?;
        // SAFETY: words of ours by the check.
        unsafe {
            config(WRITE);
            let (words, _) = from.as_chunks::<4>();
            for (i, word) in words.iter().enumerate() {
                ((start + 4 * i) as *mut u32).write_volatile(u32::from_le_bytes(*word));
                wait();
            }
            config(READ_ONLY);
        }
        Ok(())
    }
}

impl<const PAGE: usize> MultiwriteNorFlash for Nvmc<PAGE> {}

/// Erases in parts of [`PART_MS`] milliseconds, by ERASEPAGEPARTIAL (0x518) and ERASEPAGEPARTIALCFG (0x51C).
///
/// A page is erased when the sum of its parts reaches the 85 ms of a whole erase; its bits are undefined until then (product
/// specification of the nRF52840, NVMC, "Partial erase of a page in flash").
#[cfg(feature = "partial-erase")]
mod partial {
    use rekindle::store::PartialErase;

    use super::{ERASE, Nvmc, PART_MS, READ_ONLY, Refused, config, wait};

    const ERASE_PAGE_PARTIAL: *mut u32 = 0x4001_e518 as *mut u32;
    const ERASE_PAGE_PARTIAL_CONFIG: *mut u32 = 0x4001_e51c as *mut u32;
    /// A whole erase takes at most so many milliseconds.
    const ERASE_MS: u32 = 85;

    impl<const PAGE: usize> PartialErase for Nvmc<PAGE> {
        const PARTS: u32 = ERASE_MS.div_ceil(PART_MS);

        fn erase_part(&mut self, at: u32) -> Result<(), Refused> {
            let page = self.check(at, PAGE, PAGE)?;
            // SAFETY: a page of ours by the check.
            unsafe {
                ERASE_PAGE_PARTIAL_CONFIG.write_volatile(PART_MS);
                config(ERASE);
                ERASE_PAGE_PARTIAL.write_volatile(page as u32);
                wait();
                config(READ_ONLY);
            }
            Ok(())
        }
    }
}
