//! gemmlowp's fixed-point functions, for softmax: `exp` of what is not positive, and `1 / x`.
//!
//! A value in Qn has `n` integer bits and `31 − n` fractional bits. A product of Qm and Qn is in Q(m+n).

use crate::requant::{rounding_divide_by_pot, saturating_rounding_doubling_high_mul as mul};

/// Just below 1 in Q0, gemmlowp's `One`.
const ONE: i32 = i32::MAX;

/// `x · 2^exponent`, saturating.
#[inline]
const fn shift_left(x: i32, exponent: u32) -> i32 {
    let wide = (x as i64) << exponent;
    if wide > i32::MAX as i64 {
        i32::MAX
    } else if wide < i32::MIN as i64 {
        i32::MIN
    } else {
        wide as i32
    }
}

/// `exp(a)` for `a` in `[−1/4, 0)`, Q0 to Q0: Taylor's polynomial of degree 4 around −1/8.
#[inline]
const fn exp_near_zero(a: i32) -> i32 {
    const EXP_OF_MINUS_EIGHTH: i32 = 1_895_147_668;
    const THIRD: i32 = 715_827_883;
    let x = a + (1 << 28);
    let x2 = mul(x, x);
    let x3 = mul(x2, x);
    let x4_over_4 = rounding_divide_by_pot(mul(x2, x2), 2);
    // x⁴/24 + x³/6 + x²/2
    let tail = rounding_divide_by_pot(mul(x4_over_4 + x3, THIRD) + x2, 1);
    EXP_OF_MINUS_EIGHTH + mul(EXP_OF_MINUS_EIGHTH, x + tail)
}

/// `exp(a)` for `a ≤ 0`, Q5 to Q0.
pub const fn exp_on_negative(a: i32) -> i32 {
    exp_on_negative_in::<5>(a)
}

/// `exp(a)` for `a ≤ 0`, with `BITS` integer bits, five at most, to Q0.
const fn exp_on_negative_in<const BITS: u32>(a: i32) -> i32 {
    /// `exp(−2^k)` in Q0 for k = −2, −1, … 4.
    const POWERS: [i32; 7] = [
        1_672_461_947,
        1_302_514_674,
        790_015_084,
        290_630_308,
        39_332_535,
        720_401,
        242,
    ];
    let quarter = 1 << (29 - BITS);
    if a == 0 {
        return ONE;
    }
    let minus = (a & (quarter - 1)) - quarter;
    let mut result = exp_near_zero(shift_left(minus, BITS));
    // What is left is a multiple of a quarter: one factor per bit.
    let rest = minus - a;
    let mut k = 0;
    while k < BITS as usize + 2 {
        if rest & (quarter << k) != 0 {
            result = mul(result, POWERS[k]);
        }
        k += 1;
    }
    result
}

/// `2 / (1 + a)` for `a` in `[0, 1)`, Q0 to Q2: three steps of Newton's method.
const fn two_over_one_plus(a: i32) -> i32 {
    const TWO_OF_48_17: i32 = 1_515_870_810;
    const TWO_OF_MINUS_32_17: i32 = -1_010_580_540;
    /// One in Q2.
    const ONE_Q2: i32 = 1 << 29;
    // a and ONE are not negative, so the rounded half sum is this.
    let half_denominator = ((a as i64 + ONE as i64 + 1) / 2) as i32;
    let mut x = TWO_OF_48_17 + mul(half_denominator, TWO_OF_MINUS_32_17);
    let mut step = 0;
    while step < 3 {
        let error = ONE_Q2 - mul(half_denominator, x);
        x += shift_left(mul(x, error), 2);
        step += 1;
    }
    x
}

/// `1 / (1 + a)` for `a` in `[0, 1)`, Q0 to Q0.
const fn one_over_one_plus(a: i32) -> i32 {
    // Twice the result in Q2: the same bits read as Q1 are the result.
    shift_left(two_over_one_plus(a), 1)
}

/// `1 / (1 + exp(−a))`, Q4 to Q0.
pub const fn logistic(a: i32) -> i32 {
    if a == 0 {
        return ((ONE as i64 + 1) / 2) as i32;
    }
    let positive = one_over_one_plus(exp_on_negative_in::<4>(-a.saturating_abs()));
    if a > 0 { positive } else { ONE - positive }
}

/// Hyperbolic tangent, Q4 to Q0.
pub const fn tanh(a: i32) -> i32 {
    if a == 0 {
        return 0;
    }
    // (1 − e) / (1 + e) for e = exp(−2|a|): the bits of |a| in Q4 are those of 2|a| in Q5.
    let e = exp_on_negative_in::<5>(-a.saturating_abs());
    let magnitude = shift_left(two_over_one_plus(e) - (1 << 29), 2);
    if a > 0 { magnitude } else { -magnitude }
}

/// `1 / x` for `x > 0` with `integer_bits`: a mantissa in Q0 and how many bits `x` is above one.
pub const fn reciprocal(x: i32, integer_bits: i32) -> (i32, i32) {
    let headroom = x.leading_zeros();
    let over_unit = integer_bits - headroom as i32;
    let mantissa = ((x as u32) << headroom).wrapping_sub(1 << 31);
    (one_over_one_plus(mantissa as i32), over_unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn real(raw: i32, integer_bits: i32) -> f64 {
        f64::from(raw) / (2.0_f64).powi(31 - integer_bits)
    }

    #[test]
    fn exp_is_close_everywhere() {
        let mut raw = 0_i64;
        while raw > i64::from(i32::MIN) {
            let a = raw as i32;
            let error = real(exp_on_negative(a), 0) - real(a, 5).exp();
            assert!(error.abs() < 3e-7, "exp({}) is off by {error}", real(a, 5));
            raw -= 7_919 * 1_009;
        }
    }

    #[test]
    fn reciprocal_is_close_everywhere() {
        for x in (1..i32::MAX).step_by(1_000_003) {
            let (mantissa, over_unit) = reciprocal(x, 12);
            let found = real(mantissa, 0) / (2.0_f64).powi(over_unit);
            let exact = 1.0 / real(x, 12);
            assert!(
                (found / exact - 1.0).abs() < 1e-7,
                "1/{x}: {found} instead of {exact}"
            );
        }
    }
}
