//! Depthwise convolution whose output takes the place of its input.

use rekindle::prelude::*;

use crate::depthwise::Depthwise;
use crate::tiled::part_mut;
use crate::window::piece;

/// Rows of the input of [`depthwise_in_place`], and rows that are padded in front of it: `Rows::<16, 1>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rows<const H: usize, const FRONT: usize>;

impl<const H: usize, const FRONT: usize> Rows<H, FRONT> {
    /// The row of the buffer with row 0 of the input: one more than are padded in front.
    pub const FIRST: usize = FRONT + 1;

    /// `FIRST`, if the buffer has as many rows as this needs.
    const fn first<const ALL: usize>() -> usize {
        assert!(
            ALL == H + Self::FIRST,
            "the buffer has the input's rows, those padded in front, and one more"
        );
        Self::FIRST
    }
}

/// [`depthwise`](crate::depthwise()) of stride 1 with one filter per channel and padding (`SAME`), in one buffer: the input
/// is in its last `H` rows, the output in its first `H`. The same bits; commits after each output row.
///
/// The buffer has `H + FRONT + 1` rows, `FRONT` being the rows padded in front ((KH − 1) · DH / 2), instead of the `2 · H` of
/// two buffers. Output row `r` is written to row `r`, and the first row that it is made from is `r + 1`, which is why a
/// repeated region reads what it read at first.
///
/// ```
/// use rekindle::prelude::*;
/// use rekindle_kernels::{Activation, Depthwise, Multiplier, Rows, depthwise_in_place, per_tensor};
///
/// #[derive(Layout)]
/// struct Memory { b: Buffer<[[[i8; 1]; 1]; 5]> }
///
/// // The sum of three rows.
/// static SUM: Depthwise<3, 1, 1, 1> =
///     Depthwise::new([[[1]]; 3], [0], per_tensor(Multiplier::from_real(1.0)), 0, Activation::linear(0));
///
/// let mut words = [0u64; 64];
/// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.write(|m| &mut m.b, &[[[0]], [[0]], [[1]], [[2]], [[3]]])?;
/// nvm.resume_or_start(&mut [], |cx, m| depthwise_in_place(cx, Rows::<3, 1>, &mut m.b, &SUM))?;
/// assert_eq!(nvm.read(|m| &m.b)?[..3], [[[3]], [[6]], [[5]]]);
/// # Ok::<(), rekindle::Error>(())
/// ```
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn depthwise_in_place<
    const H: usize,
    const FRONT: usize,
    const ALL: usize,
    const W: usize,
    const C: usize,
    const KH: usize,
    const KW: usize,
    const DH: usize,
    const DW: usize,
>(
    _rows: Rows<H, FRONT>,
    b: InPlace<[[[i8; C]; W]; ALL]>,
    layer: &Depthwise<KH, KW, C, C, 1, 1, DH, DW>,
) {
    #[commit]
    for r in 0..H {
        for c in 0..W {
            let place = Depthwise::<KH, KW, C, C, 1, 1, DH, DW>::place::<H, W, H, W>(r, c);
            let mut patch = layer.outside::<C>();
            for k in 0..KH {
                for n in 0..KW {
                    if let Some(p) = piece::<W, C, DH, DW>(place, k, n, false) {
                        let at = p.at / C;
                        // Within the buffer in any case; said so, there is no code for a panic.
                        let row =
                            (at / W + const { Layer::<H, FRONT, ALL, KH, DH>::FIRST }).min(ALL - 1);
                        let pixel = b.get([row, (at % W).min(W - 1)]);
                        let to = part_mut(&mut patch, k, 1).as_flattened_mut();
                        for to in part_mut(to, n, 1) {
                            *to = pixel;
                        }
                    }
                }
            }
            let mut out = [0_i8; C];
            layer.of_tile(&patch, 0, 0, &mut out);
            #[assume_idempotent(
                "row r is written; rows from r + 1 on are read: `Layer::FIRST` says so when this is compiled"
            )]
            b.set([r, c], out);
        }
    }
}

/// What fits together: anything else does not compile.
struct Layer<const H: usize, const FRONT: usize, const ALL: usize, const KH: usize, const DH: usize>;

impl<const H: usize, const FRONT: usize, const ALL: usize, const KH: usize, const DH: usize>
    Layer<H, FRONT, ALL, KH, DH>
{
    const FIRST: usize = {
        assert!(
            FRONT == (KH - 1) * DH / 2,
            "half of what a filter needs beyond its centre is padded in front"
        );
        Rows::<H, FRONT>::first::<ALL>()
    };
}
