//! A run of the network to its end, through its outages.

use std::sync::Arc;

use rekindle::pace::Pacer;
use rekindle::prelude::*;
use rekindle_examples::idx::Samples;
use rekindle_examples::lenet::{Image, image};
use rekindle_planner::program::{Board, Counts, Harvest, Memory, Stuck};

use crate::meter;
use crate::network::{NVM, Network, SRAM, Task};
use crate::store::Powered;

/// What a run took, and what it left.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Time, commits, repetitions.
    pub counts: Counts,
    /// Readings of the voltage.
    pub readings: u64,
    /// Every byte of the layers' outputs.
    pub bytes: Vec<u8>,
}

/// Power cycles in a row without a commit after which a run counts as stuck.
const BARREN: u64 = 1000;

/// An FRAM chip.
struct Fram<'m>(&'m mut [u8]);

impl embedded_storage::ReadStorage for Fram<'_> {
    type Error = ();
    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), ()> {
        let at = at as usize;
        into.copy_from_slice(self.0.get(at..at + into.len()).ok_or(())?);
        Ok(())
    }
    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl embedded_storage::Storage for Fram<'_> {
    fn write(&mut self, at: u32, from: &[u8]) -> Result<(), ()> {
        let at = at as usize;
        self.0
            .get_mut(at..at + from.len())
            .ok_or(())?
            .copy_from_slice(from);
        Ok(())
    }
}

/// NVM of one of the two kinds, as long as a run lasts.
struct Memories {
    words: Vec<u64>,
    bytes: Vec<u8>,
    kind: Memory,
}

/// Something to do on a store of any kind.
trait Visit {
    type Out;
    fn visit<S: Store>(self, store: S) -> Self::Out;
}

impl Memories {
    fn new(kind: Memory) -> Self {
        Self {
            words: vec![0; NVM.div_ceil(8)],
            bytes: vec![0; NVM],
            kind,
        }
    }

    fn with<V: Visit>(&mut self, visit: V) -> V::Out {
        match self.kind {
            Memory::Words => visit.visit(Powered(Mapped::from_words(&mut self.words))),
            Memory::Bytes => visit.visit(Powered(Bytes::new(Fram(&mut self.bytes)))),
        }
    }
}

struct Prepare<'i>(&'i Image);
impl Visit for Prepare<'_> {
    type Out = Result<(), Error>;
    fn visit<S: Store>(self, store: S) -> Self::Out {
        let mut nvm = Nvm::<Network, _>::open(store)?;
        nvm.restart()?;
        nvm.write(|m| &mut m.image, self.0)
    }
}

struct Boot<'a, P>(Task, P, &'a mut [u8]);
impl<P: Pacer> Visit for Boot<'_, P> {
    type Out = Result<Outcome, Error>;
    fn visit<S: Store>(self, store: S) -> Self::Out {
        let Self(task, pacer, arena) = self;
        let mut nvm = Nvm::<Network, _>::open(store.paced(pacer))?;
        nvm.resume_or_start(arena, |cx, m| task.run(cx, m))
    }
}

struct Read;
impl Visit for Read {
    type Out = Result<Vec<u8>, Error>;
    fn visit<S: Store>(self, store: S) -> Self::Out {
        let mut nvm = Nvm::<Network, _>::open(store)?;
        let mut all = Vec::new();
        macro_rules! add {
            ($($field:ident),*) => {$({
                let value = nvm.read(|m| &m.activations.$field)?;
                all.extend_from_slice(rekindle::zerocopy::IntoBytes::as_bytes(&value));
            })*};
        }
        add!(conv1, pool1, conv2, pool2, fc1, fc2);
        let scores = nvm.read(|m| &m.scores)?;
        all.extend(scores.map(i8::cast_unsigned));
        Ok(all)
    }
}

/// The `n`-th committed test image.
///
/// # Panics
///
/// When the images are not where the checkout has them.
pub fn sample(n: usize) -> Image {
    image(&Samples::subset().expect("the images are committed").images[n])
}

/// Runs the network on this supply until it is done, with a new pacer after every outage. `NoPacer` is for tasks that need
/// none.
///
/// # Errors
///
/// [`Stuck`] when it makes no progress.
///
/// # Panics
///
/// When the runtime reports an error: the memory is large enough, and nothing else uses it.
pub fn run<P: Pacer>(
    task: Task,
    board: &Board,
    harvest: &Arc<Harvest>,
    image: &Image,
    mut pacer: impl FnMut() -> P,
) -> Result<Ended, Stuck> {
    let mut nvm = Memories::new(board.memory);
    let mut arena = vec![0; SRAM];
    nvm.with(Prepare(image))
        .expect("the memory is large enough");
    meter::put(board, harvest);
    let (mut barren, mut commits) = (0, 0);
    let ended = loop {
        // SRAM is lost.
        arena.fill(0xA5);
        let pacer = pacer();
        match meter::on(|| nvm.with(Boot(task, pacer, &mut arena))) {
            Ok(outcome) => break outcome.map(|_| ()),
            Err(meter::Dark) => {
                let now = meter::with(|meter| meter.counts.commits).unwrap_or(0);
                barren = if now > commits { 0 } else { barren + 1 };
                commits = now;
                if barren > BARREN {
                    meter::take();
                    return Err(Stuck("no commit in a thousand power cycles"));
                }
            }
        }
    };
    ended.expect("nothing but the power fails");
    let meter = meter::take();
    let (counts, readings) = meter.map_or_else(Default::default, |m| (m.counts, m.readings));
    Ok(Ended {
        counts,
        readings,
        bytes: nvm.with(Read).expect("it was written"),
    })
}

/// The network's outputs on continuous power, by the kernels that are not paced.
///
/// # Panics
///
/// When the runtime reports an error.
pub fn continuous(image: &Image) -> Vec<u8> {
    use rekindle_examples::lenet::{LENET, classify};
    struct Once;
    impl Visit for Once {
        type Out = Result<Outcome, Error>;
        fn visit<S: Store>(self, store: S) -> Self::Out {
            Nvm::<Network, _>::open(store)?.resume_or_start(&mut [], |cx, m| {
                classify(cx, &m.image, &LENET, &mut m.activations, &mut m.scores)
            })
        }
    }
    let mut nvm = Memories::new(Memory::Words);
    nvm.with(Prepare(image))
        .expect("the memory is large enough");
    nvm.with(Once).expect("nothing fails");
    nvm.with(Read).expect("it was written")
}

/// For tasks that need no pacer.
#[derive(Clone, Copy, Debug)]
pub struct NoPacer;

impl Pacer for NoPacer {
    fn due(&mut self, _work: u32) -> bool {
        false
    }
    fn committed(&mut self) {}
}
