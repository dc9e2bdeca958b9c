//! The unit's registers (Armv7-M Architecture Reference Manual, B3.5).

use crate::guard_at;

const TYPE: *const u32 = 0xE000_ED90 as *const u32;
const CTRL: *mut u32 = 0xE000_ED94 as *mut u32;
const NUMBER: *mut u32 = 0xE000_ED98 as *mut u32;
const BASE: *mut u32 = 0xE000_ED9C as *mut u32;
const SIZE: *mut u32 = 0xE000_EDA0 as *mut u32;

/// `CTRL`: the unit is on, and privileged code has the default map elsewhere. It is off in `HardFault`.
const ON: u32 = 1 | 1 << 2;
/// `SIZE`: nobody executes, reads or writes; 2^(4 + 1) bytes; enabled.
const NO_ACCESS: u32 = 1 << 28 | 4 << 1 | 1;

/// This device has no memory protection unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoMpu;

/// Makes the [`GUARD`](crate::GUARD) bytes above the variables, which end at `end`, inaccessible.
///
/// # Errors
///
/// When there is no unit.
///
/// # Safety
///
/// Nothing lies there: `end` is the lowest address that the stack may have. The unit's last region is not used otherwise.
#[allow(unsafe_code)]
pub unsafe fn enable(end: *const u8) -> Result<(), NoMpu> {
    // SAFETY: registers of every Armv7-M core.
    unsafe {
        let regions = TYPE.read_volatile() >> 8 & 0xff;
        if regions == 0 {
            return Err(NoMpu);
        }
        NUMBER.write_volatile(regions - 1); // the last one wins over all others
        BASE.write_volatile(guard_at(end.addr()) as u32);
        SIZE.write_volatile(NO_ACCESS);
        CTRL.write_volatile(ON);
        core::arch::asm!("dsb", "isb", options(nostack, preserves_flags));
    }
    Ok(())
}
