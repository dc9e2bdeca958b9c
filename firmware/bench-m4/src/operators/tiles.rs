//! The kernels in tiles, on a byte store and without an arena, with layers of the size that models have: what they say
//! that their tiles take, and how much stack they take.

use rekindle::prelude::*;
use rekindle_kernels::broadcast::{self, Mul, Quantization, Sub};
use rekindle_kernels::tiled::{self, Tile, sram};
use rekindle_kernels::{
    Activation, Add, Affine, Concat, Conv2d, Dense, Depthwise, Lookup, Mean, Multiplier, Pad,
    Pointwise, Pool, ReduceMax, Softmax, StridedSlice, Transpose, TransposeConv, per_tensor,
};

use crate::cases::{Memory, noise};
use crate::psram::Psram;
use crate::stack;

const Q: Quantization = Quantization::new(0.1, -7);
const FINE: Quantization = Quantization::new(0.06, 12);
const ACTIVATION: Activation = Activation {
    zero: -5,
    min: -100,
    max: 90,
};
const SCALE: Multiplier = Multiplier::from_real(0.004);

macro_rules! layer {
    ($kind:ident, $weight:expr) => {
        $kind::new($weight, [77; _], per_tensor(SCALE), 4, ACTIVATION)
    };
}

pub type Map = [[[i8; 16]; 12]; 10];
pub type Wide = [[[i8; 64]; 8]; 8];
pub type Wider = [[[i8; 256]; 6]; 6];

pub static CONV: Conv2d<3, 3, 16, 16> = layer!(Conv2d, [[[[3; 16]; 3]; 3]; 16]);
pub static LARGE: Conv2d<3, 3, 64, 64> = layer!(Conv2d, [[[[3; 64]; 3]; 3]; 64]);
pub static KWS: Conv2d<10, 4, 1, 64, 2, 2> = layer!(Conv2d, [[[[3; 1]; 4]; 10]; 64]);
pub static POINT: Pointwise<256, 256> = layer!(Conv2d, [[[[3; 256]; 1]; 1]; 256]);
pub static DEEP: Depthwise<3, 3, 64, 64> = layer!(Depthwise, [[[3; 64]; 3]; 3]);
pub static DEEPER: Depthwise<3, 3, 256, 256> = layer!(Depthwise, [[[3; 256]; 3]; 3]);
static DENSE: Dense<640, 128> = layer!(Dense, [[3; 640]; 128]);
static UP: TransposeConv<3, 3, 16, 16, 2, 2> = layer!(TransposeConv, [[[[3; 16]; 3]; 3]; 16]);
pub static POOL: Pool<2, 2> = Pool::new();
pub static GLOBAL: Pool<6, 6> = Pool::new();
static ADD: Add = Add::new([0.1, 0.06], [-7, 12], 0.1, ACTIVATION);
static WIDE: broadcast::Add<Map, [i8; 16], Map> = broadcast::Add::new(Q, FINE, 0.1, ACTIVATION);
static SUB: Sub<Map, [i8; 16], Map> = Sub::new(Q, FINE, 0.1, ACTIVATION);
static MUL: Mul<Map, [[i8; 1]; 12], Map> = Mul::new(Q, FINE, 0.8, ACTIVATION);
static LOGISTIC: Lookup = Lookup::logistic(Q);
static SOFTMAX: Softmax = Softmax::new(0.1, 1.0);
static MEAN: Mean<Map, [i8; 16]> = Mean::new(&[0, 1], Q, FINE);
static MAX: ReduceMax<Map, [[i8; 12]; 10]> = ReduceMax::new(&[2]);
static AFFINE: Affine = Affine::new(Q);
static TRANSPOSE: Transpose<Map, [[[i8; 12]; 10]; 16]> = Transpose::new(&[2, 0, 1]);
static SLICE: StridedSlice<Map, [[[i8; 16]; 5]; 4]> = StridedSlice::new(&[1, 2, 0], &[2, 2, 1]);
static PAD: Pad<Map, [[[i8; 16]; 14]; 12]> = Pad::new(&[1, 1, 0], -7);
static CONCAT: Concat<Map, [[[i8; 24]; 12]; 10]> = Concat::new(2, 4);

/// Runs a task, given as the closure of `resume_or_start`, on a byte store.
macro_rules! kernels {
    ($($name:ident($a:ty, $b:ty) -> $y:ty, $sram:expr, |$cx:ident, $m:ident| $run:expr;)*) => {
        /// Runs all of them; gives names, bytes of tiles and of stack to `report`.
        ///
        /// # Errors
        ///
        /// Those of the runtime.
        pub fn all(memory: &mut [u8], mut report: impl FnMut(&str, usize, usize)) -> Result<(), Error> {
            $({
                #[inline(never)]
                fn run(nvm: &mut [u8]) -> Result<usize, Error> {
                    let mut nvm = Nvm::<Memory<$a, $b, $y>, _>::open(Psram::store(nvm))?;
                    nvm.restart()?;
                    nvm.write(|m| &mut m.a, &noise(1))?;
                    nvm.write(|m| &mut m.b, &noise(2))?;
                    let call = || nvm.resume_or_start(&mut [], |$cx, $m| $run).map(|_| ());
                    let (result, stack) = stack::depth(call);
                    result.map(|()| stack)
                }
                // Under 2 KB, as the smallest devices have it.
                const TILES: usize = { let tiles = $sram; assert!(tiles < 2048); tiles };
                report(stringify!($name), TILES, run(memory)?);
            })*
            Ok(())
        }
    };
}

kernels! {
    conv2d(Map, i8) -> Map, sram::conv2d(&CONV), |cx, m| tiled::conv2d(cx, &m.a, &CONV, &mut m.y);
    conv2d_64(Wide, i8) -> Wide, sram::conv2d(&LARGE), |cx, m| tiled::conv2d(cx, &m.a, &LARGE, &mut m.y);
    conv2d_10_by_4([[[i8; 1]; 10]; 49], i8) -> [[[i8; 64]; 5]; 25], sram::conv2d(&KWS), |cx, m| tiled::conv2d(cx, &m.a, &KWS, &mut m.y);
    pointwise_256(Wider, i8) -> Wider, sram::conv2d(&POINT), |cx, m| tiled::conv2d(cx, &m.a, &POINT, &mut m.y);
    depthwise_64(Wide, i8) -> Wide, sram::depthwise(Tile::<64>, &DEEP), |cx, m| tiled::depthwise(cx, Tile::<64>, &m.a, &DEEP, &mut m.y);
    depthwise_256(Wider, i8) -> Wider, sram::depthwise(Tile::<32>, &DEEPER), |cx, m| tiled::depthwise(cx, Tile::<32>, &m.a, &DEEPER, &mut m.y);
    dense_640([i8; 640], i8) -> [i8; 128], sram::dense(Tile::<64, 16>, &DENSE), |cx, m| tiled::dense(cx, Tile::<64, 16>, &m.a, &DENSE, &mut m.y);
    transpose_conv(Map, i8) -> [[[i8; 16]; 24]; 20], sram::transpose_conv(&UP), |cx, m| tiled::transpose_conv(cx, &m.a, &UP, &mut m.y);
    max_pool(Wide, i8) -> [[[i8; 64]; 4]; 4], sram::max_pool(Tile::<64>, &POOL), |cx, m| tiled::max_pool(cx, Tile::<64>, &m.a, &POOL, &mut m.y);
    average_pool(Wider, i8) -> [[[i8; 256]; 1]; 1], sram::average_pool(Tile::<64>, &GLOBAL), |cx, m| tiled::average_pool(cx, Tile::<64>, &m.a, &GLOBAL, &mut m.y);
    add(Map, Map) -> Map, sram::add(Tile::<64>), |cx, m| tiled::add(cx, Tile::<64>, &m.a, &m.b, &ADD, &mut m.y);
    broadcast_add(Map, [i8; 16]) -> Map, sram::broadcast_add(&WIDE), |cx, m| tiled::broadcast_add(cx, &m.a, &m.b, &WIDE, &mut m.y);
    sub(Map, [i8; 16]) -> Map, sram::sub(&SUB), |cx, m| tiled::sub(cx, &m.a, &m.b, &SUB, &mut m.y);
    mul(Map, [[i8; 1]; 12]) -> Map, sram::mul(&MUL), |cx, m| tiled::mul(cx, &m.a, &m.b, &MUL, &mut m.y);
    lookup(Map, i8) -> Map, sram::lookup(&LOGISTIC), |cx, m| tiled::lookup(cx, &m.a, &LOGISTIC, &mut m.y);
    softmax([i8; 1000], i8) -> [i8; 1000], sram::piece(Tile::<64>), |cx, m| tiled::softmax(cx, Tile::<64>, &m.a, &SOFTMAX, &mut m.y);
    mean(Map, i8) -> [i8; 16], sram::piece(Tile::<64>), |cx, m| tiled::mean(cx, Tile::<64>, &m.a, &MEAN, &mut m.y);
    reduce_max(Map, i8) -> [[i8; 12]; 10], sram::piece(Tile::<64>), |cx, m| tiled::reduce_max(cx, Tile::<64>, &m.a, &MAX, &mut m.y);
    arg_max([[i8; 1000]; 2], i8) -> [i32; 2], sram::piece(Tile::<64>), |cx, m| tiled::arg_max(cx, Tile::<64>, &m.a, &mut m.y);
    quantize([f32; 490], i8) -> [i8; 490], sram::affine(&AFFINE), |cx, m| tiled::quantize(cx, &m.a, &AFFINE, &mut m.y);
    dequantize([i8; 490], i8) -> [f32; 490], sram::affine(&AFFINE), |cx, m| tiled::dequantize(cx, &m.a, &AFFINE, &mut m.y);
    transpose(Map, i8) -> [[[i8; 12]; 10]; 16], sram::transpose(&TRANSPOSE), |cx, m| tiled::transpose(cx, &m.a, &TRANSPOSE, &mut m.y);
    strided_slice(Map, i8) -> [[[i8; 16]; 5]; 4], sram::strided_slice(&SLICE), |cx, m| tiled::strided_slice(cx, &m.a, &SLICE, &mut m.y);
    pad(Map, i8) -> [[[i8; 16]; 14]; 12], sram::pad(&PAD), |cx, m| tiled::pad(cx, &m.a, &PAD, &mut m.y);
    reshape(Map, i8) -> [i8; 1920], sram::reshape(Tile::<64>), |cx, m| tiled::reshape(cx, Tile::<64>, &m.a, &mut m.y);
    concat(Map, i8) -> [[[i8; 24]; 12]; 10], sram::concat(&CONCAT), |cx, m| tiled::concat(cx, &m.a, &CONCAT, &mut m.y);
}
