//! What a program writes: its commits, in order.

use std::cell::RefCell;
use std::rc::Rc;

use rekindle::prelude::*;
use rekindle::store::StoreError;
use rekindle_examples::idx::Samples;
use rekindle_examples::lenet::{ARENA, Activations, Image, LENET, Scores, classify, image};

#[derive(Layout)]
struct Memory {
    image: Buffer<Image>,
    net: Activations,
    scores: Buffer<Scores>,
}

/// Bytes of NVM.
pub const NVM: usize = Nvm::<Memory, Recorder>::NEEDED;
/// Where the data begins; before it are the records of commits.
const DATA_AT: usize = Nvm::<Memory, Recorder>::DATA_AT;

/// One write: address and bytes.
pub type Write = (usize, Vec<u8>);
/// The writes of a commit; the last is its record.
pub type Commit = Vec<Write>;

/// A store that keeps what is written to it.
#[derive(Debug, Clone)]
struct Recorder(Rc<RefCell<Recording>>);

#[derive(Debug)]
struct Recording {
    bytes: Vec<u8>,
    commits: Vec<Commit>,
    open: Commit,
}

impl Store for Recorder {
    const MAPPED: bool = false;
    const WORD_ATOMIC: bool = false;

    fn capacity(&self) -> usize {
        NVM
    }

    fn read(&mut self, at: usize, into: &mut [u8]) -> Result<(), StoreError> {
        into.copy_from_slice(&self.0.borrow().bytes[at..at + into.len()]);
        Ok(())
    }

    fn write(&mut self, at: usize, from: &[u8]) -> Result<(), StoreError> {
        let mut now = self.0.borrow_mut();
        let now = &mut *now;
        let old = &mut now.bytes[at..at + from.len()];
        if old != from {
            old.copy_from_slice(from);
            now.open.push((at, from.to_vec()));
            if at < DATA_AT {
                now.commits.push(std::mem::take(&mut now.open));
            }
        }
        Ok(())
    }

    fn barrier(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The commits of so many inferences of LeNet, a commit per output row, and how many each has.
pub fn lenet(inferences: usize) -> Vec<Commit> {
    let recording = Recording {
        bytes: vec![0; NVM],
        commits: Vec::new(),
        open: Vec::new(),
    };
    let store = Recorder(Rc::new(RefCell::new(recording)));
    let samples = Samples::subset().expect("the images are there");
    for n in 0..inferences {
        let print = rekindle::Fingerprint::new().word(n as u64);
        let mut nvm =
            Nvm::<Memory, _>::open_with(store.clone(), print).expect("it is large enough");
        let picture = image(&samples.images[n % samples.images.len()]);
        nvm.write(|m| &mut m.image, &picture).expect("in range");
        let mut arena = vec![0; ARENA];
        nvm.resume_or_start(&mut arena, |cx, m| {
            classify(cx, &m.image, &LENET, &mut m.net, &mut m.scores)
        })
        .expect("memory does not fail");
    }
    let mut now = store.0.borrow_mut();
    std::mem::take(&mut now.commits)
}
