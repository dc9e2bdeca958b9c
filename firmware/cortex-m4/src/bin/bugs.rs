//! Seeded bugs, which the harness must see: 1, data reach NVM after the commit that covers them; 2, a task keeps a local
//! in a static, where it is not saved. 3 is the task of 2 as it should be.
#![no_std]
#![no_main]

use core::cell::UnsafeCell;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m_rt::entry;
use rekindle::prelude::*;
use rekindle::store::{Commit, Mapped, Mapping, StoreError};
use rekindle::zerocopy::{Immutable, IntoBytes};
use rekindle::{Cx, Fingerprint};
use rekindle_app::{DATA_AT, Memory, by_element, by_row, open, step_with};
use rekindle_cortex_m4::board::psram;
use rekindle_cortex_m4::harness::{By, Judge, Program, control, run};
use rekindle_cortex_m4::pictures::Pictures;

/// Writes that are held back: address and byte.
struct Held(UnsafeCell<([(u32, u8); 1024], usize)>);

// SAFETY: one core, and no interrupt that returns.
unsafe impl Sync for Held {}

static HELD: Held = Held(UnsafeCell::new(([(0, 0); 1024], 0)));

/// A mapped store as an optimiser makes it that moves stores past the commit.
struct Late<'a>(Mapped<'a>);

impl Store for Late<'_> {
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
        self.0.write(at, from)
    }

    fn write_word(&mut self, at: usize, word: u16) -> Result<(), StoreError> {
        self.0.write_word(at, word)
    }

    fn barrier(&mut self) -> Result<(), StoreError> {
        self.0.barrier()
    }

    unsafe fn poke<E: IntoBytes + Immutable>(to: NonNull<E>, value: E) {
        let at = to.as_ptr().addr();
        let offset = at % psram::NVM_SIZE;
        if offset < DATA_AT {
            // SAFETY: the caller's promise, passed on.
            return unsafe { Mapped::poke(to, value) };
        }
        // SAFETY: nothing else refers to it.
        let (held, used) = unsafe { &mut *HELD.0.get() };
        for (i, byte) in value.as_bytes().iter().enumerate() {
            held[*used] = ((at + i) as u32, *byte);
            *used += 1;
        }
    }

    fn committed(&mut self, _: Commit) {
        // SAFETY: nothing else refers to it.
        let (held, used) = unsafe { &mut *HELD.0.get() };
        for (at, byte) in &held[..*used] {
            // SAFETY: `poke` was asked to write there.
            unsafe { (*at as *mut u8).write_volatile(*byte) }
        }
        *used = 0;
    }
}

static SUM: AtomicU32 = AtomicU32::new(0);

/// Adds to a sum that no commit knows of.
fn remember(first: bool, more: u32) -> u32 {
    let before = if first {
        0
    } else {
        SUM.load(Ordering::Relaxed)
    };
    SUM.store(before.wrapping_add(more), Ordering::Relaxed);
    before.wrapping_add(more)
}

fn weigh(row: &[[i8; 1]; 28], round: usize) -> u32 {
    row.iter().fold(round as u32 + 1, |sum, [value]| {
        sum.wrapping_mul(31).wrapping_add_signed((*value).into())
    })
}

#[intermittent_task]
fn forgetful(x: Input<[[[i8; 1]; 28]; 28]>, y: Output<[i8; 10]>) {
    #[commit]
    for o in 0..10 {
        let sum = remember(o == 0, weigh(&x[o], o));
        y.set(o, (sum >> 8) as i8);
    }
}

#[intermittent_task]
fn careful(x: Input<[[[i8; 1]; 28]; 28]>, y: Output<[i8; 10]>) {
    let mut sum: u32 = 0;
    #[commit]
    for o in 0..10 {
        sum = sum.wrapping_add(weigh(&x[o], o));
        y.set(o, (sum >> 8) as i8);
    }
}

struct Buggy;

impl Program for Buggy {
    fn step(
        nvm: &'static mut [u8],
        print: Fingerprint,
        by: By,
        sensor: &mut Pictures,
        judge: &mut Judge,
    ) -> Result<(), Error> {
        let bug = control().config.bug;
        if bug == 1 {
            let mut nvm = open(Late(Mapped::from_bytes(nvm)), print)?;
            return match by {
                By::Row => step_with(&mut nvm, &mut [], sensor, judge, by_row),
                By::Element => step_with(&mut nvm, &mut [], sensor, judge, by_element),
            };
        }
        let mut nvm = open(Mapped::from_bytes(nvm), print)?;
        let task = |cx: &mut Cx<'_, _>, m: &mut Memory| match bug {
            2 => forgetful(cx, &m.image, &mut m.scores),
            _ => careful(cx, &m.image, &mut m.scores),
        };
        step_with(&mut nvm, &mut [], sensor, judge, task)
    }
}

#[entry]
fn main() -> ! {
    run::<Buggy>()
}
