//! Fully connected layer, int8, with per-channel or per-tensor weights.

use rekindle::prelude::*;

#[cfg(rekindle_dsp)]
use crate::dsp;
use crate::product::{dot, product};
use crate::requant::{Activation, Multiplier, fold};
use crate::tensor::Tensor;
#[cfg(rekindle_dsp)]
use crate::window::Span;

/// A fully connected layer: `O` neurons over `I` inputs.
#[derive(Clone, Copy, Debug)]
pub struct Dense<const I: usize, const O: usize> {
    weight: [[i8; I]; O],
    bias: [i32; O],
    scale: [Multiplier; O],
    #[cfg(rekindle_dsp)]
    ordinary: bool,
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
            #[cfg(rekindle_dsp)]
            ordinary: crate::requant::ordinary(&scale),
            activation,
        }
    }

    /// Neurons `o..o + N`, of which there are that many: on a DSP four share the loads of the input.
    #[inline]
    fn neurons<X: Tensor, const N: usize>(&self, x: &X, o: usize) -> [i8; N] {
        #[cfg(rekindle_dsp)]
        {
            const {
                assert!(
                    X::LEN == I,
                    "the input of a dense layer has as many values as its neurons have weights"
                );
            };
            let mut out = [0; N];
            let span = Span {
                input: o,
                kernel: 0,
                len: N,
            };
            if let Some(x) = x.flat().first_chunk::<I>() {
                dsp::channels(
                    x,
                    span.of(&self.weight),
                    span.of(&self.bias),
                    span.of(&self.scale),
                    self.activation,
                    self.ordinary,
                    &mut out,
                );
            }
            out
        }
        #[cfg(not(rekindle_dsp))]
        core::array::from_fn(|n| self.neuron(x, o + n))
    }

    /// All neurons, for a task that computes several small layers without storing what is between them.
    ///
    /// ```
    /// use rekindle_kernels::{Activation, Dense, Multiplier, per_tensor};
    ///
    /// static LAYER: Dense<2, 3> = Dense::new(
    ///     [[1, 1], [1, -1], [0, 2]], [0; 3], per_tensor(Multiplier::from_real(0.5)), 0, Activation::linear(0));
    ///
    /// assert_eq!(LAYER.values(&[10_i8, 4]), [7, 3, 4]);
    /// ```
    #[inline]
    pub fn values<X: Tensor>(&self, x: &X) -> [i8; O] {
        // A loop: `array::from_fn` is as many copies of the neuron.
        #[cfg(not(rekindle_dsp))]
        {
            let mut out = [0; O];
            for (o, value) in out.iter_mut().enumerate() {
                *value = self.neuron(x, o);
            }
            out
        }
        #[cfg(rekindle_dsp)]
        self.neurons(x, 0)
    }

    /// The sums of neurons from `first` on, before any input.
    #[inline]
    pub(crate) fn begin<const N: usize>(&self, first: usize) -> [i32; N] {
        let mut sums = [0; N];
        for (sum, bias) in sums.iter_mut().zip(self.bias.iter().skip(first)) {
            *sum = *bias;
        }
        sums
    }

    /// Adds the inputs from `at` on to them.
    #[inline]
    pub(crate) fn add<const N: usize>(
        &self,
        sums: &mut [i32; N],
        first: usize,
        at: usize,
        x: &[i8],
    ) {
        for (sum, weights) in sums.iter_mut().zip(self.weight.iter().skip(first)) {
            let weights = weights.get(at..).unwrap_or(&[]);
            for (value, weight) in x.iter().zip(weights) {
                *sum = sum.wrapping_add(product(*value, *weight));
            }
        }
    }

    /// Their outputs.
    #[inline]
    pub(crate) fn end<const N: usize>(&self, sums: &[i32; N], first: usize) -> [i8; N] {
        let mut out = [0; N];
        let scale = self.scale.iter().skip(first);
        for ((out, sum), scale) in out.iter_mut().zip(sums).zip(scale) {
            *out = self.activation.quantize(*sum, *scale);
        }
        out
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
        let (Some(weights), Some(bias), Some(scale)) =
            (self.weight.get(o), self.bias.get(o), self.scale.get(o))
        else {
            return 0; // there is no such neuron
        };
        self.activation
            .quantize(dot(x.flat(), weights, *bias), *scale)
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
    #[commit]
    for block in 0..O.div_ceil(NEURONS) {
        for four in 0..NEURONS / 4 {
            let first = block * NEURONS + 4 * four;
            if first + 4 <= O {
                y.set(rekindle::Run::<4>(first), layer.neurons(x, first));
            } else if !O.is_multiple_of(4) {
                for o in first..O {
                    y.set(rekindle::Run::<1>(o), layer.neurons(x, o));
                }
            }
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
