//! Sum of two tensors, int8, each with a scale of its own.

use rekindle::prelude::*;

use crate::requant::{Activation, Multiplier};

/// Bits by which inputs are shifted left before they are scaled, as TensorFlow Lite's reference does.
const LEFT: u32 = 20;

/// What brings two inputs to one scale, and their sum to that of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Add {
    zero: [i8; 2],
    /// To twice the larger input scale.
    scale: [Multiplier; 2],
    output: Multiplier,
    activation: Activation,
}

impl Add {
    /// Scales and zero points of the two inputs, and the output's scale; its zero point is in `activation`.
    ///
    /// # Panics
    ///
    /// If a scale is not positive and finite, or the output's 2⁵¹ times smaller than an input's; in a constant this is a
    /// compile error.
    pub const fn new(
        scale: [f32; 2],
        zero: [i8; 2],
        output_scale: f32,
        activation: Activation,
    ) -> Self {
        assert!(
            scale[0] > 0.0 && scale[1] > 0.0 && output_scale > 0.0,
            "the scales of a sum are positive"
        );
        let [a, b] = [scale[0] as f64, scale[1] as f64];
        let twice = 2.0 * if a > b { a } else { b };
        Self {
            zero,
            scale: [
                Multiplier::from_real(a / twice),
                Multiplier::from_real(b / twice),
            ],
            output: Multiplier::from_real(twice / ((1 << LEFT) as f64 * output_scale as f64)),
            activation,
        }
    }

    /// The sum of two values.
    #[inline]
    pub const fn value(&self, a: i8, b: i8) -> i8 {
        // 9 bits and the shift: no overflow, neither here nor in the sum.
        let a = self.scale[0].apply((a as i32 - self.zero[0] as i32) << LEFT);
        let b = self.scale[1].apply((b as i32 - self.zero[1] as i32) << LEFT);
        self.activation.quantize(a + b, self.output)
    }

    /// The sums of all channels at one place.
    #[inline]
    fn pixel<const C: usize>(&self, a: &[i8; C], b: &[i8; C]) -> [i8; C] {
        core::array::from_fn(|c| self.value(a[c], b[c]))
    }
}

/// Sum of two tensors of the same shape; commits after each output row.
///
/// The arithmetic is that of TensorFlow Lite's reference for `ADD`: both inputs are scaled by 2²⁰ over twice the larger
/// input scale, added, and scaled to the output, with double rounding each time.
///
/// ```
/// use rekindle::prelude::*;
/// use rekindle_kernels::{Activation, Add, add};
///
/// #[derive(Layout)]
/// struct Memory { a: Buffer<[[[i8; 2]; 1]; 1]>, b: Buffer<[[[i8; 2]; 1]; 1]>, y: Buffer<[[[i8; 2]; 1]; 1]> }
///
/// // Inputs in halves and quarters, the sum in halves.
/// static LAYER: Add = Add::new([0.5, 0.25], [0, 0], 0.5, Activation::linear(0));
///
/// let mut words = [0u64; 64];
/// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.write(|m| &mut m.a, &[[[4, 100]]])?;
/// nvm.write(|m| &mut m.b, &[[[6, 100]]])?;
/// nvm.resume_or_start(&mut [], |cx, m| add(cx, &m.a, &m.b, &LAYER, &mut m.y))?;
/// assert_eq!(nvm.read(|m| &m.y)?, [[[7, 127]]]);
/// # Ok::<(), rekindle::Error>(())
/// ```
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn add<const H: usize, const W: usize, const C: usize>(
    a: Input<[[[i8; C]; W]; H]>,
    b: Input<[[[i8; C]; W]; H]>,
    layer: &Add,
    y: Output<[[[i8; C]; W]; H]>,
) {
    #[commit]
    for r in 0..H {
        for c in 0..W {
            y.set([r, c], layer.pixel(&a[r][c], &b[r][c]));
        }
    }
}

/// As [`add`], with a commit after each output value.
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn add_by_element<const H: usize, const W: usize, const C: usize>(
    a: Input<[[[i8; C]; W]; H]>,
    b: Input<[[[i8; C]; W]; H]>,
    layer: &Add,
    y: Output<[[[i8; C]; W]; H]>,
) {
    for r in 0..H {
        for c in 0..W {
            #[commit]
            for m in 0..C {
                y.set([r, c, m], layer.value(a[r][c][m], b[r][c][m]));
            }
        }
    }
}
