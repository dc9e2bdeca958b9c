// What fits to the byte; one byte more is refused in `../rk11.rs`.
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

// A tile as large as the SRAM.
const _: () = Plan { sram_bytes: 2_048, ..PLAN }.check();

// Buffers as large as the NVM.
const _: () = Plan { nvm_bytes: NVM as u64, ..PLAN }.check_memory(NVM, 0);

// An arena as large as the SRAM.
const _: () = PLAN.check_memory(NVM, 2_048);

// A buffer more, of no bytes.
#[derive(Layout)]
struct Grown {
    memory: Memory,
    z: Buffer<[u8; 0]>,
}
const _: () = PLAN.check_memory(Nvm::<Grown, Mapped>::NEEDED, 0);

fn main() {}
