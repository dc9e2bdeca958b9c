//! Energy budgets: the work between two commits, held against a power cycle when the program is compiled (rule RK05).
//!
//! `#[intermittent_task(budget = PATH)]` names a constant [`Budget`]: what a power cycle can spend, and what each kind of
//! operation takes on the device. The macro counts the operations of every region, on its dearest path, with the largest
//! number of rounds that every loop can make; the compiler evaluates the sum for the instance that is built, const generics
//! included. A region that does not fit would begin again after each outage for ever; it is a compile error at its commit,
//! with its cost, the budget, and the largest `every` that fits.
//!
//! ```
//! use rekindle::budget::{Budget, Costs};
//! use rekindle::prelude::*;
//!
//! /// A 100 µF capacitor between 2.8 V and 2.4 V, less a fifth.
//! const CAPACITOR: Budget = Budget { power_cycle_nj: 83_000, costs: Costs::MSP430FR5994 };
//!
//! #[intermittent_task(budget = CAPACITOR)]
//! fn matvec(x: Input<[i8; 16]>, w: &[[i8; 16]; 100], y: Output<[i32; 100]>) {
//!     #[commit(every = 8)]
//!     for o in 0..100 {
//!         let mut sum: i32 = 0;
//!         for (x, w) in x.iter().zip(&w[o]) {
//!             sum += i32::from(*x) * i32::from(*w);
//!         }
//!         y.set(o, sum);
//!     }
//! }
//! ```
//!
//! With `every = 100` it does not compile ("takes up to … nJ … write `every = 12`").
//!
//! # What is counted
//!
//! | as | what |
//! | --- | --- |
//! | `op` | an addition, comparison, logical operation, shift, conversion, branch, an index; two for each round of a loop |
//! | `mac` | a multiplication, with the addition that usually goes with it |
//! | `div` | a division or remainder |
//! | `load` | reading an item of a buffer, array or slice |
//! | `store` | writing one |
//! | `commit`, `byte` | a commit, and each byte of the state that it may have to record |
//! | `restart`, `fetch` | a boot up to the point where the work goes on, and each byte of the inputs that are fetched to SRAM again; bindings that are computed again are counted as code |
//!
//! A call of a function that is not known has no cost that can be counted: `#[cost(N)]` on the statement says the most that
//! it can take, in picojoules. A loop needs a number of rounds that follows from constants, const generics, narrow parameters
//! and lengths of arrays. What is counted are operations of the source: figures for them come from measuring loops of them
//! on the device, and the margin is yours.
//!
//! # Tasks within tasks
//!
//! A task's budget is about its own code; give the tasks that it runs budgets of their own. What a task does after its last
//! commit ends up in one region with what its caller does next. So that the two fit together, the former may take a quarter
//! of a power cycle (a 64th behind a sub-task, as those add up over the levels), and the latter half of it.

use crate::text::Text;

/// What a power cycle can spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // Budgets are written as literals.
pub struct Budget {
    /// From switching on to switching off, in nanojoules: `½·C·(V_on² − V_off²)`, less a margin.
    pub power_cycle_nj: u64,
    /// What operations take.
    pub costs: Costs,
}

/// What operations take on a device, in picojoules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // Profiles are written as literals.
pub struct Costs {
    /// An addition, comparison, conversion, branch.
    pub op_pj: u64,
    /// A multiplication and an addition.
    pub mac_pj: u64,
    /// A division or remainder.
    pub div_pj: u64,
    /// Reading an item.
    pub load_pj: u64,
    /// Writing an item.
    pub store_pj: u64,
    /// A commit.
    pub commit_pj: u64,
    /// A byte of what a commit records.
    pub byte_pj: u64,
    /// A boot, up to the point where the work goes on.
    pub restart_pj: u64,
    /// A byte of an input that is fetched to SRAM after a boot; 0 where NVM is mapped.
    pub fetch_pj: u64,
}

impl Costs {
    /// MSP430FR5994 at 16 MHz, work in on-chip FRAM: operations as measured by iNAS (ACM TECS 20(5s) 64, 2021) for compiled
    /// C, a FRAM access as fitted for that part (0.635 nJ a read that misses the cache, 0.682 nJ a write) with the addition
    /// that computes its address, a boot of 3 µJ.
    pub const MSP430FR5994: Self = Self {
        op_pj: 3_936,
        mac_pj: 23_189,
        div_pj: 43_738,
        load_pj: 4_571,
        store_pj: 4_618,
        // Some 60 operations, a position word or record header, and the two barriers.
        commit_pj: 250_000,
        byte_pj: 5_300,
        restart_pj: 3_000_000,
        fetch_pj: 0,
    };

    /// The same part with its data in FRAM behind SPI, as iNAS's board: 13.5 nJ a byte moved by DMA and 200 nJ a transfer, a
    /// boot of 77.88 µJ.
    pub const MSP430FR5994_SPI_FRAM: Self = Self {
        op_pj: 3_936,
        mac_pj: 23_189,
        div_pj: 43_738,
        load_pj: 4_134,
        store_pj: 60_000,
        commit_pj: 900_000,
        byte_pj: 13_500,
        restart_pj: 77_880_000,
        fetch_pj: 13_500,
    };
}

/// What the macros emit. Energies in picojoules; [`NEVER`](count::NEVER) where a way through the code does not exist.
#[doc(hidden)]
pub mod count {
    use super::{Budget, Costs, Text};

    /// There is no such way.
    pub const NEVER: i64 = -1;
    /// Beyond every budget; also the rounds of a loop that nothing bounds.
    pub const ENDLESS: i64 = i64::MAX;

    /// `n` operations of each kind.
    pub const fn ops(c: &Costs, op: u64, mac: u64, div: u64, load: u64, store: u64) -> i64 {
        let sum = c
            .op_pj
            .saturating_mul(op)
            .saturating_add(c.mac_pj.saturating_mul(mac))
            .saturating_add(c.div_pj.saturating_mul(div))
            .saturating_add(c.load_pj.saturating_mul(load))
            .saturating_add(c.store_pj.saturating_mul(store));
        energy(sum)
    }

    /// A figure of the user's.
    pub const fn energy(pj: u64) -> i64 {
        if pj > ENDLESS as u64 {
            ENDLESS
        } else {
            pj as i64
        }
    }

    /// A commit that records `bytes`.
    pub const fn commit(c: &Costs, bytes: usize) -> i64 {
        energy(
            c.commit_pj
                .saturating_add(c.byte_pj.saturating_mul(bytes as u64)),
        )
    }

    /// A boot that fetches `bytes`.
    pub const fn restart(c: &Costs, bytes: usize) -> i64 {
        energy(
            c.restart_pj
                .saturating_add(c.fetch_pj.saturating_mul(bytes as u64)),
        )
    }

    /// One after the other.
    pub const fn add(a: i64, b: i64) -> i64 {
        if a < 0 || b < 0 {
            NEVER
        } else {
            a.saturating_add(b)
        }
    }

    /// The dearer of two ways.
    pub const fn max(a: i64, b: i64) -> i64 {
        if a > b { a } else { b }
    }

    /// The smaller of two numbers.
    pub const fn min(a: i64, b: i64) -> i64 {
        if a < b { a } else { b }
    }

    /// `n` times over.
    pub const fn times(n: i64, cost: i64) -> i64 {
        if n <= 0 {
            0
        } else if cost < 0 {
            NEVER
        } else {
            n.saturating_mul(cost)
        }
    }

    /// A quotient of counts, rounded up.
    pub const fn div_ceil(a: i64, b: i64) -> i64 {
        if a <= 0 {
            return 0;
        }
        let b = max(b, 1);
        (a - 1) / b + 1
    }

    /// Passing a loop of `least` to `most` rounds without a commit, where `round` passes one round.
    pub const fn around(least: i64, most: i64, round: i64) -> i64 {
        if round < 0 {
            return if least <= 0 { 0 } else { NEVER };
        }
        times(most, round)
    }

    /// Passing a loop that commits after every `every` rounds without reaching its commit.
    pub const fn short_of(least: i64, most: i64, every: i64, round: i64) -> i64 {
        if least >= every {
            return NEVER;
        }
        around(least, min(most, every - 1), round)
    }

    /// The rounds behind the last commit of a loop that commits after every `every` rounds.
    pub const fn rest(least: i64, most: i64, every: i64, round: i64) -> i64 {
        if every < 1 {
            return ENDLESS;
        }
        // Exact where the number of rounds is.
        if least == most && most != ENDLESS {
            return more(most % every, round);
        }
        more(every - 1, round)
    }

    /// What more rounds of a loop add to a way that begins or ends in it.
    pub const fn more(rounds: i64, round: i64) -> i64 {
        if round < 0 { 0 } else { times(rounds, round) }
    }

    /// Whether the region up to a commit fits: `share` is the part of a power cycle that it may take, as 1/share.
    #[track_caller]
    pub const fn region(
        budget: &Budget,
        restart: i64,
        cost: i64,
        share: u64,
        task: &str,
        round: i64,
        every: i64,
    ) {
        if cost < 0 {
            return;
        }
        let have = energy(budget.power_cycle_nj.saturating_mul(1_000)) / share as i64;
        let need = add(restart, cost);
        if need <= have {
            return;
        }
        let text = Text::new().str("[RK05] in `").str(task);
        let text = if cost == ENDLESS {
            text.str("`, the region that ends here is not bounded: how often a loop in it goes round is not known")
        } else {
            text.str("`, the region that ends here takes up to ")
                .number((need as u64).div_ceil(1_000))
                .str(" nJ (a restart: ")
                .number((restart as u64).div_ceil(1_000))
                .str(" nJ), but a power cycle holds ")
                .number(have as u64 / 1_000)
                .str(" nJ")
        };
        let text = if share == 1 {
            text
        } else {
            text.str(" for it behind a sub-task (a half: the other is for what the sub-task did after its last commit)")
        };
        let text =
            text.str("\nafter an outage: it would begin again each time, and never end\nhelp: ");
        let fixed = add(restart, cost - min(cost, times(every, round)));
        let fits = if round > 0 {
            (have - min(have, fixed)) / round
        } else {
            0
        };
        let text = if cost != ENDLESS && every > 1 && fits >= 1 {
            text.str("write `every = ").number(fits as u64).str("`")
        } else if round > 0 {
            text.str("a single round is too dear: put `#[commit]` on a loop inside it")
        } else {
            text.str("put `#[commit]` between the parts of it, or on a loop inside")
        };
        panic!("{}", text.as_str());
    }

    /// Whether what a task does after its last commit leaves its caller enough: `own` after a commit of its own, `behind`
    /// after a sub-task.
    #[track_caller]
    pub const fn end(budget: &Budget, own: i64, behind: i64, task: &str) {
        last(budget, own, 4, task, "");
        last(budget, behind, 64, task, " of a sub-task");
    }

    #[track_caller]
    const fn last(budget: &Budget, cost: i64, share: u64, task: &str, of: &str) {
        let have = energy(budget.power_cycle_nj.saturating_mul(1_000)) / share as i64;
        if cost <= have {
            return;
        }
        let text = Text::new()
            .str("[RK05] what `")
            .str(task)
            .str("` does behind the last commit")
            .str(of);
        let text = if cost == ENDLESS {
            text.str(" is not bounded: how often a loop in it goes round is not known")
        } else {
            text.str(" takes up to ")
                .number((cost as u64).div_ceil(1_000))
                .str(" nJ of the ")
                .number(have as u64 / 1_000)
                .str(" nJ that it may take: the region goes on in the caller, which needs the rest of the power cycle")
        };
        let text = text.str("\nafter an outage: the two together might begin again each time, and never end\nhelp: put `#[commit]` on the last statement, or let `every` divide the number of rounds");
        panic!("{}", text.as_str());
    }
}
