//! Fully connected layer, int8, with per-channel or per-tensor weights.

use rekindle::prelude::*;

#[cfg(rekindle_dsp)]
use crate::dsp;
use crate::requant::{Activation, Multiplier, fold};
use crate::tensor::Tensor;

/// A fully connected layer: `O` neurons over `I` inputs.
#[derive(Clone, Copy, Debug)]
pub struct Dense<const I: usize, const O: usize> {
    weight: [[i8; I]; O],
    bias: [i32; O],
    scale: [Multiplier; O],
    activation: Activation,
}

impl<const I: usize, const O: usize> Dense<I, O> {
    /// * `weight`: `[out][in]`, symmetric (zero point 0);
    /// * `bias`: one per neuron, in units of input scale times weight scale;
    /// * `scale`: input scale times weight scale over output scale, per neuron. Newer model files have a weight scale per
    ///   neuron; for older ones take [`per_tensor`](crate::per_tensor), and the first product in `f32`;
    /// * `input_zero`: zero point of the input.
    ///
    /// The zero point goes into the biases here, once, and not into every product later.
    pub const fn new(
        weight: [[i8; I]; O],
        mut bias: [i32; O],
        scale: [Multiplier; O],
        input_zero: i8,
        activation: Activation,
    ) -> Self {
        let mut o = 0;
        while o < O {
            bias[o] = fold(bias[o], input_zero, &weight[o]);
            o += 1;
        }
        Self {
            weight,
            bias,
            scale,
            activation,
        }
    }

    /// Neurons `o..o + R`, of which there are that many: on a DSP they share the loads of the input.
    #[inline]
    fn neurons<X: Tensor, const R: usize>(&self, x: &X, o: usize) -> [i8; R] {
        #[cfg(rekindle_dsp)]
        {
            const {
                assert!(
                    X::LEN == I,
                    "the input of a dense layer has as many values as its neurons have weights"
                )
            };
            let rows = core::array::from_fn(|r| &self.weight[o + r][..]);
            let acc = dsp::rows::<R>(x.flat(), rows, core::array::from_fn(|r| self.bias[o + r]));
            core::array::from_fn(|r| self.activation.quantize_fast(acc[r], self.scale[o + r]))
        }
        #[cfg(not(rekindle_dsp))]
        core::array::from_fn(|r| self.neuron(x, o + r))
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
        let mut acc = self.bias[o];
        for (value, weight) in x.flat().iter().zip(&self.weight[o]) {
            acc = acc.wrapping_add(i32::from(*value) * i32::from(*weight));
        }
        self.activation.quantize(acc, self.scale[o])
    }
}

/// Neurons between two commits of [`dense`]: a row has too few bytes for one commit each.
const NEURONS: usize = 8;
/// Neurons that are computed together: as many as the registers of a DSP hold.
const BLOCK: usize = 4;

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
    #[commit]
    for block in 0..O.div_ceil(NEURONS) {
        let mut o = block * NEURONS;
        let end = O.min(o + NEURONS);
        while o + BLOCK <= end {
            let neurons = layer.neurons::<X, BLOCK>(x, o);
            for r in 0..BLOCK {
                y.set(o + r, neurons[r]);
            }
            o += BLOCK;
        }
        while o < end {
            y.set(o, layer.neuron(x, o));
            o += 1;
        }
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
