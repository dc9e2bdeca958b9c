//! The programs of `diapause.rs` with Rekindle, each compiled alone: `--cfg case="…"`.
#![allow(dead_code, missing_docs)]

use rekindle::prelude::*;

#[cfg(case = "a loop over a range of literals")]
#[intermittent_task]
fn task(x: Input<[i32; 8]>, y: Output<[i32; 8]>) {
    #[commit]
    for o in 0..8 {
        y.set(o, 2 * x[o]);
    }
}

#[cfg(case = "a loop over a const generic")]
#[intermittent_task]
fn task<const O: usize>(x: Input<[i32; O]>, y: Output<[i32; O]>) {
    #[commit]
    for o in 0..O {
        y.set(o, 2 * x[o]);
    }
}

#[cfg(case = "a loop over a buffer's length")]
#[intermittent_task]
fn task(x: Input<[i32; 8]>, y: Output<[i32; 8]>) {
    #[commit]
    for o in 0..x.len() {
        y.set(o, 2 * x[o]);
    }
}

#[cfg(case = "weights by reference")]
#[intermittent_task]
fn task(x: Input<[i32; 8]>, w: &[i32; 8], y: Output<[i32; 8]>) {
    #[commit]
    for o in 0..8 {
        y.set(o, w[o] * x[o]);
    }
}

#[cfg(case = "a nest of three")]
#[intermittent_task]
fn task(x: Input<[[[i32; 2]; 3]; 4]>, y: Output<[[[i32; 2]; 3]; 4]>) {
    for r in 0..4 {
        for c in 0..3 {
            #[commit]
            for k in 0..2 {
                y.set([r, c, k], 2 * x[r][c][k]);
            }
        }
    }
}

#[cfg(case = "a row borrowed across commits")]
#[intermittent_task]
fn task(x: Input<[[i32; 4]; 8]>, y: Output<[[i32; 4]; 8]>) {
    for r in 0..8 {
        let row = &x[r][..];
        #[commit]
        for c in 0..4 {
            y.set([r, c], 2 * row[c]);
        }
    }
}

#[cfg(case = "a loop backwards")]
#[intermittent_task]
fn task(x: Input<[i32; 8]>, y: Output<[i32; 8]>) {
    #[commit]
    for o in (0..8).rev() {
        y.set(o, 2 * x[o]);
    }
}

#[cfg(case = "a loop in steps")]
#[intermittent_task]
fn task(x: Input<[i32; 8]>, y: Output<[i32; 8]>) {
    #[commit]
    for o in (0..8).step_by(2) {
        y.set(o, 2 * x[o]);
    }
}

#[cfg(case = "a commit each fourth time")]
#[intermittent_task]
fn task(x: Input<[i32; 8]>, y: Output<[i32; 8]>) {
    #[commit(every = 4)]
    for o in 0..8 {
        y.set(o, 2 * x[o]);
    }
}

#[cfg(case = "a running sum")]
#[intermittent_task]
fn task(x: Input<[i32; 8]>, y: Output<[i32; 8]>) {
    let mut sum: i32 = 0;
    #[commit]
    for o in 0..8 {
        sum += x[o];
        y.set(o, sum);
    }
}

#[cfg(case = "a reassigned parameter")]
#[intermittent_task]
fn task(x: Input<[i32; 8]>, mut scale: i32, y: Output<[i32; 8]>) {
    #[commit]
    for o in 0..8 {
        y.set(o, scale * x[o]);
        scale += 1;
    }
}

#[cfg(case = "branches and early return")]
#[intermittent_task]
fn task(x: Input<[i32; 8]>, y: Output<[i32; 8]>) {
    #[commit]
    for o in 0..8 {
        if x[o] < 0 {
            return;
        }
        y.set(o, 2 * x[o]);
    }
}

#[cfg(case = "an `Option` across a commit")]
#[intermittent_task]
fn task(x: Input<[i32; 8]>, y: Output<[i32; 8]>) {
    let mut last: Option<i32> = None;
    #[commit]
    for o in 0..8 {
        y.set(o, last.unwrap_or(0) + x[o]);
        last = Some(x[o]);
    }
}

#[cfg(case = "a task within a task")]
#[intermittent_task]
fn inner(x: Input<[i32; 8]>, y: Output<[i32; 8]>) {
    #[commit]
    for o in 0..8 {
        y.set(o, 2 * x[o]);
    }
}
#[cfg(case = "a task within a task")]
#[intermittent_task]
fn task(x: Input<[i32; 8]>, y: Output<[i32; 8]>) {
    #[run]
    inner(x, y);
}

fn main() {}
