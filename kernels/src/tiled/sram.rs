//! Bytes of SRAM that the tiles of each kernel take, known before the program is built.
//!
//! They count what grows with the layer: tiles, sums, and the outputs of a tile, on the stack. What a call takes beside
//! them does not depend on shapes; `docs/operators/tiles.md` has what was measured.
//!
//! ```
//! use rekindle_kernels::tiled::{Tile, sram};
//! use rekindle_kernels::{Activation, Dense, Multiplier, per_tensor};
//!
//! static LAYER: Dense<4000, 4> =
//!     Dense::new([[1; 4000]; 4], [0; 4], per_tensor(Multiplier::from_real(0.001)), 0, Activation::linear(0));
//!
//! const _: () = assert!(sram::dense(Tile::<64, 4>, &LAYER) < 100);
//! ```

use super::Tile;
use crate::broadcast::{self, Mul, Sub};
use crate::conv2d::Conv2d;
use crate::convert::Affine;
use crate::dense::Dense;
use crate::depthwise::Depthwise;
use crate::lookup::Lookup;
use crate::movement::{Concat, Pad, StridedSlice, Transpose};
use crate::pool::Pool;
use crate::tensor::Tensor;
use crate::transpose_conv::TransposeConv;

/// Of [`conv2d`](super::conv2d()): the input under the filter, and a value per output channel.
pub const fn conv2d<
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
>(
    _layer: &Conv2d<KH, KW, C, M, SH, SW, DH, DW, PH, PW>,
) -> usize {
    KH * KW * C + M
}

/// Of [`depthwise`](super::depthwise()): `G` channels of the input under the filter, and as many outputs.
pub const fn depthwise<
    const G: usize,
    const N: usize,
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
>(
    _tile: Tile<G, N>,
    _layer: &Depthwise<KH, KW, C, M, SH, SW, DH, DW, PH, PW>,
) -> usize {
    KH * KW * G + G
}

/// Of [`max_pool`](super::max_pool()): a pixel, the maxima, and the outputs.
pub const fn max_pool<
    const G: usize,
    const N: usize,
    const KH: usize,
    const KW: usize,
    const SH: usize,
    const SW: usize,
>(
    _tile: Tile<G, N>,
    _layer: &Pool<KH, KW, SH, SW>,
) -> usize {
    3 * G
}

/// Of [`average_pool`](super::average_pool()): a pixel, sums of four bytes, and the outputs.
pub const fn average_pool<
    const G: usize,
    const N: usize,
    const KH: usize,
    const KW: usize,
    const SH: usize,
    const SW: usize,
>(
    _tile: Tile<G, N>,
    _layer: &Pool<KH, KW, SH, SW>,
) -> usize {
    6 * G
}

/// Of [`transpose_conv`](super::transpose_conv()): a pixel, sums of four bytes, and the outputs.
pub const fn transpose_conv<
    const KH: usize,
    const KW: usize,
    const C: usize,
    const M: usize,
    const SH: usize,
    const SW: usize,
>(
    _layer: &TransposeConv<KH, KW, C, M, SH, SW>,
) -> usize {
    C + 5 * M
}

/// Of [`dense`](super::dense()): a piece of the input, and `N` sums and outputs.
pub const fn dense<const PIECE: usize, const N: usize, const I: usize, const O: usize>(
    _tile: Tile<PIECE, N>,
    _layer: &Dense<I, O>,
) -> usize {
    PIECE + 5 * N
}

/// Of [`softmax`](super::softmax()), [`mean`](super::mean()), [`reduce_max`](super::reduce_max()) and
/// [`arg_max`](super::arg_max()): a piece of the input.
pub const fn piece<const PIECE: usize, const N: usize>(_tile: Tile<PIECE, N>) -> usize {
    PIECE
}

/// Of [`add`](super::add()): a tile of both inputs, one of which becomes the output.
pub const fn add<const TILE: usize, const N: usize>(_tile: Tile<TILE, N>) -> usize {
    2 * TILE
}

/// Of [`reshape`](super::reshape()): a tile.
pub const fn reshape<const TILE: usize, const N: usize>(_tile: Tile<TILE, N>) -> usize {
    TILE
}

/// Of [`lookup`](super::lookup()): a tile.
pub const fn lookup<const TILE: usize>(_layer: &Lookup<TILE>) -> usize {
    TILE
}

/// Of [`quantize`](super::quantize()) and [`dequantize`](super::dequantize()): a tile of both.
pub const fn affine<const TILE: usize>(_layer: &Affine<TILE>) -> usize {
    5 * TILE
}

macro_rules! binary {
    ($($name:ident, $task:literal, $layer:ty;)*) => {$(
        #[doc = concat!("Of [`", $task, "`](super::", $task, "()): a tile of both inputs, one of which becomes the output.")]
        pub const fn $name<A: Tensor, B: Tensor, Y: Tensor, const TILE: usize>(_layer: &$layer) -> usize {
            2 * TILE
        }
    )*};
}

binary! {
    broadcast_add, "broadcast_add", broadcast::Add<A, B, Y, TILE>;
    sub, "sub", Sub<A, B, Y, TILE>;
    mul, "mul", Mul<A, B, Y, TILE>;
}

macro_rules! moved {
    ($($name:ident, $task:literal, $layer:ident;)*) => {$(
        #[doc = concat!("Of [`", $task, "`](super::", $task, "()): a tile.")]
        pub const fn $name<X: Tensor, Y: Tensor, const TILE: usize>(_layer: &$layer<X, Y, TILE>) -> usize {
            TILE
        }
    )*};
}

moved! {
    transpose, "transpose", Transpose;
    strided_slice, "strided_slice", StridedSlice;
    pad, "pad", Pad;
    concat, "concat", Concat;
}
