//! How deep the stack gets: it is painted, and what is not paint any more was in use.

use core::arch::asm;

const PAINT: u32 = 0xa55a_c33c;
/// Bytes below the stack's pointer that painting itself may use.
const MARGIN: usize = 64;

unsafe extern "C" {
    static _stack_end: u32;
    static _stack_start: u32;
}

/// The upper end of the stack.
pub fn top() -> usize {
    (&raw const _stack_start).addr()
}

/// Paints what is below the stack's pointer, and returns it.
#[inline(never)]
pub fn paint() -> usize {
    let top: usize;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, sp", out(reg) top, options(nomem, nostack, preserves_flags)) };
    let mut at = (&raw const _stack_end).cast_mut();
    while at.addr() < top - MARGIN {
        // SAFETY: below the stack's pointer nothing is in use.
        unsafe {
            at.write_volatile(PAINT);
            at = at.add(1);
        }
    }
    top
}

/// Bytes below `top` that were in use since they were painted.
pub fn painted(top: usize) -> u32 {
    let mut at = &raw const _stack_end;
    // SAFETY: within the stack.
    while at.addr() < top && unsafe { at.read_volatile() } == PAINT {
        at = at.wrapping_add(1);
    }
    (top - at.addr()) as u32
}
