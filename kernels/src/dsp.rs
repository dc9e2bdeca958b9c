//! The DSP instructions of Armv7E-M: two 16-bit multiplications at once.
//!
//! Four int8 values of a word widen to two pairs of 16 bits, (0, 2) and (1, 3). Both factors are widened so, hence
//! nothing has to be shuffled: `SMLAD` of equal pairs is a part of the dot product.
//!
//! The loops are assembly as a whole: LLVM spills the sums that a loop of single instructions keeps in registers. Each takes
//! the twelve registers that there are. Loads stand one instruction before their use at least, where the Cortex-M4 would
//! wait for one cycle.

#![allow(unsafe_code)] // Inline assembly: the intrinsics are unstable.

use core::arch::asm;

use crate::requant::{Activation, Multiplier};
use crate::tensor::Tensor;

/// Greatest offset of a load.
const REACH: usize = 4095;

/// `offset`, if a load can have it; asked for where no load will be.
const fn reach(offset: usize) -> usize {
    if offset <= REACH { offset } else { 0 }
}

/// Values 0 and 2 of four int8, sign-extended to 16 bits.
#[inline(always)]
fn even(four: u32) -> u32 {
    let out;
    // SAFETY: computes a register from a register.
    unsafe {
        asm!("sxtb16 {}, {}", lateout(reg) out, in(reg) four, options(pure, nomem, nostack, preserves_flags));
    }
    out
}

/// Values 1 and 3 of four int8, sign-extended to 16 bits.
#[inline(always)]
fn odd(four: u32) -> u32 {
    let out;
    // SAFETY: computes a register from a register.
    unsafe {
        asm!("sxtb16 {}, {}, ror #8", lateout(reg) out, in(reg) four, options(pure, nomem, nostack, preserves_flags));
    }
    out
}

/// One sum to a byte, saturated; see [`Activation::quantize_four`].
macro_rules! scaled {
    ($sum:literal) => {
        concat!(
            "smmulr {",
            $sum,
            "}, {",
            $sum,
            "}, {t}
            add {",
            $sum,
            "}, {",
            $sum,
            "}, {",
            $sum,
            "}, asr #31
            asr {",
            $sum,
            "}, {",
            $sum,
            "}, {v}
            add {",
            $sum,
            "}, {",
            $sum,
            "}, {u}
            ssat {",
            $sum,
            "}, #8, {",
            $sum,
            "}, asr #1"
        )
    };
}

/// Four bytes to one word, `a` to `d`, clamped.
macro_rules! packed {
    ($a:literal, $b:literal, $c:literal, $d:literal, $min:literal, $max:literal) => {
        concat!(
            "bfi {",
            $a,
            "}, {",
            $b,
            "}, #8, #8
            bfi {",
            $a,
            "}, {",
            $c,
            "}, #16, #8
            bfi {",
            $a,
            "}, {",
            $d,
            "}, #24, #8
            ssub8 {t}, {",
            $a,
            "}, {",
            $min,
            "}
            sel {",
            $a,
            "}, {",
            $a,
            "}, {",
            $min,
            "}
            ssub8 {t}, {",
            $max,
            "}, {",
            $a,
            "}
            sel {",
            $a,
            "}, {",
            $a,
            "}, {",
            $max,
            "}"
        )
    };
}

const fn splat(value: i8) -> u32 {
    value as u8 as u32 * 0x0101_0101
}

/// Sums of four channels to bytes; the multipliers are ordinary.
#[inline(always)]
pub(crate) fn quantize(
    [mut a, b, c, d]: [i32; 4],
    scale: &[Multiplier; 4],
    activation: Activation,
) -> u32 {
    // SAFETY: reads the four multipliers, which are two aligned words each, and computes registers from registers, the flags
    // GE, and the flag Q, which nothing reads.
    unsafe {
        asm!(
            "ldrd {t}, {v}, [{scale}]", "qadd {a}, {a}, {a}", scaled!("a"),
            "ldrd {t}, {v}, [{scale}, #8]", "qadd {b}, {b}, {b}", scaled!("b"),
            "ldrd {t}, {v}, [{scale}, #16]", "qadd {c}, {c}, {c}", scaled!("c"),
            "ldrd {t}, {v}, [{scale}, #24]", "qadd {d}, {d}, {d}", scaled!("d"),
            packed!("a", "b", "c", "d", "min", "max"),
            a = inout(reg) a, b = inout(reg) b => _, c = inout(reg) c => _, d = inout(reg) d => _,
            scale = in(reg) scale, t = out(reg) _, v = out(reg) _, u = in(reg) 1 + 2 * i32::from(activation.zero),
            min = in(reg) splat(activation.min), max = in(reg) splat(activation.max), options(pure, readonly, nostack));
    }
    a.cast_unsigned()
}

/// Sums of two channels at two places each, `a` and `b` of the first one, to bytes: both at the first place, then at the
/// second. The multipliers are ordinary.
#[inline(always)]
pub(crate) fn quantize_two(
    [mut a, b, c, d]: [i32; 4],
    scale: &[Multiplier; 2],
    activation: Activation,
) -> u32 {
    // SAFETY: as in `quantize`, with two multipliers.
    unsafe {
        asm!(
            "ldrd {t}, {v}, [{scale}]", "qadd {a}, {a}, {a}", scaled!("a"), "qadd {b}, {b}, {b}", scaled!("b"),
            "ldrd {t}, {v}, [{scale}, #8]", "qadd {c}, {c}, {c}", scaled!("c"), "qadd {d}, {d}, {d}", scaled!("d"),
            packed!("a", "c", "b", "d", "min", "max"),
            a = inout(reg) a, b = inout(reg) b => _, c = inout(reg) c => _, d = inout(reg) d => _,
            scale = in(reg) scale, t = out(reg) _, v = out(reg) _, u = in(reg) 1 + 2 * i32::from(activation.zero),
            min = in(reg) splat(activation.min), max = in(reg) splat(activation.max), options(pure, readonly, nostack));
    }
    a.cast_unsigned()
}

/// Four int8 in one word; any alignment.
#[inline(always)]
pub(crate) fn word(four: &[i8]) -> u32 {
    let &[a, b, c, d] = four else { return 0 };
    u32::from_le_bytes([a as u8, b as u8, c as u8, d as u8])
}

/// Four values at each of two places, widened: even ones of both, odd ones of both.
pub(crate) type Fours = [u32; 4];

/// Widens int8 values, four at a time, as those of place `v`.
#[inline(always)]
pub(crate) fn widen(values: &[i8], to: &mut [Fours], v: usize) {
    for (four, to) in values.chunks_exact(4).zip(to) {
        let four = word(four);
        to[v] = even(four);
        to[2 + v] = odd(four);
    }
}

/// The last `len % 4` of `len` values behind zeros; `values` are at least four.
#[inline(always)]
pub(crate) fn tail(values: &[i8]) -> u32 {
    let len = values.len();
    word(&values[len - 4..]) & (u32::MAX << (8 * (4 - len % 4)))
}

/// Sixteen products of [`two_by_two`].
macro_rules! two_by_two_step {
    () => {
        "ldr {v}, [{w}, #{k}]
        ldr {t}, [{w}], #4
        ldrd {p0}, {p1}, [{x}], #8
        sxtb16 {u}, {t}
        smlad {a}, {u}, {p0}, {a}
        smlad {b}, {u}, {p1}, {b}
        sxtb16 {u}, {v}
        smlad {c}, {u}, {p0}, {c}
        smlad {d}, {u}, {p1}, {d}
        ldrd {p0}, {p1}, [{x}], #8
        sxtb16 {u}, {t}, ror #8
        smlad {a}, {u}, {p0}, {a}
        smlad {b}, {u}, {p1}, {b}
        sxtb16 {u}, {v}, ror #8
        smlad {c}, {u}, {p0}, {c}
        smlad {d}, {u}, {p1}, {d}"
    };
}

/// Whether [`two_by_two`] takes rows of `k` weights.
pub(crate) const fn two_by_two_takes(k: usize) -> bool {
    4 <= k && k <= REACH
}

/// Dot products of values at two places with two rows of weights, added to `acc`: row 0 at both places, row 1 at both.
///
/// `values` are those of weights `from..from + 4 · values.len()` of a row.
#[inline(always)]
pub(crate) fn two_by_two<R: Tensor>(
    values: &[Fours],
    rows: &[R; 2],
    from: usize,
    [mut a, mut b, mut c, mut d]: [i32; 4],
) -> [i32; 4] {
    if !two_by_two_takes(R::LEN) || from + 4 * values.len() > R::LEN {
        return [a, b, c, d];
    }
    let mut x = values.as_ptr();
    let mut w = rows.flat()[from..].as_ptr();
    macro_rules! steps {
        ($count:expr, $($step:expr),*) => {
            if $count > 0 {
                // SAFETY: reads `values` once, and as many words from both rows, which have them as was checked; the rows are
                // as far apart as they are long, and any alignment is good for `LDR`. Nothing is written.
                unsafe {
                    asm!("2:", $($step,)* "subs {n}, {n}, #1", "bne 2b",
                        x = inout(reg) x, w = inout(reg) w, n = inout(reg) $count => _,
                        a = inout(reg) a, b = inout(reg) b, c = inout(reg) c, d = inout(reg) d,
                        t = out(reg) _, v = out(reg) _, u = out(reg) _, p0 = out(reg) _, p1 = out(reg) _,
                        k = const reach(R::LEN), options(readonly, nostack));
                }
            }
        };
    }
    steps!(
        values.len() / 4,
        two_by_two_step!(),
        two_by_two_step!(),
        two_by_two_step!(),
        two_by_two_step!()
    );
    steps!(values.len() % 4, two_by_two_step!());
    let _ = (x, w);
    [a, b, c, d]
}

/// Whether [`pairs`] takes `m` rows of `k` weights.
pub(crate) const fn pairs_takes(k: usize, m: usize) -> bool {
    two_by_two_takes(k) && k.is_multiple_of(4) && m.is_multiple_of(2) && 0 < m && m <= REACH
}

/// Addresses and constants of [`pairs`], for which there are no registers.
#[repr(C)]
struct Pairs {
    values: *const Fours,
    bias: *const i32,
    scale: *const Multiplier,
    out: *mut i8,
    offset: i32,
    min: u32,
    max: u32,
    end: *const i8,
}

/// All channels at two places, two by two; the multipliers are ordinary.
///
/// `values` are as many as a row has weights, by [`Fours`].
#[inline(always)]
pub(crate) fn pairs<R: Tensor, const M: usize>(
    values: &[Fours],
    rows: &[R; M],
    bias: &[i32; M],
    scale: &[Multiplier; M],
    activation: Activation,
    out: &mut [[i8; M]; 2],
) {
    if !pairs_takes(R::LEN, M) || 4 * values.len() != R::LEN {
        return;
    }
    let out = out.as_flattened_mut().as_mut_ptr();
    let mut all = Pairs {
        values: values.as_ptr(),
        bias: bias.as_ptr(),
        scale: scale.as_ptr(),
        out,
        offset: 1 + 2 * i32::from(activation.zero),
        min: splat(activation.min),
        max: splat(activation.max),
        end: out.wrapping_add(M),
    };
    // SAFETY: for each two of the `M` channels, of which there are two at least, reads all values, as many weights of both
    // rows, two biases and two multipliers, and writes two values at each place. Any alignment is good for `LDR` and `STRH`;
    // what `LDRD` takes are words. `all` is written, and nothing reads it later.
    unsafe {
        asm!(
            "3:", "ldrd {x}, {p0}, [{all}]", "ldrd {a}, {c}, [{p0}], #8", "str {p0}, [{all}, #4]", "mov {b}, {a}", "mov {d}, {c}",
            ".if {fours}", "mov {n}, #{fours}", "2:",
            two_by_two_step!(), two_by_two_step!(), two_by_two_step!(), two_by_two_step!(),
            "subs {n}, {n}, #1", "bne 2b", ".endif",
            ".if {rest} > 0", two_by_two_step!(), ".endif", ".if {rest} > 1", two_by_two_step!(), ".endif",
            ".if {rest} > 2", two_by_two_step!(), ".endif",
            "add {w}, {w}, #{k}", "ldrd {x}, {n}, [{all}, #8]", "ldr {u}, [{all}, #16]",
            "ldrd {t}, {v}, [{x}], #8", "qadd {a}, {a}, {a}", scaled!("a"), "qadd {b}, {b}, {b}", scaled!("b"),
            "ldrd {t}, {v}, [{x}], #8", "qadd {c}, {c}, {c}", scaled!("c"), "qadd {d}, {d}, {d}", scaled!("d"),
            "ldrd {u}, {v}, [{all}, #20]", packed!("a", "c", "b", "d", "u", "v"),
            "lsr {b}, {a}, #16", "ldr {t}, [{all}, #28]", "strh {b}, [{n}, #{m}]", "strh {a}, [{n}], #2", "strd {x}, {n}, [{all}, #8]", "cmp {n}, {t}", "blo 3b",
            all = in(reg) &raw mut all, w = inout(reg) rows.flat().as_ptr() => _,
            a = out(reg) _, b = out(reg) _, c = out(reg) _, d = out(reg) _, x = out(reg) _, n = out(reg) _,
            t = out(reg) _, v = out(reg) _, u = out(reg) _, p0 = out(reg) _, p1 = out(reg) _,
            k = const reach(R::LEN), m = const reach(M), fours = const R::LEN / 16, rest = const R::LEN / 4 % 4, options(nostack));
    }
}

/// The channels of [`pairs`] at place `v`, for any multipliers, one by one: small, and one copy for all shapes, as hardly any
/// layer has need of it. `weights` are the rows of all channels.
#[cold]
#[inline(never)]
pub(crate) fn pairs_rare(
    values: &[Fours],
    v: usize,
    weights: &[i8],
    bias: &[i32],
    scale: &[Multiplier],
    activation: Activation,
    out: &mut [i8],
) {
    let rows = weights.chunks_exact((4 * values.len()).max(1));
    for (out, ((row, bias), scale)) in out.iter_mut().zip(rows.zip(bias).zip(scale)) {
        let mut acc = *bias;
        for (fours, weights) in values.iter().zip(row.chunks_exact(4)) {
            for (k, weight) in weights.iter().enumerate() {
                let pair = fours.get(2 * (k % 2) + v).copied().unwrap_or(0);
                let value = (pair >> (16 * (k / 2))) as i16;
                acc = acc.wrapping_add(i32::from(value) * i32::from(*weight));
            }
        }
        *out = activation.quantize(acc, *scale);
    }
}

/// Sixteen products of [`blocks`]: `s` holds a temporary, `v` and `xo` the values.
macro_rules! four_rows_step {
    () => {
        "ldr {xo}, [{x}], #4
        ldr {t}, [{w}, #{k1}]
        sxtb16 {v}, {xo}
        sxtb16 {xo}, {xo}, ror #8
        ldr {s}, [{w}, #{k2}]
        sxtb16 {u}, {t}
        smlad {b}, {u}, {v}, {b}
        sxtb16 {t}, {t}, ror #8
        smlad {b}, {t}, {xo}, {b}
        ldr {t}, [{w}, #{k3}]
        sxtb16 {u}, {s}
        smlad {c}, {u}, {v}, {c}
        sxtb16 {s}, {s}, ror #8
        smlad {c}, {s}, {xo}, {c}
        ldr {s}, [{w}], #4
        sxtb16 {u}, {t}
        smlad {d}, {u}, {v}, {d}
        sxtb16 {t}, {t}, ror #8
        smlad {d}, {t}, {xo}, {d}
        sxtb16 {u}, {s}
        smlad {a}, {u}, {v}, {a}
        sxtb16 {s}, {s}, ror #8
        smlad {a}, {s}, {xo}, {a}"
    };
}

/// Whether [`blocks`] takes rows of `k` weights.
const fn blocks_takes(k: usize) -> bool {
    k == 1 || 4 <= k && 3 * k <= REACH
}

/// How many times [`blocks`] does two words of a row of `k` weights in a loop: the four of a short one have none.
const fn twos(k: usize) -> usize {
    if k < 20 { 0 } else { k / 8 }
}

/// Addresses and constants of [`blocks`], for which there are no registers.
#[repr(C)]
struct Blocks {
    values: *const i8,
    rows: *const i8,
    bias: *const i32,
    scale: *const Multiplier,
    out: *mut i8,
    end: *const i8,
    offset: i32,
    min: u32,
    max: u32,
    /// The last values, where there are too few for a word of their own.
    last: u32,
}

/// Outputs from the same values with a row of weights each, four by four; the multipliers are ordinary.
///
/// All slices have as many elements as `rows`, a multiple of four.
#[inline(always)]
fn blocks<R: Tensor>(
    values: &R,
    rows: &[R],
    bias: &[i32],
    scale: &[Multiplier],
    activation: Activation,
    out: &mut [i8],
) {
    let n = rows.len();
    let same = bias.len() == n && scale.len() == n && out.len() == n;
    if !blocks_takes(R::LEN) || n == 0 || !n.is_multiple_of(4) || !same {
        return;
    }
    let values = values.flat();
    let mut all = Blocks {
        values: values.as_ptr(),
        rows: rows.as_ptr().cast(),
        bias: bias.as_ptr(),
        scale: scale.as_ptr(),
        out: out.as_mut_ptr(),
        end: out.as_ptr().wrapping_add(n),
        offset: 1 + 2 * i32::from(activation.zero),
        min: splat(activation.min),
        max: splat(activation.max),
        last: if const { R::LEN > 4 && !R::LEN.is_multiple_of(4) } {
            tail(values)
        } else {
            0
        },
    };
    // SAFETY: for each four rows, of which there are four at least, reads all values, or whole words of them and then the last
    // ones, as many weights of each row, four biases and four multipliers, and writes four values. Any alignment is good for
    // `LDR` and `STR`; what `LDRD` takes are words. `all` is written, and nothing reads it later. What is pushed is popped.
    unsafe {
        asm!(
            "3:", "ldrd {x}, {w}, [{s}]", "ldr {n}, [{s}, #8]", "ldrd {a}, {b}, [{n}], #8", "ldrd {c}, {d}, [{n}], #8", "str {n}, [{s}, #8]",
            ".if {k} == 1", "ldr {t}, [{w}], #4", "ldrsb {v}, [{x}]", "sxtb16 {u}, {t}", "sxtb16 {t}, {t}, ror #8",
            "smlabb {a}, {u}, {v}, {a}", "smlatb {c}, {u}, {v}, {c}", "smlabb {b}, {t}, {v}, {b}", "smlatb {d}, {t}, {v}, {d}",
            ".else", "push {{{s}}}",
            ".if {twos}", "mov {n}, #{twos}", "2:", four_rows_step!(), four_rows_step!(), "subs {n}, {n}, #1", "bne 2b", ".endif",
            ".if {rest}", ".rept {rest}", four_rows_step!(), ".endr", ".endif",
            ".if {odd}", "ldr {x}, [sp]", "adds {x}, {x}, #36", "sub {w}, {w}, #4 - {odd}", four_rows_step!(), ".endif",
            "pop {{{s}}}", "addw {w}, {w}, #{k3}", ".endif",
            "str {w}, [{s}, #4]", "ldrd {x}, {n}, [{s}, #12]", "ldr {u}, [{s}, #24]",
            "ldrd {t}, {v}, [{x}], #8", "qadd {a}, {a}, {a}", scaled!("a"), "ldrd {t}, {v}, [{x}], #8", "qadd {b}, {b}, {b}", scaled!("b"),
            "ldrd {t}, {v}, [{x}], #8", "qadd {c}, {c}, {c}", scaled!("c"), "ldrd {t}, {v}, [{x}], #8", "qadd {d}, {d}, {d}", scaled!("d"),
            "ldrd {u}, {v}, [{s}, #28]", packed!("a", "b", "c", "d", "u", "v"),
            "str {a}, [{n}], #4", "ldr {t}, [{s}, #20]", "strd {x}, {n}, [{s}, #12]", "cmp {n}, {t}", "blo 3b",
            s = inout(reg) &raw mut all => _, x = out(reg) _, w = out(reg) _, n = out(reg) _,
            a = out(reg) _, b = out(reg) _, c = out(reg) _, d = out(reg) _,
            t = out(reg) _, u = out(reg) _, v = out(reg) _, xo = out(reg) _,
            k = const reach(R::LEN), k1 = const reach(R::LEN), k2 = const reach(2 * R::LEN), k3 = const reach(3 * R::LEN),
            twos = const twos(R::LEN), rest = const R::LEN / 4 - 2 * twos(R::LEN), odd = const if R::LEN > 4 { R::LEN % 4 } else { 0 });
    }
}

/// Four channels of one tap of [`lanes`].
macro_rules! lanes_step {
    ($offset:literal) => {
        concat!(
            "ldr {v}, [{under}], #4
            ldr {t}, [{w}, #",
            $offset,
            "]
            ldr {x}, [{v}, {m}]
            sxtb16 {v}, {t}
            sxtb16 {t}, {t}, ror #8
            sxtb16 {u}, {x}
            smlabb {a}, {u}, {v}, {a}
            smlatt {c}, {u}, {v}, {c}
            sxtb16 {u}, {x}, ror #8
            smlabb {b}, {u}, {t}, {b}
            smlatt {d}, {u}, {t}, {d}"
        )
    };
}

/// Whether [`lanes`] takes pixels of `c` channels.
pub(crate) const fn lanes_takes(c: usize) -> bool {
    c.is_multiple_of(4) && 3 * c <= REACH
}

/// Channels `m..m + 4` of a depthwise filter: `under` has a pixel per tap, `taps` the weights of all channels per tap.
#[inline(always)]
pub(crate) fn lanes<const C: usize>(
    under: &[&[i8; C]],
    taps: &[[i8; C]],
    m: usize,
    [mut a, mut b, mut c, mut d]: [i32; 4],
) -> [i32; 4] {
    if !lanes_takes(C) || under.len() != taps.len() || m + 4 > C {
        return [a, b, c, d];
    }
    let mut pixels = under.as_ptr();
    let mut w = taps.as_flattened()[m..].as_ptr();
    macro_rules! steps {
        ($count:expr, $taps:literal, $($step:expr),*) => {
            if $count > 0 {
                // SAFETY: reads each pixel's address once, four of its channels, and as many weights, which are there as was
                // checked; any alignment is good for `LDR`. Nothing is written.
                unsafe {
                    asm!("2:", $($step,)* "add {w}, {w}, #{next}", "subs {n}, {n}, #1", "bne 2b",
                        under = inout(reg) pixels, w = inout(reg) w, n = inout(reg) $count => _, m = in(reg) m,
                        a = inout(reg) a, b = inout(reg) b, c = inout(reg) c, d = inout(reg) d,
                        x = out(reg) _, t = out(reg) _, u = out(reg) _, v = out(reg) _,
                        c1 = const reach(C), c2 = const reach(2 * C), next = const reach($taps * C), options(readonly, nostack));
                }
            }
        };
    }
    // Most filters have a multiple of three taps.
    steps!(
        under.len() / 3,
        3,
        lanes_step!("0"),
        lanes_step!("{c1}"),
        lanes_step!("{c2}")
    );
    steps!(under.len() % 3, 1, lanes_step!("0 + 0 * {c1} * {c2}"));
    let _ = (pixels, w);
    [a, b, c, d]
}

/// Whether [`nine`] takes pixels of `c` channels.
pub(crate) const fn nine_takes(c: usize) -> bool {
    c.is_multiple_of(4) && c > 0 && 8 * c <= REACH
}

/// Addresses and constants of [`nine`], for which there are no registers.
#[repr(C)]
struct Nine {
    under: *const u8,
    taps: *const u8,
    bias: *const i32,
    scale: *const Multiplier,
    out: *mut i8,
    offset: i32,
    min: u32,
    max: u32,
}

/// All channels of a depthwise filter of nine taps at one place; the multipliers are ordinary.
#[inline(always)]
pub(crate) fn nine<const C: usize>(
    under: &[&[i8; C]; 9],
    taps: &[[i8; C]; 9],
    bias: &[i32; C],
    scale: &[Multiplier; C],
    activation: Activation,
    out: &mut [i8; C],
) {
    if !nine_takes(C) {
        return;
    }
    let all = Nine {
        under: under.as_ptr().cast(),
        taps: taps.as_flattened().as_ptr().cast(),
        bias: bias.as_ptr(),
        scale: scale.as_ptr(),
        out: out.as_mut_ptr(),
        offset: 1 + 2 * i32::from(activation.zero),
        min: splat(activation.min),
        max: splat(activation.max),
    };
    // SAFETY: for each four of the `C` channels, of which there are four at least, reads nine addresses, four values at each,
    // as many weights, four biases and four multipliers, and writes four values. Any alignment is good for `LDR` and `STR`; what
    // `LDRD` takes are words.
    unsafe {
        asm!(
            "3:",
            "ldrd {under}, {w}, [{all}]", "ldr {x}, [{all}, #8]", "add {x}, {x}, {m}, lsl #2",
            "ldrd {a}, {b}, [{x}]", "ldrd {c}, {d}, [{x}, #8]", "add {w}, {w}, {m}",
            lanes_step!("0 * {k}"), lanes_step!("1 * {k}"), lanes_step!("2 * {k}"),
            lanes_step!("3 * {k}"), lanes_step!("4 * {k}"), lanes_step!("5 * {k}"),
            lanes_step!("6 * {k}"), lanes_step!("7 * {k}"), lanes_step!("8 * {k}"),
            "ldrd {x}, {w}, [{all}, #12]", "add {x}, {x}, {m}, lsl #3", "add {w}, {w}, {m}", "ldr {u}, [{all}, #20]",
            "ldrd {t}, {v}, [{x}]", "qadd {a}, {a}, {a}", scaled!("a"),
            "ldrd {t}, {v}, [{x}, #8]", "qadd {b}, {b}, {b}", scaled!("b"),
            "ldrd {t}, {v}, [{x}, #16]", "qadd {c}, {c}, {c}", scaled!("c"),
            "ldrd {t}, {v}, [{x}, #24]", "qadd {d}, {d}, {d}", scaled!("d"),
            "ldrd {u}, {v}, [{all}, #24]", packed!("a", "b", "c", "d", "u", "v"),
            "str {a}, [{w}]", "adds {m}, {m}, #4", "cmp {m}, #{k}", "blo 3b",
            all = in(reg) &raw const all, m = inout(reg) 0 => _, k = const C,
            a = out(reg) _, b = out(reg) _, c = out(reg) _, d = out(reg) _,
            under = out(reg) _, w = out(reg) _, x = out(reg) _, t = out(reg) _, u = out(reg) _, v = out(reg) _,
            options(nostack));
    }
}

/// `acc` plus the products of a row of values and a row of weights; any length.
#[inline(always)]
fn row(values: &[i8], weights: &[i8], mut acc: i32) -> i32 {
    let (mut x, mut w) = (values.chunks_exact(4), weights.chunks_exact(4));
    for (values, weights) in x.by_ref().zip(w.by_ref()) {
        let (values, weights) = (word(values), word(weights));
        // SAFETY: computes a register from registers, and the flag Q, which nothing reads.
        unsafe {
            asm!("smlad {acc}, {a}, {b}, {acc}", "smlad {acc}, {c}, {d}, {acc}", acc = inout(reg) acc,
                a = in(reg) even(values), b = in(reg) even(weights), c = in(reg) odd(values), d = in(reg) odd(weights),
                options(pure, nomem, nostack, preserves_flags));
        }
    }
    for (value, weight) in x.remainder().iter().zip(w.remainder()) {
        acc = acc.wrapping_add(i32::from(*value) * i32::from(*weight));
    }
    acc
}

/// Outputs from the same values with a row of weights each: four at a time while there are four.
#[inline(always)]
pub(crate) fn channels<R: Tensor>(
    values: &R,
    rows: &[R],
    bias: &[i32],
    scale: &[Multiplier],
    activation: Activation,
    ordinary: bool,
    out: &mut [i8],
) {
    let mut m = 0;
    if ordinary && const { blocks_takes(R::LEN) } {
        m = rows.len() / 4 * 4;
        if let (Some(rows), Some(bias), Some(scale), Some(out)) = (
            rows.get(..m),
            bias.get(..m),
            scale.get(..m),
            out.get_mut(..m),
        ) {
            blocks(values, rows, bias, scale, activation, out);
        }
    }
    let rest = rows.iter().zip(bias).zip(scale).zip(out).skip(m);
    for (((weights, bias), scale), out) in rest {
        *out = activation.quantize(row(values.flat(), weights.flat(), *bias), *scale);
    }
}
