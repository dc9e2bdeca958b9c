//! The power: fails when `SysTick` comes.
//!
//! The timer is started by `__pre_init`, which runs before variables are initialised, with what the harness has left in
//! PSRAM. Whoever changes the order of [`Supply`]'s fields changes the code below.

use core::arch::{asm, global_asm};

use super::psram;

/// The start of the harness's memory.
#[repr(C)]
#[derive(Debug)]
pub struct Supply {
    /// [`MAGIC`] once the harness has been set up.
    pub magic: u32,
    /// Ticks until the power fails in the next boot; 0 is never.
    pub on: u32,
    /// The counter when the timer was started.
    pub since: u32,
}

/// Tells a session of the harness from fresh memory.
pub const MAGIC: u32 = 0x5eed_f1a5;

/// `SYST_CSR`.
const TIMER: *mut u32 = 0xe000_e010 as *mut u32;
/// `SYST_RVR`.
const RELOAD: *mut u32 = 0xe000_e014 as *mut u32;
/// `SYST_CVR`.
const LEFT: *mut u32 = 0xe000_e018 as *mut u32;
/// Core clock, interrupt, on.
const RUNNING: u32 = 7;

global_asm!(
    ".section .text.__pre_init, \"ax\"",
    ".global __pre_init",
    ".type __pre_init, %function",
    ".thumb_func",
    "__pre_init:",
    "   ldr r0, ={control}",
    "   ldr r1, [r0]",
    "   ldr r2, ={magic}",
    "   cmp r1, r2",
    "   bne 0f",
    "   ldr r1, [r0, #4]",
    "   cbz r1, 0f",
    "   ldr r2, =0xe000e010",
    "   str r1, [r2, #4]",
    "   movs r1, #0",
    "   str r1, [r2, #8]",
    "   ldr r1, =0x40028018",
    "   ldr r1, [r1]",
    "   str r1, [r0, #8]",
    "   movs r1, #7",
    "   str r1, [r2]",
    "0: bx lr",
    "   .ltorg",
    // The stack may be used: what it held is lost anyway. The frame of the exception is at its top.
    ".section .text.SysTick, \"ax\"",
    ".global SysTick",
    ".type SysTick, %function",
    ".thumb_func",
    "SysTick:",
    "   ldr r1, [sp, #24]",
    "   ldr r0, =_stack_start",
    "   mov sp, r0",
    "   mov r0, r1",
    "   b power_failed",
    "   .ltorg",
    // A fault, such as that of the stack guard. Its stack is not to be trusted.
    ".section .text.HardFault, \"ax\"",
    ".global HardFault",
    ".type HardFault, %function",
    ".thumb_func",
    "HardFault:",
    "   ldr r0, =_stack_start",
    "   mov sp, r0",
    "   b fault",
    "   .ltorg",
    control = const psram::CONTROL,
    magic = const MAGIC,
);

unsafe extern "C" {
    static _ram_start: u8;
    static _ram_end: u8;
}

/// Fills all of SRAM with noise and resets the core.
pub fn lose_ram(seed: u32) -> ! {
    // SAFETY: nothing is used any more but registers, and `AIRCR` resets the core.
    unsafe {
        asm!(
            "   str {y}, [{mpu}]", // else the stack guard would keep us from it
            "   dsb",
            "   isb",
            "0: eor {x}, {x}, {x}, lsl #13",
            "   eor {x}, {x}, {x}, lsr #17",
            "   eor {x}, {x}, {x}, lsl #5",
            "   mvn {y}, {x}",
            "   ror {z}, {x}, #11",
            "   add {w}, {x}, {z}",
            "   strd {x}, {y}, [{at}], #8",
            "   strd {z}, {w}, [{at}], #8",
            "   cmp {at}, {end}",
            "   blo 0b",
            "   dsb",
            "   str {reset}, [{aircr}]",
            "   dsb",
            "1: b 1b",
            x = in(reg) seed | 1,
            y = in(reg) 0,
            z = in(reg) 0,
            w = in(reg) 0,
            at = in(reg) &raw const _ram_start,
            end = in(reg) &raw const _ram_end,
            mpu = in(reg) 0xe000_ed94_u32,
            aircr = in(reg) 0xe000_ed0c_u32,
            reset = in(reg) 0x05fa_0004_u32,
            options(noreturn),
        )
    }
}

/// Nothing fails while this exists; the time that is left goes on when it is dropped.
#[derive(Debug)]
pub struct Hold {
    left: Option<u32>,
}

impl Hold {
    /// Stops the timer.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let left = left();
        // SAFETY: a register of the core.
        unsafe { TIMER.write_volatile(0) }
        Self { left }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // SAFETY: registers of the core; the timer's handler ends the program.
        unsafe {
            if let Some(left) = self.left {
                RELOAD.write_volatile(left.max(1));
                LEFT.write_volatile(0);
                TIMER.write_volatile(RUNNING);
            }
        }
    }
}

/// Brings the failure nearer by the energy of so many instructions, which something other than the CPU has taken.
pub fn spend(instructions: u32) {
    let Some(left) = left() else { return };
    // SAFETY: registers of the core; the timer's handler ends the program.
    unsafe {
        TIMER.write_volatile(0);
        RELOAD.write_volatile(left.saturating_sub(super::ticks(instructions)).max(1));
        LEFT.write_volatile(0);
        TIMER.write_volatile(RUNNING);
    }
}

/// Ticks until the power fails; none when it does not.
pub fn left() -> Option<u32> {
    // SAFETY: registers of the core.
    unsafe { (TIMER.read_volatile() & RUNNING == RUNNING).then(|| LEFT.read_volatile()) }
}
