//! From the reset vector to `main`, and the guard at the end of the stack.

use core::arch::global_asm;

/// What lies at the end of the stack as long as it has not got there.
const GUARD: u16 = 0xD065;

unsafe extern "C" {
    /// The last word of the stack; the linker script says where it is.
    static mut __stack_end: u16;
}

/// Whether the stack has ever got to its end since the start.
pub fn stack_overflow() -> bool {
    // SAFETY: a word of SRAM that no variable is in.
    unsafe { (&raw const __stack_end).read_volatile() != GUARD }
}

// The watchdog is stopped first: clearing SRAM takes time.
global_asm!(
    r#"
    .section .init, "ax"
    .global _start
_start:
    mov     #__stack, r1
    mov     #0x5A80, &0x015C
    mov     #{guard}, &__stack_end
    mov     #__data, r12
    mov     #__data_from, r13
1:  cmp     #__data_end, r12
    jhs     2f
    mov     @r13+, r11
    mov     r11, 0(r12)
    incd    r12
    jmp     1b
2:  mov     #__bss, r12
3:  cmp     #__bss_end, r12
    jhs     4f
    clr     0(r12)
    incd    r12
    jmp     3b
4:  br      #main

    .section .reset, "a"
    .short  _start
    "#,
    guard = const GUARD,
);
