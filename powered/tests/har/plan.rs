//! Made by `rekindle plan har-1mF-ts1 --rust`; not to be edited.

use rekindle::plan::{Loop, Plan, Tile};

/// conv 9x128x1 -> 8, 3x1: 3 steps.
pub const LAYER1: Loop = Loop {
    name: "layer 1",
    every: 1,
    iteration_nj: 105_952,
    commit_nj: 301,
    restart_nj: 96_964,
    sram_bytes: 2_032,
};

/// The tile of a step.
pub const LAYER1_TILE: Tile = Tile {
    rows: 42,
    columns: 1,
    outputs: 8,
    inputs: 10,
};

/// conv 8x126x1 -> 8, 7x1: 4 steps.
pub const LAYER2: Loop = Loop {
    name: "layer 2",
    every: 1,
    iteration_nj: 85_905,
    commit_nj: 301,
    restart_nj: 98_476,
    sram_bytes: 1_952,
};

/// The tile of a step.
pub const LAYER2_TILE: Tile = Tile {
    rows: 30,
    columns: 1,
    outputs: 8,
    inputs: 8,
};

/// conv 8x120x1 -> 16, 3x1: 7 steps.
pub const LAYER3: Loop = Loop {
    name: "layer 3",
    every: 1,
    iteration_nj: 84_637,
    commit_nj: 301,
    restart_nj: 93_076,
    sram_bytes: 1_616,
};

/// The tile of a step.
pub const LAYER3_TILE: Tile = Tile {
    rows: 17,
    columns: 1,
    outputs: 16,
    inputs: 8,
};

/// pool 16x118x1 -> 16, 118x1: 2 steps.
pub const LAYER4: Loop = Loop {
    name: "layer 4",
    every: 1,
    iteration_nj: 37_539,
    commit_nj: 301,
    restart_nj: 78_821,
    sram_bytes: 1_920,
};

/// The tile of a step.
pub const LAYER4_TILE: Tile = Tile {
    rows: 59,
    columns: 1,
    outputs: 16,
    inputs: 16,
};

/// fc 16x1x1 -> 6, 1x1: 1 steps.
pub const LAYER5: Loop = Loop {
    name: "layer 5",
    every: 1,
    iteration_nj: 5_150,
    commit_nj: 301,
    restart_nj: 81_628,
    sram_bytes: 236,
};

/// The tile of a step.
pub const LAYER5_TILE: Tile = Tile {
    rows: 1,
    columns: 1,
    outputs: 6,
    inputs: 16,
};

/// All of it.
pub const PLAN: Plan<5> = Plan {
    power_cycle_nj: 302_527,
    sram_bytes: 2_048,
    nvm_bytes: 524_288,
    loops: [LAYER1, LAYER2, LAYER3, LAYER4, LAYER5],
};

const _: () = PLAN.check();
