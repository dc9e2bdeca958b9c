//! The simulated device: NVM in memory, a fresh runtime per boot, and SRAM full of noise.

use core::cell::RefCell;
use core::marker::PhantomData;
use std::any::Any;
use std::rc::Rc;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use super::explore::{Ended, Machine};
use super::power::{self, Stop, Supply};
use super::ram::Ram;
use super::rng::Rng;
use crate::store::Store;
use crate::{Cx, Error, Layout, Nvm, Outcome};

/// A device with this layout, store and program.
pub(crate) struct Device<M, S, F, const RECORD: usize> {
    pub ram: Ram,
    store: fn(&Ram) -> S,
    task: F,
    arena: Vec<u8>,
    /// Twice the arena's size, so that a random window of it is cheap to copy.
    noise: Vec<u8>,
    rng: Rng,
    layout: PhantomData<fn() -> M>,
}

impl<M, S, F, const RECORD: usize> Device<M, S, F, RECORD> {
    pub(crate) fn new(ram: Ram, store: fn(&Ram) -> S, task: F, arena: usize, seed: u64) -> Self {
        let mut device = Self {
            ram,
            store,
            task,
            arena: Vec::new(),
            noise: Vec::new(),
            rng: Rng::new(seed),
            layout: PhantomData,
        };
        device.grow(arena);
        device
    }

    pub(crate) fn arena(&self) -> usize {
        self.arena.len()
    }

    pub(crate) fn grow(&mut self, arena: usize) {
        self.arena = vec![0; arena];
        self.noise = vec![0; arena * 2];
        self.rng.fill(&mut self.noise);
    }

    /// What SRAM holds after an outage is anybody's guess.
    fn scramble(&mut self) {
        let len = self.arena.len();
        let from = self.rng.below(len + 1);
        self.arena.copy_from_slice(&self.noise[from..from + len]);
    }
}

impl<M, S, F, const RECORD: usize> Machine for Device<M, S, F, RECORD>
where
    M: Layout,
    S: Store,
    F: FnMut(&mut Cx<'_, S>, &mut M) -> Result<(), Error>,
{
    fn load(&mut self, image: &[u8]) {
        self.ram.load(image);
    }

    fn boot(&mut self, supply: &Rc<RefCell<dyn Supply>>) -> Ended {
        self.scramble();
        let ended = power::on(supply, || {
            let mut nvm = Nvm::<M, S, RECORD>::open((self.store)(&self.ram))?;
            nvm.resume_or_start(&mut self.arena, &mut self.task)
        });
        match ended {
            Ok(Ok(Outcome::AlreadyComplete)) => Ended::Complete(false),
            Ok(Ok(_)) => Ended::Complete(true),
            Ok(Err(error)) => Ended::Error(error),
            Err(Stop::Power) => Ended::PowerLost,
            Err(Stop::Panic(payload)) => Ended::Panic(message(&*payload)),
        }
    }
}

/// What a panic said.
fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "of unknown kind".into())
}
