//! Convolutions, row by row of the output.

use rekindle::prelude::*;

use super::{Under, Window};
use crate::conv2d::{Conv2d, PLACES};
use crate::depthwise::Depthwise;

/// Convolution, as [`conv2d`](crate::conv2d()), pointwise ones included; commits after each output row.
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn conv2d<
    const ROWS: usize,
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
    _window: Window<ROWS>,
    x: RollingInput<[[[i8; C]; W]; H], ROWS>,
    layer: &Conv2d<KH, KW, C, M, SH, SW, DH, DW, PH, PW>,
    y: RollingOutput<[[[i8; M]; OW]; OH]>,
) {
    #[commit]
    for r in 0..OH {
        let [rows, _] = Conv2d::<KH, KW, C, M, SH, SW, DH, DW, PH, PW>::place::<H, W, OH, OW>(r, 0);
        let step = const { Under::<H, KH, DH, ROWS>::STEP };
        let lines = x.rows::<KH>(rows.input, step, rows.len);
        for c in (0..OW / PLACES * PLACES).step_by(PLACES) {
            let pixels = layer.pixels::<H, W, OH, OW, PLACES>(&lines, r, c);
            for v in 0..PLACES {
                y.set([r, c + v], pixels[v]);
            }
        }
        for c in OW / PLACES * PLACES..OW {
            let [pixel] = layer.pixels::<H, W, OH, OW, 1>(&lines, r, c);
            y.set([r, c], pixel);
        }
    }
}

/// Depthwise convolution, as [`depthwise`](crate::depthwise()); commits after each output row.
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn depthwise<
    const ROWS: usize,
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
    _window: Window<ROWS>,
    x: RollingInput<[[[i8; C]; W]; H], ROWS>,
    layer: &Depthwise<KH, KW, C, M, SH, SW, DH, DW, PH, PW>,
    y: RollingOutput<[[[i8; M]; OW]; OH]>,
) {
    #[commit]
    for r in 0..OH {
        let [rows, _] =
            Depthwise::<KH, KW, C, M, SH, SW, DH, DW, PH, PW>::place::<H, W, OH, OW>(r, 0);
        let step = const { Under::<H, KH, DH, ROWS>::STEP };
        let lines = x.rows::<KH>(rows.input, step, rows.len);
        for c in 0..OW {
            let place =
                Depthwise::<KH, KW, C, M, SH, SW, DH, DW, PH, PW>::place::<H, W, OH, OW>(r, c);
            y.set([r, c], layer.pixel(&lines, place));
        }
    }
}
