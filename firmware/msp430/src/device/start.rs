//! From the reset vector to `main`.

use core::arch::global_asm;

// The watchdog is stopped first: clearing SRAM takes time.
global_asm!(
    r#"
    .section .init, "ax"
    .global _start
_start:
    mov     #__stack, r1
    mov     #0x5A80, &0x015C
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
    "#
);
