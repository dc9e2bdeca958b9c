//! Maximum and average pooling, int8; input and output have the same scale and zero point.

use rekindle::prelude::*;

use crate::requant::clamp;
use crate::window::{Place, Span, span};

/// A pool of `KH`×`KW` with strides `SH` and `SW`; `KH = H` and `KW = W` pool globally.
///
/// It does not know the size of its input: [`max_pool`] and [`average_pool`] take that from their buffers, and whether
/// to pad as well. Padding takes no part in the maximum or the average.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool<const KH: usize, const KW: usize, const SH: usize = KH, const SW: usize = KW> {
    min: i8,
    max: i8,
}

impl<const KH: usize, const KW: usize, const SH: usize, const SW: usize> Pool<KH, KW, SH, SW> {
    /// Without a fused activation.
    pub const fn new() -> Self {
        Self {
            min: i8::MIN,
            max: i8::MAX,
        }
    }

    /// With a fused activation, as the least and the greatest output.
    #[must_use]
    pub const fn clamped(min: i8, max: i8) -> Self {
        Self { min, max }
    }

    /// Where the pool lies for output row `r`, column `c`.
    #[inline]
    pub(crate) fn place<const H: usize, const W: usize, const OH: usize, const OW: usize>(
        r: usize,
        c: usize,
    ) -> Place {
        [span::<H, OH, KH, SH>(r), span::<W, OW, KW, SW>(c)]
    }

    /// Greatest value of each channel.
    #[inline]
    pub(crate) fn maximum<const H: usize, const W: usize, const C: usize>(
        self,
        x: &[[[i8; C]; W]; H],
        [rows, columns]: Place,
    ) -> [i8; C] {
        let mut greatest = [i8::MIN; C];
        for line in rows.of(x) {
            Self::greater(&mut greatest, line, columns);
        }
        greatest.map(|v| self.clamp(v))
    }

    /// Holds the greatest values against those of one more row under the pool.
    #[inline(always)]
    pub(crate) fn greater<const W: usize, const C: usize>(
        greatest: &mut [i8; C],
        line: &[[i8; C]; W],
        columns: Span,
    ) {
        for values in columns.of(line) {
            for (greatest, value) in greatest.iter_mut().zip(values) {
                *greatest = (*greatest).max(*value);
            }
        }
    }

    /// Sum of each channel: `4 · C` bytes on the stack.
    #[inline]
    pub(crate) fn sums<const H: usize, const W: usize, const C: usize>(
        self,
        x: &[[[i8; C]; W]; H],
        [rows, columns]: Place,
    ) -> [i32; C] {
        let mut sums = [0_i32; C];
        for line in rows.of(x) {
            Self::add(&mut sums, line, columns);
        }
        sums
    }

    /// Adds the values of one more row under the pool.
    #[inline(always)]
    pub(crate) fn add<const W: usize, const C: usize>(
        sums: &mut [i32; C],
        line: &[[i8; C]; W],
        columns: Span,
    ) {
        for values in columns.of(line) {
            add(sums, values);
        }
    }

    /// Average of each channel.
    #[inline]
    pub(crate) fn average<const H: usize, const W: usize, const C: usize>(
        self,
        x: &[[[i8; C]; W]; H],
        place: Place,
    ) -> [i8; C] {
        let sums = self.sums(x, place);
        if cfg!(target_arch = "arm") {
            // A loop: `map` of an array is as many copies of the division.
            let mut out = [0; C];
            for (out, sum) in out.iter_mut().zip(&sums) {
                *out = self.rounded(*sum, place);
            }
            return out;
        }
        sums.map(|sum| self.rounded(sum, place))
    }

    /// A maximum as an output.
    #[inline]
    pub(crate) fn clamp(self, value: i8) -> i8 {
        value.max(self.min).min(self.max)
    }

    /// `sum` over the number of values under the pool, half away from zero.
    #[inline]
    pub(crate) fn rounded(self, sum: i32, [rows, columns]: Place) -> i8 {
        let count = (rows.len * columns.len) as i32;
        let half = if sum > 0 { count / 2 } else { -(count / 2) };
        // No window is empty; this way there is no code for a panic.
        let mean = (sum + half).checked_div(count).unwrap_or(0);
        clamp(mean, self.min, self.max)
    }
}

/// Adds a value to the sum of each channel.
// Not inlined where it would be unrolled for all channels at once, as often as there are columns.
#[cfg_attr(target_arch = "arm", inline(never))]
#[cfg_attr(not(target_arch = "arm"), inline)]
fn add(sums: &mut [i32], values: &[i8]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += i32::from(*value);
    }
}

impl<const KH: usize, const KW: usize, const SH: usize, const SW: usize> Default
    for Pool<KH, KW, SH, SW>
{
    fn default() -> Self {
        Self::new()
    }
}

/// Maximum pooling; commits after each output row.
///
/// The output's size says whether the input is padded, as for [`conv2d`](crate::conv2d()).
///
/// ```
/// use rekindle::prelude::*;
/// use rekindle_kernels::{Pool, max_pool};
///
/// #[derive(Layout)]
/// struct Memory { x: Buffer<[[[i8; 1]; 4]; 2]>, y: Buffer<[[[i8; 1]; 2]; 1]> }
///
/// let mut words = [0u64; 64];
/// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.write(|m| &mut m.x, &[[[1], [2], [0], [8]], [[4], [3], [2], [4]]])?;
/// nvm.resume_or_start(&mut [], |cx, m| max_pool(cx, &m.x, &Pool::<2, 2>::new(), &mut m.y))?;
/// assert_eq!(nvm.read(|m| &m.y)?, [[[4], [8]]]);
/// # Ok::<(), rekindle::Error>(())
/// ```
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn max_pool<
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const KH: usize,
    const KW: usize,
    const SH: usize,
    const SW: usize,
>(
    x: Input<[[[i8; C]; W]; H]>,
    layer: &Pool<KH, KW, SH, SW>,
    y: Output<[[[i8; C]; OW]; OH]>,
) {
    #[commit]
    for r in 0..OH {
        for c in 0..OW {
            y.set(
                [r, c],
                layer.maximum(x, Pool::<KH, KW, SH, SW>::place::<H, W, OH, OW>(r, c)),
            );
        }
    }
}

/// [`max_pool`] that commits after each output value.
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn max_pool_by_element<
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const KH: usize,
    const KW: usize,
    const SH: usize,
    const SW: usize,
>(
    x: Input<[[[i8; C]; W]; H]>,
    layer: &Pool<KH, KW, SH, SW>,
    y: Output<[[[i8; C]; OW]; OH]>,
) {
    for r in 0..OH {
        for c in 0..OW {
            let greatest = layer.maximum(x, Pool::<KH, KW, SH, SW>::place::<H, W, OH, OW>(r, c));
            #[commit]
            for k in 0..C {
                y.set([r, c, k], greatest[k]);
            }
        }
    }
}

/// Average pooling; commits after each output row.
///
/// The output's size says whether the input is padded, as for [`conv2d`](crate::conv2d()).
///
/// ```
/// use rekindle::prelude::*;
/// use rekindle_kernels::{Pool, average_pool};
///
/// #[derive(Layout)]
/// struct Memory { x: Buffer<[[[i8; 1]; 4]; 2]>, y: Buffer<[[[i8; 1]; 2]; 1]> }
///
/// let mut words = [0u64; 64];
/// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.write(|m| &mut m.x, &[[[1], [2], [0], [8]], [[4], [3], [2], [4]]])?;
/// nvm.resume_or_start(&mut [], |cx, m| average_pool(cx, &m.x, &Pool::<2, 2>::new(), &mut m.y))?;
/// assert_eq!(nvm.read(|m| &m.y)?, [[[3], [4]]]);
/// # Ok::<(), rekindle::Error>(())
/// ```
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn average_pool<
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const KH: usize,
    const KW: usize,
    const SH: usize,
    const SW: usize,
>(
    x: Input<[[[i8; C]; W]; H]>,
    layer: &Pool<KH, KW, SH, SW>,
    y: Output<[[[i8; C]; OW]; OH]>,
) {
    #[commit]
    for r in 0..OH {
        for c in 0..OW {
            y.set(
                [r, c],
                layer.average(x, Pool::<KH, KW, SH, SW>::place::<H, W, OH, OW>(r, c)),
            );
        }
    }
}

/// [`average_pool`] that commits after each output value.
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn average_pool_by_element<
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const KH: usize,
    const KW: usize,
    const SH: usize,
    const SW: usize,
>(
    x: Input<[[[i8; C]; W]; H]>,
    layer: &Pool<KH, KW, SH, SW>,
    y: Output<[[[i8; C]; OW]; OH]>,
) {
    for r in 0..OH {
        for c in 0..OW {
            let place = Pool::<KH, KW, SH, SW>::place::<H, W, OH, OW>(r, c);
            let sums = layer.sums(x, place);
            #[commit]
            for k in 0..C {
                y.set([r, c, k], layer.rounded(sums[k], place));
            }
        }
    }
}
