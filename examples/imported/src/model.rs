// `lenet`, made by `rekindle import`: change the model, and not this file.
//
// 1201408 multiply-accumulates, 31348 bytes of constants, 12554 bytes of NVM for inputs, outputs and activations, and
// 1232 bytes of SRAM where NVM is not memory-mapped.
//
// | layer | made from | output | multiply-accumulates |
// | --- | --- | --- | ---: |
// | `conv1` | operator 0, CONV_2D | 28×28×12 | 235200 |
// | `pool1` | operator 1, MAX_POOL_2D | 14×14×12 | 0 |
// | `conv2` | operator 2, CONV_2D | 14×14×16 | 940800 |
// | `pool2` | operator 3, MAX_POOL_2D | 7×7×16 | 0 |
// | `dense1` | operator 5, FULLY_CONNECTED | 32 | 25088 |
// | `dense2` | operator 6, FULLY_CONNECTED | 10 | 320 |
// | `softmax` | operator 7, SOFTMAX | 10 | 0 |

use rekindle::prelude::*;
use rekindle::zerocopy::{self, FromBytes};
use rekindle_kernels::{Activation, Conv2d, Dense, Pool, Softmax, multipliers, rolling};
use rekindle_kernels::{dense, softmax};

/// What the network takes, 28×28×1.
pub type InputTensor = [[[i8; 1]; 28]; 28];

/// A value `v` of [`InputTensor`] stands for `INPUT_SCALE * (v - INPUT_ZERO)`.
pub const INPUT_SCALE: f32 = 0.003_921_569;

/// The value of [`InputTensor`] that stands for 0.
pub const INPUT_ZERO: i8 = -128;

/// What the network gives, 10.
pub type OutputTensor = [i8; 10];

/// A value `v` of [`OutputTensor`] stands for `OUTPUT_SCALE * (v - OUTPUT_ZERO)`.
pub const OUTPUT_SCALE: f32 = 0.003_906_25;

/// The value of [`OutputTensor`] that stands for 0.
pub const OUTPUT_ZERO: i8 = -128;

/// The file of constants.
#[derive(FromBytes)]
#[zerocopy(crate = "rekindle::zerocopy")]
#[repr(C)]
struct Weights {
    conv1_bias: [i32; 12],
    conv1_scale: [[i32; 2]; 12],
    conv2_bias: [i32; 16],
    conv2_scale: [[i32; 2]; 16],
    dense1_bias: [i32; 32],
    dense1_scale: [[i32; 2]; 32],
    dense2_bias: [i32; 10],
    dense2_scale: [[i32; 2]; 10],
    conv1_weight: [[[[i8; 1]; 5]; 5]; 12],
    conv2_weight: [[[[i8; 12]; 5]; 5]; 16],
    dense1_weight: [[i8; 784]; 32],
    dense2_weight: [[i8; 32]; 10],
}

/// Not in the firmware: only the layers made from it are.
const W: Weights = zerocopy::transmute!(* include_bytes!("model.bin"));

/// The network's layers: constants, in flash on a device.
#[derive(Debug)]
pub struct Network {
    /// 28×28×1 → 28×28×12.
    pub conv1: Conv2d<5, 5, 1, 12, 1, 1>,
    /// 28×28×12 → 14×14×12.
    pub pool1: Pool<2, 2, 2, 2>,
    /// 14×14×12 → 14×14×16.
    pub conv2: Conv2d<5, 5, 12, 16, 1, 1>,
    /// 14×14×16 → 7×7×16.
    pub pool2: Pool<2, 2, 2, 2>,
    /// 7×7×16 → 32.
    pub dense1: Dense<784, 32>,
    /// 32 → 10.
    pub dense2: Dense<32, 10>,
    /// 10 → 10.
    pub softmax: Softmax,
}

/// The trained network.
#[allow(long_running_const_eval)]
pub static NETWORK: Network = Network {
    conv1: Conv2d::new(
        W.conv1_weight,
        W.conv1_bias,
        multipliers(W.conv1_scale),
        -128,
        Activation::linear(-128),
    ),
    pool1: Pool::new(),
    conv2: Conv2d::new(
        W.conv2_weight,
        W.conv2_bias,
        multipliers(W.conv2_scale),
        -128,
        Activation::linear(-128),
    ),
    pool2: Pool::new(),
    dense1: Dense::new(
        W.dense1_weight,
        W.dense1_bias,
        multipliers(W.dense1_scale),
        -128,
        Activation::linear(-128),
    ),
    dense2: Dense::new(
        W.dense2_weight,
        W.dense2_bias,
        multipliers(W.dense2_scale),
        -128,
        Activation::linear(7),
    ),
    softmax: Softmax::new(0.161_521_08, 1.0),
};

/// Arena that the network needs where NVM is not memory-mapped, in bytes.
pub const ARENA: usize = 1_064;

/// Stack that tiles and sums take, in bytes.
pub const TILES: usize = 168;

/// NVM that its inputs, outputs and activations take, in bytes.
pub const NVM: usize = 12_554;

/// What a layer has in the arena: inputs, output, and a bit for each byte of output.
const fn in_arena(inputs: usize, output: usize) -> usize {
    inputs + output + output.div_ceil(8) + 16
}

/// Holds this file to what it says of SRAM.
const _: () = {
    assert!(
        rolling::sram::arena::< 5, [[[i8; 1]; 28]; 28], [[[i8; 12]; 28]; 28] > () <=
        ARENA, "conv1"
    );
    assert!(rolling::sram::max_pool::< [[[i8; 12]; 14]; 14] > () <= TILES, "pool1");
    assert!(
        rolling::sram::arena::< 1, [[[i8; 12]; 28]; 28], [[[i8; 12]; 14]; 14] > () <=
        ARENA, "pool1"
    );
    assert!(
        rolling::sram::arena::< 5, [[[i8; 12]; 14]; 14], [[[i8; 16]; 14]; 14] > () <=
        ARENA, "conv2"
    );
    assert!(rolling::sram::max_pool::< [[[i8; 16]; 7]; 7] > () <= TILES, "pool2");
    assert!(
        rolling::sram::arena::< 1, [[[i8; 16]; 14]; 14], [[[i8; 16]; 7]; 7] > () <=
        ARENA, "pool2"
    );
    assert!(
        in_arena(size_of::< [[[i8; 16]; 7]; 7] > (), size_of::< [i8; 32] > ()) <= ARENA,
        "dense1"
    );
    assert!(
        in_arena(size_of::< [i8; 32] > (), size_of::< [i8; 10] > ()) <= ARENA, "dense2"
    );
    assert!(
        in_arena(size_of::< [i8; 10] > (), size_of::< [i8; 10] > ()) <= ARENA, "softmax"
    );
};

/// Output of `conv1`.
pub const CONV1: As<[[[i8; 12]; 28]; 28]> = As::new();

/// Output of `pool1`.
pub const POOL1: As<[[[i8; 12]; 14]; 14]> = As::new();

/// Output of `conv2`.
pub const CONV2: As<[[[i8; 16]; 14]; 14]> = As::new();

/// Output of `pool2`.
pub const POOL2: As<[[[i8; 16]; 7]; 7]> = As::new();

/// Output of `dense1`.
pub const DENSE1: As<[i8; 32]> = As::new();

/// Output of `dense2`.
pub const DENSE2: As<[i8; 10]> = As::new();

/// The activations between the layers, in NVM; no two in one place are needed at the same time.
#[derive(Layout)]
pub struct Activations {
    /// [`CONV1`], [`CONV2`], [`DENSE1`].
    pub place1: Overlay<9408>,
    /// [`POOL1`], [`POOL2`], [`DENSE2`].
    pub place2: Overlay<2352>,
}

const TAKEN: usize = Activations::SIZE + size_of::<InputTensor>()
    + size_of::<OutputTensor>();

/// Holds this file to what it says of its memory.
const _: () = assert!(TAKEN == NVM);

/// Runs the network once; commits after each row of an output, `by_element` after each value.
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn infer(
    input: Input<InputTensor>,
    net: &Network,
    mem: &mut Activations,
    output: Output<OutputTensor>,
) {
    #[run]
    rolling::conv2d(rolling::Window::<5>, input, &net.conv1, &mut mem.place1[CONV1]);
    #[run]
    rolling::max_pool(
        rolling::Window::<1>,
        &mem.place1[CONV1],
        &net.pool1,
        &mut mem.place2[POOL1],
    );
    #[run]
    rolling::conv2d(
        rolling::Window::<5>,
        &mem.place2[POOL1],
        &net.conv2,
        &mut mem.place1[CONV2],
    );
    #[run]
    rolling::max_pool(
        rolling::Window::<1>,
        &mem.place1[CONV2],
        &net.pool2,
        &mut mem.place2[POOL2],
    );
    #[run] dense(&mem.place2[POOL2], &net.dense1, &mut mem.place1[DENSE1]);
    #[run] dense(&mem.place1[DENSE1], &net.dense2, &mut mem.place2[DENSE2]);
    #[run] softmax(&mem.place2[DENSE2], &net.softmax, output);
}

pub mod plan {
    //! The plan, which the compiler checks: a region that a power cycle does not hold is an error.
    //!
    //! Made by `rekindle import lenet`; not to be edited.
    //!
    //! nRF52840, SPI FRAM, 100 µF, on at 2.8 V, off at 2.4 V.
    use rekindle::plan::{Loop, Plan};
    /// 28 iterations of 8562 units.
    pub const CONV1: Loop = Loop {
        name: "conv1",
        every: 1,
        iteration_nj: 6_186,
        commit_nj: 73,
        restart_nj: 10_126,
        sram_bytes: 476,
    };
    /// 14 iterations of 4199 units.
    pub const POOL1: Loop = Loop {
        name: "pool1",
        every: 1,
        iteration_nj: 3_044,
        commit_nj: 73,
        restart_nj: 9_777,
        sram_bytes: 672,
    };
    /// 14 iterations of 68090 units.
    pub const CONV2: Loop = Loop {
        name: "conv2",
        every: 1,
        iteration_nj: 41_553,
        commit_nj: 73,
        restart_nj: 11_873,
        sram_bytes: 1_064,
    };
    /// 7 iterations of 2810 units.
    pub const POOL2: Loop = Loop {
        name: "pool2",
        every: 1,
        iteration_nj: 2_036,
        commit_nj: 73,
        restart_nj: 9_777,
        sram_bytes: 448,
    };
    /// 4 iterations of 6272 units.
    pub const DENSE1: Loop = Loop {
        name: "dense1",
        every: 1,
        iteration_nj: 3_789,
        commit_nj: 73,
        restart_nj: 12_223,
        sram_bytes: 836,
    };
    /// 2 iterations of 160 units.
    pub const DENSE2: Loop = Loop {
        name: "dense2",
        every: 1,
        iteration_nj: 112,
        commit_nj: 73,
        restart_nj: 9_876,
        sram_bytes: 60,
    };
    /// 1 iterations of 10 units.
    pub const SOFTMAX: Loop = Loop {
        name: "softmax",
        every: 1,
        iteration_nj: 38,
        commit_nj: 73,
        restart_nj: 9_808,
        sram_bytes: 38,
    };
    /// All of it.
    pub const PLAN: Plan<7> = Plan {
        power_cycle_nj: 93_599,
        sram_bytes: 32_768,
        nvm_bytes: 12_554,
        loops: [CONV1, POOL1, CONV2, POOL2, DENSE1, DENSE2, SOFTMAX],
    };
    const _: () = PLAN.check();
}

/// Whether the network fits the memory that it was planned for.
const _: () = plan::PLAN.check_memory(NVM, ARENA + TILES);
