//! From a 32-bit accumulator to an int8 activation, with the reference's double rounding.
//!
//! The arithmetic is that of gemmlowp and of TensorFlow Lite's reference kernels: a saturating rounding doubling high
//! multiply after the left shift, then a rounding divide by a power of two. Implementations that round once differ in
//! the last bit for about one value in a thousand.

/// High half of `2·a·b`, rounded to nearest, ties towards plus infinity; saturates for `MIN · MIN`.
///
/// gemmlowp's `SaturatingRoundingDoublingHighMul`: its sign-dependent nudge and truncating division are one addition
/// and one arithmetic shift.
///
/// ```
/// use rekindle_kernels::requant::saturating_rounding_doubling_high_mul as mul;
///
/// assert_eq!(mul(1 << 30, 1 << 30), 1 << 29); // 0.5 · 0.5 in Q31
/// assert_eq!(mul(i32::MIN, i32::MIN), i32::MAX);
/// ```
#[inline]
pub const fn saturating_rounding_doubling_high_mul(a: i32, b: i32) -> i32 {
    if a == i32::MIN && b == i32::MIN {
        return i32::MAX;
    }
    ((a as i64 * b as i64 + (1 << 30)) >> 31) as i32
}

/// The same in Q15.
pub(crate) const fn saturating_rounding_doubling_high_mul_16(a: i16, b: i16) -> i16 {
    if a == i16::MIN && b == i16::MIN {
        return i16::MAX;
    }
    ((a as i32 * b as i32 + (1 << 14)) >> 15) as i16
}

/// `x / 2^exponent`, rounded to nearest, ties away from zero; `exponent` is in `0..=31`.
///
/// ```
/// use rekindle_kernels::requant::rounding_divide_by_pot as divide;
///
/// assert_eq!([divide(5, 1), divide(-5, 1), divide(-6, 2)], [3, -3, -2]);
/// ```
#[inline]
pub const fn rounding_divide_by_pot(x: i32, exponent: u32) -> i32 {
    if exponent == 0 {
        return x;
    }
    // One more bit than asked for, rounded down: there a tie is odd, and adding the sign first moves a negative one
    // away from zero. In `i64` only because of `MIN`.
    let twice = (x as i64 + (x >> 31) as i64) >> (exponent - 1);
    ((twice >> 1) + (twice & 1)) as i32
}

/// A positive real factor as a Q31 mantissa and a power of two: `q · 2^(shift − 31)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)] // Read by the instructions of `dsp`.
pub struct Multiplier {
    q: i32,
    /// The complement of `shift`, which is what is shifted to the right, less one.
    right: i32,
}

impl Multiplier {
    /// Mantissa `q` in `[2^30, 2^31)`, or 0, and exponent `shift` in `-31..=31`, as a model file's scales give them.
    ///
    /// # Panics
    ///
    /// Outside these ranges; in a constant this is a compile error.
    pub const fn new(q: i32, shift: i32) -> Self {
        assert!(
            q == 0 || q >= 1 << 30,
            "the mantissa of a multiplier is normalised"
        );
        assert!(
            -31 <= shift && shift <= 31,
            "the shift of a multiplier is in -31..=31"
        );
        Self::unchecked(q, shift)
    }

    /// Parts that need not be normalised: the mantissa is not negative, the exponent not below -31.
    pub(crate) const fn unchecked(q: i32, shift: i32) -> Self {
        Self { q, right: !shift }
    }

    /// The nearest multiplier to `real`, half away from zero, as `QuantizeMultiplier` of TensorFlow Lite.
    ///
    /// For convolutions `real` is `s_in as f64 * s_weight[c] as f64 / s_out as f64`; for per-tensor dense layers the
    /// first product is taken in `f32`. Factors below 2⁻³² are 0.
    ///
    /// ```
    /// use rekindle_kernels::Multiplier;
    ///
    /// const HALF: Multiplier = Multiplier::from_real(0.5);
    /// assert_eq!(HALF, Multiplier::new(1 << 30, 0));
    /// assert_eq!([HALF.apply(7), HALF.apply(-7)], [4, -3]);
    /// ```
    ///
    /// # Panics
    ///
    /// If `real` is negative, not finite, or 2³¹ or more; in a constant this is a compile error.
    pub const fn from_real(real: f64) -> Self {
        let bits = real.to_bits();
        assert!(
            bits >> 63 == 0 && real < (1_u64 << 31) as f64,
            "a multiplier is in 0..2^31"
        );
        // Subnormal numbers are far below 2⁻³² as well.
        let biased = (bits >> 52) as i32;
        let mut shift = biased - 1022;
        if shift < -31 {
            return Self::unchecked(0, 0);
        }
        let mantissa = (bits & ((1 << 52) - 1)) | (1 << 52);
        // 53 significant bits to 31.
        let mut q = (mantissa + (1 << 21)) >> 22;
        if q == 1 << 31 {
            q >>= 1;
            shift += 1;
        }
        Self::unchecked(q as i32, shift)
    }

    /// `x` times the factor, rounded twice: `MultiplyByQuantizedMultiplier` with double rounding.
    #[inline]
    pub const fn apply(self, x: i32) -> i32 {
        let (_, shift) = self.parts();
        let left = if shift > 0 { shift as u32 } else { 0 };
        let right = if shift > 0 { 0 } else { shift.unsigned_abs() };
        // The mantissa is never `MIN`, so there is nothing to saturate.
        let high = (x.wrapping_shl(left) as i64 * self.q as i64 + (1 << 30)) >> 31;
        let high = high as i32;
        if right == 0 {
            return high;
        }
        // As `rounding_divide_by_pot`, but in 32 bits: since the mantissa is below 2³¹, `high` is not `MIN`.
        let twice = (high + (high >> 31)) >> (right - 1);
        (twice >> 1) + (twice & 1)
    }

    /// Mantissa in Q31 and exponent.
    pub const fn parts(self) -> (i32, i32) {
        (self.q, !self.right)
    }
}

/// Multipliers from their mantissas and exponents, as [`Multiplier::parts`] gives them and files hold them.
///
/// ```
/// use rekindle_kernels::{Multiplier, multipliers};
///
/// const SCALES: [Multiplier; 2] = multipliers([[1 << 30, 0], [1 << 30, -1]]);
/// assert_eq!(SCALES, [0.5, 0.25].map(Multiplier::from_real));
/// ```
///
/// # Panics
///
/// As [`Multiplier::new`]; in a constant this is a compile error.
pub const fn multipliers<const N: usize>(parts: [[i32; 2]; N]) -> [Multiplier; N] {
    let mut all = [Multiplier::unchecked(0, 0); N];
    let mut n = 0;
    while n < N {
        all[n] = Multiplier::new(parts[n][0], parts[n][1]);
        n += 1;
    }
    all
}

/// What turns an accumulator of any channel into an activation: the output's zero point and the fused activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activation {
    /// Zero point of the output.
    pub zero: i8,
    /// Least output: the zero point for `ReLU` and `ReLU6`, else −128.
    pub min: i8,
    /// Greatest output: 127, or 6 in the output's scale for `ReLU6`.
    pub max: i8,
}

impl Activation {
    /// No fused activation.
    pub const fn linear(zero: i8) -> Self {
        Self {
            zero,
            min: i8::MIN,
            max: i8::MAX,
        }
    }

    /// Fused rectifier (`ReLU`): outputs are clamped at the zero point.
    pub const fn relu(zero: i8) -> Self {
        Self {
            zero,
            min: zero,
            max: i8::MAX,
        }
    }

    /// As [`quantize`](Self::quantize), for four channels: one byte of the result each.
    ///
    /// Where all multipliers are `ordinary`, by the DSP's rounding multiplication. It doubles the accumulator, which
    /// saturates; where it does, the scaled value is 2²⁹ or more, less one at most for the saturation, and after a shift of 20
    /// bits or fewer that is beyond every int8 in any case.
    #[cfg(rekindle_dsp)]
    #[inline(always)]
    pub(crate) fn quantize_four(
        self,
        acc: [i32; 4],
        scale: &[Multiplier; 4],
        ordinary: bool,
    ) -> u32 {
        if ordinary {
            crate::dsp::quantize(acc, scale, self)
        } else {
            self.quantize_rare(acc, *scale)
        }
    }

    /// The same for two channels at two places each: bytes of both at the first, then at the second.
    #[cfg(rekindle_dsp)]
    #[inline(always)]
    pub(crate) fn quantize_two(
        self,
        [a, b, c, d]: [i32; 4],
        scale: &[Multiplier; 2],
        ordinary: bool,
    ) -> u32 {
        if ordinary {
            crate::dsp::quantize_two([a, b, c, d], scale, self)
        } else {
            let [s, t] = *scale;
            self.quantize_rare([a, c, b, d], [s, t, s, t])
        }
    }

    #[cfg(rekindle_dsp)]
    #[cold]
    #[inline(never)]
    fn quantize_rare(self, acc: [i32; 4], scale: [Multiplier; 4]) -> u32 {
        let bytes = core::array::from_fn(|k| self.quantize(acc[k], scale[k]) as u8);
        u32::from_le_bytes(bytes)
    }

    /// Scales, shifts and clamps one accumulator.
    #[inline]
    pub const fn quantize(self, acc: i32, scale: Multiplier) -> i8 {
        let value = scale.apply(acc).wrapping_add(self.zero as i32);
        clamp(value, self.min, self.max)
    }
}

/// Whether all multipliers are in 2⁻²¹ to below 1/2: those of real layers are.
#[cfg(rekindle_dsp)]
pub(crate) const fn ordinary(scale: &[Multiplier]) -> bool {
    let mut i = 0;
    while i < scale.len() {
        if scale[i].right < 0 || scale[i].right > 19 {
            return false;
        }
        i += 1;
    }
    true
}

/// `bias` such that int8 values need not have their zero point subtracted before they are multiplied.
///
/// `Σ (x − zero)·w + bias = Σ x·w + (bias − zero·Σ w)`, also where sums wrap.
pub(crate) const fn fold(bias: i32, zero: i8, weights: &[i8]) -> i32 {
    let (mut sum, mut i) = (0_i32, 0);
    while i < weights.len() {
        sum = sum.wrapping_add(weights[i] as i32);
        i += 1;
    }
    bias.wrapping_sub(sum.wrapping_mul(zero as i32))
}

/// `value` clamped; `Ord::clamp` is not `const`.
#[inline]
pub(crate) const fn clamp(value: i32, min: i8, max: i8) -> i8 {
    let value = if value < min as i32 {
        min as i32
    } else {
        value
    };
    let value = if value > max as i32 {
        max as i32
    } else {
        value
    };
    value as i8
}

/// One multiplier for every output channel: per-tensor quantisation.
///
/// ```
/// use rekindle_kernels::{Multiplier, per_tensor};
///
/// const SCALE: [Multiplier; 32] = per_tensor(Multiplier::from_real(0.0021));
/// # assert_eq!(SCALE[0], SCALE[31]);
/// ```
pub const fn per_tensor<const N: usize>(scale: Multiplier) -> [Multiplier; N] {
    [scale; N]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// gemmlowp's text, to show that the short forms are the same function.
    fn gemmlowp_high_mul(a: i32, b: i32) -> i32 {
        let overflow = a == b && a == i32::MIN;
        let product = i64::from(a) * i64::from(b);
        let nudge: i64 = if product >= 0 { 1 << 30 } else { 1 - (1 << 30) };
        let high = ((product + nudge) / (1_i64 << 31)) as i32;
        if overflow { i32::MAX } else { high }
    }

    fn samples() -> impl Iterator<Item = i32> {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let edges = [
            i32::MIN,
            i32::MIN + 1,
            -1,
            0,
            1,
            1 << 30,
            -(1 << 30),
            i32::MAX,
        ];
        edges.into_iter().chain((0..300).map(move |i| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 32) as i32 >> (i % 31)
        }))
    }

    #[test]
    fn the_high_multiply_is_gemmlowps() {
        for a in samples() {
            for b in samples() {
                assert_eq!(
                    saturating_rounding_doubling_high_mul(a, b),
                    gemmlowp_high_mul(a, b),
                    "{a} * {b}"
                );
            }
        }
    }

    #[test]
    fn the_divide_rounds_half_away_from_zero() {
        for x in samples() {
            for exponent in 0..=31 {
                let exact = f64::from(x) / (2.0_f64).powi(exponent);
                let rounded = exact.abs().floor() + f64::from(u8::from(exact.abs().fract() >= 0.5));
                let expected = rounded.copysign(exact) as i32;
                assert_eq!(
                    rounding_divide_by_pot(x, exponent as u32),
                    expected,
                    "{x} >> {exponent}"
                );
            }
        }
    }

    #[test]
    fn a_real_becomes_the_nearest_multiplier() {
        assert_eq!(Multiplier::from_real(1.0), Multiplier::new(1 << 30, 1));
        assert_eq!(Multiplier::from_real(0.75), Multiplier::new(3 << 29, 0));
        assert_eq!(Multiplier::from_real(0.0), Multiplier::new(0, 0));
        assert_eq!(Multiplier::from_real(1e-12), Multiplier::new(0, 0));
        // Rounds up to a mantissa of 2^31, which is 2^30 with the next exponent.
        assert_eq!(
            Multiplier::from_real(1.0 - f64::EPSILON / 2.0),
            Multiplier::new(1 << 30, 1)
        );
        let (q, shift) = Multiplier::from_real(0.003).parts();
        let back = f64::from(q) * (2.0_f64).powi(shift - 31);
        assert!((back - 0.003).abs() < 1e-12, "{back}");
    }
}
