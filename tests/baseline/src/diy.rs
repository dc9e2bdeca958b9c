//! The layer from parts: diapause, postcard, sequential-storage.
//!
//! The flash is a journal: each commit appends an entry with the output and the state of the loop. This is the cheapest
//! way that these parts offer; a map from keys to values writes two items per commit. A stored state cannot hold
//! references, so the layer's input and weights have to be statics. `fingerprint` is on, as otherwise a state would be
//! resumed by other code.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use diapause::{Coroutine, CoroutineState, Fingerprinted};
use sequential_storage::Error;
use sequential_storage::cache::{Cache, Uncached};
use sequential_storage::queue::{QueueConfig, QueueStorage};
use serde::{Deserialize, Serialize};

use crate::flash::{Flash, PAGE, PAGES};
use crate::{O, W, X, neuron};

#[diapause::coroutine(yield = i8, fingerprint)]
#[derive(Serialize, Deserialize)]
pub fn dense() {
    for o in 0u16..32u16 {
        yield_!(neuron(std::hint::black_box(&X), &W[o as usize]));
    }
}

/// What is appended at each commit.
#[derive(Serialize, Deserialize)]
struct Entry<S> {
    run: u16,
    output: i8,
    state: S,
}

type Journal = QueueStorage<Flash, Cache<Uncached, Uncached, Uncached>>;

/// The program on its flash.
pub struct Program {
    journal: Journal,
    run: u16,
    /// The outputs, in SRAM.
    pub y: [i8; O],
}

/// Room for an entry.
const ENTRY: usize = 32;

impl Program {
    /// What is left of an earlier boot is not looked at before the run.
    pub fn new(flash: Flash) -> Self {
        let config = const { QueueConfig::new(0..(PAGE * PAGES) as u32) };
        Self {
            journal: QueueStorage::new(flash, config, Cache::new_uncached()),
            run: 0,
            y: [0; O],
        }
    }

    /// Starts the next run and ends it, unless it is stopped after so many commits.
    pub fn run(&mut self, stop: usize) -> Result<(), Error<Infallible>> {
        self.run += 1;
        let mut layer = dense();
        let first = layer.start();
        self.go_on(layer, first, 0, stop)
    }

    /// Goes on with the run of the newest entry.
    pub fn resume(&mut self) -> Result<(), Error<Infallible>> {
        let mut newest: Option<dense::State> = None;
        let (mut run, mut at, mut y) = (0, 0, [0; O]);
        block_on(async {
            let mut entries = self.journal.iter().await?;
            let mut buffer = [0; ENTRY];
            while let Some(entry) = entries.next(&mut buffer).await? {
                let Ok(entry) = postcard::from_bytes::<Entry<dense::State>>(&entry) else {
                    continue;
                };
                if entry.state.check_fingerprint().is_err() {
                    continue;
                }
                if entry.run != run {
                    (run, at) = (entry.run, 0);
                }
                y[at] = entry.output;
                at += 1;
                newest = Some(entry.state);
            }
            Ok::<(), Error<Infallible>>(())
        })?;
        (self.run, self.y) = (run, y);
        match newest {
            None => self.run(O),
            Some(mut layer) => {
                let next = layer.resume(());
                self.go_on(layer, next, at, O)
            }
        }
    }

    fn go_on(
        &mut self,
        mut layer: dense::State,
        mut next: CoroutineState<i8, ()>,
        from: usize,
        stop: usize,
    ) -> Result<(), Error<Infallible>> {
        let mut at = from;
        while let CoroutineState::Yielded(output) = next
            && at < stop
        {
            self.y[at] = output;
            at += 1;
            let mut buffer = [0; ENTRY];
            let entry = Entry {
                run: self.run,
                output,
                state: &layer,
            };
            let bytes = postcard::to_slice(&entry, &mut buffer)
                .map_err(|_| Error::BufferTooSmall(ENTRY))?;
            block_on(self.journal.push(bytes, true))?;
            next = layer.resume(());
        }
        Ok(())
    }

    /// The flash, as a power failure leaves it.
    pub fn into_flash(self) -> Flash {
        self.journal.destroy().0
    }
}

/// Bytes of SRAM between two commits: the loop's state, the journal, and the outputs, which flash gives back only entry
/// by entry. A commit has a buffer for the entry and the future of the write besides.
pub const SRAM: usize = size_of::<dense::State>() + size_of::<Journal>() - size_of::<Flash>() + O;

/// Bytes of SRAM that a commit has besides.
pub fn commit_sram() -> usize {
    let mut journal = Program::new(Flash::default()).journal;
    ENTRY + size_of_val(&journal.push(&[], true))
}

/// Bytes of a stored state: an entry with its header, padded.
pub fn state_bytes() -> usize {
    let mut layer = dense();
    let _ = layer.start();
    let mut buffer = [0; ENTRY];
    let entry = Entry {
        run: 1,
        output: 0,
        state: &layer,
    };
    let len = postcard::to_slice(&entry, &mut buffer).map_or(0, |bytes| bytes.len());
    Journal::item_overhead_size() as usize + len.next_multiple_of(4)
}

/// The flash is in memory, so nothing is ever waited for.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            return value;
        }
    }
}
