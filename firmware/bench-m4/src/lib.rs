//! The seven kernels of the comparison with CMSIS-NN, as tasks with a commit per output row.
//!
//! Weights and inputs are made by a generator, so that the device and the host have the same without any file.
#![no_std]

use rekindle::prelude::*;
use rekindle_kernels::{
    Activation, Conv2d, Dense, Depthwise, Multiplier, conv2d, dense, depthwise,
};

/// Bytes of mapped NVM that the largest case takes.
pub const NVM: usize = 64 << 10;

/// xorshift32: every bit of the low byte is used.
const fn next(state: u32) -> u32 {
    let s = state ^ (state << 13);
    let s = s ^ (s >> 17);
    s ^ (s << 5)
}

/// `N` values of the sequence that `seed` starts.
const fn noise<const N: usize>(seed: u32) -> [i8; N] {
    let (mut out, mut state, mut i) = ([0; N], seed, 0);
    while i < N {
        state = next(state);
        out[i] = (state >> 8) as i8;
        i += 1;
    }
    out
}

/// `[outer][inner]` values.
const fn noise2<const B: usize, const A: usize>(seed: u32) -> [[i8; B]; A] {
    let (mut out, mut i) = ([[0; B]; A], 0);
    while i < A {
        out[i] = noise(seed.wrapping_add(i as u32 * 7919 + 1));
        i += 1;
    }
    out
}

const fn noise3<const C: usize, const B: usize, const A: usize>(seed: u32) -> [[[i8; C]; B]; A] {
    let (mut out, mut i) = ([[[0; C]; B]; A], 0);
    while i < A {
        out[i] = noise2(seed.wrapping_add(i as u32 * 104_729 + 1));
        i += 1;
    }
    out
}

const fn noise4<const D: usize, const C: usize, const B: usize, const A: usize>(
    seed: u32,
) -> [[[[i8; D]; C]; B]; A] {
    let (mut out, mut i) = ([[[[0; D]; C]; B]; A], 0);
    while i < A {
        out[i] = noise3(seed.wrapping_add(i as u32 * 1_299_709 + 1));
        i += 1;
    }
    out
}

const fn biases<const N: usize>() -> [i32; N] {
    let (mut out, mut i) = ([0; N], 0);
    while i < N {
        out[i] = (i as i32 * 3779) % 4001 - 2000;
        i += 1;
    }
    out
}

/// A multiplier per channel, so that sums of `taps` products spread over the int8 range.
const fn scales<const N: usize>(taps: f64) -> [Multiplier; N] {
    let (mut out, mut i) = ([Multiplier::from_real(0.0); N], 0);
    while i < N {
        out[i] = Multiplier::from_real((1.0 + i as f64 / N as f64) / (90.0 * taps));
        i += 1;
    }
    out
}

const LINEAR: Activation = Activation {
    zero: -6,
    min: -128,
    max: 127,
};
const INPUT_ZERO: i8 = 11;

static CONV: Conv2d<3, 3, 16, 16> =
    Conv2d::new(noise4(1), biases(), scales(12.0), INPUT_ZERO, LINEAR);
static DEPTHWISE: Depthwise<3, 3, 64, 64> =
    Depthwise::new(noise3(2), biases(), scales(3.0), INPUT_ZERO, LINEAR);
static POINTWISE: Conv2d<1, 1, 64, 64> =
    Conv2d::new(noise4(3), biases(), scales(8.0), INPUT_ZERO, LINEAR);
static DENSE: Dense<256, 64> = Dense::new(noise2(4), biases(), scales(16.0), INPUT_ZERO, LINEAR);
static DEPTHWISE_2: Depthwise<3, 3, 64, 64, 2, 2> =
    Depthwise::new(noise3(5), biases(), scales(3.0), INPUT_ZERO, LINEAR);
static KWS: Conv2d<10, 4, 1, 64, 2, 2> =
    Conv2d::new(noise4(6), biases(), scales(6.0), INPUT_ZERO, LINEAR);
static RGB: Conv2d<3, 3, 3, 16> = Conv2d::new(noise4(7), biases(), scales(5.0), INPUT_ZERO, LINEAR);

#[derive(Layout)]
struct Memory<X, Y> {
    x: Buffer<X>,
    y: Buffer<Y>,
}

/// Runs one case in `$nvm` and reports it.
macro_rules! case {
    ($nvm:ident, $now:ident, $report:ident, $name:literal, $task:ident($x:ty: $make:expr, $layer:expr) -> $y:ty) => {{
        let mut nvm = Nvm::<Memory<$x, $y>, _>::open(Mapped::from_bytes($nvm))?;
        nvm.write(|m| &mut m.x, &$make)?;
        let before = $now();
        nvm.resume_or_start(&mut [], |cx, m| $task(cx, &m.x, $layer, &mut m.y))?;
        let ticks = $now().wrapping_sub(before);
        let y = nvm.read(|m| &m.y)?;
        $report($name, ticks, rekindle::zerocopy::IntoBytes::as_bytes(&y));
        nvm.restart()?;
    }};
}

/// Runs all cases in the `nvm` and reports name, ticks of `now`, and output.
///
/// # Errors
///
/// Those of the runtime.
pub fn run_all(
    nvm: &mut [u8],
    now: fn() -> u32,
    mut report: impl FnMut(&str, u32, &[u8]),
) -> Result<(), Error> {
    case!(nvm, now, report, "conv 3x3, 32x32x16->16, same", conv2d([[[i8; 16]; 32]; 32]: noise3(21), &CONV) -> [[[i8; 16]; 32]; 32]);
    case!(nvm, now, report, "depthwise 3x3, 16x16x64, same", depthwise([[[i8; 64]; 16]; 16]: noise3(22), &DEPTHWISE) -> [[[i8; 64]; 16]; 16]);
    case!(nvm, now, report, "pointwise 64->64, 16x16", conv2d([[[i8; 64]; 16]; 16]: noise3(23), &POINTWISE) -> [[[i8; 64]; 16]; 16]);
    case!(nvm, now, report, "fully connected 256->64", dense([i8; 256]: noise(24), &DENSE) -> [i8; 64]);
    case!(nvm, now, report, "depthwise 3x3 stride 2, 16x16x64", depthwise([[[i8; 64]; 16]; 16]: noise3(25), &DEPTHWISE_2) -> [[[i8; 64]; 8]; 8]);
    case!(nvm, now, report, "conv 10x4 stride 2, 49x10x1->64", conv2d([[[i8; 1]; 10]; 49]: noise3(26), &KWS) -> [[[i8; 64]; 5]; 25]);
    case!(nvm, now, report, "conv 3x3, 32x32x3->16", conv2d([[[i8; 3]; 32]; 32]: noise3(27), &RGB) -> [[[i8; 16]; 32]; 32]);
    Ok(())
}
