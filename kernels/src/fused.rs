//! A convolution and the pooling behind it in one task: the convolution's output is never stored.

use rekindle::prelude::*;

use crate::conv2d::Conv2d;
use crate::pool::Pool;

/// Rows and columns of what is between the two layers of [`conv2d_max_pool`]: `Between::<24, 24>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Between<const H: usize, const W: usize>;

/// [`conv2d`](crate::conv2d()) and [`max_pool`](crate::max_pool()) behind it, the same bits; commits after each output row.
///
/// The buffer between them is not there: `CH · CW · M` bytes of NVM, and on stores that are not mapped of the arena as well.
/// Where pools do not overlap, as many products are computed as by the two layers; where they do, those of a place are
/// computed once per pool that covers it.
///
/// ```
/// use rekindle::prelude::*;
/// use rekindle_kernels::{Activation, Between, Conv2d, Multiplier, Pool, conv2d_max_pool};
///
/// #[derive(Layout)]
/// struct Memory { x: Buffer<[[[i8; 1]; 4]; 4]>, y: Buffer<[[[i8; 1]; 2]; 2]> }
///
/// static TWICE: Conv2d<1, 1, 1, 1> =
///     Conv2d::new([[[[2]]]], [0], [Multiplier::from_real(1.0)], 0, Activation::linear(0));
///
/// let mut words = [0u64; 64];
/// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.write(|m| &mut m.x, &[[[1], [2], [3], [4]], [[5], [6], [7], [8]], [[9], [8], [7], [6]], [[5], [4], [3], [2]]])?;
/// nvm.resume_or_start(&mut [], |cx, m| {
///     conv2d_max_pool(cx, &m.x, &TWICE, Between::<4, 4>, &Pool::<2, 2>::new(), &mut m.y)
/// })?;
/// assert_eq!(nvm.read(|m| &m.y)?, [[[12], [16]], [[18], [14]]]);
/// # Ok::<(), rekindle::Error>(())
/// ```
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn conv2d_max_pool<
    const H: usize,
    const W: usize,
    const C: usize,
    const CH: usize,
    const CW: usize,
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
    const QH: usize,
    const QW: usize,
    const TH: usize,
    const TW: usize,
>(
    x: Input<[[[i8; C]; W]; H]>,
    layer: &Conv2d<KH, KW, C, M, SH, SW, DH, DW, PH, PW>,
    _between: Between<CH, CW>,
    pool: &Pool<QH, QW, TH, TW>,
    y: Output<[[[i8; M]; OW]; OH]>,
) {
    #[commit]
    for r in 0..OH {
        for c in 0..OW {
            let [rows, columns] = Pool::<QH, QW, TH, TW>::place::<CH, CW, OH, OW>(r, c);
            let mut greatest = [i8::MIN; M];
            for i in 0..QH {
                for j in 0..QW {
                    if i < rows.len && j < columns.len {
                        let [pixel] =
                            layer.pixels::<H, W, CH, CW, 1>(x, rows.input + i, columns.input + j);
                        for (greatest, value) in greatest.iter_mut().zip(&pixel) {
                            *greatest = (*greatest).max(*value);
                        }
                    }
                }
            }
            y.set([r, c], greatest.map(|value| pool.clamp(value)));
        }
    }
}
