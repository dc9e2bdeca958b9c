//! The power supply of this thread: every write that a [`Cut`](super::Cut) store makes asks it whether the power holds.
//!
//! It is thread-local because a memory-mapped task writes its outputs straight to NVM, through references that know no
//! store. Tests run on their own threads and so do not disturb each other; one `Cut` store per thread is in use at a time.

use core::cell::{Cell, RefCell};
use core::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::vec::Vec;

use super::bugs;
use super::tear::Grain;
use crate::store::Commit;

/// The power failed. It is what the stack is unwound with, and what [`cut_after`] returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PowerLoss;

impl fmt::Display for PowerLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the power failed")
    }
}

impl std::error::Error for PowerLoss {}

/// Where a task was when it committed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark(pub Commit);

impl From<Commit> for Mark {
    fn from(commit: Commit) -> Self {
        Self(commit)
    }
}

impl Mark {
    /// Source file and line, if the task knows them.
    pub(crate) fn line(&self) -> Option<(&'static str, u32)> {
        let line = self.0.line();
        (line > 0).then_some((self.0.file(), line))
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.name(), self.line()) {
            ("", _) => write!(f, "the start or end of the run")?,
            (task, None) => write!(f, "commit {} of {task}", self.0.site)?,
            (task, Some((file, line))) => write!(f, "{file}:{line} ({task})")?,
        }
        match self.0.position {
            Some(position) => write!(f, " at position {position}"),
            None => Ok(()),
        }
    }
}

/// What becomes of a write.
pub(crate) enum Verdict {
    /// It is carried out.
    Pass,
    /// The power fails; this is what the bytes hold afterwards, if they changed at all.
    Cut(Option<Vec<u8>>),
}

/// Decides about each event. Called with no borrow of the thread's state that could outlive the call.
pub(crate) trait Supply {
    fn write(&mut self, at: usize, bytes: &[u8], grain: Grain) -> Verdict;
    fn read(&mut self, _at: usize, _len: usize) {}
    fn barrier(&mut self) {}
    /// What a paced loop is told.
    fn due(&mut self) -> bool {
        true
    }
    /// False cuts the power here.
    fn committed(&mut self, _mark: Mark) -> bool {
        true
    }
}

std::thread_local! {
    static SUPPLY: RefCell<Option<Rc<RefCell<dyn Supply>>>> = const { RefCell::new(None) };
    static DEAD: Cell<bool> = const { Cell::new(false) };
    /// Address of the NVM that is mapped.
    static BASE: Cell<usize> = const { Cell::new(0) };
}

/// Runs `work` on this supply; `None` when the power failed in it.
pub(crate) fn on<R>(supply: &Rc<RefCell<dyn Supply>>, work: impl FnOnce() -> R) -> Result<R, Stop> {
    struct Off;
    impl Drop for Off {
        fn drop(&mut self) {
            SUPPLY.set(None);
            DEAD.set(false);
        }
    }
    SUPPLY.set(Some(Rc::clone(supply)));
    drop(bugs::release());
    DEAD.set(false);
    let _off = Off;
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        if payload.is::<PowerLoss>() {
            Stop::Power
        } else {
            Stop::Panic(payload)
        }
    })
}

/// Why work ended early.
pub(crate) enum Stop {
    Power,
    Panic(std::boxed::Box<dyn core::any::Any + Send>),
}

/// What the store has to do with a write.
pub(crate) enum Order {
    Write,
    /// The power is off: nothing is written any more.
    Ignore,
    /// Write these bytes, if any, and then call [`fail`].
    Tear(Option<Vec<u8>>),
}

fn ask<R>(question: impl FnOnce(&mut dyn Supply) -> R) -> Option<R> {
    // Dead: the stack is unwinding, and destructors may still touch the store.
    if DEAD.get() {
        return None;
    }
    let supply = SUPPLY.with_borrow(Option::clone)?;
    Some(question(&mut *supply.borrow_mut()))
}

pub(crate) fn write(at: usize, bytes: &[u8], grain: Grain) -> Order {
    if DEAD.get() {
        return Order::Ignore;
    }
    match ask(|supply| supply.write(at, bytes, grain)) {
        None | Some(Verdict::Pass) => Order::Write,
        Some(Verdict::Cut(left)) => Order::Tear(left),
    }
}

pub(crate) fn read(at: usize, len: usize) {
    ask(|supply| supply.read(at, len));
}

pub(crate) fn barrier() {
    ask(|supply| supply.barrier());
}

/// What a paced loop is told; `None` when there is no supply.
pub(crate) fn due() -> Option<bool> {
    ask(|supply| supply.due())
}

pub(crate) fn committed(mark: Mark) {
    if ask(|supply| supply.committed(mark)) == Some(false) {
        fail();
    }
}

/// The power fails now: no panic message, no further write.
pub(crate) fn fail() -> ! {
    DEAD.set(true);
    resume_unwind(std::boxed::Box::new(PowerLoss))
}

/// Notes where the NVM is mapped.
pub(crate) fn set_base(address: usize) {
    BASE.set(address);
}

/// Offset in NVM of a place in mapped memory.
pub(crate) fn offset_of(address: usize) -> usize {
    address.wrapping_sub(BASE.get())
}

/// Runs `work` and cuts the power at its `n`-th NVM write (from 0) through a [`Cut`](super::Cut) store, of which the
/// first `torn` bytes still arrive (rounded down to whole words on a word-atomic store).
///
/// This is the tool for a test with one certain outage; [`Check`](super::Check) tries all of them.
///
/// # Errors
///
/// [`PowerLoss`] when `work` made more than `n` writes.
///
/// # Examples
///
/// ```
/// use rekindle::crash::{Cut, PowerLoss, Ram, cut_after};
/// use rekindle::store::{Bytes, Store};
///
/// let ram = Ram::new(16);
/// let end = cut_after(1, 2, || {
///     let mut store = Cut::new(Bytes::new(ram.clone()));
///     store.write(0, &[1, 1, 1, 1]).unwrap();
///     store.write(4, &[2, 2, 2, 2]).unwrap();
///     store.write(8, &[3, 3, 3, 3]).unwrap();
/// });
/// assert_eq!(end, Err(PowerLoss));
/// assert_eq!(ram.contents()[..12], [1, 1, 1, 1, 2, 2, 0, 0, 0, 0, 0, 0]);
/// ```
pub fn cut_after<R>(n: usize, torn: usize, work: impl FnOnce() -> R) -> Result<R, PowerLoss> {
    struct Single {
        left: usize,
        torn: usize,
    }
    impl Supply for Single {
        fn write(&mut self, at: usize, bytes: &[u8], grain: Grain) -> Verdict {
            if self.left > 0 {
                self.left -= 1;
                return Verdict::Pass;
            }
            let mut arrived = self.torn.min(bytes.len());
            if grain == Grain::Word && arrived < bytes.len() && (at + arrived) % 2 == 1 {
                arrived = arrived.saturating_sub(1);
            }
            Verdict::Cut(Some(bytes[..arrived].to_vec()))
        }
    }
    let supply: Rc<RefCell<dyn Supply>> = Rc::new(RefCell::new(Single { left: n, torn }));
    match on(&supply, work) {
        Ok(done) => Ok(done),
        Err(Stop::Power) => Err(PowerLoss),
        Err(Stop::Panic(payload)) => resume_unwind(payload),
    }
}
