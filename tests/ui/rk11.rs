// One byte too many of each kind of memory; what fits exactly is accepted in `pass/rk11.rs`.
use rekindle::plan::{Loop, Plan};
use rekindle::prelude::*;

#[derive(Layout)]
struct Memory {
    x: Buffer<[i8; 784]>,
    y: Buffer<[i32; 10]>,
}

const NVM: usize = Nvm::<Memory, Mapped>::NEEDED;

const CONV: Loop = Loop {
    name: "conv",
    every: 1,
    iteration_nj: 0,
    commit_nj: 0,
    restart_nj: 0,
    sram_bytes: 2_048,
};

const PLAN: Plan<1> = Plan {
    power_cycle_nj: 0,
    sram_bytes: 2_048,
    nvm_bytes: NVM as u64,
    loops: [CONV],
};

// A tile larger than the SRAM.
const _: () = Plan { sram_bytes: 2_047, ..PLAN }.check();

// Buffers larger than the NVM.
const _: () = Plan { nvm_bytes: NVM as u64 - 1, ..PLAN }.check_memory(NVM, 0);

// An arena larger than the SRAM.
const _: () = PLAN.check_memory(NVM, 2_049);

// A buffer more than was planned for.
#[derive(Layout)]
struct Grown {
    memory: Memory,
    z: Buffer<u8>,
}
const _: () = PLAN.check_memory(Nvm::<Grown, Mapped>::NEEDED, 0);

fn main() {}
