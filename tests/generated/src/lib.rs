//! Judges generated tasks: each is run under the crash checker, on a mapped and on a byte store.
//!
//! `cargo xtask generate` writes the programs, as crates below `target/generated` that call [`judge`]. The memory and the
//! helpers are the same for all of them, so that the checker is compiled once.

use std::io::Write as _;
use std::sync::mpsc;
use std::time::Duration;

use rekindle::crash::{BytesCut, Check, MappedCut};
use rekindle::prelude::*;
use serde::Serialize;

/// Items of each buffer.
pub const N: usize = 5;
/// Most images recovered, for each run and store.
const IMAGES: u64 = 2_000;

/// What all generated programs work on.
#[derive(Layout)]
pub struct Memory {
    /// Read.
    pub x: Buffer<[i32; N]>,
    /// Written.
    pub y: Buffer<[i32; N]>,
    /// Written, and read by later tasks.
    pub z: Buffer<[i32; N]>,
    /// Worked on in place.
    pub b: Buffer<[i32; N]>,
    /// Worked on in place.
    pub c: Buffer<[i32; N]>,
    /// Worked on in place, with two dimensions.
    pub g: Buffer<[[i32; 3]; 2]>,
    /// A state.
    pub s: Buffer<i32>,
    /// A state with several items.
    pub t: Buffer<[i32; 3]>,
}

/// A task on the mapped store.
pub type OnMapped = fn(&mut Cx<'_, MappedCut>, &mut Memory) -> Result<(), Error>;
/// The same task on the byte store.
pub type OnBytes = fn(&mut Cx<'_, BytesCut>, &mut Memory) -> Result<(), Error>;

/// One generated program.
pub struct Program {
    /// Its number.
    pub id: usize,
    /// Its tasks, with arguments. Each begins with a memory of its own.
    pub runs: Vec<Run>,
}

/// A call of a task.
#[derive(Clone, Copy)]
pub struct Run {
    /// On the mapped store.
    pub mapped: OnMapped,
    /// On the byte store.
    pub bytes: OnBytes,
}

/// What the checker says of a program; one line of JSON on standard output.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// Its number.
    pub id: usize,
    /// What went wrong after an outage.
    pub failure: Option<String>,
    /// Commits of the run on continuous power, on the mapped store; the most of its runs.
    pub commits: usize,
    /// Distinct images recovered, on both stores.
    pub images: u64,
    /// Images left out for want of time.
    pub unexplored: u64,
}

/// Checks the programs one by one, and prints a [`Verdict`] for each. One that neither ends nor writes fails after
/// `patience` seconds.
pub fn judge(programs: &[Program], seed: u64, patience: u64) {
    std::panic::set_hook(Box::new(|_| ()));
    for program in programs {
        let verdict = one(program, seed, patience).unwrap_or_else(|failure| Verdict {
            id: program.id,
            failure: Some(failure),
            commits: 0,
            images: 0,
            unexplored: 0,
        });
        let line = serde_json::to_string(&verdict).unwrap_or_default();
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }
}

/// Checks one program.
///
/// # Errors
///
/// What went wrong after an outage.
pub fn one(program: &Program, seed: u64, patience: u64) -> Result<Verdict, String> {
    let (id, runs) = (program.id, program.runs.clone());
    let (verdict, waits) = mpsc::channel();
    std::thread::spawn(move || {
        let checked = std::panic::catch_unwind(|| all(id, &runs, seed));
        let _ = verdict.send(checked.unwrap_or_else(|_| Err("it panics".to_owned())));
    });
    waits
        .recv_timeout(Duration::from_secs(patience))
        .unwrap_or_else(|_| Err(format!("no end after {patience} s")))
}

fn all(id: usize, runs: &[Run], seed: u64) -> Result<Verdict, String> {
    let mut verdict = Verdict {
        id,
        failure: None,
        commits: 0,
        images: 0,
        unexplored: 0,
    };
    for (memory, run) in MEMORIES.iter().cycle().zip(runs) {
        let on_mapped = |check: Check<'static, Memory>| {
            let checked = check.try_mapped(run.mapped);
            checked.map_err(|f| format!("mapped: {f}"))
        };
        let on_bytes = |check: Check<'static, Memory>| {
            let checked = check.try_bytes(run.bytes);
            checked.map_err(|f| format!("bytes: {f}"))
        };
        let first = on_mapped(cuts(memory, seed))?;
        let second = on_bytes(cuts(memory, seed))?;
        on_mapped(tears(memory, seed))?;
        on_bytes(tears(memory, seed))?;
        verdict.commits = verdict.commits.max(first.commits);
        verdict.images += first.states + second.states;
        verdict.unexplored += first.unexplored + second.unexplored;
    }
    Ok(verdict)
}

/// Outages between all writes and inside them, and in recoveries: what shows whether a task can be resumed.
fn cuts(memory: &'static Values, seed: u64) -> Check<'static, Memory> {
    check(memory, seed)
        .random(8)
        .reorder(false)
        .garbage(false)
        .max_states(IMAGES)
}

/// Lost and reordered writes and garbage: what shows whether a store keeps its promise, in the first regions only.
fn tears(memory: &'static Values, seed: u64) -> Check<'static, Memory> {
    check(memory, seed).random(2).max_states(100)
}

/// What NVM holds before a run.
struct Values {
    x: [i32; N],
    b: [i32; N],
    c: [i32; N],
    g: [[i32; 3]; 2],
    s: i32,
    t: [i32; 3],
}

const MEMORIES: [Values; 3] = [
    Values {
        x: [3, -1, 4, 1, -5],
        b: [2, 7, -1, 8, 28],
        c: [-3, 14, 15, 9, 26],
        g: [[4, 5, -6], [7, -8, 9]],
        s: 0,
        t: [5, 6, 7],
    },
    Values {
        x: [-7, 6, 0, 9, 2],
        b: [-4, 1, 5, -2, 3],
        c: [8, -6, 2, 0, -1],
        g: [[-2, 10, 3], [0, 1, -3]],
        s: -5,
        t: [-1, 9, 0],
    },
    Values {
        x: [1, 8, -3, -4, 5],
        b: [0, -9, 6, 4, -7],
        c: [5, 3, -8, 7, 1],
        g: [[6, -1, 2], [-5, 8, 4]],
        s: 6,
        t: [2, -4, 3],
    },
];

fn check(memory: &'static Values, seed: u64) -> Check<'static, Memory> {
    Check::<Memory>::new()
        .init(|nvm| {
            nvm.write(|m| &mut m.x, &memory.x)?;
            nvm.write(|m| &mut m.b, &memory.b)?;
            nvm.write(|m| &mut m.c, &memory.c)?;
            nvm.write(|m| &mut m.g, &memory.g)?;
            nvm.write(|m| &mut m.s, &memory.s)?;
            nvm.write(|m| &mut m.t, &memory.t)
        })
        .seed(seed)
        .again(false)
}

/// A task for programs to call.
#[intermittent_task]
pub fn copy(x: Input<[i32; N]>, y: Output<[i32; N]>, k: i32) {
    #[commit(every = 2)]
    for i in 0..N {
        y.set(i, x[i].wrapping_mul(3).wrapping_add(k));
    }
}

/// A task for programs to call: changes a buffer where it is.
#[intermittent_task]
pub fn shift(b: InPlace<[i32; N]>, k: i32) {
    for i in 0..N {
        #[commit]
        let v: i32 = b.get(i);
        b.set(i, v.wrapping_mul(5).wrapping_add(k));
    }
}

/// A task for programs to call: a state.
#[intermittent_task]
pub fn count(s: State<i32>, k: i32) {
    #[commit]
    for _ in 0..2 {
        *s = s.wrapping_mul(3).wrapping_add(k);
    }
}

/// Not a task; a function of its argument.
pub fn next(k: usize) -> usize {
    k + 1
}

/// Not a task; changes what it is given.
pub fn stir(w: &mut [i32; 3], k: i32) {
    w[0] = w[1].wrapping_add(k);
    w.rotate_left(1);
}
