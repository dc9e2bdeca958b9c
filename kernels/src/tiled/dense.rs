//! Fully connected layers and softmax, a piece of the input at a time.

use core::marker::PhantomData;

use rekindle::prelude::*;

use super::{Tile, part, part_mut};
use crate::dense::Dense;
use crate::softmax::Softmax;
use crate::tensor::Tensor;

/// Fully connected layer, as [`dense`](crate::dense()): `N` neurons at once, from pieces of `PIECE` inputs
/// (`Tile<PIECE, N>`). The input is fetched once per `N` neurons, after which it commits.
///
/// # Errors
///
/// Those of the store.
#[intermittent_task]
pub fn dense<const PIECE: usize, const N: usize, X: Tensor, const I: usize, const O: usize>(
    _tile: Tile<PIECE, N>,
    x: TileInput<X>,
    layer: &Dense<I, O>,
    y: TileOutput<[i8; O]>,
) {
    #[commit]
    for block in 0..O.div_ceil(N) {
        let first = block * N;
        let mut sums = layer.begin::<N>(first);
        for piece in 0..Inputs::<X, I>::LEN.div_ceil(PIECE) {
            let at = piece * PIECE;
            let len = if I - at < PIECE { I - at } else { PIECE };
            let mut tile = [0_i8; PIECE];
            x.fetch(at, part_mut(&mut tile, 0, len));
            layer.add(&mut sums, first, at, part(&tile, 0, len));
        }
        let out = layer.end(&sums, first);
        y.store(first, part(&out, 0, O - first));
    }
}

/// The input of a layer; another size does not compile.
struct Inputs<X, const I: usize>(PhantomData<fn(X)>);

impl<X: Tensor, const I: usize> Inputs<X, I> {
    const LEN: usize = {
        assert!(
            X::LEN == I,
            "the input of a dense layer has as many values as its neurons have weights"
        );
        I
    };
}

/// Softmax of one row, as [`softmax`](crate::softmax()), in pieces of `PIECE` values (`Tile<PIECE>`), each fetched three times:
/// for the maximum, for the sum, and for the result. As there, one step without a commit of its own.
///
/// # Errors
///
/// Those of the store.
#[intermittent_task]
pub fn softmax<const PIECE: usize, const N: usize, X: Tensor, const O: usize>(
    _tile: Tile<PIECE, N>,
    x: TileInput<X>,
    layer: &Softmax,
    y: TileOutput<[i8; O]>,
) {
    let mut max: i8 = i8::MIN;
    let mut sum: i32 = 0;
    for pass in 0..2 {
        for piece in 0..Classes::<X, O>::LEN.div_ceil(PIECE) {
            let at = piece * PIECE;
            let len = if O - at < PIECE { O - at } else { PIECE };
            let mut tile = [0_i8; PIECE];
            x.fetch(at, part_mut(&mut tile, 0, len));
            for value in part(&tile, 0, len) {
                if pass == 0 {
                    max = max.max(*value);
                } else {
                    sum += layer.part(*value, max);
                }
            }
        }
    }
    let share = Softmax::shares(sum);
    for piece in 0..O.div_ceil(PIECE) {
        let at = piece * PIECE;
        let len = if O - at < PIECE { O - at } else { PIECE };
        let mut tile = [0_i8; PIECE];
        x.fetch(at, part_mut(&mut tile, 0, len));
        for value in &mut tile {
            *value = layer.share(*value, max, share);
        }
        y.store(at, part(&tile, 0, len));
    }
}

/// The row of a softmax; a size that it does not take does not compile.
struct Classes<X, const O: usize>(PhantomData<fn(X)>);

impl<X: Tensor, const O: usize> Classes<X, O> {
    const LEN: usize = Softmax::classes::<X, O>();
}
