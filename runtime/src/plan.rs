//! Plans: commit intervals and budgets that a planner has chosen, held against the program when it is compiled.
//!
//! `rekindle plan --rust` (crate `rekindle-planner`) writes a module of constants like the one below. The program takes its
//! intervals from there, and a plan that cannot work is a compile error: a region dearer than a power cycle (rule RK05), a
//! program larger than the memory (RK11).
//!
//! ```
//! use rekindle::prelude::*;
//!
//! mod plan {
//!     use rekindle::plan::{Loop, Plan};
//!
//!     pub const MATVEC: Loop =
//!         Loop { name: "matvec", every: 16, iteration_nj: 900, commit_nj: 40, restart_nj: 12_000, sram_bytes: 0 };
//!     pub const PLAN: Plan<1> = Plan {
//!         power_cycle_nj: 104_000,
//!         sram_bytes: 2_048,
//!         nvm_bytes: 8_192,
//!         loops: [MATVEC],
//!     };
//!     const _: () = PLAN.check();
//! }
//!
//! #[derive(Layout)]
//! struct Memory { x: Buffer<[i8; 64]>, y: Buffer<[i32; 100]> }
//!
//! // What the program needs, of NVM and of SRAM for its arena.
//! const _: () = plan::PLAN.check_memory(Nvm::<Memory, Mapped>::NEEDED, 0);
//!
//! #[intermittent_task]
//! fn matvec(x: Input<[i8; 64]>, w: &[[i8; 64]; 100], y: Output<[i32; 100]>) {
//!     #[commit(every = plan::MATVEC.every)]
//!     for o in 0..100 {
//!         y.set(o, x.iter().zip(&w[o]).map(|(x, w)| i32::from(*x) * i32::from(*w)).sum());
//!     }
//! }
//! ```
//!
//! The same with an interval that no power cycle holds does not compile:
//!
//! ```compile_fail
//! # use rekindle::plan::{Loop, Plan};
//! const MATVEC: Loop =
//!     Loop { name: "matvec", every: 160, iteration_nj: 900, commit_nj: 40, restart_nj: 12_000, sram_bytes: 0 };
//! const PLAN: Plan<1> = Plan {
//!     power_cycle_nj: 104_000, sram_bytes: 2_048, nvm_bytes: 8_192, loops: [MATVEC],
//! };
//! const _: () = PLAN.check();
//! ```
//!
//! The energies are the planner's model; what holds is that the program is the planned one, not that the model is right.
//! Everything here is evaluated by the compiler, and nothing of it is in the firmware.

use crate::text::Text;

/// The plan of a program, for one device and one capacitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // Plans are written as literals.
pub struct Plan<const N: usize> {
    /// What one power cycle can spend, from switching on to switching off, in nanojoules: `½·C·(V_on² − V_off²)`, less
    /// a margin.
    pub power_cycle_nj: u64,
    /// SRAM that the program may use for buffers, in bytes.
    pub sram_bytes: u64,
    /// NVM in bytes.
    pub nvm_bytes: u64,
    /// The loops that commit, in the order in which they run.
    pub loops: [Loop; N],
}

/// The plan of one loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // Plans are written as literals.
pub struct Loop {
    /// Its name in messages.
    pub name: &'static str,
    /// Iterations between two commits, for `#[commit(every = …)]`.
    pub every: u32,
    /// The dearest iteration in nanojoules.
    pub iteration_nj: u64,
    /// A commit in nanojoules.
    pub commit_nj: u64,
    /// Booting, finding out where to go on, and fetching what the loop needs again, in nanojoules.
    pub restart_nj: u64,
    /// SRAM for buffers while it runs, in bytes.
    pub sram_bytes: u64,
}

/// The tile that a planner chose for a layer: what one iteration computes.
///
/// ```
/// use rekindle::plan::Tile;
///
/// const TILE: Tile = Tile { rows: 4, columns: 28, outputs: 6, inputs: 3 };
/// let rows = (0..28).step_by(TILE.rows);
/// assert_eq!(rows.len(), 7);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // Plans are written as literals.
pub struct Tile {
    /// Output rows.
    pub rows: usize,
    /// Output columns.
    pub columns: usize,
    /// Output channels.
    pub outputs: usize,
    /// Input channels at a time.
    pub inputs: usize,
}

impl Loop {
    /// What is done between two commits, in nanojoules.
    ///
    /// ```
    /// # use rekindle::plan::Loop;
    /// let conv = Loop { name: "conv", every: 28, iteration_nj: 3_000, commit_nj: 40, restart_nj: 0, sram_bytes: 0 };
    /// assert_eq!(conv.region_nj(), 84_040);
    /// ```
    pub const fn region_nj(&self) -> u64 {
        (self.every as u64)
            .saturating_mul(self.iteration_nj)
            .saturating_add(self.commit_nj)
    }
}

impl<const N: usize> Plan<N> {
    /// Whether every region fits one power cycle and every loop the SRAM: `const _: () = PLAN.check();`.
    ///
    /// # Panics
    ///
    /// If not, with the loop and the shortfall; in a constant, that is a compile error.
    #[track_caller]
    pub const fn check(&self) {
        let mut i = 0;
        while i < N {
            let l = &self.loops[i];
            assert!(l.every > 0, "[RK04] `every = 0` would never commit");
            let need = l.region_nj().saturating_add(l.restart_nj);
            if need > self.power_cycle_nj {
                let text = Text::new()
                    .str("[RK05] the plan of `")
                    .str(l.name)
                    .str("` does not fit a power cycle: a restart, ")
                    .number(l.every as u64)
                    .str(" iterations and a commit take ")
                    .number(need)
                    .str(" nJ of ")
                    .number(self.power_cycle_nj)
                    .str(" nJ\nafter an outage: it would begin again each time\nhelp: commit more often: plan again for this power cycle");
                panic!("{}", text.as_str());
            }
            if l.sram_bytes > self.sram_bytes {
                let text = Text::new()
                    .str("[RK11] the plan of `")
                    .str(l.name)
                    .str("` takes ")
                    .number(l.sram_bytes)
                    .str(" bytes of SRAM, but there are ")
                    .number(self.sram_bytes)
                    .str("\nhelp: take a smaller tile, or plan again for this SRAM");
                panic!("{}", text.as_str());
            }
            i += 1;
        }
    }

    /// Whether the program fits the memory that it was planned for: `nvm` is [`Nvm::NEEDED`](crate::Nvm::NEEDED), `arena`
    /// the SRAM given to [`resume_or_start`](crate::Nvm::resume_or_start), both in bytes.
    ///
    /// # Panics
    ///
    /// If not; in a constant, that is a compile error.
    #[track_caller]
    pub const fn check_memory(&self, nvm: usize, arena: usize) {
        if nvm as u64 > self.nvm_bytes {
            let text = Text::new()
                .str("[RK11] the program takes ")
                .number(nvm as u64)
                .str(" bytes of NVM, but its plan is for ")
                .number(self.nvm_bytes)
                .str("\nhelp: make its buffers smaller, let two that are not in use together be one, or plan again");
            panic!("{}", text.as_str());
        }
        if arena as u64 > self.sram_bytes {
            let text = Text::new()
                .str("[RK11] the arena takes ")
                .number(arena as u64)
                .str(" bytes of SRAM, but the plan is for ")
                .number(self.sram_bytes)
                .str("\nhelp: hand over a smaller arena, or plan again for this one");
            panic!("{}", text.as_str());
        }
    }
}
