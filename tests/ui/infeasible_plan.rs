use rekindle::plan::{Loop, Plan};
use rekindle::prelude::*;

const CONV: Loop = Loop {
    name: "conv",
    every: 28,
    iteration_nj: 4_000,
    commit_nj: 40,
    restart_nj: 12_000,
    sram_bytes: 6_000,
};

const SMALL_CAPACITOR: Plan<1> = Plan {
    power_cycle_nj: 104_000,
    sram_bytes: 8_192,
    nvm_bytes: 16_384,
    loops: [CONV],
};

// A planned interval longer than a power cycle.
const _: () = SMALL_CAPACITOR.check();

const SMALL_SRAM: Plan<1> = Plan {
    power_cycle_nj: 1_000_000,
    sram_bytes: 2_048,
    ..SMALL_CAPACITOR
};

// A planned tile larger than the SRAM.
const _: () = SMALL_SRAM.check();

#[derive(Layout)]
struct Memory {
    x: Buffer<[i8; 20_000]>,
}

// A program larger than it was planned.
const _: () = SMALL_CAPACITOR.check_memory(Nvm::<Memory, Mapped>::NEEDED, 0);

fn main() {}
