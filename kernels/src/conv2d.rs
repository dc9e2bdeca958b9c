//! Convolution over two dimensions, int8, with a multiplier per output channel.

#[cfg(not(rekindle_dsp))]
use core::array;

use rekindle::prelude::*;

use crate::lines::Lines;
use crate::product::product;
use crate::requant::{Activation, Multiplier, fold};
use crate::window::{AUTO, dilated};

/// A convolutional layer: `M` filters of `KH`×`KW` over `C` channels, with strides `SH` and `SW` and dilations `DH` and
/// `DW`.
///
/// It does not know the size of its input: [`conv2d`] takes that from its buffers, and whether to pad as well. Where a
/// padding is neither of TensorFlow Lite's two, `PH` rows and `PW` columns in front are explicit, and as many behind as
/// the output's size needs.
#[derive(Clone, Copy, Debug)]
pub struct Conv2d<
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
    pub(crate) weight: [[[[i8; C]; KW]; KH]; M],
    /// With the input's zero point folded in.
    pub(crate) bias: [i32; M],
    pub(crate) scale: [Multiplier; M],
    #[cfg(rekindle_dsp)]
    pub(crate) ordinary: bool,
    pub(crate) input_zero: i8,
    pub(crate) activation: Activation,
}

/// The input under one filter; its zero point where the filter hangs over the edge.
///
/// 16 bits per value: multiply-accumulate instructions take sixteen.
type Patch<const KH: usize, const KW: usize, const C: usize> = [[[i16; C]; KW]; KH];

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
> Conv2d<KH, KW, C, M, SH, SW, DH, DW, PH, PW>
{
    /// * `weight`: `[out][row][column][in]`, symmetric (zero point 0);
    /// * `bias`: one per output channel, in units of input scale times that channel's weight scale;
    /// * `scale`: input scale times weight scale over output scale, per output channel
    ///   ([`per_tensor`](crate::per_tensor) where all are equal);
    /// * `input_zero`: zero point of the input.
    pub const fn new(
        weight: [[[[i8; C]; KW]; KH]; M],
        mut bias: [i32; M],
        scale: [Multiplier; M],
        input_zero: i8,
        activation: Activation,
    ) -> Self {
        let mut m = 0;
        while m < M {
            bias[m] = fold(bias[m], input_zero, weight[m].as_flattened().as_flattened());
            m += 1;
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

    /// What the filters see at output row `r`, column `c`: `KH · KW · C` values on the stack.
    #[inline]
    pub(crate) fn patch<const H: usize, const W: usize, const OH: usize, const OW: usize>(
        &self,
        x: &impl Lines<W, C>,
        r: usize,
        c: usize,
    ) -> Patch<KH, KW, C> {
        let (rows, columns) = (
            dilated::<H, OH, KH, SH, DH, PH>(r),
            dilated::<W, OW, KW, SW, DW, PW>(c),
        );
        let zero = i16::from(self.input_zero);
        let mut patch = [[[zero; C]; KW]; KH];
        // Without an index there is no code for a panic.
        let lines = x.apart::<DH>(rows);
        let to = patch.get_mut(rows.kernel..).unwrap_or(&mut []);
        for (to, from) in to.iter_mut().zip(lines).take(rows.len) {
            let to = to.get_mut(columns.kernel..).unwrap_or(&mut []);
            if const { DW == 1 } {
                let from = columns.of(from).as_flattened();
                for (to, from) in to.as_flattened_mut().iter_mut().zip(from) {
                    *to = i16::from(*from);
                }
            } else {
                let from = from.get(columns.input..).unwrap_or(&[]).iter().step_by(DW);
                for (to, from) in to.iter_mut().zip(from).take(columns.len) {
                    *to = from.map(i16::from);
                }
            }
        }
        patch
    }

    /// Output channel `m` of one patch.
    // Not inlined: the loop over channels would have the whole patch in registers, widened, and multiply twice as slowly.
    #[inline(never)]
    pub(crate) fn channel(&self, patch: &Patch<KH, KW, C>, m: usize) -> i8 {
        let (Some(taps), Some(bias), Some(scale)) =
            (self.weight.get(m), self.bias.get(m), self.scale.get(m))
        else {
            return 0; // there is no such channel
        };
        let taps = taps.as_flattened().as_flattened();
        let values = patch.as_flattened().as_flattened();
        let mut acc = *bias;
        for (value, tap) in values.iter().zip(taps) {
            acc = acc.wrapping_add(product(*value, *tap));
        }
        self.activation.quantize(acc, *scale)
    }

    /// Where the filters lie for output row `r`, column `c`.
    #[inline]
    pub(crate) fn place<const H: usize, const W: usize, const OH: usize, const OW: usize>(
        r: usize,
        c: usize,
    ) -> crate::window::Place {
        [
            dilated::<H, OH, KH, SH, DH, PH>(r),
            dilated::<W, OW, KW, SW, DW, PW>(c),
        ]
    }

    /// All output channels of an int8 patch, as tiles have it.
    #[inline]
    pub(crate) fn of_tile(&self, patch: &[[[i8; C]; KW]; KH]) -> [i8; M] {
        #[cfg(rekindle_dsp)]
        {
            self.one(patch)
        }
        #[cfg(not(rekindle_dsp))]
        {
            let values = patch.as_flattened().as_flattened();
            let channels = self.weight.iter().zip(&self.bias).zip(&self.scale);
            let mut out = [0; M];
            for (out, ((taps, bias), scale)) in out.iter_mut().zip(channels) {
                let mut acc = *bias;
                for (value, tap) in values.iter().zip(taps.as_flattened().as_flattened()) {
                    acc = acc.wrapping_add(product(*value, *tap));
                }
                *out = self.activation.quantize(acc, *scale);
            }
            out
        }
    }

    /// All output channels of one patch.
    #[cfg(not(rekindle_dsp))]
    #[inline]
    pub(crate) fn pixel(&self, patch: &Patch<KH, KW, C>) -> [i8; M] {
        array::from_fn(|m| self.channel(patch, m))
    }

    /// All output channels at `V` neighbouring places, from column `c` on.
    #[cfg(not(rekindle_dsp))]
    #[inline]
    pub(crate) fn pixels<
        const H: usize,
        const W: usize,
        const OH: usize,
        const OW: usize,
        const V: usize,
    >(
        &self,
        x: &impl Lines<W, C>,
        r: usize,
        c: usize,
    ) -> [[i8; M]; V] {
        array::from_fn(|v| self.pixel(&self.patch::<H, W, OH, OW>(x, r, c + v)))
    }
}

/// Neighbouring places that are computed together: a DSP has the registers for the sums of two times two.
pub(crate) const PLACES: usize = if cfg!(rekindle_dsp) { 2 } else { 1 };

/// Convolution; commits after each output row.
///
/// The output's size says whether the input is padded: `ceil(H / SH)` rows with (`SAME`), `(H − KH) / SH + 1` without
/// (`VALID`), and columns likewise; `KH` is the filter's extent with its dilation. Any other size is a compile error,
/// unless the layer has explicit padding.
///
/// ```
/// use rekindle::prelude::*;
/// use rekindle_kernels::{Activation, Conv2d, Multiplier, conv2d};
///
/// #[derive(Layout)]
/// struct Memory { x: Buffer<[[[i8; 1]; 3]; 3]>, y: Buffer<[[[i8; 1]; 2]; 2]> }
///
/// // One 2×2 filter of ones, output scale four times the input's: the mean.
/// static MEAN: Conv2d<2, 2, 1, 1> =
///     Conv2d::new([[[[1]; 2]; 2]; 1], [0], [Multiplier::from_real(0.25)], 0, Activation::linear(0));
///
/// let mut words = [0u64; 64];
/// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.write(|m| &mut m.x, &[[[0], [4], [8]], [[4], [8], [12]], [[8], [12], [16]]])?;
/// nvm.resume_or_start(&mut [], |cx, m| conv2d(cx, &m.x, &MEAN, &mut m.y))?;
/// assert_eq!(nvm.read(|m| &m.y)?, [[[4], [8]], [[8], [12]]]);
/// # Ok::<(), rekindle::Error>(())
/// ```
///
/// Three rows under a filter of two give two output rows without padding and three with it, never four:
///
/// ```compile_fail
/// # use rekindle::prelude::*;
/// # use rekindle_kernels::{Activation, Conv2d, Multiplier, conv2d};
/// # #[derive(Layout)]
/// # struct Memory { x: Buffer<[[[i8; 1]; 3]; 3]>, y: Buffer<[[[i8; 1]; 4]; 4]> }
/// # static MEAN: Conv2d<2, 2, 1, 1> =
/// #     Conv2d::new([[[[1]; 2]; 2]; 1], [0], [Multiplier::from_real(0.25)], 0, Activation::linear(0));
/// # let mut words = [0u64; 64];
/// # let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.resume_or_start(&mut [], |cx, m| conv2d(cx, &m.x, &MEAN, &mut m.y))?; // y: 4 by 4
/// # Ok::<(), rekindle::Error>(())
/// ```
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn conv2d<
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
    layer: &Conv2d<KH, KW, C, M, SH, SW, DH, DW, PH, PW>,
    y: Output<[[[i8; M]; OW]; OH]>,
) {
    #[commit]
    for r in 0..OH {
        for c in (0..OW / PLACES * PLACES).step_by(PLACES) {
            let pixels = layer.pixels::<H, W, OH, OW, PLACES>(x, r, c);
            for v in 0..PLACES {
                y.set([r, c + v], pixels[v]);
            }
        }
        for c in OW / PLACES * PLACES..OW {
            let [pixel] = layer.pixels::<H, W, OH, OW, 1>(x, r, c);
            y.set([r, c], pixel);
        }
    }
}

/// [`conv2d`] that commits after each output value.
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn conv2d_by_element<
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
    layer: &Conv2d<KH, KW, C, M, SH, SW, DH, DW, PH, PW>,
    y: Output<[[[i8; M]; OW]; OH]>,
) {
    for r in 0..OH {
        for c in 0..OW {
            let patch = layer.patch::<H, W, OH, OW>(x, r, c);
            #[commit]
            for m in 0..M {
                y.set([r, c, m], layer.channel(&patch, m));
            }
        }
    }
}
