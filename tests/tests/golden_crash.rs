//! Each kernel alone survives every power failure, at both granularities, on mapped memory and on a byte store.
//!
//! The shapes are small, with padding and strides; whether the values are right is `golden`'s part.

use rekindle::crash::Check;
use rekindle::prelude::*;
use rekindle_kernels::{self as by_row, by_element};
use rekindle_kernels::{
    Activation, Conv2d, Dense, Depthwise, Multiplier, Pool, Softmax, per_tensor,
};

const ACTIVATION: Activation = Activation {
    zero: -5,
    min: -100,
    max: 90,
};
const SCALE: Multiplier = Multiplier::from_real(0.004);

static CONV: Conv2d<3, 2, 2, 4, 2, 1> = Conv2d::new(
    [
        [[[3, -90]; 2]; 3],
        [[[127, 5]; 2]; 3],
        [[[-7, 8]; 2]; 3],
        [[[0, 1]; 2]; 3],
    ],
    [1, -2, 300, -400],
    per_tensor(SCALE),
    4,
    ACTIVATION,
);
static DEPTHWISE: Depthwise<3, 3, 2, 4> = Depthwise::new(
    [[[1, -20, 60, 127]; 3]; 3],
    [9, -9, 500, -500],
    per_tensor(SCALE),
    -3,
    ACTIVATION,
);
static DENSE: Dense<40, 9> = Dense::new(
    [[21; 40]; 9],
    [0, 100, 200, 300, 400, 500, 600, 700, 800],
    per_tensor(SCALE),
    0,
    ACTIVATION,
);
static POOL: Pool<2, 3, 2, 2> = Pool::clamped(-90, 90);
static SOFTMAX: Softmax = Softmax::new(0.08, 1.0);

type Map = [[[i8; 2]; 4]; 5];

#[derive(Layout)]
struct Memory<Y> {
    x: Buffer<Map>,
    y: Buffer<Y>,
}

/// Values that differ from place to place.
fn x() -> Map {
    std::array::from_fn(|r| {
        std::array::from_fn(|c| std::array::from_fn(|k| ((r * 83 + c * 47 + k * 31) % 256) as i8))
    })
}

/// Checks `$task` with `$layer`, with outputs of type `$y`.
macro_rules! survives {
    ($($name:ident: $layer:expr, $y:ty, $($task:path)*;)*) => {$(
        #[test]
        fn $name() {
            let check = || Check::<Memory<$y>>::new().init(|nvm| nvm.write(|m: &mut Memory<$y>| &mut m.x, &x())).random(200).seed(1);
            $({
                for report in [
                    check().run_mapped(|cx, m| $task(cx, &m.x, $layer, &mut m.y)),
                    check().run_bytes(|cx, m| $task(cx, &m.x, $layer, &mut m.y)),
                ] {
                    assert_eq!(report.unexplored, 0, "{report}");
                    assert!(report.hazards.is_empty(), "{:?}", report.hazards);
                }
            })*
        }
    )*};
}

survives! {
    conv2d: &CONV, [[[i8; 4]; 4]; 3], by_row::conv2d by_element::conv2d;
    depthwise: &DEPTHWISE, [[[i8; 4]; 4]; 5], by_row::depthwise by_element::depthwise;
    dense: &DENSE, [i8; 9], by_row::dense by_element::dense;
    max_pool: &POOL, [[[i8; 2]; 2]; 3], by_row::max_pool by_element::max_pool;
    average_pool: &POOL, [[[i8; 2]; 2]; 3], by_row::average_pool by_element::average_pool;
}

#[derive(Layout)]
struct Row {
    x: Buffer<[i8; 12]>,
    y: Buffer<[i8; 12]>,
}

#[test]
fn softmax() {
    let check = || {
        Check::<Row>::new()
            .init(|nvm| {
                nvm.write(
                    |m: &mut Row| &mut m.x,
                    &[5, -100, 4, 90, 91, 92, -3, 0, 0, 1, 2, 3],
                )
            })
            .random(200)
            .seed(1)
    };
    check().run_mapped(|cx, m| by_row::softmax(cx, &m.x, &SOFTMAX, &mut m.y));
    check().run_bytes(|cx, m| by_row::softmax(cx, &m.x, &SOFTMAX, &mut m.y));
}
