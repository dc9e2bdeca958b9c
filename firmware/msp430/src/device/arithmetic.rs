//! Arithmetic that the CPU does not have and the compiler calls: the `__mspabi_*` functions.
//!
//! Names, arguments and results are those of the MSP430 EABI: 16 bits in R12 and R13, 32 bits in R12:R13 and R14:R15, 64
//! bits in R8–R11 and R12–R15; counts of shifts follow the value; results begin at R12. R4 to R10 are preserved.
//!
//! Multiplications use the hardware multiplier, whose address the linker script gives as `__mpy`: an operation follows
//! the write of its second operand, and the first one stays. Interrupts are off meanwhile, because a handler that
//! multiplies would change what is in there.
//!
//! `apply` of [`Multiplier`](rekindle_kernels::Multiplier) is the one that takes 64 bits. There are no 64-bit divisions
//! and no floating point: a program that needs them takes those of TI's or GCC's library.

use core::arch::global_asm;

use rekindle_msp430::division::{divide, divide_long};

global_asm!(
    r#"
    .macro  function name
    .section .text.\name, "ax"
    .global \name
\name:
    .endm

    .macro  lock
    push    r2
    dint
    nop
    .endm

    .macro  unlock
    pop     r2
    ret
    .endm

    function __mspabi_mpyi
    lock
    mov     r12, &__mpy+0
    mov     r13, &__mpy+8
    mov     &__mpy+10, r12
    unlock

    function __mspabi_mpyl
    lock
    mov     r12, &__mpy+0
    mov     r15, &__mpy+8
    mov     &__mpy+10, r15
    mov     r14, &__mpy+8
    mov     &__mpy+10, r12
    add     &__mpy+12, r15
    mov     r13, &__mpy+0
    mov     r14, &__mpy+8
    mov     &__mpy+10, r13
    add     r15, r13
    unlock

    ; Schoolbook: of the sixteen products of words, ten reach the low 64 bits.
    function __mspabi_mpyll
    push    r4
    push    r5
    push    r6
    push    r7
    push    r2
    dint
    nop
    mov     r8, &__mpy+0
    mov     r12, &__mpy+8
    mov     &__mpy+10, r4
    mov     &__mpy+12, r5
    clr     r6
    clr     r7
    mov     r13, &__mpy+8
    add     &__mpy+10, r5
    addc    &__mpy+12, r6
    adc     r7
    mov     r14, &__mpy+8
    add     &__mpy+10, r6
    addc    &__mpy+12, r7
    mov     r15, &__mpy+8
    add     &__mpy+10, r7
    mov     r9, &__mpy+0
    mov     r12, &__mpy+8
    add     &__mpy+10, r5
    addc    &__mpy+12, r6
    adc     r7
    mov     r13, &__mpy+8
    add     &__mpy+10, r6
    addc    &__mpy+12, r7
    mov     r14, &__mpy+8
    add     &__mpy+10, r7
    mov     r10, &__mpy+0
    mov     r12, &__mpy+8
    add     &__mpy+10, r6
    addc    &__mpy+12, r7
    mov     r13, &__mpy+8
    add     &__mpy+10, r7
    mov     r11, &__mpy+0
    mov     r12, &__mpy+8
    add     &__mpy+10, r7
    mov     r4, r12
    mov     r5, r13
    mov     r6, r14
    mov     r7, r15
    pop     r2
    pop     r7
    pop     r6
    pop     r5
    pop     r4
    ret

    ; Shifts of 32 bits: sixteen at once where there are as many, the rest one by one.
    function __mspabi_slll
    cmp     #16, r14
    jlo     1f
    mov     r12, r13
    clr     r12
    sub     #16, r14
1:  tst     r14
    jeq     3f
2:  rla     r12
    rlc     r13
    dec     r14
    jne     2b
3:  ret

    function __mspabi_srll
    cmp     #16, r14
    jlo     1f
    mov     r13, r12
    clr     r13
    sub     #16, r14
1:  tst     r14
    jeq     3f
2:  clrc
    rrc     r13
    rrc     r12
    dec     r14
    jne     2b
3:  ret

    function __mspabi_sral
    cmp     #16, r14
    jlo     1f
    mov     r13, r12
    rla     r13
    subc    r13, r13
    inv     r13
    sub     #16, r14
1:  tst     r14
    jeq     3f
2:  rra     r13
    rrc     r12
    dec     r14
    jne     2b
3:  ret
    .text
    "#
);

// The functions below are called by code that the compiler makes, so nothing in Rust refers to them.

#[unsafe(no_mangle)]
extern "C" fn __mspabi_divu(a: u16, b: u16) -> u16 {
    divide(a, b).0
}

#[unsafe(no_mangle)]
extern "C" fn __mspabi_remu(a: u16, b: u16) -> u16 {
    divide(a, b).1
}

#[unsafe(no_mangle)]
extern "C" fn __mspabi_divi(a: i16, b: i16) -> i16 {
    let q = divide(a.unsigned_abs(), b.unsigned_abs()).0.cast_signed();
    if (a < 0) == (b < 0) {
        q
    } else {
        q.wrapping_neg()
    }
}

#[unsafe(no_mangle)]
extern "C" fn __mspabi_remi(a: i16, b: i16) -> i16 {
    let r = divide(a.unsigned_abs(), b.unsigned_abs()).1.cast_signed();
    if a < 0 { r.wrapping_neg() } else { r }
}

#[unsafe(no_mangle)]
extern "C" fn __mspabi_divul(a: u32, b: u32) -> u32 {
    divide_long(a, b).0
}

#[unsafe(no_mangle)]
extern "C" fn __mspabi_remul(a: u32, b: u32) -> u32 {
    divide_long(a, b).1
}

#[unsafe(no_mangle)]
extern "C" fn __mspabi_divli(a: i32, b: i32) -> i32 {
    let q = divide_long(a.unsigned_abs(), b.unsigned_abs())
        .0
        .cast_signed();
    if (a < 0) == (b < 0) {
        q
    } else {
        q.wrapping_neg()
    }
}

#[unsafe(no_mangle)]
extern "C" fn __mspabi_remli(a: i32, b: i32) -> i32 {
    let r = divide_long(a.unsigned_abs(), b.unsigned_abs())
        .1
        .cast_signed();
    if a < 0 { r.wrapping_neg() } else { r }
}
