//! Depthwise convolution, int8, with a multiplier per output channel.

use core::array;

use rekindle::prelude::*;

use crate::requant::{Activation, Multiplier};
use crate::window::{Place, span};

/// A depthwise layer: output channel `m` is one `KH`×`KW` filter over input channel `m / (M / C)`.
///
/// It does not know the size of its input: [`depthwise`] takes that from its buffers, and whether to pad as well.
#[derive(Clone, Copy, Debug)]
pub struct Depthwise<
    const KH: usize,
    const KW: usize,
    const C: usize,
    const M: usize,
    const SH: usize = 1,
    const SW: usize = 1,
> {
    weight: [[[i8; M]; KW]; KH],
    bias: [i32; M],
    scale: [Multiplier; M],
    input_zero: i8,
    activation: Activation,
}

impl<
    const KH: usize,
    const KW: usize,
    const C: usize,
    const M: usize,
    const SH: usize,
    const SW: usize,
> Depthwise<KH, KW, C, M, SH, SW>
{
    /// * `weight`: `[row][column][out]`, symmetric (zero point 0);
    /// * `bias`: one per output channel, in units of input scale times that channel's weight scale;
    /// * `scale`: input scale times weight scale over output scale, per output channel;
    /// * `input_zero`: zero point of the input.
    ///
    /// `M` must be a multiple of `C`, the depth multiplier; anything else does not compile.
    pub const fn new(
        weight: [[[i8; M]; KW]; KH],
        bias: [i32; M],
        scale: [Multiplier; M],
        input_zero: i8,
        activation: Activation,
    ) -> Self {
        const {
            assert!(
                C > 0 && M > 0 && M.is_multiple_of(C),
                "a depthwise layer has a multiple of its input's channels"
            );
        };
        Self {
            weight,
            bias,
            scale,
            input_zero,
            activation,
        }
    }

    /// Where the filters lie for output row `r`, column `c`.
    #[inline]
    pub(crate) fn place<const H: usize, const W: usize, const OH: usize, const OW: usize>(
        r: usize,
        c: usize,
    ) -> Place {
        [span::<H, OH, KH, SH>(r), span::<W, OW, KW, SW>(c)]
    }

    /// The pairs of an input pixel and the taps over it.
    #[inline]
    fn taps<'a, const H: usize, const W: usize>(
        &'a self,
        x: &'a [[[i8; C]; W]; H],
        [rows, columns]: Place,
    ) -> impl Iterator<Item = (&'a [i8; C], &'a [i8; M])> {
        let lines = x[rows.input..]
            .iter()
            .zip(&self.weight[rows.kernel..])
            .take(rows.len);
        lines.flat_map(move |(line, taps)| {
            line[columns.input..]
                .iter()
                .zip(&taps[columns.kernel..])
                .take(columns.len)
        })
    }

    /// Output channel `m` at one place.
    #[inline]
    pub(crate) fn channel<const H: usize, const W: usize>(
        &self,
        x: &[[[i8; C]; W]; H],
        place: Place,
        m: usize,
    ) -> i8 {
        let (zero, from) = (i16::from(self.input_zero), m / const { M / C });
        let mut acc = self.bias[m];
        for (values, taps) in self.taps(x, place) {
            acc += i32::from(i16::from(values[from]) - zero) * i32::from(taps[m]);
        }
        self.activation.quantize(acc, self.scale[m])
    }

    /// All output channels at one place: `4 · M` bytes of accumulators on the stack.
    #[inline]
    pub(crate) fn pixel<const H: usize, const W: usize>(
        &self,
        x: &[[[i8; C]; W]; H],
        place: Place,
    ) -> [i8; M] {
        let zero = i16::from(self.input_zero);
        let mut acc = self.bias;
        for (values, taps) in self.taps(x, place) {
            for (acc, (value, taps)) in acc
                .chunks_exact_mut(const { M / C })
                .zip(values.iter().zip(taps.chunks_exact(M / C)))
            {
                let value = i32::from(i16::from(*value) - zero);
                for (acc, tap) in acc.iter_mut().zip(taps) {
                    *acc += value * i32::from(*tap);
                }
            }
        }
        array::from_fn(|m| self.activation.quantize(acc[m], self.scale[m]))
    }
}

/// Depthwise convolution; commits after each output row.
///
/// The output's size says whether the input is padded, as for [`conv2d`](crate::conv2d()).
///
/// ```
/// use rekindle::prelude::*;
/// use rekindle_kernels::{Activation, Depthwise, Multiplier, depthwise, per_tensor};
///
/// #[derive(Layout)]
/// struct Memory { x: Buffer<[[[i8; 2]; 3]; 1]>, y: Buffer<[[[i8; 2]; 3]; 1]> }
///
/// // Padded: the sum of three neighbours, halved; channel 1 with its sign changed.
/// static SUM: Depthwise<1, 3, 2, 2> =
///     Depthwise::new([[[1, -1]; 3]], [0; 2], per_tensor(Multiplier::from_real(0.5)), 0, Activation::linear(0));
///
/// let mut words = [0u64; 64];
/// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.write(|m| &mut m.x, &[[[2, 20], [4, 40], [6, 60]]])?;
/// nvm.resume_or_start(&mut [], |cx, m| depthwise(cx, &m.x, &SUM, &mut m.y))?;
/// assert_eq!(nvm.read(|m| &m.y)?, [[[3, -30], [6, -60], [5, -50]]]);
/// # Ok::<(), rekindle::Error>(())
/// ```
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn depthwise<
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const M: usize,
    const KH: usize,
    const KW: usize,
    const SH: usize,
    const SW: usize,
>(
    x: Input<[[[i8; C]; W]; H]>,
    layer: &Depthwise<KH, KW, C, M, SH, SW>,
    y: Output<[[[i8; M]; OW]; OH]>,
) {
    #[commit]
    for r in 0..OH {
        for c in 0..OW {
            y.set(
                [r, c],
                layer.pixel(
                    x,
                    Depthwise::<KH, KW, C, M, SH, SW>::place::<H, W, OH, OW>(r, c),
                ),
            );
        }
    }
}

/// [`depthwise`] that commits after each output value.
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn depthwise_by_element<
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const M: usize,
    const KH: usize,
    const KW: usize,
    const SH: usize,
    const SW: usize,
>(
    x: Input<[[[i8; C]; W]; H]>,
    layer: &Depthwise<KH, KW, C, M, SH, SW>,
    y: Output<[[[i8; M]; OW]; OH]>,
) {
    for r in 0..OH {
        for c in 0..OW {
            let place = Depthwise::<KH, KW, C, M, SH, SW>::place::<H, W, OH, OW>(r, c);
            #[commit]
            for m in 0..M {
                y.set([r, c, m], layer.channel(x, place, m));
            }
        }
    }
}
