//! Softmax, int8 to int8, with the fixed-point exponential of TensorFlow Lite's reference.

use rekindle::prelude::*;

use crate::fixed::{exp_on_negative, reciprocal};
use crate::requant::{
    Multiplier, clamp, rounding_divide_by_pot, saturating_rounding_doubling_high_mul,
};
use crate::tensor::Tensor;

/// Integer bits of the scaled difference: differences below −32 in real terms count as 0.
const DIFF_BITS: u32 = 5;
/// Integer bits of the sum of exponentials: at most 4096 classes.
const SUM_BITS: u32 = 12;

/// Softmax over a row of values; the output's scale is 1/256 and its zero point −128, as TensorFlow Lite demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Softmax {
    scale: Multiplier,
    least: i32,
}

impl Softmax {
    /// `input_scale` is the scale of the input, `beta` the factor in the exponent, mostly 1.
    ///
    /// ```
    /// use rekindle_kernels::Softmax;
    ///
    /// const SOFTMAX: Softmax = Softmax::new(0.1, 1.0);
    /// assert_eq!(SOFTMAX.row(&[20, 0, -20, -100]), [94, -98, -124, -128]);
    /// ```
    ///
    /// # Panics
    ///
    /// If `input_scale · beta` is 2⁻²⁶ or less, or not finite; in a constant this is a compile error.
    pub const fn new(input_scale: f32, beta: f32) -> Self {
        let limit = (1_i64 << 31) as f64 - 1.0;
        let real = beta as f64 * input_scale as f64 * (1_i64 << (31 - DIFF_BITS)) as f64;
        assert!(
            real > 1.0 && real < f64::INFINITY,
            "the scale of a softmax is above 2^-26"
        );
        let scale = Multiplier::from_real(if real < limit { real } else { limit });
        let (_, shift) = scale.parts();
        // The least difference that the left shift does not overflow.
        let radius = (((1_i64 << DIFF_BITS) - 1) << (31 - DIFF_BITS)) >> shift;
        Self {
            scale,
            least: -(radius as i32),
        }
    }

    /// The probabilities of one row of at most 4096 values.
    pub fn row<const N: usize>(&self, x: &[i8; N]) -> [i8; N] {
        const {
            assert!(
                0 < N && N <= 1 << SUM_BITS,
                "softmax takes 1 to 4096 classes"
            );
        };
        let max = x.iter().fold(i8::MIN, |a, b| a.max(*b));
        let share = Self::shares(x.iter().map(|v| self.part(*v, max)).sum());
        let mut out = [0; N];
        for (out, v) in out.iter_mut().zip(x) {
            *out = self.share(*v, max, share);
        }
        out
    }

    /// What one value adds to the sum.
    // Neither this nor the share is inlined: short rows would have a copy for each value.
    #[inline(never)]
    pub(crate) fn part(&self, v: i8, max: i8) -> i32 {
        let e = self.exponential(v, max);
        e.map_or(0, |e| rounding_divide_by_pot(e, SUM_BITS))
    }

    /// Classes of a row; another size of the input does not compile.
    pub(crate) const fn classes<X: Tensor, const N: usize>() -> usize {
        assert!(X::LEN == N, "softmax has as many outputs as inputs");
        assert!(
            0 < N && N <= 1 << SUM_BITS,
            "softmax takes 1 to 4096 classes"
        );
        N
    }

    /// The multiplier of each exponential, from their sum.
    #[inline]
    pub(crate) fn shares(sum: i32) -> (i32, u32) {
        let (scale, over_unit) = reciprocal(sum, SUM_BITS as i32);
        // To a scale of 1/256.
        (scale, (over_unit + 31 - 8) as u32)
    }

    /// The probability of one value.
    #[inline(never)]
    pub(crate) fn share(&self, v: i8, max: i8, (scale, right): (i32, u32)) -> i8 {
        match self.exponential(v, max) {
            Some(e) => {
                let share =
                    rounding_divide_by_pot(saturating_rounding_doubling_high_mul(scale, e), right);
                clamp(share + i32::from(i8::MIN), i8::MIN, i8::MAX)
            }
            None => i8::MIN,
        }
    }

    /// `exp(scale · (v − max))` in Q0, unless it is too small to count.
    #[inline]
    fn exponential(&self, v: i8, max: i8) -> Option<i32> {
        let diff = i32::from(v) - i32::from(max);
        (diff >= self.least).then(|| exp_on_negative(self.scale.apply(diff)))
    }
}

/// Softmax of one row, which may come in any shape. It needs no commit of its own: the row is one step, since its sum takes all of it, and whoever
/// runs the task commits when it is done.
///
/// ```
/// use rekindle::prelude::*;
/// use rekindle_kernels::{Softmax, softmax};
///
/// #[derive(Layout)]
/// struct Memory { x: Buffer<[i8; 3]>, y: Buffer<[i8; 3]> }
///
/// static LAYER: Softmax = Softmax::new(0.1, 1.0);
///
/// let mut words = [0u64; 64];
/// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.write(|m| &mut m.x, &[5, 5, 5])?;
/// nvm.resume_or_start(&mut [], |cx, m| softmax(cx, &m.x, &LAYER, &mut m.y))?;
/// assert_eq!(nvm.read(|m| &m.y)?, [-43; 3]); // 85/256
/// # Ok::<(), rekindle::Error>(())
/// ```
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn softmax<X: Tensor, const N: usize>(x: Input<X>, layer: &Softmax, y: Output<[i8; N]>) {
    y.set((), layer.row(row(x)));
}

/// A tensor of `N` values as a row; another size does not compile.
fn row<X: Tensor, const N: usize>(x: &X) -> &[i8; N] {
    const { assert!(X::LEN == N, "softmax has as many outputs as inputs") };
    x.flat().try_into().unwrap_or(&[0; N])
}
