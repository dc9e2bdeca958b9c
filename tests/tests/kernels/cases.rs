//! Every operator in two forms: on whole buffers, and in tiles.

use rekindle::prelude::*;
use rekindle_kernels::broadcast::{self, Mul, Quantization, Sub};
use rekindle_kernels::tiled::{self, Tile};
use rekindle_kernels::{
    AUTO, Activation, Add, Affine, Concat, Conv2d, Dense, Depthwise, Lookup, Mean, Multiplier, Pad,
    Pointwise, Pool, ReduceMax, Softmax, StridedSlice, Transpose, TransposeConv, add, arg_max,
    average_pool, by_element, concat, conv2d, dense, depthwise, dequantize, lookup, max_pool, mean,
    paced, pad, per_tensor, quantize, reduce_max, reshape, softmax, strided_slice, transpose,
    transpose_conv,
};

use super::Memory;
use super::forms::forms;

const Q: Quantization = Quantization::new(0.1, -7);
const FINE: Quantization = Quantization::new(0.06, 12);
const ACTIVATION: Activation = Activation {
    zero: -5,
    min: -100,
    max: 90,
};
const SCALE: Multiplier = Multiplier::from_real(0.004);

/// Weights that differ from place to place.
const fn weights<const N: usize>(seed: usize) -> [i8; N] {
    let (mut all, mut i) = ([0; N], 0);
    while i < N {
        all[i] = (((i + seed) * 83) % 251) as u8 as i8;
        i += 1;
    }
    all
}

const fn rows<const N: usize, const M: usize>(seed: usize) -> [[i8; N]; M] {
    let (mut all, mut m) = ([[0; N]; M], 0);
    while m < M {
        all[m] = weights(seed + 17 * m);
        m += 1;
    }
    all
}

const fn planes<const N: usize, const M: usize, const K: usize>(seed: usize) -> [[[i8; N]; M]; K] {
    let (mut all, mut k) = ([[[0; N]; M]; K], 0);
    while k < K {
        all[k] = rows(seed + 29 * k);
        k += 1;
    }
    all
}

const fn filters<const N: usize, const M: usize, const K: usize, const F: usize>(
    seed: usize,
) -> [[[[i8; N]; M]; K]; F] {
    let (mut all, mut f) = ([[[[0; N]; M]; K]; F], 0);
    while f < F {
        all[f] = planes(seed + 31 * f);
        f += 1;
    }
    all
}

/// A layer of the last five parameters of `Conv2d::new` that are the same everywhere.
macro_rules! layer {
    ($kind:ident, $weight:expr) => {
        $kind::new($weight, [77; _], per_tensor(SCALE), 4, ACTIVATION)
    };
}

pub(super) type Map = [[[i8; 2]; 4]; 5];
pub(super) type Small = [[[i8; 3]; 5]; 4];
type Row = [i8; 2];
type Side = [[[i8; 2]; 3]; 5];
type Long = [[[i8; 2]; 7]; 5];

static ADD: Add = Add::new([0.1, 0.06], [-7, 12], 0.1, ACTIVATION);
static WIDE: broadcast::Add<Map, Row, Map, 7> = broadcast::Add::new(Q, FINE, 0.1, ACTIVATION);
static SUB: Sub<Row, Map, Map, 7> = Sub::new(Q, FINE, 0.1, ACTIVATION);
static MUL: Mul<Map, [[i8; 1]; 4], Map, 40> = Mul::new(Q, FINE, 0.8, ACTIVATION);
static LOGISTIC: Lookup<9> = Lookup::logistic(Q);
static SOFTMAX: Softmax = Softmax::new(0.1, 1.0);
static MEAN: Mean<Map, [[i8; 2]; 5], 3> = Mean::new(&[1], Q, FINE);
static MEAN_LAST: Mean<Map, [i8; 5], 3> = Mean::new(&[1, 2], Q, FINE);
static MAX: ReduceMax<Map, [i8; 4], 3> = ReduceMax::new(&[0, 2]);
static TRANSPOSE: Transpose<Map, [[[i8; 4]; 5]; 2], 11> = Transpose::new(&[2, 0, 1]);
static SLICE: StridedSlice<Map, [[[i8; 2]; 4]; 3], 5> = StridedSlice::new(&[4, 0, 1], &[-2, 1, -1]);
static PART: StridedSlice<Map, [[[i8; 2]; 2]; 3], 5> = StridedSlice::new(&[1, 1, 0], &[1, 1, 1]);
static PAD: Pad<Map, [[[i8; 2]; 7]; 6], 16> = Pad::new(&[1, 2, 0], -7);
static FIRST: Concat<Map, Long, 8> = Concat::new(1, 0);
static SECOND: Concat<Side, Long, 8> = Concat::new(1, 4);
static AFFINE: Affine<4> = Affine::new(Q);
static UP: TransposeConv<3, 3, 2, 3, 2, 2> = layer!(TransposeConv, filters(1));
static UP_VALID: TransposeConv<2, 3, 2, 2, 1, 3> = layer!(TransposeConv, filters(2));
pub(super) static CONV: Conv2d<3, 3, 3, 4> = layer!(Conv2d, filters(3));
pub(super) static STRIDED: Conv2d<2, 3, 3, 2, 2, 1> = layer!(Conv2d, filters(4));
pub(super) static DILATED: Conv2d<2, 2, 2, 2, 1, 1, 3, 2> = layer!(Conv2d, filters(5));
pub(super) static EXPLICIT: Conv2d<3, 2, 3, 5, 1, 2, 1, 1, 2, 1> = layer!(Conv2d, filters(6));
pub(super) static POINT: Pointwise<2, 3> = layer!(Conv2d, filters(7));
pub(super) static DEEP: Depthwise<3, 3, 3, 3> = layer!(Depthwise, planes(8));
pub(super) static DEEP_DILATED: Depthwise<2, 2, 2, 2, 1, 1, 2, 2> = layer!(Depthwise, planes(9));
pub(super) static PADDED: Depthwise<3, 3, 2, 6, 2, 1, 1, 1, 2, AUTO> =
    layer!(Depthwise, planes(10));
static DENSE: Dense<20, 11> = layer!(Dense, rows(11));
pub(super) static POOL: Pool<2, 2> = Pool::new();
pub(super) static POOL_PADDED: Pool<3, 3, 2, 1> = Pool::clamped(-90, 80);
pub(super) static GLOBAL: Pool<5, 4> = Pool::new();

#[intermittent_task]
fn both(a: Input<Map>, b: Input<Side>, y: Output<Long>) {
    #[run]
    concat(a, &FIRST, y);
    #[run]
    concat(b, &SECOND, y);
}

/// Tiles may be handed on by a task on whole buffers: it opens none of them.
#[intermittent_task]
fn both_tiled(a: Input<Map>, b: Input<Side>, y: Output<Long>) {
    #[run]
    tiled::concat(a, &FIRST, y);
    #[run]
    tiled::concat(b, &SECOND, y);
}

forms! {
    convolution(Small, i8) -> [[[i8; 4]; 5]; 4], 0; |cx, m| conv2d(cx, &m.a, &CONV, &mut m.y), tiled::conv2d(cx, &m.a, &CONV, &mut m.y);
    convolution_valid(Small, i8) -> [[[i8; 4]; 3]; 2], 0; |cx, m| conv2d(cx, &m.a, &CONV, &mut m.y), tiled::conv2d(cx, &m.a, &CONV, &mut m.y);
    convolution_strided(Small, i8) -> [[[i8; 2]; 5]; 2], 0; |cx, m| by_element::conv2d(cx, &m.a, &STRIDED, &mut m.y), tiled::conv2d(cx, &m.a, &STRIDED, &mut m.y);
    convolution_dilated(Map, i8) -> [[[i8; 2]; 4]; 5], 0; |cx, m| conv2d(cx, &m.a, &DILATED, &mut m.y), tiled::conv2d(cx, &m.a, &DILATED, &mut m.y);
    convolution_explicit(Small, i8) -> [[[i8; 5]; 3]; 5], 0; |cx, m| conv2d(cx, &m.a, &EXPLICIT, &mut m.y), tiled::conv2d(cx, &m.a, &EXPLICIT, &mut m.y);
    pointwise(Map, i8) -> [[[i8; 3]; 4]; 5], 0; |cx, m| paced::conv2d(cx, paced::Every::<3>, &m.a, &POINT, &mut m.y), tiled::conv2d(cx, &m.a, &POINT, &mut m.y);
    depthwise_at_once(Small, i8) -> Small, 0; |cx, m| depthwise(cx, &m.a, &DEEP, &mut m.y), tiled::depthwise(cx, Tile::<3>, &m.a, &DEEP, &mut m.y);
    depthwise_in_groups(Small, i8) -> [[[i8; 3]; 3]; 2], 0; |cx, m| depthwise(cx, &m.a, &DEEP, &mut m.y), tiled::depthwise(cx, Tile::<2>, &m.a, &DEEP, &mut m.y);
    depthwise_dilated(Map, i8) -> [[[i8; 2]; 4]; 5], 0; |cx, m| depthwise(cx, &m.a, &DEEP_DILATED, &mut m.y), tiled::depthwise(cx, Tile::<2>, &m.a, &DEEP_DILATED, &mut m.y);
    depthwise_multiplied(Map, i8) -> [[[i8; 6]; 4]; 3], 0; |cx, m| by_element::depthwise(cx, &m.a, &PADDED, &mut m.y), tiled::depthwise(cx, Tile::<4>, &m.a, &PADDED, &mut m.y);
    fully_connected([[i8; 5]; 4], i8) -> [i8; 11], 0; |cx, m| dense(cx, &m.a, &DENSE, &mut m.y), tiled::dense(cx, Tile::<7, 4>, &m.a, &DENSE, &mut m.y);
    fully_connected_by_one([i8; 20], i8) -> [i8; 11], 0; |cx, m| by_element::dense(cx, &m.a, &DENSE, &mut m.y), tiled::dense(cx, Tile::<20, 1>, &m.a, &DENSE, &mut m.y);
    upsampling([[[i8; 2]; 3]; 2], i8) -> [[[i8; 3]; 6]; 4], 0; |cx, m| transpose_conv(cx, &m.a, &UP, &mut m.y), tiled::transpose_conv(cx, &m.a, &UP, &mut m.y);
    upsampling_valid([[[i8; 2]; 2]; 3], i8) -> [[[i8; 2]; 6]; 4], 0; |cx, m| transpose_conv(cx, &m.a, &UP_VALID, &mut m.y), tiled::transpose_conv(cx, &m.a, &UP_VALID, &mut m.y);
    maximum(Small, i8) -> [[[i8; 3]; 2]; 2], 0; |cx, m| max_pool(cx, &m.a, &POOL, &mut m.y), tiled::max_pool(cx, Tile::<3>, &m.a, &POOL, &mut m.y);
    maximum_padded(Small, i8) -> [[[i8; 3]; 5]; 2], 0; |cx, m| by_element::max_pool(cx, &m.a, &POOL_PADDED, &mut m.y), tiled::max_pool(cx, Tile::<2>, &m.a, &POOL_PADDED, &mut m.y);
    average_padded(Small, i8) -> [[[i8; 3]; 5]; 2], 0; |cx, m| average_pool(cx, &m.a, &POOL_PADDED, &mut m.y), tiled::average_pool(cx, Tile::<2>, &m.a, &POOL_PADDED, &mut m.y);
    average_global(Map, i8) -> [[[i8; 2]; 1]; 1], 0; |cx, m| average_pool(cx, &m.a, &GLOBAL, &mut m.y), tiled::average_pool(cx, Tile::<8>, &m.a, &GLOBAL, &mut m.y);
    adding(Map, Map) -> Map, 0; |cx, m| add(cx, &m.a, &m.b, &ADD, &mut m.y), tiled::add(cx, Tile::<9>, &m.a, &m.b, &ADD, &mut m.y);
    broadcasting(Map, Row) -> Map, 0; |cx, m| broadcast::add(cx, &m.a, &m.b, &WIDE, &mut m.y), tiled::broadcast_add(cx, &m.a, &m.b, &WIDE, &mut m.y);
    subtracting(Row, Map) -> Map, 0; |cx, m| broadcast::sub(cx, &m.a, &m.b, &SUB, &mut m.y), tiled::sub(cx, &m.a, &m.b, &SUB, &mut m.y);
    multiplying(Map, [[i8; 1]; 4]) -> Map, 0; |cx, m| broadcast::mul(cx, &m.a, &m.b, &MUL, &mut m.y), tiled::mul(cx, &m.a, &m.b, &MUL, &mut m.y);
    looking_up(Map, i8) -> Map, 0; |cx, m| lookup(cx, &m.a, &LOGISTIC, &mut m.y), tiled::lookup(cx, &m.a, &LOGISTIC, &mut m.y);
    probabilities([[i8; 5]; 3], i8) -> [i8; 15], 0; |cx, m| softmax(cx, &m.a, &SOFTMAX, &mut m.y), tiled::softmax(cx, Tile::<4>, &m.a, &SOFTMAX, &mut m.y);
    averaging(Map, i8) -> [[i8; 2]; 5], 0; |cx, m| mean(cx, &m.a, &MEAN, &mut m.y), tiled::mean(cx, Tile::<4>, &m.a, &MEAN, &mut m.y);
    averaging_rows(Map, i8) -> [i8; 5], 0; |cx, m| mean(cx, &m.a, &MEAN_LAST, &mut m.y), tiled::mean(cx, Tile::<5>, &m.a, &MEAN_LAST, &mut m.y);
    reducing(Map, i8) -> [i8; 4], 0; |cx, m| reduce_max(cx, &m.a, &MAX, &mut m.y), tiled::reduce_max(cx, Tile::<4>, &m.a, &MAX, &mut m.y);
    arguing([[i8; 6]; 5], i8) -> [i32; 5], 0; |cx, m| arg_max(cx, &m.a, &mut m.y), tiled::arg_max(cx, Tile::<4>, &m.a, &mut m.y);
    quantizing([f32; 10], i8) -> [i8; 10], 0; |cx, m| quantize(cx, &m.a, &AFFINE, &mut m.y), tiled::quantize(cx, &m.a, &AFFINE, &mut m.y);
    dequantizing([i8; 10], i8) -> [f32; 10], 0; |cx, m| dequantize(cx, &m.a, &AFFINE, &mut m.y), tiled::dequantize(cx, &m.a, &AFFINE, &mut m.y);
    transposing(Map, i8) -> [[[i8; 4]; 5]; 2], 0; |cx, m| transpose(cx, &m.a, &TRANSPOSE, &mut m.y), tiled::transpose(cx, &m.a, &TRANSPOSE, &mut m.y);
    slicing(Map, i8) -> [[[i8; 2]; 4]; 3], 0; |cx, m| strided_slice(cx, &m.a, &SLICE, &mut m.y), tiled::strided_slice(cx, &m.a, &SLICE, &mut m.y);
    slicing_a_part(Map, i8) -> [[[i8; 2]; 2]; 3], 0; |cx, m| strided_slice(cx, &m.a, &PART, &mut m.y), tiled::strided_slice(cx, &m.a, &PART, &mut m.y);
    padding(Map, i8) -> [[[i8; 2]; 7]; 6], 0; |cx, m| pad(cx, &m.a, &PAD, &mut m.y), tiled::pad(cx, &m.a, &PAD, &mut m.y);
    reshaping([[i8; 50]; 3], i8) -> [i8; 150], 0; |cx, m| reshape(cx, &m.a, &mut m.y), tiled::reshape(cx, Tile::<32>, &m.a, &mut m.y);
    concatenating(Map, Side) -> Long, 0; |cx, m| both(cx, &m.a, &m.b, &mut m.y), both_tiled(cx, &m.a, &m.b, &mut m.y);
}
