//! Made by `cargo run -p rekindle-powered -- plan`; not to be edited.
//!
//! nRF52840, SPI FRAM, 100 µF, on at 2.8 V, off at 2.4 V.

use rekindle::plan::{Loop, Plan};

/// 784 iterations of 300 units.
pub const CONV1: Loop = Loop {
    name: "conv1",
    every: 17,
    iteration_nj: 218,
    commit_nj: 73,
    restart_nj: 12_223,
    sram_bytes: 11_384,
};

/// 196 iterations of 48 units.
pub const POOL1: Loop = Loop {
    name: "pool1",
    every: 46,
    iteration_nj: 67,
    commit_nj: 73,
    restart_nj: 39_130,
    sram_bytes: 12_070,
};

/// 196 iterations of 4800 units.
pub const CONV2: Loop = Loop {
    name: "conv2",
    every: 1,
    iteration_nj: 2_930,
    commit_nj: 73,
    restart_nj: 17_115,
    sram_bytes: 5_896,
};

/// 49 iterations of 64 units.
pub const POOL2: Loop = Loop {
    name: "pool2",
    every: 40,
    iteration_nj: 89,
    commit_nj: 73,
    restart_nj: 19_561,
    sram_bytes: 4_034,
};

/// 32 iterations of 784 units.
pub const FC1: Loop = Loop {
    name: "fc1",
    every: 8,
    iteration_nj: 474,
    commit_nj: 73,
    restart_nj: 12_223,
    sram_bytes: 836,
};

/// 10 iterations of 32 units.
pub const FC2: Loop = Loop {
    name: "fc2",
    every: 10,
    iteration_nj: 23,
    commit_nj: 73,
    restart_nj: 9_876,
    sram_bytes: 60,
};

/// All of it.
pub const PLAN: Plan<6> = Plan {
    power_cycle_nj: 98_799,
    sram_bytes: 65_536,
    nvm_bytes: 32_768,
    loops: [CONV1, POOL1, CONV2, POOL2, FC1, FC2],
};

const _: () = PLAN.check();
