//! Real power failures for a process: SIGKILL at random moments.

use std::os::unix::process::{ExitStatusExt as _, parent_id};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rekindle::prelude::*;
use rekindle::store::{Commit, StoreError};

use super::Failure;
use super::experiment::{self, ARENA, file, open, sheet};
use super::lock;
use super::program::{fingerprint, go_on, work_of};
use super::tally::{Sheet, Tally};
use crate::lenet::{Image, Scores};

/// Mean time that a process works before it is killed.
const MEAN_LIFE: Duration = Duration::from_millis(40);

/// Signals that are power failures like the parent's own: from a terminal, a user, or a system that is short of memory.
const KILLS: [i32; 3] = [2, 9, 15];

/// What a process that is to be killed is told.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The process that kills it. Without that one it ends itself, so that the store is free for the next run.
    pub parent: u32,
    /// Pause in the middle of each write, so that there is something to kill, and writes are torn.
    pub pause: Duration,
}

/// The child: works on the file until it is done or killed.
///
/// # Errors
///
/// See [`Failure`].
pub fn child(path: &Path, images: &[Image], pace: Pace) -> Result<(), Failure> {
    let _work = lock::worker(path)?;
    let sheet = sheet(path)?;
    let tally = sheet.read();
    let rng = ChaCha8Rng::seed_from_u64(tally.nvm_bytes);
    let data_at = Nvm::<super::program::Memory, rekindle::store::File>::DATA_AT;
    let store = Counted {
        inner: file(path)?,
        sheet,
        tally,
        data_at,
        pace,
        rng,
    };
    let mut nvm = open(store, path, fingerprint(images))?;
    go_on(&mut nvm, images, &mut vec![0; ARENA])
        .map_err(|e| Failure::Store(format!("{}: {e}", path.display())))?;
    Ok(())
}

/// The parent: starts children and kills them until the file says that all is done. A child needs about `start_up`
/// before it can work.
///
/// # Errors
///
/// See [`Failure`].
pub fn parent(
    path: &Path,
    images: &[Image],
    seed: u64,
    start_up: Duration,
    spawn: impl Fn() -> Command,
    stop: &AtomicBool,
    mut tick: impl FnMut(&Tally),
) -> Result<(Tally, Vec<Scores>), Failure> {
    let program = fingerprint(images);
    let _ready = experiment::prepare(path, program)?;
    let sheet = sheet(path)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    loop {
        let mut child = spawn()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| Failure::Store(format!("cannot start a process: {e}")))?;
        let life = (MEAN_LIFE + start_up).mul_f64(-rng.random_range(f64::EPSILON..1.0).ln());
        if let Some(status) = wait(&mut child, life) {
            if status.success() {
                break;
            }
            if !status.signal().is_some_and(|s| KILLS.contains(&s)) {
                return Err(why(child, status));
            }
        }
        let _ = child.kill();
        let _ = child.wait();
        let mut tally = sheet.read();
        tally.kills += 1;
        sheet.write(&tally);
        tick(&tally);
        if stop.load(Ordering::Relaxed) {
            return Err(Failure::Stopped);
        }
    }
    let mut tally = sheet.read();
    tally.begun = images.len() as u64 + 1;
    sheet.write(&tally);
    tick(&tally);
    Ok((tally, experiment::results(path, images.len(), program)?))
}

/// How the child ended, if it did within `life`.
fn wait(child: &mut Child, life: Duration) -> Option<ExitStatus> {
    let start = Instant::now();
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        let left = life.saturating_sub(start.elapsed());
        if left.is_zero() {
            return None;
        }
        sleep(left.min(Duration::from_micros(500)));
    }
}

/// What a child that failed has said.
fn why(child: Child, status: ExitStatus) -> Failure {
    let said = child
        .wait_with_output()
        .map(|o| o.stderr)
        .unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    Failure::Store(match said.trim() {
        "" => format!("the process that works on the store failed: {status}"),
        said => said.trim_start_matches("survive: ").to_owned(),
    })
}

/// A store that counts beside itself.
#[derive(Debug)]
struct Counted<S> {
    inner: S,
    sheet: Sheet,
    tally: Tally,
    data_at: usize,
    pace: Pace,
    /// Where writes are torn.
    rng: ChaCha8Rng,
}

impl<S: Store> Store for Counted<S> {
    const MAPPED: bool = false;
    const WORD_ATOMIC: bool = false;

    fn capacity(&self) -> usize {
        self.inner.capacity()
    }
    fn read(&mut self, at: usize, into: &mut [u8]) -> Result<(), StoreError> {
        self.inner.read(at, into)
    }
    fn write(&mut self, at: usize, from: &[u8]) -> Result<(), StoreError> {
        self.tally.work += at
            .checked_sub(self.data_at)
            .map_or(0, |offset| work_of(offset, from.len()));
        self.tally.nvm_bytes += from.len() as u64;
        self.sheet.write(&self.tally);
        // A process can die between these two.
        let torn = self.rng.random_range(0..=from.len());
        self.inner.write(at, &from[..torn])?;
        sleep(self.pace.pause);
        self.inner.write(at + torn, &from[torn..])
    }
    fn barrier(&mut self) -> Result<(), StoreError> {
        self.inner.barrier()
    }
    fn committed(&mut self, commit: Commit) {
        self.tally.count(&commit);
        self.sheet.write(&self.tally);
        if parent_id() != self.pace.parent {
            std::process::exit(0);
        }
    }
}
