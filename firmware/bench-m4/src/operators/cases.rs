//! The operators, each with shapes and parameters that take its different ways.

use rekindle::prelude::*;
use rekindle::{Plain, Store};
use rekindle_kernels::broadcast::{self, Mul, Quantization, Sub};
use rekindle_kernels::paced::{self, Every};
use rekindle_kernels::rolling::{self, Window};
use rekindle_kernels::{
    AUTO, Activation, Add, Affine, Between, Concat, Conv2d, Dense, Depthwise, Lookup, Mean,
    Multiplier, Pad, Pointwise, Pool, ReduceMax, Rows, Softmax, StridedSlice, Transpose,
    TransposeConv, add, arg_max, average_pool, by_element, concat, conv2d, conv2d_max_pool, dense,
    depthwise, depthwise_in_place, dequantize, lookup, max_pool, mean, pad, per_tensor, quantize,
    reduce_max, reshape, softmax, strided_slice, transpose, transpose_conv,
};

use crate::psram::Psram;

/// Bytes of memory that [`all`] takes: NVM, and the arena of the byte store.
pub const MEMORY: usize = 64 << 10;
pub const ARENA: usize = 32 << 10;

const Q: Quantization = Quantization::new(0.1, -7);
const FINE: Quantization = Quantization::new(0.06, 12);
const ACTIVATION: Activation = Activation {
    zero: -5,
    min: -100,
    max: 90,
};
const SCALE: Multiplier = Multiplier::from_real(0.004);
/// Above 1/2: the rare way of the DSP's path.
const LARGE: Multiplier = Multiplier::from_real(0.7);

/// Two inputs and an output.
#[derive(Layout)]
pub struct Memory<A, B, Y> {
    pub a: Buffer<A>,
    pub b: Buffer<B>,
    pub y: Buffer<Y>,
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u32 {
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    bytes.iter().fold(0x811c_9dc5, step)
}

/// Values of a sequence that `state` starts.
pub fn noise<T: Plain>(mut state: u32) -> T {
    let mut value = T::new_zeroed();
    for byte in value.as_mut_bytes() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (state >> 24) as u8;
    }
    value
}

/// Runs a task to its end and gives the hash of its output.
fn run<S: Store, A: Plain, B: Plain, Y: Plain>(
    store: S,
    arena: &mut [u8],
    run: impl FnMut(&mut Cx<'_, S>, &mut Memory<A, B, Y>) -> Result<(), Error>,
) -> Result<u32, Error> {
    let mut nvm = Nvm::<Memory<A, B, Y>, S>::open(store)?;
    nvm.restart()?;
    nvm.write(|m| &mut m.a, &noise(1))?;
    nvm.write(|m| &mut m.b, &noise(2))?;
    // For those that work in place.
    nvm.write(|m| &mut m.y, &noise(3))?;
    nvm.resume_or_start(arena, run)?;
    Ok(hash(nvm.read(|m| &m.y)?.as_bytes()))
}

type Map = [[[i8; 2]; 4]; 5];
type Row = [i8; 2];
type Side = [[[i8; 2]; 3]; 5];
type Long = [[[i8; 2]; 7]; 5];

static ADD: Add = Add::new([0.1, 0.06], [-7, 12], 0.1, ACTIVATION);
static WIDE: broadcast::Add<Map, Row, Map, 7> = broadcast::Add::new(Q, FINE, 0.1, ACTIVATION);
static SUB: Sub<Row, Map, Map, 7> = Sub::new(Q, FINE, 0.1, ACTIVATION);
static MUL: Mul<Map, [[i8; 1]; 4], Map> = Mul::new(Q, FINE, 0.8, ACTIVATION);
static LOGISTIC: Lookup<9> = Lookup::logistic(Q);
static SOFTMAX: Softmax = Softmax::new(0.1, 1.0);
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
static PLAIN: Conv2d<3, 3, 4, 6> = Conv2d::new(
    [[[[3, -90, 7, 1]; 3]; 3]; 6],
    [5; 6],
    per_tensor(SCALE),
    4,
    ACTIVATION,
);
static RARE: Conv2d<3, 2, 3, 5, 2, 1> = Conv2d::new(
    [[[[3, -90, 7]; 2]; 3]; 5],
    [5; 5],
    per_tensor(LARGE),
    4,
    ACTIVATION,
);
static DILATED: Conv2d<2, 2, 2, 2, 1, 1, 3, 2, 1, 1> = Conv2d::new(
    [[[[3, -90]; 2]; 2], [[[127, 5]; 2]; 2]],
    [1, -2],
    per_tensor(SCALE),
    4,
    ACTIVATION,
);
static POINT: Pointwise<8, 16> = Conv2d::new(
    [[[[3, -90, 1, 1, 4, 8, 7, 6]]]; 16],
    [9; 16],
    per_tensor(SCALE),
    4,
    ACTIVATION,
);
static NINE: Depthwise<3, 3, 8, 8> =
    Depthwise::new([[[3; 8]; 3]; 3], [9; 8], per_tensor(SCALE), 4, ACTIVATION);
static FOURS: Depthwise<5, 3, 4, 4, 2, 2> =
    Depthwise::new([[[3; 4]; 3]; 5], [9; 4], per_tensor(LARGE), 4, ACTIVATION);
static TWICE: Depthwise<3, 3, 2, 4, 2, 1, 1, 1, 2, AUTO> = Depthwise::new(
    [[[1, -20, 7, 5]; 3]; 3],
    [9; 4],
    per_tensor(SCALE),
    -3,
    ACTIVATION,
);
static DENSE: Dense<40, 20> = Dense::new([[7; 40]; 20], [9; 20], per_tensor(SCALE), -3, ACTIVATION);
static ODD: Dense<7, 3> = Dense::new([[7; 7]; 3], [9; 3], per_tensor(LARGE), -3, ACTIVATION);
static POOL: Pool<2, 2> = Pool::new();
static PADDED: Pool<3, 3, 2, 1> = Pool::clamped(-90, 80);
static GLOBAL: Pool<5, 4> = Pool::new();

#[intermittent_task]
fn both(a: Input<Map>, b: Input<Side>, y: Output<Long>) {
    #[run]
    concat(a, &FIRST, y);
    #[run]
    concat(b, &SECOND, y);
}

/// Runs tasks, given as the closures of `resume_or_start`, on buffers of these types, on both stores.
macro_rules! operators {
    ($($name:ident($a:ty, $b:ty) -> $y:ty: |$cx:ident, $m:ident| $run:expr;)*) => {
        /// Runs all of them; gives names, and hashes of the outputs on both stores, to `report`.
        ///
        /// # Errors
        ///
        /// Those of the runtime.
        pub fn all(memory: &mut [u8], mut report: impl FnMut(&str, u32, u32)) -> Result<(), Error> {
            let Some((arena, nvm)) = memory.split_at_mut_checked(ARENA) else {
                return Ok(());
            };
            $({
                #[inline(never)]
                fn mapped(nvm: &mut [u8]) -> Result<u32, Error> {
                    run(Mapped::from_bytes(nvm), &mut [], |$cx, $m: &mut Memory<$a, $b, $y>| $run)
                }
                #[inline(never)]
                fn bytes(nvm: &mut [u8], arena: &mut [u8]) -> Result<u32, Error> {
                    run(Psram::store(nvm), arena, |$cx, $m: &mut Memory<$a, $b, $y>| $run)
                }
                report(stringify!($name), mapped(nvm)?, bytes(nvm, arena)?);
            })*
            Ok(())
        }
    };
}

type Small = [[[i8; 4]; 6]; 7];
type Wide = [[[i8; 8]; 5]; 6];

operators! {
    conv2d_same(Small, i8) -> [[[i8; 6]; 6]; 7]: |cx, m| conv2d(cx, &m.a, &PLAIN, &mut m.y);
    conv2d_valid(Small, i8) -> [[[i8; 6]; 4]; 5]: |cx, m| conv2d(cx, &m.a, &PLAIN, &mut m.y);
    conv2d_rare([[[i8; 3]; 7]; 6], i8) -> [[[i8; 5]; 7]; 3]: |cx, m| conv2d(cx, &m.a, &RARE, &mut m.y);
    conv2d_dilated(Map, i8) -> [[[i8; 2]; 4]; 4]: |cx, m| conv2d(cx, &m.a, &DILATED, &mut m.y);
    conv2d_by_element(Small, i8) -> [[[i8; 6]; 6]; 7]: |cx, m| by_element::conv2d(cx, &m.a, &PLAIN, &mut m.y);
    conv2d_paced([[[i8; 3]; 7]; 6], i8) -> [[[i8; 5]; 7]; 3]: |cx, m| paced::conv2d(cx, Every::<4>, &m.a, &RARE, &mut m.y);
    pointwise(Wide, i8) -> [[[i8; 16]; 5]; 6]: |cx, m| conv2d(cx, &m.a, &POINT, &mut m.y);
    depthwise_nine(Wide, i8) -> Wide: |cx, m| depthwise(cx, &m.a, &NINE, &mut m.y);
    depthwise_fours(Small, i8) -> [[[i8; 4]; 3]; 4]: |cx, m| depthwise(cx, &m.a, &FOURS, &mut m.y);
    depthwise_twice(Map, i8) -> [[[i8; 4]; 4]; 3]: |cx, m| depthwise(cx, &m.a, &TWICE, &mut m.y);
    depthwise_by_element(Map, i8) -> [[[i8; 4]; 4]; 3]: |cx, m| by_element::depthwise(cx, &m.a, &TWICE, &mut m.y);
    dense_eights([[i8; 8]; 5], i8) -> [i8; 20]: |cx, m| dense(cx, &m.a, &DENSE, &mut m.y);
    dense_odd([i8; 7], i8) -> [i8; 3]: |cx, m| dense(cx, &m.a, &ODD, &mut m.y);
    dense_by_element([i8; 7], i8) -> [i8; 3]: |cx, m| by_element::dense(cx, &m.a, &ODD, &mut m.y);
    dense_paced([i8; 40], i8) -> [i8; 20]: |cx, m| paced::dense(cx, Every::<4>, &m.a, &DENSE, &mut m.y);
    transpose_conv_same([[[i8; 2]; 3]; 2], i8) -> [[[i8; 3]; 6]; 4]: |cx, m| transpose_conv(cx, &m.a, &UP, &mut m.y);
    max_pool_valid(Small, i8) -> [[[i8; 4]; 3]; 3]: |cx, m| max_pool(cx, &m.a, &POOL, &mut m.y);
    max_pool_same(Small, i8) -> [[[i8; 4]; 6]; 4]: |cx, m| max_pool(cx, &m.a, &PADDED, &mut m.y);
    max_pool_by_element(Small, i8) -> [[[i8; 4]; 6]; 4]: |cx, m| by_element::max_pool(cx, &m.a, &PADDED, &mut m.y);
    max_pool_paced(Small, i8) -> [[[i8; 4]; 6]; 4]: |cx, m| paced::max_pool(cx, Every::<4>, &m.a, &PADDED, &mut m.y);
    average_pool_same(Small, i8) -> [[[i8; 4]; 6]; 4]: |cx, m| average_pool(cx, &m.a, &PADDED, &mut m.y);
    average_pool_by_element(Small, i8) -> [[[i8; 4]; 6]; 4]: |cx, m| by_element::average_pool(cx, &m.a, &PADDED, &mut m.y);
    average_pool_global(Map, i8) -> [[[i8; 2]; 1]; 1]: |cx, m| average_pool(cx, &m.a, &GLOBAL, &mut m.y);
    add_rows(Map, Map) -> Map: |cx, m| add(cx, &m.a, &m.b, &ADD, &mut m.y);
    add_by_element(Map, Map) -> Map: |cx, m| by_element::add(cx, &m.a, &m.b, &ADD, &mut m.y);
    add_broadcast(Map, Row) -> Map: |cx, m| broadcast::add(cx, &m.a, &m.b, &WIDE, &mut m.y);
    sub_broadcast(Row, Map) -> Map: |cx, m| broadcast::sub(cx, &m.a, &m.b, &SUB, &mut m.y);
    mul_broadcast(Map, [[i8; 1]; 4]) -> Map: |cx, m| broadcast::mul(cx, &m.a, &m.b, &MUL, &mut m.y);
    lookup_logistic(Map, i8) -> Map: |cx, m| lookup(cx, &m.a, &LOGISTIC, &mut m.y);
    softmax_ten([[i8; 5]; 2], i8) -> [i8; 10]: |cx, m| softmax(cx, &m.a, &SOFTMAX, &mut m.y);
    mean_rows(Map, i8) -> [[i8; 2]; 5]: |cx, m| mean(cx, &m.a, &MEAN, &mut m.y);
    reduce_max_two(Map, i8) -> [i8; 4]: |cx, m| reduce_max(cx, &m.a, &MAX, &mut m.y);
    arg_max_rows([[i8; 6]; 5], i8) -> [i32; 5]: |cx, m| arg_max(cx, &m.a, &mut m.y);
    quantize_tiles([f32; 10], i8) -> [i8; 10]: |cx, m| quantize(cx, &m.a, &AFFINE, &mut m.y);
    dequantize_tiles([i8; 10], i8) -> [f32; 10]: |cx, m| dequantize(cx, &m.a, &AFFINE, &mut m.y);
    transpose_map(Map, i8) -> [[[i8; 4]; 5]; 2]: |cx, m| transpose(cx, &m.a, &TRANSPOSE, &mut m.y);
    strided_slice_map(Map, i8) -> [[[i8; 2]; 4]; 3]: |cx, m| strided_slice(cx, &m.a, &SLICE, &mut m.y);
    pad_map(Map, i8) -> [[[i8; 2]; 7]; 6]: |cx, m| pad(cx, &m.a, &PAD, &mut m.y);
    reshape_long([[i8; 50]; 3], i8) -> [i8; 150]: |cx, m| reshape(cx, &m.a, &mut m.y);
    conv2d_by_rows(Small, i8) -> [[[i8; 6]; 6]; 7]: |cx, m| rolling::conv2d(cx, Window::<3>, &m.a, &PLAIN, &mut m.y);
    conv2d_rare_by_rows([[[i8; 3]; 7]; 6], i8) -> [[[i8; 5]; 7]; 3]: |cx, m| rolling::conv2d(cx, Window::<3>, &m.a, &RARE, &mut m.y);
    conv2d_dilated_by_rows(Map, i8) -> [[[i8; 2]; 4]; 4]: |cx, m| rolling::conv2d(cx, Window::<4>, &m.a, &DILATED, &mut m.y);
    pointwise_by_rows(Wide, i8) -> [[[i8; 16]; 5]; 6]: |cx, m| rolling::conv2d(cx, Window::<1>, &m.a, &POINT, &mut m.y);
    depthwise_nine_by_rows(Wide, i8) -> Wide: |cx, m| rolling::depthwise(cx, Window::<3>, &m.a, &NINE, &mut m.y);
    depthwise_twice_by_rows(Map, i8) -> [[[i8; 4]; 4]; 3]: |cx, m| rolling::depthwise(cx, Window::<3>, &m.a, &TWICE, &mut m.y);
    max_pool_by_rows(Small, i8) -> [[[i8; 4]; 6]; 4]: |cx, m| rolling::max_pool(cx, Window::<1>, &m.a, &PADDED, &mut m.y);
    average_pool_by_rows(Small, i8) -> [[[i8; 4]; 6]; 4]: |cx, m| rolling::average_pool(cx, Window::<1>, &m.a, &PADDED, &mut m.y);
    conv2d_pooled([[[i8; 4]; 6]; 6], i8) -> [[[i8; 6]; 3]; 3]: |cx, m| conv2d_max_pool(cx, &m.a, &PLAIN, Between::<6, 6>, &POOL, &mut m.y);
    depthwise_one_buffer(i8, i8) -> [[[i8; 8]; 5]; 8]: |cx, m| depthwise_in_place(cx, Rows::<6, 1>, &mut m.y, &NINE);
    concat_both(Map, Side) -> Long: |cx, m| both(cx, &m.a, &m.b, &mut m.y);
}
