//! The operators on tensors of any shape survive every power failure, on mapped memory and on a byte store.
//!
//! Tiles are small, so that there are several commits; whether the values are right is `sweep`'s part.

use rekindle::Plain;
use rekindle::crash::{Check, Report};
use rekindle::prelude::*;
use rekindle_kernels::broadcast::{Add, Mul, Quantization, Sub, add, mul, sub};
use rekindle_kernels::{AUTO, Multiplier};
use rekindle_kernels::{
    Activation, Affine, Concat, Conv2d, Depthwise, Lookup, Mean, Pad, Pool, ReduceMax,
    StridedSlice, Transpose, TransposeConv, arg_max, average_pool, concat, conv2d, depthwise,
    dequantize, lookup, mean, pad, per_tensor, quantize, reduce_max, reshape, strided_slice,
    transpose, transpose_conv,
};

const Q: Quantization = Quantization::new(0.1, -7);
const FINE: Quantization = Quantization::new(0.06, 12);
const ACTIVATION: Activation = Activation {
    zero: -5,
    min: -100,
    max: 90,
};
const SCALE: Multiplier = Multiplier::from_real(0.004);

/// Two inputs and an output.
#[derive(Layout)]
struct Memory<A, B, Y> {
    a: Buffer<A>,
    b: Buffer<B>,
    y: Buffer<Y>,
}

/// Bytes that differ from place to place.
fn bytes<T: Plain>(seed: usize) -> T {
    let bytes: Vec<u8> = (0..size_of::<T>())
        .map(|i| ((i + seed) * 83 % 251) as u8)
        .collect();
    T::read_from_bytes(&bytes).unwrap_or_else(|_| panic!("as many bytes as the type has"))
}

fn good(reports: [Report; 2]) {
    for report in reports {
        assert_eq!(report.unexplored, 0, "{report}");
        assert!(report.hazards.is_empty(), "{:?}", report.hazards);
    }
}

/// Checks a task, given as the closure of `resume_or_start`, on buffers of these types, on both stores.
macro_rules! survives {
    ($($name:ident($a:ty, $b:ty) -> $y:ty: |$cx:ident, $m:ident| $run:expr;)*) => {$(
        #[test]
        fn $name() {
            let check = || {
                Check::<Memory<$a, $b, $y>>::new()
                    .init(|nvm| {
                        nvm.write(|m: &mut Memory<$a, $b, $y>| &mut m.a, &bytes(1))?;
                        nvm.write(|m| &mut m.b, &bytes(100))
                    })
                    .random(100)
                    .seed(1)
            };
            good([check().run_mapped(|$cx, $m| $run), check().run_bytes(|$cx, $m| $run)]);
        }
    )*};
}

type Map = [[[i8; 2]; 4]; 5];
type Row = [i8; 2];
type Side = [[[i8; 2]; 3]; 5];
type Long = [[[i8; 2]; 7]; 5];

static ADD: Add<Map, Row, Map, 7> = Add::new(Q, FINE, 0.1, ACTIVATION);
static SUB: Sub<Row, Map, Map, 7> = Sub::new(Q, FINE, 0.1, ACTIVATION);
static MUL: Mul<Map, [[i8; 1]; 4], Map, 40> = Mul::new(Q, FINE, 0.8, ACTIVATION);
static LOGISTIC: Lookup<9> = Lookup::logistic(Q);
static MEAN: Mean<Map, [[i8; 2]; 5], 3> = Mean::new(&[1], Q, FINE);
static MAX: ReduceMax<Map, [i8; 4], 3> = ReduceMax::new(&[0, 2]);
static TRANSPOSE: Transpose<Map, [[[i8; 4]; 5]; 2], 11> = Transpose::new(&[2, 0, 1]);
static SLICE: StridedSlice<Map, [[[i8; 2]; 4]; 3], 5> = StridedSlice::new(&[4, 0, 1], &[-2, 1, -1]);
static PAD: Pad<Map, [[[i8; 2]; 7]; 6], 16> = Pad::new(&[1, 2, 0], -7);
static FIRST: Concat<Map, Long, 8> = Concat::new(1, 0);
static SECOND: Concat<Side, Long, 8> = Concat::new(1, 4);
static AFFINE: Affine<4> = Affine::new(Q);
static UP: TransposeConv<3, 3, 2, 3, 2, 2> = TransposeConv::new(
    [[[[3, -90]; 3]; 3], [[[127, 5]; 3]; 3], [[[-7, 8]; 3]; 3]],
    [1, -2, 300],
    per_tensor(SCALE),
    4,
    ACTIVATION,
);
static DILATED: Conv2d<2, 2, 2, 2, 1, 1, 3, 2> = Conv2d::new(
    [[[[3, -90]; 2]; 2], [[[127, 5]; 2]; 2]],
    [1, -2],
    per_tensor(SCALE),
    4,
    ACTIVATION,
);
static POINT: rekindle_kernels::Pointwise<2, 3> = Conv2d::new(
    [[[[3, -90]]], [[[127, 5]]], [[[-7, 8]]]],
    [1, -2, 300],
    per_tensor(SCALE),
    4,
    ACTIVATION,
);
static PADDED: Depthwise<3, 3, 2, 2, 2, 1, 1, 1, 2, AUTO> = Depthwise::new(
    [[[1, -20]; 3]; 3],
    [9, -9],
    per_tensor(SCALE),
    -3,
    ACTIVATION,
);
static GLOBAL: Pool<5, 4> = Pool::new();

#[intermittent_task]
fn both(a: Input<Map>, b: Input<Side>, y: Output<Long>) {
    #[run]
    concat(a, &FIRST, y);
    #[run]
    concat(b, &SECOND, y);
}

survives! {
    adding(Map, Row) -> Map: |cx, m| add(cx, &m.a, &m.b, &ADD, &mut m.y);
    subtracting(Row, Map) -> Map: |cx, m| sub(cx, &m.a, &m.b, &SUB, &mut m.y);
    multiplying(Map, [[i8; 1]; 4]) -> Map: |cx, m| mul(cx, &m.a, &m.b, &MUL, &mut m.y);
    looking_up(Map, i8) -> Map: |cx, m| lookup(cx, &m.a, &LOGISTIC, &mut m.y);
    averaging(Map, i8) -> [[i8; 2]; 5]: |cx, m| mean(cx, &m.a, &MEAN, &mut m.y);
    reducing(Map, i8) -> [i8; 4]: |cx, m| reduce_max(cx, &m.a, &MAX, &mut m.y);
    arguing([[i8; 6]; 5], i8) -> [i32; 5]: |cx, m| arg_max(cx, &m.a, &mut m.y);
    transposing(Map, i8) -> [[[i8; 4]; 5]; 2]: |cx, m| transpose(cx, &m.a, &TRANSPOSE, &mut m.y);
    slicing(Map, i8) -> [[[i8; 2]; 4]; 3]: |cx, m| strided_slice(cx, &m.a, &SLICE, &mut m.y);
    padding(Map, i8) -> [[[i8; 2]; 7]; 6]: |cx, m| pad(cx, &m.a, &PAD, &mut m.y);
    reshaping([[i8; 50]; 3], i8) -> [i8; 150]: |cx, m| reshape(cx, &m.a, &mut m.y);
    concatenating(Map, Side) -> Long: |cx, m| both(cx, &m.a, &m.b, &mut m.y);
    quantizing([f32; 10], i8) -> [i8; 10]: |cx, m| quantize(cx, &m.a, &AFFINE, &mut m.y);
    dequantizing([i8; 10], i8) -> [f32; 10]: |cx, m| dequantize(cx, &m.a, &AFFINE, &mut m.y);
    upsampling([[[i8; 2]; 3]; 2], i8) -> [[[i8; 3]; 6]; 4]: |cx, m| transpose_conv(cx, &m.a, &UP, &mut m.y);
    dilating(Map, i8) -> [[[i8; 2]; 4]; 5]: |cx, m| conv2d(cx, &m.a, &DILATED, &mut m.y);
    pointwise(Map, i8) -> [[[i8; 3]; 4]; 5]: |cx, m| conv2d(cx, &m.a, &POINT, &mut m.y);
    padding_explicitly(Map, i8) -> [[[i8; 2]; 4]; 3]: |cx, m| depthwise(cx, &m.a, &PADDED, &mut m.y);
    pooling_globally(Map, i8) -> [[[i8; 2]; 1]; 1]: |cx, m| average_pool(cx, &m.a, &GLOBAL, &mut m.y);
}
