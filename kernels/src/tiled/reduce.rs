//! Means and maxima along axes, and the place of a maximum, a piece of the input at a time.

use rekindle::prelude::*;

use super::{Tile, part, part_mut};
use crate::reduce::{Mean, ReduceMax};
use crate::tensor::Tensor;

macro_rules! reduction {
    ($(#[$doc:meta])* $task:ident, $layer:ident, $sum:ty, $first:expr, |$acc:ident, $value:ident| $add:expr, |$l:ident, $total:ident| $end:expr) => {
        $(#[$doc])*
        /// What follows in a row is fetched together, `PIECE` values at most (`Tile<PIECE>`): along the last axis. Along another
        /// one, values come one by one. Commits after each tile of outputs.
        ///
        /// # Errors
        ///
        /// Those of the store.
        #[intermittent_task]
        pub fn $task<const PIECE: usize, const N: usize, X: Tensor, Y: Tensor, const TILE: usize>(
            _tile: Tile<PIECE, N>,
            x: TileInput<X>,
            layer: &$layer<X, Y, TILE>,
            y: TileOutput<Y>,
        ) {
            #[commit(every = TILE)]
            for o in 0..Y::LEN {
                let mut sum: $sum = $first;
                let mut walk = layer.axes.walk(o);
                let mut left: usize = layer.axes.count;
                for _ in 0..X::LEN {
                    if left == 0 {
                        break;
                    }
                    let mut tile = [0_i8; PIECE];
                    let (from, n) = walk.run(if left < PIECE { left } else { PIECE });
                    x.fetch(from, part_mut(&mut tile, 0, n));
                    for $value in part(&tile, 0, n) {
                        let $acc = &mut sum;
                        $add
                    }
                    left -= n;
                }
                let ($l, $total) = (layer, sum);
                y.store(o, &[$end]);
            }
        }
    };
}

reduction! {
    /// Mean along axes, as [`mean`](crate::mean()).
    mean, Mean, i32, 0,
    |acc, value| *acc = acc.wrapping_add(i32::from(*value)),
    |layer, total| layer.scaled(total)
}

reduction! {
    /// Maximum along axes, as [`reduce_max`](crate::reduce_max()).
    reduce_max, ReduceMax, i8, i8::MIN,
    |acc, value| *acc = (*acc).max(*value),
    |_layer, total| total
}

/// Which class has the greatest value, as [`arg_max`](crate::arg_max()), `PIECE` values at a time (`Tile<PIECE>`). Commits after
/// each row.
///
/// # Errors
///
/// Those of the store.
#[intermittent_task]
pub fn arg_max<const PIECE: usize, const N: usize, const CLASSES: usize, const ROWS: usize>(
    _tile: Tile<PIECE, N>,
    x: TileInput<[[i8; CLASSES]; ROWS]>,
    y: TileOutput<[i32; ROWS]>,
) {
    #[commit]
    for row in 0..ROWS {
        let mut best: (i32, i8) = (0, i8::MIN);
        for piece in 0..CLASSES.div_ceil(PIECE) {
            let at = piece * PIECE;
            let len = if CLASSES - at < PIECE {
                CLASSES - at
            } else {
                PIECE
            };
            let mut tile = [0_i8; PIECE];
            x.fetch(row * CLASSES + at, part_mut(&mut tile, 0, len));
            for (i, value) in part(&tile, 0, len).iter().enumerate() {
                if *value > best.1 {
                    best = ((at + i) as i32, *value);
                }
            }
        }
        y.store(4 * row, &[best.0]);
    }
}
