// Budgets one nanojoule below what is counted; what is counted exactly is accepted in `pass/rk05.rs`.
use rekindle::budget::{Budget, Costs};
use rekindle::prelude::*;

/// Nothing but stores, a nanojoule each.
const STORES: Costs = Costs {
    op_pj: 0,
    mac_pj: 0,
    div_pj: 0,
    load_pj: 0,
    store_pj: 500,
    commit_pj: 0,
    byte_pj: 0,
    restart_pj: 0,
    fetch_pj: 0,
};

const fn macs(n: u64) -> Budget {
    let mut budget = stores(n);
    budget.costs.mac_pj = 1_000;
    budget.costs.store_pj = 0;
    budget
}

const fn stores(n: u64) -> Budget {
    Budget {
        power_cycle_nj: n,
        costs: STORES,
    }
}

// `set` counts as two, for the word that is read, changed and written: 500 pJ each.
#[intermittent_task(budget = stores(3))]
fn every(y: Output<[i32; 100]>) {
    #[commit(every = 4)]
    for i in 0..100 {
        y.set(i, 0);
    }
}

#[intermittent_task(budget = stores(7))]
fn a_loop_in_a_loop<const N: usize>(y: Output<[i32; 100]>) {
    #[commit]
    for i in 0..10 {
        for j in 0..N {
            y.set(i * 10 + j, 0);
        }
    }
}

#[intermittent_task(budget = stores(6))]
fn the_dearer_branch(y: Output<[i32; 100]>, n: usize) {
    #[commit]
    for i in 0..10 {
        if n > 3 {
            for j in 0..7 {
                y.set(i * 10 + j, 0);
            }
        } else {
            y.set(i, 0);
        }
    }
}

// Two rows of three, and what surrounds the rows that the region of six touches.
#[intermittent_task(budget = stores(8))]
fn counted_over_the_nest(y: Output<[i32; 100]>) {
    for i in 0..20 {
        y.set(99, 0);
        #[commit(every = 6)]
        for j in 0..3 {
            y.set(i + j, 0);
        }
    }
}

#[intermittent_task(budget = stores(2))]
fn what_is_known_of_a_loop_variable(y: Output<[i32; 100]>, n: u8) {
    #[commit]
    for i in 0..4 {
        for j in i..i + 3 {
            y.set(j, 0);
        }
    }
    #[commit]
    for i in 0..n {
        for j in 0..usize::from(i % 4) {
            y.set(j, 0);
        }
    }
}

#[intermittent_task(budget = stores(63))]
fn said_by_the_author(y: Output<[i32; 100]>, table: &[i32; 8]) {
    #[commit]
    for i in 0..100 {
        #[cost(64_000 - 1_000)]
        let v: i32 = dear(table, i);
        y.set(i, v);
    }
}

#[intermittent_task(budget = macs(7))]
fn iterators(x: Input<[i8; 8]>, w: &[[i8; 8]; 4], y: Output<[i32; 4]>) {
    for o in 0..4 {
        let sum: i32 = x
            .iter()
            .zip(&w[o])
            .map(|(a, b)| i32::from(*a) * i32::from(*b))
            .sum();
        for v in x.iter().enumerate().filter(|(i, _)| i % 2 == 0) {
            #[cost(0)]
            let _: usize = v.0.pow(2);
        }
        #[commit]
        y.set(o, sum);
    }
}

// A way back to the head without a commit: all rounds are one region.
#[intermittent_task(budget = stores(11))]
fn passed_by(y: Output<[i32; 100]>, n: usize) {
    for i in 0..12 {
        y.set(i, 0);
        if n > 3 {
            #[commit]
            {}
        }
    }
    #[commit]
    {}
}

fn dear(table: &[i32; 8], i: usize) -> i32 {
    table[i % 8]
}

struct Model;

impl Model {
    fn row(&self, _i: usize) -> i32 {
        0
    }
}

// What cannot be counted.
#[intermittent_task(budget = stores(64))]
fn a_call(y: Output<[i32; 100]>, model: &Model) {
    #[commit]
    for i in 0..100 {
        let v: i32 = model.row(i);
        y.set(i, v);
    }
    #[commit]
    for i in 0..100 {
        let v: i32 = dear(&[0; 8], i);
        log::info!("{}", v);
        y.set(i, v);
    }
}

#[intermittent_task(budget = stores(64))]
fn a_slice_of_any_length(x: &[i32], y: Output<[i32; 100]>) {
    #[commit]
    for i in 0..100 {
        let mut sum: i32 = 0;
        for v in x {
            sum += *v;
        }
        y.set(i, sum);
    }
}

// The rest of the region is in the caller.
#[intermittent_task(budget = stores(40))]
fn an_end_of_its_own(y: Output<[i32; 100]>) {
    #[commit(every = 30)]
    for i in 0..100 {
        y.set(i, 0);
    }
    for i in 0..20 {
        y.set(i, 0);
    }
}

#[intermittent_task(budget = stores(40))]
fn behind_a_sub_task(y: Output<[i32; 100]>, z: Output<[i32; 100]>) {
    #[run]
    every(z);
    for i in 0..30 {
        y.set(i, 0);
    }
    #[commit]
    {}
}

#[intermittent_task(budget = Budget { costs: Costs { restart_pj: 5_000, ..STORES }, ..stores(9) })]
fn with_what_a_restart_takes(table: &[i32; 8], y: Output<[i32; 100]>) {
    #[cost(1_000)]
    let scale: i32 = dear(table, 3);
    #[commit]
    for i in 0..10 {
        for j in 0..4 {
            y.set(i + j, scale);
        }
    }
}

#[derive(Layout)]
struct Memory {
    y: Buffer<[i32; 100]>,
}

fn main() {
    let mut words = [0_u64; 128];
    let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words)).expect("opens");
    // The instance that is built is the one that counts.
    nvm.resume_or_start(&mut [], |cx, m| a_loop_in_a_loop::<8>(cx, &mut m.y))
        .expect("runs");
}
