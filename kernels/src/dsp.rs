//! The DSP instructions of Armv7E-M: two 16-bit multiplications at once.
//!
//! Four int8 values of a word widen to two pairs of 16 bits, (0, 2) and (1, 3). Both factors are widened so, hence
//! nothing has to be shuffled: `SMLAD` of equal pairs is a part of the dot product.

#![allow(unsafe_code)] // Inline assembly: the intrinsics are unstable.

use core::arch::asm;
use core::sync::atomic::{Ordering, compiler_fence};

// Why each `asm!` below is sound: it computes a register from registers, touches neither memory nor stack, and changes
// no flag but Q, which nothing reads. None is `pure`: LLVM would sort pure ones by their dependences, all products of one
// sum first, and run out of registers; so they stay in the order written.

/// Values 0 and 2 of four int8, sign-extended to 16 bits.
#[inline(always)]
pub(crate) fn even(four: u32) -> u32 {
    let out;
    // SAFETY: see above.
    unsafe {
        asm!("sxtb16 {}, {}", lateout(reg) out, in(reg) four, options(nomem, nostack, preserves_flags))
    }
    out
}

/// Values 1 and 3 of four int8, sign-extended to 16 bits.
#[inline(always)]
pub(crate) fn odd(four: u32) -> u32 {
    let out;
    // SAFETY: see above.
    unsafe {
        asm!("sxtb16 {}, {}, ror #8", lateout(reg) out, in(reg) four, options(nomem, nostack, preserves_flags))
    }
    out
}

/// `acc` plus the products of both halves.
#[inline(always)]
pub(crate) fn dual(a: u32, b: u32, acc: i32) -> i32 {
    let out;
    // SAFETY: see above.
    unsafe {
        asm!("smlad {}, {}, {}, {}", lateout(reg) out, in(reg) a, in(reg) b, in(reg) acc,
            options(nomem, nostack, preserves_flags));
    }
    out
}

/// `acc` plus the product of the lower halves.
#[inline(always)]
pub(crate) fn low(a: u32, b: u32, acc: i32) -> i32 {
    let out;
    // SAFETY: see above.
    unsafe {
        asm!("smlabb {}, {}, {}, {}", lateout(reg) out, in(reg) a, in(reg) b, in(reg) acc,
            options(nomem, nostack, preserves_flags));
    }
    out
}

/// `acc` plus the product of the upper halves.
#[inline(always)]
pub(crate) fn high(a: u32, b: u32, acc: i32) -> i32 {
    let out;
    // SAFETY: see above.
    unsafe {
        asm!("smlatt {}, {}, {}, {}", lateout(reg) out, in(reg) a, in(reg) b, in(reg) acc,
            options(nomem, nostack, preserves_flags));
    }
    out
}

/// `2·a·b / 2³²`, rounded to nearest with ties up, where `2·a` saturates.
#[inline(always)]
pub(crate) fn double_high(a: i32, b: i32) -> i32 {
    let out;
    // SAFETY: see above.
    unsafe {
        asm!("qadd {out}, {a}, {a}", "smmulr {out}, {out}, {b}", out = out(reg) out, a = in(reg) a, b = in(reg) b,
            options(nomem, nostack, preserves_flags));
    }
    out
}

/// Four int8 in one word; any alignment.
#[inline(always)]
pub(crate) fn word(four: &[i8]) -> u32 {
    let &[a, b, c, d] = four else { return 0 };
    u32::from_le_bytes([a as u8, b as u8, c as u8, d as u8])
}

/// One word of each row of [`block`].
#[inline(always)]
fn block_step<const V: usize, const R: usize>(
    values: &[&[[u32; 2]]; V],
    rows: &[&[i8]; R],
    acc: &mut [[i32; V]; R],
    i: usize,
) {
    let pairs: [[u32; 2]; V] = core::array::from_fn(|v| values[v][i]);
    for r in 0..R {
        let four = word(&rows[r][4 * i..4 * i + 4]);
        let (even, odd) = (even(four), odd(four));
        for v in 0..V {
            acc[r][v] = dual(odd, pairs[v][1], dual(even, pairs[v][0], acc[r][v]));
        }
    }
    stay();
}

/// Keeps loads from moving up to earlier steps, for which there are no registers. No instruction.
#[inline(always)]
fn stay() {
    compiler_fence(Ordering::SeqCst);
}

/// Dot products of `V` rows of values, widened by [`widen`], with `R` rows of int8 weights, added to `acc`.
///
/// `len` values of each are used, and all rows have them.
#[inline(always)]
pub(crate) fn block<const V: usize, const R: usize>(
    values: [&[[u32; 2]]; V],
    rows: [&[i8]; R],
    mut acc: [[i32; V]; R],
) -> [[i32; V]; R] {
    let words = values[0].len();
    let values = values.map(|v| &v[..words]);
    let rows = rows.map(|r| &r[..4 * words]);
    // Unrolled by hand: LLVM takes the assembly for too long.
    for i in (0..words / 4 * 4).step_by(4) {
        block_step(&values, &rows, &mut acc, i);
        block_step(&values, &rows, &mut acc, i + 1);
        block_step(&values, &rows, &mut acc, i + 2);
        block_step(&values, &rows, &mut acc, i + 3);
    }
    for i in words / 4 * 4..words {
        block_step(&values, &rows, &mut acc, i);
    }
    acc
}

/// Widens int8 values, four at a time, to the pairs that [`block`] takes.
#[inline(always)]
pub(crate) fn widen(values: &[i8], to: &mut [[u32; 2]]) {
    for (four, to) in values.chunks_exact(4).zip(to) {
        let four = word(four);
        *to = [even(four), odd(four)];
    }
}

/// The last `len % 4` of `len` values, widened, behind zeros; `values` are at least four.
#[inline(always)]
pub(crate) fn widen_tail(values: &[i8]) -> [u32; 2] {
    let len = values.len();
    let four = word(&values[len - 4..]) & (u32::MAX << (8 * (4 - len % 4)));
    [even(four), odd(four)]
}

/// One word of each row of [`rows`].
#[inline(always)]
fn rows_step<const R: usize>(values: &[i8], rows: &[&[i8]; R], acc: &mut [i32; R], i: usize) {
    let four = word(&values[i..i + 4]);
    let pairs = [even(four), odd(four)];
    for r in 0..R {
        let four = word(&rows[r][i..i + 4]);
        acc[r] = dual(odd(four), pairs[1], dual(even(four), pairs[0], acc[r]));
    }
    stay();
}

/// Sums of `R` rows of weights with the same int8 values, added to `acc`.
#[inline(always)]
pub(crate) fn rows<const R: usize>(values: &[i8], rows: [&[i8]; R], mut acc: [i32; R]) -> [i32; R] {
    let len = values.len();
    let rows = rows.map(|r| &r[..len]);
    for i in (0..len / 16 * 16).step_by(16) {
        rows_step(values, &rows, &mut acc, i);
        rows_step(values, &rows, &mut acc, i + 4);
        rows_step(values, &rows, &mut acc, i + 8);
        rows_step(values, &rows, &mut acc, i + 12);
    }
    for i in (len / 16 * 16..len / 4 * 4).step_by(4) {
        rows_step(values, &rows, &mut acc, i);
    }
    for i in len / 4 * 4..len {
        for r in 0..R {
            acc[r] = low(values[i] as u32, rows[r][i] as u32, acc[r]);
        }
    }
    acc
}

/// Four channels of a depthwise filter: values times taps, added to `acc`.
#[inline(always)]
pub(crate) fn lanes(values: u32, taps: u32, [a, b, c, d]: [i32; 4]) -> [i32; 4] {
    let (v0, v1, t0, t1) = (even(values), odd(values), even(taps), odd(taps));
    [
        low(v0, t0, a),
        low(v1, t1, b),
        high(v0, t0, c),
        high(v1, t1, d),
    ]
}
