//! One process at a time: two that write the same store would take each other's records for damage.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Failure;
use super::tally::Sheet;

/// How long a killed process may take to let go, and one that has lost its parent to notice.
const PATIENCE: Duration = Duration::from_secs(2);

/// A lock, until it is dropped or the process dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Takes the experiment: the counters' file is locked, because the store itself belongs to whichever process works on
/// it at the moment.
///
/// # Errors
///
/// When another process has it.
pub fn experiment(store: &Path) -> Result<Lock, Failure> {
    let sheet = Sheet::path(store);
    let file = File::open(&sheet).map_err(|e| Failure::Output(sheet, e))?;
    take(file, store)
}

/// Takes the store, to work on it. Waits for the remains of a killed run.
///
/// # Errors
///
/// When another process has it.
pub fn worker(store: &Path) -> Result<Lock, Failure> {
    let file =
        File::open(store).map_err(|e| Failure::Store(format!("{}: {e}", store.display())))?;
    take(file, store)
}

fn take(file: File, store: &Path) -> Result<Lock, Failure> {
    let since = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) if since.elapsed() < PATIENCE => {
                sleep(Duration::from_millis(5));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::Store(format!(
                    "{}: another process is at work on it",
                    store.display()
                )));
            }
            // A file system without locks: go on without.
            Err(TryLockError::Error(_)) => return Ok(Lock { _file: file }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_experiment_is_taken_once() {
        let store = std::env::temp_dir().join(format!("survive-lock-{}", std::process::id()));
        Sheet::open(&store).unwrap();
        let first = experiment(&store).unwrap();
        let error = experiment(&store).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("another process is at work on it"),
            "{error}"
        );
        drop(first);
        experiment(&store).unwrap();
        std::fs::remove_file(Sheet::path(&store)).unwrap();
    }
}
