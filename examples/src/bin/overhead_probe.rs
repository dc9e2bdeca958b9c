//! What `cargo xtask overhead` measures: a kernel or the network, run so many times on a memory-mapped store.
//!
//! Built twice: as it is, and with `--cfg rekindle_unprotected`, where the attributes leave the bodies as they are
//! written. `--count` prints what one run writes to NVM instead.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use core::ptr::NonNull;

use rekindle::prelude::*;
use rekindle::store::{Mapping, StoreError};
use rekindle::zerocopy::{Immutable, IntoBytes};
use rekindle_examples::idx::Samples;
use rekindle_examples::lenet::{
    Activations, Image, LENET, Scores, classify, classify_by_element, image,
};
use rekindle_kernels::{self as by_row, by_element};
use rekindle_kernels::{Activation, Depthwise, Multiplier, Pool, per_tensor};

type Map<const C: usize, const N: usize> = [[[i8; C]; N]; N];

/// One memory for all: each kernel has buffers of the shapes that it has in the network.
#[derive(Layout)]
struct Memory {
    image: Buffer<Image>,
    activations: Activations,
    scores: Buffer<Scores>,
    depthwise: Buffer<Map<12, 14>>,
    average: Buffer<Map<16, 7>>,
}

static DEPTHWISE: Depthwise<3, 3, 12, 12> = Depthwise::new(
    [[[3, -20, 60, 127, 5, 6, 7, 8, -9, 10, 11, 12]; 3]; 3],
    [0; 12],
    per_tensor(Multiplier::from_real(0.004)),
    -3,
    Activation::linear(0),
);
static POOL: Pool<2, 2> = Pool::new();

/// Bytes that were written to NVM.
static BYTES: AtomicUsize = AtomicUsize::new(0);
/// The longest write that was not one of a task's outputs: a record.
static RECORD: AtomicUsize = AtomicUsize::new(0);

/// A mapped store that counts what is written.
struct Counting<'a>(Mapped<'a>);

impl Store for Counting<'_> {
    const MAPPED: bool = true;
    const WORD_ATOMIC: bool = true;

    fn capacity(&self) -> usize {
        self.0.capacity()
    }

    fn mapping(&self) -> Option<Mapping> {
        self.0.mapping()
    }

    fn read(&mut self, at: usize, into: &mut [u8]) -> Result<(), StoreError> {
        self.0.read(at, into)
    }

    fn write(&mut self, at: usize, from: &[u8]) -> Result<(), StoreError> {
        BYTES.fetch_add(from.len(), Ordering::Relaxed);
        RECORD.fetch_max(from.len(), Ordering::Relaxed);
        self.0.write(at, from)
    }

    fn write_word(&mut self, at: usize, word: u16) -> Result<(), StoreError> {
        BYTES.fetch_add(2, Ordering::Relaxed);
        self.0.write_word(at, word)
    }

    fn barrier(&mut self) -> Result<(), StoreError> {
        self.0.barrier()
    }

    #[allow(unsafe_code)]
    unsafe fn poke<E: IntoBytes + Immutable>(to: NonNull<E>, value: E) {
        BYTES.fetch_add(size_of::<E>(), Ordering::Relaxed);
        // SAFETY: the caller's promise, passed on.
        unsafe { Mapped::poke(to, value) }
    }
}

/// Runs one kernel `runs` times, each a whole run as firmware has it: start, commits, completion.
macro_rules! repeat {
    ($nvm:ident, $runs:ident, |$cx:ident, $m:ident| $call:expr) => {{
        if cfg!(rekindle_unprotected) {
            $nvm.resume_or_start(&mut [], |$cx, $m| {
                for _ in 0..$runs {
                    $call?;
                }
                Ok(())
            })?;
        } else {
            for _ in 0..$runs {
                $nvm.restart()?;
                $nvm.resume_or_start(&mut [], |$cx, $m| $call)?;
            }
        }
    }};
}

#[inline(never)]
fn run<S: Store>(
    nvm: &mut Nvm<Memory, S>,
    kernel: &str,
    by: &str,
    runs: usize,
) -> Result<(), Box<dyn std::error::Error>> {
    let net = black_box(&LENET);
    match (kernel, by) {
        ("lenet", "row") => repeat!(nvm, runs, |cx, m| {
            classify(cx, &m.image, net, &mut m.activations, &mut m.scores)
        }),
        ("lenet", "element") => repeat!(nvm, runs, |cx, m| {
            classify_by_element(cx, &m.image, net, &mut m.activations, &mut m.scores)
        }),
        ("conv2d", "row") => repeat!(nvm, runs, |cx, m| {
            let a = &mut m.activations;
            by_row::conv2d(cx, &a.pool1, &net.conv2, &mut a.conv2)
        }),
        ("conv2d", "element") => repeat!(nvm, runs, |cx, m| {
            let a = &mut m.activations;
            by_element::conv2d(cx, &a.pool1, &net.conv2, &mut a.conv2)
        }),
        ("depthwise", "row") => repeat!(nvm, runs, |cx, m| {
            by_row::depthwise(cx, &m.activations.pool1, &DEPTHWISE, &mut m.depthwise)
        }),
        ("depthwise", "element") => repeat!(nvm, runs, |cx, m| {
            by_element::depthwise(cx, &m.activations.pool1, &DEPTHWISE, &mut m.depthwise)
        }),
        ("dense", "row") => repeat!(nvm, runs, |cx, m| {
            let a = &mut m.activations;
            by_row::dense(cx, &a.pool2, &net.fc1, &mut a.fc1)
        }),
        ("dense", "element") => repeat!(nvm, runs, |cx, m| {
            let a = &mut m.activations;
            by_element::dense(cx, &a.pool2, &net.fc1, &mut a.fc1)
        }),
        ("max_pool", "row") => repeat!(nvm, runs, |cx, m| {
            let a = &mut m.activations;
            by_row::max_pool(cx, &a.conv2, &POOL, &mut a.pool2)
        }),
        ("max_pool", "element") => repeat!(nvm, runs, |cx, m| {
            let a = &mut m.activations;
            by_element::max_pool(cx, &a.conv2, &POOL, &mut a.pool2)
        }),
        ("average_pool", "row") => repeat!(nvm, runs, |cx, m| {
            by_row::average_pool(cx, &m.activations.conv2, &POOL, &mut m.average)
        }),
        ("average_pool", "element") => repeat!(nvm, runs, |cx, m| {
            by_element::average_pool(cx, &m.activations.conv2, &POOL, &mut m.average)
        }),
        ("softmax", "row") => repeat!(nvm, runs, |cx, m| {
            by_row::softmax(cx, &m.activations.fc2, &net.softmax, &mut m.scores)
        }),
        _ => return Err(format!("no kernel `{kernel}` by `{by}`").into()),
    }
    Ok(())
}

fn probe(args: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let [kernel, by, runs, count @ ..] = args else {
        return Err("usage: overhead_probe KERNEL row|element RUNS [--count]".into());
    };
    let runs = runs.parse()?;
    let picture = image(&Samples::subset()?.images[0]);
    let mut words = vec![0_u64; Nvm::<Memory, Mapped<'_>>::NEEDED.div_ceil(8)];
    let store = Mapped::from_words(&mut words);
    if count.is_empty() {
        let mut nvm = Nvm::<Memory, _>::open(store)?;
        nvm.write(|m| &mut m.image, &picture)?;
        // The whole network once, so that every kernel finds real data in its input.
        run(&mut nvm, "lenet", "row", 1)?;
        if cfg!(rekindle_unprotected) {
            nvm.restart()?;
        }
        run(&mut nvm, kernel, by, runs)?;
        println!("{:?}", nvm.read(|m| &m.scores)?);
    } else {
        let mut nvm = Nvm::<Memory, _>::open(Counting(store))?;
        nvm.write(|m| &mut m.image, &picture)?;
        run(&mut nvm, "lenet", "row", 1)?;
        nvm.restart()?;
        BYTES.store(0, Ordering::Relaxed);
        RECORD.store(0, Ordering::Relaxed);
        run(&mut nvm, kernel, by, runs)?;
        println!(
            "{} {}",
            BYTES.load(Ordering::Relaxed),
            RECORD.load(Ordering::Relaxed)
        );
    }
    Ok(())
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match probe(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("overhead_probe: {error}");
            ExitCode::from(2)
        }
    }
}
