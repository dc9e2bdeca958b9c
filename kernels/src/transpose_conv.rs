//! Transposed convolution, int8, with a multiplier per output channel.

use core::array;

use rekindle::prelude::*;

use crate::requant::{Activation, Multiplier};

/// A transposed convolution: each input pixel adds a `KH`×`KW` filter to the output, `SH` and `SW` apart.
#[derive(Clone, Copy, Debug)]
pub struct TransposeConv<
    const KH: usize,
    const KW: usize,
    const C: usize,
    const M: usize,
    const SH: usize = 1,
    const SW: usize = 1,
> {
    weight: [[[[i8; C]; KW]; KH]; M],
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
> TransposeConv<KH, KW, C, M, SH, SW>
{
    /// * `weight`: `[out][row][column][in]`, symmetric (zero point 0);
    /// * `bias`: one per output channel, in units of input scale times that channel's weight scale;
    /// * `scale`: input scale times weight scale over output scale, per output channel;
    /// * `input_zero`: zero point of the input.
    pub const fn new(
        weight: [[[[i8; C]; KW]; KH]; M],
        bias: [i32; M],
        scale: [Multiplier; M],
        input_zero: i8,
        activation: Activation,
    ) -> Self {
        const {
            assert!(
                KH > 0 && KW > 0 && SH > 0 && SW > 0,
                "a filter and its stride are not empty"
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

    /// Where the pixel is that tap `kr`, `kc` brings to output row `r`, column `c`, if there is one.
    #[inline]
    pub(crate) fn under<const H: usize, const W: usize, const OH: usize, const OW: usize>(
        r: usize,
        c: usize,
        kr: usize,
        kc: usize,
    ) -> Option<usize> {
        let (top, left) = (
            const { front::<H, OH, KH, SH>() },
            const { front::<W, OW, KW, SW>() },
        );
        let row = source::<SH>(r + top, kr).filter(|row| *row < H)?;
        let column = source::<SW>(c + left, kc).filter(|column| *column < W)?;
        Some((row * W + column) * C)
    }

    /// Adds one pixel, under tap `kr`, `kc`, to the sums of all output channels.
    #[inline]
    pub(crate) fn add(&self, sums: &mut [i32; M], pixel: &[i8; C], kr: usize, kc: usize) {
        let zero = i32::from(self.input_zero);
        for (sum, taps) in sums.iter_mut().zip(&self.weight) {
            let taps = taps.get(kr).and_then(|taps| taps.get(kc));
            for (value, tap) in pixel.iter().zip(taps.into_iter().flatten()) {
                *sum = sum.wrapping_add((i32::from(*value) - zero) * i32::from(*tap));
            }
        }
    }

    /// The outputs of the sums.
    #[inline]
    pub(crate) fn end(&self, sums: &[i32; M]) -> [i8; M] {
        let (mut out, channels) = ([0; M], self.bias.iter().zip(&self.scale));
        for ((out, sum), (bias, scale)) in out.iter_mut().zip(sums).zip(channels) {
            *out = self.activation.quantize(sum.wrapping_add(*bias), *scale);
        }
        out
    }

    /// Output channels at row `r`, column `c`: the taps that reach it, gathered.
    fn pixel<const H: usize, const W: usize, const OH: usize, const OW: usize>(
        &self,
        x: &[[[i8; C]; W]; H],
        r: usize,
        c: usize,
    ) -> [i8; M] {
        let (top, left) = (
            const { front::<H, OH, KH, SH>() },
            const { front::<W, OW, KW, SW>() },
        );
        let zero = i32::from(self.input_zero);
        array::from_fn(|m| {
            let mut acc = 0_i32;
            for (kr, taps) in self.weight[m].iter().enumerate() {
                let Some(row) = source::<SH>(r + top, kr).and_then(|i| x.get(i)) else {
                    continue;
                };
                for (kc, taps) in taps.iter().enumerate() {
                    let Some(pixel) = source::<SW>(c + left, kc).and_then(|j| row.get(j)) else {
                        continue;
                    };
                    for (value, tap) in pixel.iter().zip(taps) {
                        acc = acc.wrapping_add((i32::from(*value) - zero) * i32::from(*tap));
                    }
                }
            }
            self.activation
                .quantize(acc.wrapping_add(self.bias[m]), self.scale[m])
        })
    }
}

/// The input that tap `k` brings to the padded output position `o`, if there is one.
#[inline]
const fn source<const S: usize>(o: usize, k: usize) -> Option<usize> {
    if o >= k && (o - k).is_multiple_of(S) {
        Some((o - k) / S)
    } else {
        None
    }
}

/// What is cut off in front along an axis of `N` inputs and `O` outputs, from the output's size.
const fn front<const N: usize, const O: usize, const K: usize, const S: usize>() -> usize {
    let whole = (N - 1) * S + if K > S { K } else { S };
    let valid = (N - 1) * S + K;
    assert!(
        O == N * S || O == whole || O == valid,
        "the output has neither the size with padding, input * stride, nor that without, (input - 1) * stride + filter"
    );
    // As the reference: half of what a forward convolution of the output would be padded by.
    if O == N * S {
        ((N - 1) * S + K).saturating_sub(O) / 2
    } else {
        0
    }
}

/// Transposed convolution; commits after each output row.
///
/// The output's size says whether it is padded: `H · SH` rows with (`SAME`), `(H − 1) · SH + KH` without (`VALID`), and
/// columns likewise. Any other size is a compile error.
///
/// ```
/// use rekindle::prelude::*;
/// use rekindle_kernels::{Activation, Multiplier, TransposeConv, transpose_conv};
///
/// #[derive(Layout)]
/// struct Memory { x: Buffer<[[[i8; 1]; 2]; 1]>, y: Buffer<[[[i8; 1]; 4]; 2]> }
///
/// // Each value becomes a square of four.
/// static TWICE: TransposeConv<2, 2, 1, 1, 2, 2> =
///     TransposeConv::new([[[[1]; 2]; 2]; 1], [0], [Multiplier::from_real(1.0)], 0, Activation::linear(0));
///
/// let mut words = [0u64; 64];
/// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.write(|m| &mut m.x, &[[[5], [7]]])?;
/// nvm.resume_or_start(&mut [], |cx, m| transpose_conv(cx, &m.x, &TWICE, &mut m.y))?;
/// assert_eq!(nvm.read(|m| &m.y)?, [[[5], [5], [7], [7]]; 2]);
/// # Ok::<(), rekindle::Error>(())
/// ```
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn transpose_conv<
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
    layer: &TransposeConv<KH, KW, C, M, SH, SW>,
    y: Output<[[[i8; M]; OW]; OH]>,
) {
    #[commit]
    for r in 0..OH {
        for c in 0..OW {
            y.set([r, c], layer.pixel::<H, W, OH, OW>(x, r, c));
        }
    }
}
