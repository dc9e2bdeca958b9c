//! Depthwise convolution, int8, with a multiplier per output channel.

use core::array;

use rekindle::prelude::*;

#[cfg(rekindle_dsp)]
use crate::dsp;
use crate::lines::Lines;
use crate::product::product;
use crate::requant::{Activation, Multiplier, fold};
use crate::window::{AUTO, Place, dilated};

/// A depthwise layer: output channel `m` is one `KH`×`KW` filter over input channel `m / (M / C)`.
///
/// Strides are `SH` and `SW`, dilations `DH` and `DW`. It does not know the size of its input: [`depthwise`] takes that from
/// its buffers, and whether to pad as well, unless `PH` and `PW` say so, as for [`Conv2d`](crate::Conv2d).
#[derive(Clone, Copy, Debug)]
pub struct Depthwise<
    const KH: usize,
    const KW: usize,
    const C: usize,
    const M: usize,
    const SH: usize = 1,
    const SW: usize = 1,
    const DH: usize = 1,
    const DW: usize = 1,
    const PH: usize = AUTO,
    const PW: usize = AUTO,
> {
    weight: [[[i8; M]; KW]; KH],
    /// With the input's zero point folded in.
    bias: [i32; M],
    scale: [Multiplier; M],
    #[cfg(rekindle_dsp)]
    ordinary: bool,
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
    const DH: usize,
    const DW: usize,
    const PH: usize,
    const PW: usize,
> Depthwise<KH, KW, C, M, SH, SW, DH, DW, PH, PW>
{
    /// * `weight`: `[row][column][out]`, symmetric (zero point 0);
    /// * `bias`: one per output channel, in units of input scale times that channel's weight scale;
    /// * `scale`: input scale times weight scale over output scale, per output channel;
    /// * `input_zero`: zero point of the input.
    ///
    /// `M` must be a multiple of `C`, the depth multiplier; anything else does not compile.
    pub const fn new(
        weight: [[[i8; M]; KW]; KH],
        mut bias: [i32; M],
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
        let taps = weight.as_flattened();
        let mut t = 0;
        while t < taps.len() {
            let mut m = 0;
            while m < M {
                bias[m] = fold(bias[m], input_zero, &[taps[t][m]]);
                m += 1;
            }
            t += 1;
        }
        Self {
            weight,
            bias,
            scale,
            #[cfg(rekindle_dsp)]
            ordinary: crate::requant::ordinary(&scale),
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
        [
            dilated::<H, OH, KH, SH, DH, PH>(r),
            dilated::<W, OW, KW, SW, DW, PW>(c),
        ]
    }

    /// The input pixel under each tap; `outside` where the filter hangs over the edge.
    #[inline]
    fn under<'a, const W: usize>(
        x: &'a impl Lines<W, C>,
        outside: &'a [i8; C],
        [rows, columns]: Place,
    ) -> [[&'a [i8; C]; KW]; KH] {
        let mut under = [[outside; KW]; KH];
        // Without an index there is no code for a panic.
        let lines = x.apart::<DH>(rows);
        let to = under.get_mut(rows.kernel..).unwrap_or(&mut []).iter_mut();
        for (under, line) in to.zip(lines).take(rows.len) {
            let pixels = line.get(columns.input..).unwrap_or(&[]).iter().step_by(DW);
            let to = under.get_mut(columns.kernel..).unwrap_or(&mut []);
            for (under, pixel) in to.iter_mut().zip(pixels).take(columns.len) {
                *under = pixel;
            }
        }
        under
    }

    /// Output channel `m` at one place.
    #[inline]
    pub(crate) fn channel<const W: usize>(
        &self,
        x: &impl Lines<W, C>,
        place: Place,
        m: usize,
    ) -> i8 {
        let outside = [self.input_zero; C];
        let (under, from) = (Self::under(x, &outside, place), m / const { M / C });
        let (Some(bias), Some(scale)) = (self.bias.get(m), self.scale.get(m)) else {
            return 0; // there is no such channel
        };
        let mut acc = *bias;
        for (values, taps) in under.as_flattened().iter().zip(self.weight.as_flattened()) {
            if let (Some(value), Some(tap)) = (values.get(from), taps.get(m)) {
                acc = acc.wrapping_add(product(*value, *tap));
            }
        }
        self.activation.quantize(acc, *scale)
    }

    /// A patch of `G` input channels outside of the input.
    #[inline]
    pub(crate) const fn outside<const G: usize>(&self) -> [[[i8; G]; KW]; KH] {
        [[[self.input_zero; G]; KW]; KH]
    }

    /// Output channels from `first` on, of a patch that begins with input channel `from`.
    #[inline]
    pub(crate) fn of_tile<const G: usize>(
        &self,
        patch: &[[[i8; G]; KW]; KH],
        from: usize,
        first: usize,
        out: &mut [i8],
    ) {
        let channels = self.bias.iter().zip(&self.scale).enumerate().skip(first);
        for (out, (m, (bias, scale))) in out.iter_mut().zip(channels) {
            let (mut acc, input) = (*bias, (m / const { M / C }).wrapping_sub(from));
            let taps = self.weight.as_flattened();
            for (values, taps) in patch.as_flattened().iter().zip(taps) {
                if let (Some(value), Some(tap)) = (values.get(input), taps.get(m)) {
                    acc = acc.wrapping_add(product(*value, *tap));
                }
            }
            *out = self.activation.quantize(acc, *scale);
        }
    }

    /// Four channels at a time, of a layer with one filter per input channel.
    #[cfg(rekindle_dsp)]
    #[inline(never)]
    fn fours(&self, under: &[[&[i8; M]; KW]; KH], out: &mut [i8; M]) {
        let (under, taps) = (under.as_flattened(), self.weight.as_flattened());
        if const { KH * KW == 9 && dsp::nine_takes(M) } {
            match (under.try_into(), taps.try_into()) {
                (Ok(under), Ok(taps)) if self.ordinary => {
                    dsp::nine(under, taps, &self.bias, &self.scale, self.activation, out);
                }
                _ => self.one_by_one(under, out),
            }
            return;
        }
        let (bias, scale) = (self.bias.as_chunks::<4>().0, self.scale.as_chunks::<4>().0);
        let out = out.as_chunks_mut::<4>().0.iter_mut();
        for (((bias, scale), out), m) in bias.iter().zip(scale).zip(out).zip((0..).step_by(4)) {
            let acc = dsp::lanes(under, taps, m, *bias);
            let four = self.activation.quantize_four(acc, scale, self.ordinary);
            *out = four.to_le_bytes().map(u8::cast_signed);
        }
    }

    /// The same for any multipliers: small, as hardly any layer has need of it.
    #[cfg(rekindle_dsp)]
    #[cold]
    #[inline(never)]
    fn one_by_one(&self, under: &[&[i8; M]], out: &mut [i8; M]) {
        let channels = out.iter_mut().zip(self.bias.iter().zip(&self.scale));
        for (m, (out, (bias, scale))) in channels.enumerate() {
            let mut acc = *bias;
            for (values, taps) in under.iter().zip(self.weight.as_flattened()) {
                if let (Some(value), Some(tap)) = (values.get(m), taps.get(m)) {
                    acc = acc.wrapping_add(product(*value, *tap));
                }
            }
            *out = self.activation.quantize(acc, *scale);
        }
    }

    /// All output channels at one place. The portable path has `4 · M` bytes of accumulators on the stack.
    #[inline]
    pub(crate) fn pixel<const W: usize>(&self, x: &impl Lines<W, C>, place: Place) -> [i8; M] {
        let outside = [self.input_zero; C];
        let under = Self::under(x, &outside, place);
        #[cfg(rekindle_dsp)]
        if const { M == C && dsp::lanes_takes(M) } {
            let mut out = [0; M];
            // `C` is `M`.
            let under = under.map(|row| row.map(|pixel| pixel.first_chunk().unwrap_or(&[0; M])));
            self.fours(&under, &mut out);
            return out;
        }
        let mut acc = self.bias;
        for (values, taps) in under.as_flattened().iter().zip(self.weight.as_flattened()) {
            for (acc, (value, taps)) in acc
                .chunks_exact_mut(const { M / C })
                .zip(values.iter().zip(taps.chunks_exact(M / C)))
            {
                let value = i32::from(*value);
                for (acc, tap) in acc.iter_mut().zip(taps) {
                    *acc = acc.wrapping_add(value * i32::from(*tap));
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
    const DH: usize,
    const DW: usize,
    const PH: usize,
    const PW: usize,
>(
    x: Input<[[[i8; C]; W]; H]>,
    layer: &Depthwise<KH, KW, C, M, SH, SW, DH, DW, PH, PW>,
    y: Output<[[[i8; M]; OW]; OH]>,
) {
    #[commit]
    for r in 0..OH {
        for c in 0..OW {
            y.set(
                [r, c],
                layer.pixel(
                    x,
                    Depthwise::<KH, KW, C, M, SH, SW, DH, DW, PH, PW>::place::<H, W, OH, OW>(r, c),
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
    const DH: usize,
    const DW: usize,
    const PH: usize,
    const PW: usize,
>(
    x: Input<[[[i8; C]; W]; H]>,
    layer: &Depthwise<KH, KW, C, M, SH, SW, DH, DW, PH, PW>,
    y: Output<[[[i8; M]; OW]; OH]>,
) {
    for r in 0..OH {
        for c in 0..OW {
            let place =
                Depthwise::<KH, KW, C, M, SH, SW, DH, DW, PH, PW>::place::<H, W, OH, OW>(r, c);
            #[commit]
            for m in 0..M {
                y.set([r, c, m], layer.channel(x, place, m));
            }
        }
    }
}
