//! What is counted, kept beside the store so that it outlives the process. Nothing depends on it.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rekindle::store::Commit;

/// Counters of an experiment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Power failures of the simulated supply.
    pub outages: u64,
    /// Processes killed.
    pub kills: u64,
    /// Commits.
    pub commits: u64,
    /// Bytes written to NVM, records included.
    pub nvm_bytes: u64,
    /// Multiply-accumulates done.
    pub work: u64,
    /// Time that the device was on, in nanoseconds of the model.
    pub busy_ns: u64,
    /// Images begun.
    pub begun: u64,
}

const MAGIC: u64 = u64::from_le_bytes(*b"RKTALLY1");

impl Tally {
    /// Images done: a begun one is not.
    pub const fn images(&self) -> u64 {
        self.begun.saturating_sub(1)
    }

    /// Counts a commit.
    pub fn count(&mut self, commit: &Commit) {
        self.commits += 1;
        // The commit at the entry of this task, which is made once per image.
        if commit.name() == "load" {
            self.begun += 1;
        }
    }

    fn to_bytes(self) -> [u8; 64] {
        let mut bytes = [0; 64];
        let words = [
            MAGIC,
            self.outages,
            self.kills,
            self.commits,
            self.nvm_bytes,
            self.work,
            self.busy_ns,
            self.begun,
        ];
        for (to, word) in bytes.chunks_exact_mut(8).zip(words) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: &[u8; 64]) -> Option<Self> {
        let mut words = bytes
            .chunks_exact(8)
            .map(|w| u64::from_le_bytes(w.try_into().unwrap_or_default()));
        let mut next = || words.next().unwrap_or_default();
        (next() == MAGIC).then(|| Self {
            outages: next(),
            kills: next(),
            commits: next(),
            nvm_bytes: next(),
            work: next(),
            busy_ns: next(),
            begun: next(),
        })
    }
}

/// The counters in a file beside the store.
#[derive(Debug)]
pub struct Sheet {
    file: File,
}

impl Sheet {
    /// Where the counters of a store are.
    pub fn path(store: &Path) -> PathBuf {
        let mut name = store.as_os_str().to_owned();
        name.push(".tally");
        name.into()
    }

    /// Opens or creates it.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn open(store: &Path) -> std::io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(Self::path(store))?;
        Ok(Self { file })
    }

    /// What it says; nothing, if it is new or damaged.
    pub fn read(&self) -> Tally {
        let mut bytes = [0; 64];
        self.file
            .read_exact_at(&mut bytes, 0)
            .ok()
            .and_then(|()| Tally::from_bytes(&bytes))
            .unwrap_or_default()
    }

    /// Writes it. A failure is no reason to stop: only the report would be short.
    pub fn write(&self, tally: &Tally) {
        let _ = self.file.write_all_at(&tally.to_bytes(), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read_back_and_garbage_is_not() {
        let tally = Tally {
            outages: 1,
            kills: 2,
            commits: 3,
            nvm_bytes: 4,
            work: 5,
            busy_ns: 6,
            begun: 7,
        };
        assert_eq!(Tally::from_bytes(&tally.to_bytes()), Some(tally));
        assert_eq!(Tally::from_bytes(&[7; 64]), None);
    }
}
