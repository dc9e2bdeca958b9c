//! Functions of one int8 value: activations and requantisation, as tables made at compile time.

use rekindle::Run;
use rekindle::prelude::*;

use crate::broadcast::Quantization;
use crate::fixed;
use crate::requant::{
    Multiplier, clamp, rounding_divide_by_pot, saturating_rounding_doubling_high_mul_16 as mul_16,
};
use crate::tensor::Tensor;

/// A function from int8 to int8, applied value by value: 256 bytes of constants.
///
/// `TILE` values are written between two commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lookup<const TILE: usize = 64> {
    table: [i8; 256],
}

/// Integer bits of the input of [`Lookup::logistic`] and [`Lookup::tanh`]: beyond ±16 both are constant.
const INPUT_BITS: u32 = 4;

/// One table entry per value, `$value` bound to the `i32` that it is.
macro_rules! table {
    ($value:ident => $entry:expr) => {{
        const {
            assert!(TILE > 0, "a tile has one value at least");
        };
        let (mut table, mut i) = ([0_i8; 256], 0_usize);
        while i < 256 {
            let $value = i as u8 as i8 as i32;
            table[i] = $entry;
            i += 1;
        }
        Self { table }
    }};
}

impl<const TILE: usize> Lookup<TILE> {
    /// From one scale and zero point to another: `QUANTIZE` of an int8 tensor.
    ///
    /// # Panics
    ///
    /// As [`Multiplier::from_real`], for the ratio of the scales; in a constant this is a compile error. So for all
    /// functions here.
    pub const fn requantize(x: Quantization, y: Quantization) -> Self {
        Self::scaled(x, y, i8::MIN)
    }

    /// Rectifier: nothing below zero. Input and output may differ in scale and zero point.
    pub const fn relu(x: Quantization, y: Quantization) -> Self {
        Self::scaled(x, y, y.zero)
    }

    const fn scaled(x: Quantization, y: Quantization, min: i8) -> Self {
        let scale = Multiplier::from_real(x.scale as f64 / y.scale as f64);
        table!(v => clamp(scale.apply(v - x.zero as i32) + y.zero as i32, min, i8::MAX))
    }

    /// Rectifier that saturates at 6. Input and output have the same scale and zero point.
    pub const fn relu6(q: Quantization) -> Self {
        let six = round(6.0 / q.scale).saturating_add(q.zero as i32);
        let six = clamp(six, i8::MIN, i8::MAX);
        table!(v => clamp(v, q.zero, six))
    }

    /// `1 / (1 + exp(−x))`; the output's scale is 1/256 and its zero point −128, as TensorFlow Lite demands.
    pub const fn logistic(x: Quantization) -> Self {
        let (scale, radius) = fixed_input(x.scale);
        table!(v => {
            let v = v - x.zero as i32;
            if v <= -radius {
                i8::MIN
            } else if v >= radius {
                i8::MAX
            } else {
                let q0 = fixed::logistic(scale.apply(v));
                clamp(rounding_divide_by_pot(q0, 31 - 8) - 128, i8::MIN, i8::MAX)
            }
        })
    }

    /// Hyperbolic tangent; the output's scale is 1/128 and its zero point 0, as TensorFlow Lite demands.
    pub const fn tanh(x: Quantization) -> Self {
        let (scale, radius) = fixed_input(x.scale);
        table!(v => {
            let v = v - x.zero as i32;
            if v <= -radius {
                i8::MIN
            } else if v >= radius {
                i8::MAX
            } else {
                let q0 = fixed::tanh(scale.apply(v));
                clamp(rounding_divide_by_pot(q0, 31 - 7), i8::MIN, i8::MAX)
            }
        })
    }

    /// `x · min(6, max(0, x + 3)) / 6`, in the reference's 16-bit arithmetic.
    ///
    /// # Panics
    ///
    /// If the output's scale is not above 1/128 of the input's.
    pub const fn hard_swish(x: Quantization, y: Quantization) -> Self {
        let fine = (1.0 / 128.0) * x.scale;
        let (out, out_shift) = Multiplier::from_real((fine / y.scale) as f64).parts();
        let (inner, inner_shift) = Multiplier::from_real((fine / (3.0 / 32768.0)) as f64).parts();
        let (out, inner) = (to_16(out), to_16(inner));
        assert!(
            out_shift <= 0,
            "the output of a hard swish has a scale above 1/128 of its input's"
        );
        table!(v => {
            let hires = ((v - x.zero as i32) * (1 << 7)) as i16;
            let scaled = mul_16(hires, out);
            let mut gate = hires;
            if inner_shift > 0 {
                gate = saturate((gate as i64) << (inner_shift - 1));
            }
            gate = mul_16(gate, inner);
            if inner_shift > 0 {
                gate = saturate((gate as i64) << 1);
            }
            if inner_shift < 0 {
                gate = rounding_divide_by_pot(gate as i32, inner_shift.unsigned_abs()) as i16;
            }
            let gate = (gate as i32 + (1 << 15)) >> 1;
            // Rounded towards zero: this takes back the bias of the roundings above.
            let product = gate * scaled as i32 / (1 << 15);
            let value = rounding_divide_by_pot(product, out_shift.unsigned_abs()) as i16;
            clamp(value.wrapping_add(y.zero as i16) as i32, i8::MIN, i8::MAX)
        })
    }

    /// The function's value.
    #[inline]
    pub const fn get(&self, value: i8) -> i8 {
        self.table[value as u8 as usize]
    }

    /// Outputs from `at` on.
    #[inline]
    fn run<const N: usize>(&self, x: &[i8], at: usize) -> [i8; N] {
        let mut out = [0; N];
        for (out, value) in out.iter_mut().zip(&x[at..]) {
            *out = self.get(*value);
        }
        out
    }
}

/// Nearest integer, half away from zero; saturates.
pub(crate) const fn round(real: f32) -> i32 {
    let whole = real as i32;
    let rest = real - whole as f32;
    if rest >= 0.5 {
        whole.saturating_add(1)
    } else if rest <= -0.5 {
        whole.saturating_sub(1)
    } else {
        whole
    }
}

/// The multiplier to a Q4 number, and the least difference from the zero point that overflows it.
const fn fixed_input(scale: f32) -> (Multiplier, i32) {
    let scale = Multiplier::from_real(scale as f64 * (1_i64 << (31 - INPUT_BITS)) as f64);
    let (_, shift) = scale.parts();
    let widest = ((1_i64 << INPUT_BITS) - 1) << (31 - INPUT_BITS);
    let radius = if shift > 0 { widest >> shift } else { widest };
    (scale, if radius > 256 { 256 } else { radius as i32 })
}

/// A Q31 mantissa as Q15.
const fn to_16(q: i32) -> i16 {
    if q >= i32::MAX - (1 << 15) {
        i16::MAX
    } else {
        ((q + (1 << 15)) >> 16) as i16
    }
}

const fn saturate(value: i64) -> i16 {
    if value > i16::MAX as i64 {
        i16::MAX
    } else if value < i16::MIN as i64 {
        i16::MIN
    } else {
        value as i16
    }
}

/// Applies a function to each value of a tensor of any shape; commits after each tile.
///
/// ```
/// use rekindle::prelude::*;
/// use rekindle_kernels::{Lookup, Quantization, lookup};
///
/// #[derive(Layout)]
/// struct Memory { x: Buffer<[[i8; 2]; 2]>, y: Buffer<[[i8; 2]; 2]> }
///
/// static LOGISTIC: Lookup = Lookup::logistic(Quantization::new(0.1, 0));
///
/// let mut words = [0u64; 64];
/// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.write(|m| &mut m.x, &[[-100, -10], [0, 10]])?;
/// nvm.resume_or_start(&mut [], |cx, m| lookup(cx, &m.x, &LOGISTIC, &mut m.y))?;
/// assert_eq!(nvm.read(|m| &m.y)?, [[-128, -59], [0, 59]]); // 0, 0.27, 0.5, 0.73
/// # Ok::<(), rekindle::Error>(())
/// ```
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn lookup<X: Tensor, const TILE: usize>(x: Input<X>, layer: &Lookup<TILE>, y: Output<X>) {
    #[commit]
    for tile in 0..X::LEN.div_ceil(TILE) {
        let at = tile * TILE;
        if at + TILE <= X::LEN {
            y.set(Run::<TILE>(at), layer.run(x.flat(), at));
        } else {
            for i in at..X::LEN {
                y.set(Run::<1>(i), layer.run(x.flat(), i));
            }
        }
    }
}
