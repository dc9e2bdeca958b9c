//! Convolutions and pools, place by place of the output.

use rekindle::prelude::*;

use super::{Tile, part, part_mut};
use crate::conv2d::Conv2d;
use crate::depthwise::Depthwise;
use crate::pool::Pool;
use crate::transpose_conv::TransposeConv;
use crate::window::piece;

/// Convolution, as [`conv2d`](crate::conv2d()): the input under one filter is fetched for each place of the output, a row of
/// it at a time (a pixel at a time where columns are dilated). Commits after each output row.
///
/// # Errors
///
/// Those of the store.
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
    x: TileInput<[[[i8; C]; W]; H]>,
    layer: &Conv2d<KH, KW, C, M, SH, SW, DH, DW, PH, PW>,
    y: TileOutput<[[[i8; M]; OW]; OH]>,
) {
    #[commit]
    for r in 0..OH {
        for c in 0..OW {
            let mut patch = [[[layer.input_zero; C]; KW]; KH];
            let place = Conv2d::<KH, KW, C, M, SH, SW, DH, DW, PH, PW>::place::<H, W, OH, OW>(r, c);
            for k in 0..KH {
                for n in 0..KW {
                    if (DW > 1 || n == 0)
                        && let Some(p) = piece::<W, C, DH, DW>(place, k, n, DW == 1)
                    {
                        let row = part_mut(&mut patch, k, 1).as_flattened_mut();
                        x.fetch(p.at, part_mut(row, p.kernel, p.pixels).as_flattened_mut());
                    }
                }
            }
            y.store((r * OW + c) * M, &layer.of_tile(&patch));
        }
    }
}

/// Depthwise convolution, as [`depthwise`](crate::depthwise()), `G` output channels at a time (`Tile<G>`). Where those are
/// all channels, and each has one filter, a row under the filter is one piece, else each of its pixels is. Commits after
/// each output row.
///
/// # Errors
///
/// Those of the store.
#[intermittent_task]
pub fn depthwise<
    const G: usize,
    const N: usize,
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
    _tile: Tile<G, N>,
    x: TileInput<[[[i8; C]; W]; H]>,
    layer: &Depthwise<KH, KW, C, M, SH, SW, DH, DW, PH, PW>,
    y: TileOutput<[[[i8; M]; OW]; OH]>,
) {
    #[commit]
    for r in 0..OH {
        for c in 0..OW {
            let place =
                Depthwise::<KH, KW, C, M, SH, SW, DH, DW, PH, PW>::place::<H, W, OH, OW>(r, c);
            for group in 0..M.div_ceil(G) {
                let first = group * G;
                let len = if M - first < G { M - first } else { G };
                // The input channels of these outputs: `G` at most.
                let from = first / (M / C);
                let channels = (first + len - 1) / (M / C) + 1 - from;
                let whole = DW == 1 && C == G && M == C;
                let mut patch = layer.outside::<G>();
                for k in 0..KH {
                    for n in 0..KW {
                        if (!whole || n == 0)
                            && let Some(p) = piece::<W, C, DH, DW>(place, k, n, whole)
                        {
                            let row = part_mut(&mut patch, k, 1).as_flattened_mut();
                            let pixels = part_mut(row, p.kernel, p.pixels).as_flattened_mut();
                            let bytes = if whole { p.pixels * C } else { channels };
                            x.fetch(p.at + from, part_mut(pixels, 0, bytes));
                        }
                    }
                }
                let mut out = [0_i8; G];
                layer.of_tile(&patch, from, first, part_mut(&mut out, 0, len));
                y.store((r * OW + c) * M + first, part(&out, 0, len));
            }
        }
    }
}

macro_rules! pool {
    ($(#[$doc:meta])* $task:ident, $sum:ty, $first:expr, |$acc:ident, $value:ident| $add:expr, |$layer:ident, $total:ident, $place:ident| $end:expr) => {
        $(#[$doc])*
        /// `G` channels at a time (`Tile<G>`), a pixel under the pool at a time. Commits after each output row.
        ///
        /// # Errors
        ///
        /// Those of the store.
        #[intermittent_task]
        pub fn $task<
            const G: usize,
            const N: usize,
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
            _tile: Tile<G, N>,
            x: TileInput<[[[i8; C]; W]; H]>,
            layer: &Pool<KH, KW, SH, SW>,
            y: TileOutput<[[[i8; C]; OW]; OH]>,
        ) {
            #[commit]
            for r in 0..OH {
                for c in 0..OW {
                    let place = Pool::<KH, KW, SH, SW>::place::<H, W, OH, OW>(r, c);
                    for group in 0..C.div_ceil(G) {
                        let first = group * G;
                        let len = if C - first < G { C - first } else { G };
                        let mut sums: [$sum; G] = [$first; G];
                        for k in 0..KH {
                            for n in 0..KW {
                                if let Some(p) = piece::<W, C, 1, 1>(place, k, n, false) {
                                    let mut tile = [0_i8; G];
                                    x.fetch(p.at + first, part_mut(&mut tile, 0, len));
                                    for ($acc, $value) in sums.iter_mut().zip(&tile) {
                                        $add
                                    }
                                }
                            }
                        }
                        let out = sums.map(|total| {
                            let ($layer, $total, $place) = (layer, total, place);
                            $end
                        });
                        y.store((r * OW + c) * C + first, part(&out, 0, len));
                    }
                }
            }
        }
    };
}

pool! {
    /// Maximum pooling, as [`max_pool`](crate::max_pool()).
    max_pool, i8, i8::MIN,
    |acc, value| *acc = (*acc).max(*value),
    |layer, total, _place| layer.clamp(total)
}

pool! {
    /// Average pooling, as [`average_pool`](crate::average_pool()).
    average_pool, i32, 0,
    |acc, value| *acc += i32::from(*value),
    |layer, total, place| layer.rounded(total, place)
}

/// Transposed convolution, as [`transpose_conv`](crate::transpose_conv()), a pixel of the input at a time. Commits after each
/// output row.
///
/// # Errors
///
/// Those of the store.
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
    x: TileInput<[[[i8; C]; W]; H]>,
    layer: &TransposeConv<KH, KW, C, M, SH, SW>,
    y: TileOutput<[[[i8; M]; OW]; OH]>,
) {
    #[commit]
    for r in 0..OH {
        for c in 0..OW {
            let mut sums = [0_i32; M];
            for k in 0..KH {
                for n in 0..KW {
                    let at =
                        TransposeConv::<KH, KW, C, M, SH, SW>::under::<H, W, OH, OW>(r, c, k, n);
                    if let Some(at) = at {
                        let mut pixel = [0_i8; C];
                        x.fetch(at, &mut pixel);
                        layer.add(&mut sums, &pixel, k, n);
                    }
                }
            }
            y.store((r * OW + c) * M, &layer.end(&sums));
        }
    }
}
