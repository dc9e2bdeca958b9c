//! Operators that make each output from the values at the same place, or at places that broadcasting finds.

use core::marker::PhantomData;

use rekindle::prelude::*;

use super::{Tile, part, part_mut};
use crate::add::Add;
use crate::broadcast::{self, Mul, Sub};
use crate::convert::Affine;
use crate::lookup::Lookup;
use crate::tensor::Tensor;

/// Sum of two tensors of one shape, as [`add`](crate::add()), `TILE` values at a time (`Tile<TILE>`), and a commit after each
/// tile.
///
/// # Errors
///
/// Those of the store.
#[intermittent_task]
pub fn add<const TILE: usize, const N: usize, X: Tensor>(
    _tile: Tile<TILE, N>,
    a: TileInput<X>,
    b: TileInput<X>,
    layer: &Add,
    y: TileOutput<X>,
) {
    #[commit]
    for tile in 0..X::LEN.div_ceil(TILE) {
        let at = tile * TILE;
        let len = if X::LEN - at < TILE {
            X::LEN - at
        } else {
            TILE
        };
        let mut out = [0_i8; TILE];
        let mut other = [0_i8; TILE];
        a.fetch(at, part_mut(&mut out, 0, len));
        b.fetch(at, part_mut(&mut other, 0, len));
        for (out, b) in out.iter_mut().zip(&other) {
            *out = layer.value(*out, *b);
        }
        y.store(at, part(&out, 0, len));
    }
}

macro_rules! binary {
    ($(#[$doc:meta])* $task:ident, $layer:ty) => {
        $(#[$doc])*
        /// Values that follow one another are fetched together. Commits after each tile.
        ///
        /// # Errors
        ///
        /// Those of the store.
        #[intermittent_task]
        pub fn $task<A: Tensor, B: Tensor, Y: Tensor, const TILE: usize>(
            a: TileInput<A>,
            b: TileInput<B>,
            layer: &$layer,
            y: TileOutput<Y>,
        ) {
            #[commit]
            for tile in 0..Y::LEN.div_ceil(TILE) {
                let at = tile * TILE;
                let len = if Y::LEN - at < TILE { Y::LEN - at } else { TILE };
                let mut out = [0_i8; TILE];
                let mut other = [0_i8; TILE];
                let mut walk = layer.walk(0, at);
                let mut done: usize = 0;
                for _ in 0..TILE {
                    if done < len {
                        let (from, n) = walk.run(len - done);
                        a.fetch(from, part_mut(&mut out, done, n));
                        done += n;
                    }
                }
                let mut walk = layer.walk(1, at);
                let mut done: usize = 0;
                for _ in 0..TILE {
                    if done < len {
                        let (from, n) = walk.run(len - done);
                        b.fetch(from, part_mut(&mut other, done, n));
                        done += n;
                    }
                }
                for (out, b) in out.iter_mut().zip(&other) {
                    *out = layer.value(*out, *b);
                }
                y.store(at, part(&out, 0, len));
            }
        }
    };
}

binary! {
    /// Sum with broadcasting, as [`broadcast::add`](crate::broadcast::add()).
    broadcast_add, broadcast::Add<A, B, Y, TILE>
}

binary! {
    /// Difference with broadcasting, as [`broadcast::sub`](crate::broadcast::sub()).
    sub, Sub<A, B, Y, TILE>
}

binary! {
    /// Product with broadcasting, as [`broadcast::mul`](crate::broadcast::mul()).
    mul, Mul<A, B, Y, TILE>
}

/// A function of each value, as [`lookup`](crate::lookup()); commits after each tile.
///
/// # Errors
///
/// Those of the store.
#[intermittent_task]
pub fn lookup<X: Tensor, const TILE: usize>(
    x: TileInput<X>,
    layer: &Lookup<TILE>,
    y: TileOutput<X>,
) {
    #[commit]
    for tile in 0..X::LEN.div_ceil(TILE) {
        let at = tile * TILE;
        let len = if X::LEN - at < TILE {
            X::LEN - at
        } else {
            TILE
        };
        let mut out = [0_i8; TILE];
        x.fetch(at, part_mut(&mut out, 0, len));
        for out in &mut out {
            *out = layer.get(*out);
        }
        y.store(at, part(&out, 0, len));
    }
}

/// Real numbers to int8, as [`quantize`](crate::quantize()); commits after each tile.
///
/// # Errors
///
/// Those of the store.
#[intermittent_task]
pub fn quantize<const N: usize, const TILE: usize>(
    x: TileInput<[f32; N]>,
    layer: &Affine<TILE>,
    y: TileOutput<[i8; N]>,
) {
    #[commit]
    for tile in 0..N.div_ceil(TILE) {
        let at = tile * TILE;
        let len = if N - at < TILE { N - at } else { TILE };
        let mut real = [0_f32; TILE];
        x.fetch(4 * at, part_mut(&mut real, 0, len));
        let out = real.map(|real| layer.quantize(real));
        y.store(at, part(&out, 0, len));
    }
}

/// int8 to real numbers, as [`dequantize`](crate::dequantize()); commits after each tile.
///
/// # Errors
///
/// Those of the store.
#[intermittent_task]
pub fn dequantize<const N: usize, const TILE: usize>(
    x: TileInput<[i8; N]>,
    layer: &Affine<TILE>,
    y: TileOutput<[f32; N]>,
) {
    #[commit]
    for tile in 0..N.div_ceil(TILE) {
        let at = tile * TILE;
        let len = if N - at < TILE { N - at } else { TILE };
        let mut values = [0_i8; TILE];
        x.fetch(at, part_mut(&mut values, 0, len));
        let out = values.map(|value| layer.dequantize(value));
        y.store(4 * at, part(&out, 0, len));
    }
}

/// The same values in another shape, as [`reshape`](crate::reshape()), `TILE` at a time (`Tile<TILE>`), and a commit after
/// each tile.
///
/// # Errors
///
/// Those of the store.
#[intermittent_task]
pub fn reshape<const TILE: usize, const N: usize, X: Tensor, Y: Tensor>(
    _tile: Tile<TILE, N>,
    x: TileInput<X>,
    y: TileOutput<Y>,
) {
    #[commit]
    for tile in 0..Same::<X, Y>::LEN.div_ceil(TILE) {
        let at = tile * TILE;
        let len = if Y::LEN - at < TILE {
            Y::LEN - at
        } else {
            TILE
        };
        let mut out = [0_i8; TILE];
        x.fetch(at, part_mut(&mut out, 0, len));
        y.store(at, part(&out, 0, len));
    }
}

/// Shapes of the same number of values; others do not compile.
struct Same<X, Y>(PhantomData<fn(X) -> Y>);

impl<X: Tensor, Y: Tensor> Same<X, Y> {
    const LEN: usize = {
        assert!(
            X::LEN == Y::LEN,
            "input and output have not the same number of values"
        );
        Y::LEN
    };
}
