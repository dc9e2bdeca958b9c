//! The experiment: power comes and goes until all images are classified.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::AtomicBool;

use rand::{RngCore as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rekindle::Fingerprint;
use rekindle::prelude::*;
use rekindle::store::{File, Store};

use super::Failure;
use super::capacitor::Capacitor;
use super::harvest::Harvest;
use super::lock::{self, Lock};
use super::powered::{Ending, Powered, Probe, Supply};
use super::program::{Memory, fingerprint, go_on};
use super::tally::{Sheet, Tally};
use crate::lenet::{Image, Scores};

/// SRAM for the buffers of a task.
pub const ARENA: usize = 24 * 1024;
/// NVM that the program needs.
pub const CAPACITY: usize = Nvm::<Memory, File>::NEEDED;
/// Outages in a row without a commit after which there is no hope.
const HOPELESS: u32 = 25;
/// Longest time without enough harvest, in seconds of the model: a week.
const PATIENCE_S: f64 = 7.0 * 86_400.0;

/// What the supply has seen, and what the store holds in the end.
#[derive(Debug)]
pub struct Outcome {
    /// The counters.
    pub tally: Tally,
    /// The scores that the store holds.
    pub results: Vec<Scores>,
    /// For the picture.
    pub probe: Probe,
    /// Time of the model, in seconds.
    pub time_s: f64,
    /// Whether an earlier run was taken up.
    pub resumed: bool,
}

/// Opens the store for these images; makes it if there is none.
///
/// # Errors
///
/// When the file is no store, or that of another experiment. It is left as it is.
pub fn open<S: Store>(
    store: S,
    path: &Path,
    program: Fingerprint,
) -> Result<Box<Nvm<Memory, S>>, Failure> {
    let nvm = Nvm::<Memory, _>::open_with(store, program)
        .map_err(|e| Failure::Store(format!("{}: {e}", path.display())))?;
    if nvm.status() == Status::Foreign {
        return Err(Failure::Store(format!(
            "{}: holds another experiment (other images, or another version of this program), or is damaged; \
             it is left as it is: take another --store, or remove it",
            path.display()
        )));
    }
    Ok(Box::new(nvm))
}

/// A store that is ready, and this process's alone.
#[derive(Debug)]
pub struct Ready {
    /// Whether an earlier run is taken up.
    pub resumed: bool,
    _lock: Lock,
}

/// Makes the store ready: a finished experiment is forgotten, an interrupted one goes on.
///
/// # Errors
///
/// When the file cannot be used.
pub fn prepare(path: &Path, program: Fingerprint) -> Result<Ready, Failure> {
    let store = file(path)?;
    let sheet = sheet(path)?;
    let lock = lock::experiment(path)?;
    let _work = lock::worker(path)?;
    let mut nvm = open(store, path, program)?;
    let resumed = nvm.status() == Status::Interrupted;
    if !resumed {
        nvm.restart()
            .map_err(|e| Failure::Store(format!("{}: {e}", path.display())))?;
        sheet.write(&Tally::default());
    }
    Ok(Ready {
        resumed,
        _lock: lock,
    })
}

/// The store file.
///
/// # Errors
///
/// When it cannot be used.
pub fn file(path: &Path) -> Result<File, Failure> {
    File::create_or_open(path, CAPACITY).map_err(|e| Failure::Store(e.to_string()))
}

/// The counters beside it.
///
/// # Errors
///
/// When they cannot be kept.
pub fn sheet(path: &Path) -> Result<Sheet, Failure> {
    Sheet::open(path).map_err(|e| Failure::Output(Sheet::path(path), e))
}

/// Runs to the end. `tick` is told the images done after each power cycle.
///
/// # Errors
///
/// See [`Failure`].
pub fn run(
    path: &Path,
    images: &[Image],
    capacitor: Capacitor,
    harvest: Harvest,
    seed: u64,
    stop: &'static AtomicBool,
    mut tick: impl FnMut(&Tally),
) -> Result<Outcome, Failure> {
    let program = fingerprint(images);
    let ready = prepare(path, program)?;
    let _work = lock::worker(path)?;
    let budget_uj = capacitor.budget_j() * 1e6;
    let data_at = Nvm::<Memory, File>::DATA_AT;
    let supply = Rc::new(RefCell::new(Supply::new(
        capacitor,
        harvest,
        sheet(path)?,
        data_at,
    )));
    let mut noise = ChaCha8Rng::seed_from_u64(seed);
    let mut arena = vec![0; ARENA];
    let (mut commits, mut idle) = (0, 0);
    loop {
        if supply.borrow_mut().recharge(PATIENCE_S).is_none() {
            return Err(Failure::NoPower {
                days: PATIENCE_S / 86_400.0,
            });
        }
        // What SRAM held is gone.
        noise.fill_bytes(&mut arena);
        supply.borrow_mut().boot();
        let cycle = catch_unwind(AssertUnwindSafe(|| {
            let store = Powered::new(file(path)?, Rc::clone(&supply), stop);
            let mut nvm = open(store, path, program)?;
            go_on(&mut nvm, images, &mut arena)
                .map_err(|e| Failure::Store(format!("{}: {e}", path.display())))
        }));
        let mut s = supply.borrow_mut();
        s.progress();
        match cycle {
            Ok(ended) => {
                ended?;
                break;
            }
            Err(payload) => match payload.downcast_ref::<Ending>() {
                Some(Ending::Outage) => s.tally.outages += 1,
                Some(Ending::Stopped) => return Err(Failure::Stopped),
                None => resume_unwind(payload),
            },
        }
        s.sheet.write(&s.tally);
        tick(&s.tally);
        idle = if s.tally.commits == commits {
            idle + 1
        } else {
            0
        };
        commits = s.tally.commits;
        if idle == HOPELESS {
            let task = match s.task {
                "" => "starting up".to_owned(),
                name => format!("a region of `{name}`, or its inputs after an outage,"),
            };
            return Err(Failure::NoProgress { task, budget_uj });
        }
    }
    let results = results(path, images.len(), program)?;
    let mut supply = supply.borrow_mut();
    supply.tally.begun = images.len() as u64 + 1;
    supply.sheet.write(&supply.tally);
    tick(&supply.tally);
    let probe = std::mem::take(&mut supply.probe);
    Ok(Outcome {
        tally: supply.tally,
        results,
        probe,
        time_s: supply.time_s,
        resumed: ready.resumed,
    })
}

/// The scores that the store holds.
///
/// # Errors
///
/// When the file cannot be read.
pub fn results(path: &Path, count: usize, program: Fingerprint) -> Result<Vec<Scores>, Failure> {
    let mut nvm = open(file(path)?, path, program)?;
    (0..count)
        .map(|n| {
            nvm.read(|m| &m.results[n])
                .map_err(|e| Failure::Store(format!("{}: {e}", path.display())))
        })
        .collect()
}
