//! Operators that move values. What follows in a row is moved together; a transposition's values come one by one.

use rekindle::prelude::*;

use super::{part, part_mut};
use crate::movement::{Concat, Pad, StridedSlice, Transpose};
use crate::tensor::Tensor;

macro_rules! gather {
    ($(#[$doc:meta])* $task:ident, $layer:ident, |$l:ident| $fill:expr, |$walk:ident, $most:ident| $next:expr) => {
        $(#[$doc])*
        /// Commits after each tile.
        ///
        /// # Errors
        ///
        /// Those of the store.
        #[intermittent_task]
        pub fn $task<X: Tensor, Y: Tensor, const TILE: usize>(
            x: TileInput<X>,
            layer: &$layer<X, Y, TILE>,
            y: TileOutput<Y>,
        ) {
            #[commit]
            for tile in 0..Y::LEN.div_ceil(TILE) {
                let at = tile * TILE;
                let len = if Y::LEN - at < TILE { Y::LEN - at } else { TILE };
                let $l = layer;
                let mut out = [$fill; TILE];
                let mut walk = layer.walk(at);
                let mut done: usize = 0;
                for _ in 0..TILE {
                    if done < len {
                        let ($walk, $most) = (&mut walk, len - done);
                        let (from, n) = $next;
                        if let Some(from) = from {
                            x.fetch(from, part_mut(&mut out, done, n));
                        }
                        done += n;
                    }
                }
                y.store(at, part(&out, 0, len));
            }
        }
    };
}

gather! {
    /// Another order of the axes, as [`transpose`](crate::transpose()).
    transpose, Transpose,
    |layer| layer.fill_value(),
    |walk, most| Transpose::<X, Y, TILE>::next(walk, most)
}

gather! {
    /// A part of each axis, as [`strided_slice`](crate::strided_slice()).
    strided_slice, StridedSlice,
    |layer| layer.fill_value(),
    |walk, most| StridedSlice::<X, Y, TILE>::next(walk, most)
}

gather! {
    /// A border of one value, as [`pad`](crate::pad()).
    pad, Pad,
    |layer| layer.fill_value(),
    |walk, most| layer.next(walk, most)
}

/// One input of a concatenation, as [`concat`](crate::concat()): run it once per input. Commits after each tile.
///
/// # Errors
///
/// Those of the store.
#[intermittent_task]
pub fn concat<X: Tensor, Y: Tensor, const TILE: usize>(
    x: TileInput<X>,
    layer: &Concat<X, Y, TILE>,
    y: TileOutput<Y>,
) {
    #[commit]
    for tile in 0..X::LEN.div_ceil(TILE) {
        let at = tile * TILE;
        let len = if X::LEN - at < TILE {
            X::LEN - at
        } else {
            TILE
        };
        let mut values = [0_i8; TILE];
        x.fetch(at, part_mut(&mut values, 0, len));
        let mut walk = layer.walk(at);
        let mut done: usize = 0;
        for _ in 0..TILE {
            if done < len {
                let (to, n) = walk.run(len - done);
                y.store(to, part(&values, done, n));
                done += n;
            }
        }
    }
}
