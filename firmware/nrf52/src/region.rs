//! The part of the flash that the linker script keeps free (`NVM` in `memory-*.x`), as a store.

use embassy_nrf::{Peri, peripherals::NVMC};
use rekindle::store::{Flash, StoreError};
use rekindle_nvmc::Nvmc;

/// Pages of the nRF52.
pub const PAGE: usize = 4096;
/// The region: the driver that also runs, with smaller pages, on the emulated nRF51.
pub type Region = Nvmc<PAGE>;

/// What an erase, or a part of one, and a row with its commit take at most, in nanojoules, and the capacitor that is assumed,
/// in nanofarads.
#[cfg(feature = "nrf52840")]
pub const NEEDED: (u32, u32) = (150_000, 100_000);
/// What an erase, or a part of one, and a row with its commit take at most, in nanojoules, and the capacitor that is assumed,
/// in nanofarads.
#[cfg(feature = "nrf52832")]
pub const NEEDED: (u32, u32) = (1_200_000, 1_000_000);

/// Opens the store in all of `NVM`: with erases in parts, where the device can.
///
/// # Errors
///
/// As [`Flash::open`].
pub fn open(
    controller: Peri<'static, NVMC>,
    image: &'static mut [u8],
) -> Result<Flash<'static, Region>, StoreError> {
    unsafe extern "C" {
        static __nvm_start: u8;
        static __nvm_end: u8;
    }
    let from = (&raw const __nvm_start).addr();
    let len = (&raw const __nvm_end).addr() - from;
    // The token of the controller: from here on it is the region's.
    let _ = controller;
    // SAFETY: the linker script puts nothing there, and who has the token is the only user of the controller.
    let region = unsafe { Region::new(from, len) };
    #[cfg(feature = "nrf52840")]
    return Flash::open_in_parts(region, image);
    #[cfg(not(feature = "nrf52840"))]
    Flash::open(region, image)
}
