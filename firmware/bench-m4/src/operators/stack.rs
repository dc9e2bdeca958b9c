//! How deep a call goes.

use core::arch::asm;

/// Bytes below the caller that are looked at.
const DEPTH: usize = 16 << 10;
/// Above what is painted: the painting itself uses the stack. Counted as used.
const OWN: usize = 64;
const PAINT: u32 = 0x5afe_57ac;

/// In a frame of its own.
#[inline(never)]
fn apart<T>(call: impl FnOnce() -> T) -> T {
    call()
}

/// Runs `call` and gives its result, and how many bytes of stack it took.
#[inline(never)]
pub fn depth<T>(call: impl FnOnce() -> T) -> (T, usize) {
    let top: usize;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, sp", out(reg) top, options(nomem, nostack, preserves_flags)) }
    let top = (top - OWN) & !3;
    let words = || (top - DEPTH..top).step_by(4).map(|at| at as *mut u32);
    for word in words() {
        // SAFETY: below the stack's end, within RAM, and nothing is kept there.
        unsafe { word.write_volatile(PAINT) }
    }
    let result = apart(call);
    // SAFETY: as above.
    let untouched = words().take_while(|word| unsafe { word.read_volatile() } == PAINT);
    (result, OWN + DEPTH - 4 * untouched.count())
}
