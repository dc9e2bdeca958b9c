//! The power: fails when `SysTick` comes.
//!
//! The timer is started by `__pre_init`, which runs before anything else and first fills SRAM with noise: nothing that was
//! there is left. Whoever changes the first fields of [`Control`](super::control::Control) changes the code below.

use core::arch::{asm, global_asm};

use super::console::say;
use super::control::{control, random, remember};

/// `SYST_CSR`, `SYST_RVR`, `SYST_CVR`.
const TIMER: *mut u32 = 0xe000_e010 as *mut u32;
const RELOAD: *mut u32 = 0xe000_e014 as *mut u32;
const LEFT: *mut u32 = 0xe000_e018 as *mut u32;
/// Core clock, interrupt, on.
const RUNNING: u32 = 7;
/// The program's SRAM.
const BOTTOM: usize = 0x2000_0000;
const TOP: usize = 0x2000_3f00;

global_asm!(
    ".section .text.__pre_init, \"ax\"",
    ".global __pre_init",
    ".type __pre_init, %function",
    ".thumb_func",
    "__pre_init:",
    "   ldr r0, =0x20003f00",
    "   ldr r1, [r0, #4]",
    "   cmp r1, #0",
    "   bne 1f",
    "   movs r1, #1",
    "1: ldr r2, =0x20000000",
    // Marsaglia's xorshift32, as in `noise`.
    "2: lsls r3, r1, #13",
    "   eors r1, r3",
    "   lsrs r3, r1, #17",
    "   eors r1, r3",
    "   lsls r3, r1, #5",
    "   eors r1, r3",
    "   str r1, [r2]",
    "   adds r2, #4",
    "   cmp r2, r0",
    "   bne 2b",
    "   ldr r1, [r0]",
    "   ldr r2, =0x5eedf1a5",
    "   cmp r1, r2",
    "   bne 3f",
    "   ldr r1, [r0, #8]",
    "   cmp r1, #0",
    "   beq 3f",
    "   ldr r2, =0xe000e010",
    "   str r1, [r2, #4]",
    "   movs r1, #0",
    "   str r1, [r2, #8]",
    "   movs r1, #7",
    "   str r1, [r2]",
    "3: bx lr",
    "   .ltorg",
    // What the stack held is lost anyway.
    ".section .text.SysTick, \"ax\"",
    ".global SysTick",
    ".type SysTick, %function",
    ".thumb_func",
    "SysTick:",
    "   ldr r0, [sp, #24]",
    "   ldr r1, =_stack_start",
    "   mov sp, r1",
    "   ldr r1, =power_failed",
    "   bx r1",
    "   .ltorg",
);

/// The power does not fail any more in this boot.
pub fn stay_on() {
    // SAFETY: a register of the core's timer.
    unsafe { TIMER.write_volatile(0) }
    remember(|c| (c.tear_word, c.tear_erase) = (0, 0));
}

/// Chooses when the power fails next, and lets it.
pub fn next() {
    schedule();
    let ticks = control().on;
    if ticks > 0 {
        // SAFETY: registers of the core's timer.
        unsafe {
            RELOAD.write_volatile(ticks);
            LEFT.write_volatile(0);
            TIMER.write_volatile(RUNNING);
        }
    }
}

/// Chooses when the power fails next.
fn schedule() {
    let c = control();
    let (mut on, mut word, mut erase) = (0, 0, 0);
    if c.failures < c.config.failures {
        // With `-icount shift=6` an instruction takes 64 ns, a tick 62.5 ns.
        on = 1 + (random() % c.config.max) * 125 / 122;
        if c.config.torn > 0 && random().is_multiple_of(c.config.torn) {
            on = 0;
            if random().is_multiple_of(2) {
                word = 1 + random() % 256;
            } else {
                erase = 1 + random() % 3;
            }
        }
    }
    remember(|c| (c.on, c.tear_word, c.tear_erase) = (on, word, erase));
}

/// The power fails here, in the middle of an operation.
pub fn failed_now() -> ! {
    power_failed(0)
}

#[unsafe(no_mangle)]
extern "C" fn power_failed(pc: u32) -> ! {
    // Instructions since the timer was started; it goes on.
    // SAFETY: registers of the core's timer.
    let since = unsafe { RELOAD.read_volatile().wrapping_mul(122) / 125 };
    stay_on();
    let other = control().config.other;
    let abandon = other > 0 && random().is_multiple_of(other);
    let noise = random() | 1;
    remember(|c| {
        c.failures += 1;
        c.in_open += u32::from(c.opened == 0);
        (c.abandoned, c.n) = (c.abandoned + u32::from(abandon), c.n + u32::from(abandon));
        c.noise = noise;
    });
    say(format_args!("{pc:x} {since} {:x}\n", control().words));
    schedule();
    cortex_m::peripheral::SCB::sys_reset()
}

/// The most stack that was ever used since the reset: below it is the noise.
pub fn deepest() -> u32 {
    let here: usize;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, sp", out(reg) here) };
    let (mut at, mut x) = (BOTTOM, 1_u32);
    while at < here {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        // SAFETY: SRAM below the stack.
        if unsafe { (at as *const u32).read_volatile() } != x {
            break;
        }
        at += 4;
    }
    (TOP - at) as u32
}
