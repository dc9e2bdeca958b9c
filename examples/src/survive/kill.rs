//! Real power failures for a process: SIGKILL at random moments.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rekindle::prelude::*;
use rekindle::store::{Commit, StoreError};

use super::Failure;
use super::experiment::{self, ARENA, file, open, sheet};
use super::program::{fingerprint, go_on, work_of};
use super::tally::{Sheet, Tally};
use crate::lenet::{Image, Scores};

/// Mean time that a process lives, in milliseconds.
const MEAN_LIFE_MS: f64 = 40.0;

/// The child: works on the file until it is done or killed. `pace` is slept after each commit.
///
/// # Errors
///
/// See [`Failure`].
pub fn child(path: &Path, images: &[Image], pace: Duration) -> Result<(), Failure> {
    let sheet = sheet(path)?;
    let tally = sheet.read();
    let data_at = Nvm::<super::program::Memory, rekindle::store::File>::DATA_AT;
    let store = Counted {
        inner: file(path)?,
        sheet,
        tally,
        data_at,
        pace,
    };
    let mut nvm = open(store, path, fingerprint(images))?;
    go_on(&mut nvm, images, &mut vec![0; ARENA])
        .map_err(|e| Failure::Store(format!("{}: {e}", path.display())))?;
    Ok(())
}

/// The parent: starts children and kills them until the file says that all is done.
///
/// # Errors
///
/// See [`Failure`].
pub fn parent(
    path: &Path,
    images: &[Image],
    seed: u64,
    spawn: impl Fn() -> Command,
    stop: &AtomicBool,
    mut tick: impl FnMut(&Tally),
) -> Result<(Tally, Vec<Scores>), Failure> {
    let program = fingerprint(images);
    experiment::prepare(path, program)?;
    let sheet = sheet(path)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    loop {
        let mut child = spawn()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| Failure::Store(format!("cannot start a process: {e}")))?;
        let life_ms = -MEAN_LIFE_MS * rng.random_range(f64::EPSILON..1.0).ln();
        if let Some(ended) = wait(&mut child, Duration::from_micros((life_ms * 1e3) as u64)) {
            if ended {
                break;
            }
            let output = child
                .wait_with_output()
                .map_err(|e| Failure::Store(e.to_string()))?;
            return Err(Failure::Store(
                String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            ));
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

/// Whether the child ended by itself within `life`, and well.
fn wait(child: &mut Child, life: Duration) -> Option<bool> {
    let step = Duration::from_micros(500);
    let mut lived = Duration::ZERO;
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status.success());
        }
        if lived >= life {
            return None;
        }
        sleep(step.min(life));
        lived += step;
    }
}

/// A store that counts beside itself.
#[derive(Debug)]
struct Counted<S> {
    inner: S,
    sheet: Sheet,
    tally: Tally,
    data_at: usize,
    pace: Duration,
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
        self.inner.write(at, from)
    }
    fn barrier(&mut self) -> Result<(), StoreError> {
        self.inner.barrier()
    }
    fn committed(&mut self, commit: Commit) {
        self.tally.count(&commit);
        self.sheet.write(&self.tally);
        sleep(self.pace);
    }
}
