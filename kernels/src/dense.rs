//! Fully connected layer, int8, with per-channel or per-tensor weights.

use rekindle::prelude::*;

use crate::requant::{Activation, Multiplier};
use crate::tensor::Tensor;

/// A fully connected layer: `O` neurons over `I` inputs.
#[derive(Clone, Copy, Debug)]
pub struct Dense<const I: usize, const O: usize> {
    weight: [[i8; I]; O],
    bias: [i32; O],
    scale: [Multiplier; O],
    input_zero: i8,
    activation: Activation,
}

impl<const I: usize, const O: usize> Dense<I, O> {
    /// * `weight`: `[out][in]`, symmetric (zero point 0);
    /// * `bias`: one per neuron, in units of input scale times weight scale;
    /// * `scale`: input scale times weight scale over output scale, per neuron. Newer model files have a weight scale per
    ///   neuron; for older ones take [`per_tensor`](crate::per_tensor), and the first product in `f32`;
    /// * `input_zero`: zero point of the input.
    pub const fn new(
        weight: [[i8; I]; O],
        bias: [i32; O],
        scale: [Multiplier; O],
        input_zero: i8,
        activation: Activation,
    ) -> Self {
        Self {
            weight,
            bias,
            scale,
            input_zero,
            activation,
        }
    }

    /// Neuron `o` for the input `x` of any shape with `I` values; another size does not compile.
    #[inline]
    pub(crate) fn neuron<X: Tensor>(&self, x: &X, o: usize) -> i8 {
        const {
            assert!(
                X::LEN == I,
                "the input of a dense layer has as many values as its neurons have weights"
            );
        };
        let zero = i16::from(self.input_zero);
        let mut acc = self.bias[o];
        for (value, weight) in x.flat().iter().zip(&self.weight[o]) {
            acc += i32::from(i16::from(*value) - zero) * i32::from(*weight);
        }
        self.activation.quantize(acc, self.scale[o])
    }
}

/// Neurons between two commits of [`dense`]: a row has too few bytes for one commit each.
const NEURONS: usize = 8;

/// Fully connected layer over an input of any shape; commits after each eighth neuron.
///
/// ```
/// use rekindle::prelude::*;
/// use rekindle_kernels::{Activation, Dense, Multiplier, dense, per_tensor};
///
/// #[derive(Layout)]
/// struct Memory { x: Buffer<[[i8; 2]; 2]>, y: Buffer<[i8; 2]> }
///
/// static LAYER: Dense<4, 2> = Dense::new(
///     [[1, 1, 1, 1], [1, -1, 1, -1]],
///     [0, 100],
///     per_tensor(Multiplier::from_real(0.5)),
///     0,
///     Activation::relu(0),
/// );
///
/// let mut words = [0u64; 64];
/// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.write(|m| &mut m.x, &[[10, 20], [30, 40]])?;
/// nvm.resume_or_start(&mut [], |cx, m| dense(cx, &m.x, &LAYER, &mut m.y))?;
/// assert_eq!(nvm.read(|m| &m.y)?, [50, 40]);
/// # Ok::<(), rekindle::Error>(())
/// ```
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn dense<X: Tensor, const I: usize, const O: usize>(
    x: Input<X>,
    layer: &Dense<I, O>,
    y: Output<[i8; O]>,
) {
    #[commit(every = NEURONS)]
    for o in 0..O {
        y.set(o, layer.neuron(x, o));
    }
}

/// [`dense`] that commits after each neuron.
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn dense_by_element<X: Tensor, const I: usize, const O: usize>(
    x: Input<X>,
    layer: &Dense<I, O>,
    y: Output<[i8; O]>,
) {
    #[commit]
    for o in 0..O {
        y.set(o, layer.neuron(x, o));
    }
}
