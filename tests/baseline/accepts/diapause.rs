//! Programs as one would write them, with diapause, each compiled alone: `--cfg case="…"`.
//!
//! Inputs and weights are statics, since a state that is stored holds no references; only the case that is about that
//! has parameters. Outputs are yielded to a driver that stores them.
#![allow(dead_code, missing_docs)]

use serde::{Deserialize, Serialize};

static X: [i32; 8] = [1; 8];
static ROWS: [[i32; 4]; 8] = [[1; 4]; 8];
static MAP: [[[i32; 2]; 3]; 4] = [[[1; 2]; 3]; 4];

/// After a power failure a state has to come back from its bytes.
fn resumable<S: serde::de::DeserializeOwned + Serialize>() {}

#[cfg(case = "a loop over a range of literals")]
#[diapause::coroutine(yield = i32, fingerprint)]
#[derive(Serialize, Deserialize)]
fn task() {
    for o in 0usize..8usize {
        yield_!(2 * X[o]);
    }
}

#[cfg(case = "a loop over a const generic")]
#[diapause::coroutine(yield = i32, fingerprint)]
#[derive(Serialize, Deserialize)]
fn task<const O: usize>() {
    for o in 0..O {
        yield_!(2 * X[o]);
    }
}

#[cfg(case = "a loop over a buffer's length")]
#[diapause::coroutine(yield = i32, fingerprint)]
#[derive(Serialize, Deserialize)]
fn task() {
    for o in 0..X.len() {
        yield_!(2 * X[o]);
    }
}

#[cfg(case = "weights by reference")]
#[diapause::coroutine(yield = i32, fingerprint)]
#[derive(Serialize, Deserialize)]
fn task(w: &[i32; 8]) {
    for o in 0usize..8usize {
        yield_!(w[o] * X[o]);
    }
}

#[cfg(case = "a nest of three")]
#[diapause::coroutine(yield = i32, fingerprint)]
#[derive(Serialize, Deserialize)]
fn task() {
    for r in 0usize..4usize {
        for c in 0usize..3usize {
            for k in 0usize..2usize {
                yield_!(2 * MAP[r][c][k]);
            }
        }
    }
}

#[cfg(case = "a row borrowed across commits")]
#[diapause::coroutine(yield = i32, fingerprint)]
#[derive(Serialize, Deserialize)]
fn task() {
    for r in 0usize..8usize {
        let row = &ROWS[r][..];
        for c in 0usize..4usize {
            yield_!(2 * row[c]);
        }
    }
}

#[cfg(case = "a loop backwards")]
#[diapause::coroutine(yield = i32, fingerprint)]
#[derive(Serialize, Deserialize)]
fn task() {
    for o in (0usize..8usize).rev() {
        yield_!(2 * X[o]);
    }
}

#[cfg(case = "a loop in steps")]
#[diapause::coroutine(yield = i32, fingerprint)]
#[derive(Serialize, Deserialize)]
fn task() {
    for o in (0usize..8usize).step_by(2) {
        yield_!(2 * X[o]);
    }
}

#[cfg(case = "a commit each fourth time")]
#[diapause::coroutine(yield = [i32; 4], fingerprint)]
#[derive(Serialize, Deserialize)]
fn task() {
    for b in 0usize..2usize {
        yield_!([
            2 * X[4 * b],
            2 * X[4 * b + 1],
            2 * X[4 * b + 2],
            2 * X[4 * b + 3]
        ]);
    }
}

#[cfg(case = "a running sum")]
#[diapause::coroutine(yield = i32, fingerprint)]
#[derive(Serialize, Deserialize)]
fn task() {
    let mut sum: i32 = 0;
    for o in 0usize..8usize {
        sum += X[o];
        yield_!(sum);
    }
}

#[cfg(case = "a reassigned parameter")]
#[diapause::coroutine(yield = i32, fingerprint)]
#[derive(Serialize, Deserialize)]
fn task(mut scale: i32) {
    for o in 0usize..8usize {
        yield_!(scale * X[o]);
        scale += 1;
    }
}

#[cfg(case = "branches and early return")]
#[diapause::coroutine(yield = i32, fingerprint)]
#[derive(Serialize, Deserialize)]
fn task() {
    for o in 0usize..8usize {
        if X[o] < 0 {
            return;
        }
        yield_!(2 * X[o]);
    }
}

#[cfg(case = "an `Option` across a commit")]
#[diapause::coroutine(yield = i32, fingerprint)]
#[derive(Serialize, Deserialize)]
fn task() {
    let mut last: Option<i32> = None;
    for o in 0usize..8usize {
        yield_!(last.unwrap_or(0) + X[o]);
        last = Some(X[o]);
    }
}

#[cfg(case = "a task within a task")]
#[diapause::coroutine(yield = i32, fingerprint)]
#[derive(Serialize, Deserialize)]
fn inner() {
    for o in 0usize..8usize {
        yield_!(2 * X[o]);
    }
}
#[cfg(case = "a task within a task")]
#[diapause::coroutine(yield = i32, fingerprint)]
#[derive(Serialize, Deserialize)]
fn task() {
    yield_all!(inner());
}

fn main() {
    #[cfg(case = "a loop over a const generic")]
    resumable::<task::State<8>>();
    #[cfg(not(case = "a loop over a const generic"))]
    resumable::<task::State>();
}
