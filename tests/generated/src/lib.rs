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
/// What a program that neither ends nor writes is given.
const PATIENCE: Duration = Duration::from_secs(20);

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
    /// Its task.
    pub mapped: OnMapped,
    /// Its task.
    pub bytes: OnBytes,
}

/// What the checker says of a program; one line of JSON on standard output.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// Its number.
    pub id: usize,
    /// What went wrong after an outage.
    pub failure: Option<String>,
    /// Commits of the run on continuous power, on the mapped store.
    pub commits: usize,
    /// Distinct images recovered, on both stores.
    pub images: u64,
    /// Images left out for want of time.
    pub unexplored: u64,
}

/// Checks the programs one by one, and prints a [`Verdict`] for each.
pub fn judge(programs: &[Program], seed: u64) {
    std::panic::set_hook(Box::new(|_| ()));
    for program in programs {
        let verdict = one(program, seed).unwrap_or_else(|failure| Verdict {
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
pub fn one(program: &Program, seed: u64) -> Result<Verdict, String> {
    let (id, mapped, bytes) = (program.id, program.mapped, program.bytes);
    let (verdict, waits) = mpsc::channel();
    std::thread::spawn(move || {
        let checked = std::panic::catch_unwind(|| {
            let first = check(seed)
                .try_mapped(mapped)
                .map_err(|f| format!("mapped: {f}"))?;
            let second = check(seed)
                .try_bytes(bytes)
                .map_err(|f| format!("bytes: {f}"))?;
            Ok(Verdict {
                id,
                failure: None,
                commits: first.commits,
                images: first.states + second.states,
                unexplored: first.unexplored + second.unexplored,
            })
        });
        let _ = verdict.send(checked.unwrap_or_else(|_| Err("it panics".to_owned())));
    });
    waits
        .recv_timeout(PATIENCE)
        .unwrap_or_else(|_| Err(format!("no end after {PATIENCE:?}")))
}

fn check(seed: u64) -> Check<'static, Memory> {
    Check::<Memory>::new()
        .init(|nvm| {
            nvm.write(|m| &mut m.x, &[3, -1, 4, 1, -5])?;
            nvm.write(|m| &mut m.b, &[2, 7, -1, 8, 28])?;
            nvm.write(|m| &mut m.c, &[-3, 14, 15, 9, 26])?;
            nvm.write(|m| &mut m.t, &[5, 6, 7])
        })
        .random(2)
        .seed(seed)
        .max_states(150)
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
