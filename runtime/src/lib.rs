//! Crash-safe, resumable inference loops for batteryless devices.
//!
//! A batteryless device computes for some milliseconds and then loses its power, and all of its SRAM with it. This crate
//! lets plain Rust loops survive that: annotate them, keep their data in non-volatile memory (NVM), and the program ends
//! with the same result as on continuous power, bit for bit, however often and wherever the power fails.
//!
//! ```
//! use rekindle::prelude::*;
//!
//! /// What lives in NVM. The addresses follow from the types.
//! #[derive(Layout)]
//! struct Memory { x: Buffer<[i8; 4]>, y: Buffer<[i32; 2]> }
//!
//! #[intermittent_task]
//! fn matvec<const I: usize, const O: usize>(x: Input<[i8; I]>, w: &[[i8; I]; O], y: Output<[i32; O]>) {
//!     #[commit]
//!     for o in 0..O {
//!         let mut acc: i32 = 0;
//!         for i in 0..I {
//!             acc += i32::from(x[i]) * i32::from(w[o][i]);
//!         }
//!         y.set(o, acc);
//!     }
//! }
//!
//! static WEIGHTS: [[i8; 4]; 2] = [[1, 2, 3, 4], [5, 6, 7, 8]];
//!
//! fn main() -> Result<(), Error> {
//!     // FRAM on a device. `Bytes` takes any driver of an external memory, `File` a file.
//!     let mut fram = [0_u64; 64];
//!     let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut fram))?;
//!     if nvm.status() == Status::Blank {
//!         nvm.write(|m| &mut m.x, &[1, 0, 0, 1])?;
//!     }
//!     // On every boot: finish what was under way, or start.
//!     nvm.resume_or_start(&mut [], |cx, m| matvec(cx, &m.x, &WEIGHTS, &mut m.y))?;
//!     assert_eq!(nvm.read(|m| &m.y)?, [5, 13]);
//!     Ok(())
//! }
//! ```
//!
//! * [`intermittent_task`](macro@intermittent_task) turns a function into a task. [`commit`](macro@commit) marks loops and statements whose work is
//!   durable when they are passed; [`run`](macro@run) calls another task.
//! * Buffers are [`Input`], [`Output`], [`InPlace`] or [`State`] of a task, and the compiler holds it to that.
//!   Where SRAM is too small for them, [`RollingInput`] and [`RollingOutput`] have some rows there, and [`TileInput`] and
//!   [`TileOutput`] stay in the store.
//! * [`Nvm`] is the memory with the buffers in it. It knows what is to be done after a boot.
//! * [`store`] has the kinds of memory, and the trait for others.
//! * [`clock`] says how old a reading is, over outages.
//! * [`pace`] decides at run time when loops marked `#[commit(paced)]` commit.
//! * [`plan`] holds a planner's intervals and budgets against the program, at compile time.
//! * [`budget`] holds what tasks do between two commits against a power cycle, at compile time.
//! * With the feature `crash`, `rekindle::crash` cuts the power at every write of your own task, in `cargo test`.
//!
//! # The guarantee
//!
//! For a task that the macro accepts, and any finite sequence of outages after which the power stays on long enough for
//! the work between two commits: when [`resume_or_start`](Nvm::resume_or_start) reports completion, the buffers hold what
//! they would hold without any outage. Outages may come inside a write, during recovery, and during the recovery of a
//! recovery. Whatever else NVM holds at first (nothing, noise, another program's data) gives a clean start.
//!
//! # What is assumed
//!
//! 1. The store keeps the promises of [`Store`]: an outage during a write changes nothing but the bytes of
//!    that write; what precedes a barrier is durable before what follows it. A CRC takes care of everything that those
//!    bytes may hold, except that it takes a torn record for a valid one with a probability of 2<sup>-32</sup>.
//! 2. On a word-atomic store, an aligned 16-bit word holds its old or its new value after an outage.
//! 3. Nothing else writes to the store, and only one [`Nvm`] at a time uses it.
//! 4. Arguments that are no buffers (weights, parameters) are the same after every boot. Weights that are compiled in
//!    may change when the firmware does: bind records to them with [`Nvm::open_with`].
//! 5. A function that a task calls without marking it is a function of its arguments; the macro documentation says which
//!    statements it takes to be repeatable.
//! 6. `unsafe` code in a task does not write NVM.
//!
//! # Why it holds
//!
//! A *region* is what runs between two commits. After an outage, execution goes on at the beginning of the region that
//! was interrupted. Two things have to be shown.
//!
//! **Recovery finds the last commit that was completed, or the one that was under way.**
//! A commit is a record or a word. *Records* are written in turn to two slots, so the current one is untouched
//! while the next is written; the new one counts only once its CRC is right. Sequence numbers tell which of two valid
//! ones is newer; they never differ by more than one, because a slot that was torn is the next to be written. A *position
//! word* says how far the loop nest of the current record is. It carries the low two bits of the record's sequence
//! number, and is ignored if they do not match. These bits come round again after four records; therefore a record whose
//! bits the word already carries is not written before the word is replaced by one that means "no position" for the
//! record that is still current. So at any moment the pair (newest valid record, word) is the one before or the one
//! after the commit that is under way. Recovery only reads, and is trivially repeatable.
//!
//! *A run that has no record yet* is in the same word. The newest record says then that nothing is under way; its count says
//! otherwise: that a run has begun, by a hash of its task, or that one is complete. Both are single words with a barrier before
//! and one behind, like positions, and bear the record's tag; no position is ever committed on such a record, the first one
//! of a run writes a record with itself in it. Where words are not atomic, a record says that a run has begun. So inputs that
//! a run may have read count as in use from before its first step, and its outputs as there from behind its last.
//!
//! Once opened, an [`Nvm`] looks at NVM again after errors and panics only (assumption 3): in between it knows what it wrote.
//!
//! **A region begins at a commit.** The entry of a task is one, so that no region reaches into what its callers did before: that may
//! have read what the task overwrites. The exception is the first task of a run that does anything, and those that did nothing
//! but run it, first of all and with nothing saved: there is nothing before it, so its entry is where the run begins, and no
//! record is written for it. After an outage the run starts from its beginning, and comes to the same entry.
//!
//! **Running a part of a region, and then all of it, has the effect of running it once.**
//! Inputs are not written and outputs are not read by the task, no region reads an item of an in-place buffer and writes
//! it later (rule RK01), and the borrow checker keeps buffers apart, so a region
//! writes the same values again. States and saved locals are copies in SRAM, restored from the record. Everything the
//! region wrote is durable before its commit (barrier), and the next region writes nothing before the commit is durable
//! (barrier). On stores that are not mapped, exactly the bytes that a region has set are written, so a torn write
//! cannot damage what an earlier region has committed.
//!
//! What each store has to contribute is said there: [`Mapped`], [`Bytes`], and `File`.
//!
//! # What is in NVM
//!
//! | at | bytes | |
//! | --- | --- | --- |
//! | 0 | 2 | position word: tag (2 bits), count (14 bits): a position, or how a run without record goes |
//! | 2 | 2 | epoch: changes at every clean start, so that no older record of any program is valid any more |
//! | 4 | R | record with an even sequence number |
//! | 4 + R | R | record with an odd sequence number |
//! | 4 + 2R | | buffers, each aligned as its type is |
//!
//! R is the third parameter of [`Nvm`], rounded up to a multiple of 4. A record is `crc: u32, seq: u8, len: u16,
//! counter: u32` and `len` bytes of frames, one for each active task, outermost first: `hash: u16, site: u8`, and what
//! the task has saved there. `counter` is the position at which the record was written. `len` 0 stands for a whole run, whose
//! `counter` says that it is idle, complete, or begun (`0xbe60`, and the task's hash in the lower half). While the newest record
//! says idle, a position word with its tag says more: count 0 is idle, `0x3fff` complete, and `1 + hash % 0x3ffe` begun by
//! the task with that hash. The CRC (CRC-32C) also covers a fingerprint of the program (layout, R, kind of store,
//! format, and what [`Nvm::open_with`] was given) and the epoch, neither of which is stored with the record. Numbers are
//! little-endian, the two words in native order.
//!
//! A single task needs 14 bytes of record and 2 of position. A commit of a position writes 2 bytes, but for the first of a run,
//! which writes the record. A run without a commit in it begins and ends with 2 bytes, and so does what makes it start anew.
//!
//! # Features
//!
//! * `std`: the `File` store. Without it the crate is `no_std`; it never allocates.
//! * `crash`: the crash checker, for tests on the host.
#![no_std]
// The target has no stable toolchain anyway.
#![cfg_attr(target_arch = "msp430", feature(asm_experimental_arch))]
#![deny(unsafe_code)]
// What happens at every element and commit is a few instructions, and has to stay that in debug builds of firmware.
#![allow(clippy::inline_always)]

#[cfg(any(feature = "std", test))]
extern crate std;

// The macros name this crate from outside.
#[cfg(test)]
extern crate self as rekindle;

pub mod budget;
mod buffer;
pub mod clock;
#[cfg(feature = "crash")]
pub mod crash;
mod crc;
mod cx;
mod engine;
mod error;
mod fingerprint;
mod layout;
mod nest;
mod nvm;
mod overlay;
pub mod pace;
pub mod plan;
pub mod prelude;
mod record;
mod saved;
pub mod store;
mod task;
#[cfg(test)]
mod tests;
mod text;
mod view;

pub use buffer::{
    Buffer, InPlace, Input, Output, Plain, RollingInput, RollingOutput, State, TileInput,
    TileOutput,
};
pub use cx::Cx;
pub use error::Error;
pub use fingerprint::Fingerprint;
pub use layout::Layout;
pub use nvm::{Nvm, Outcome, Status};
pub use overlay::{As, Overlay};
pub use rekindle_macros::{
    Layout, assume_idempotent, commit, cost, effect, intermittent_task, run, sense,
};
pub use saved::Saved;
#[cfg(feature = "std")]
pub use store::File;
pub use store::{Bytes, Mapped, Store};
pub use view::{
    At, InPlaceView, OutputView, RollingInputView, RollingOutputView, RowsView, Run, StateView,
    TileInputView, TileOutputView,
};
pub use zerocopy;

/// What generated code talks to. Not part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::budget::{Budget, count};
    pub use crate::engine::Core;
    pub use crate::layout::{Place, align_of_fields, size_of_fields};
    pub use crate::nest::{base, len_of, resume_iter, stride};
    pub use crate::store::{Commit, Mapping};
    pub use crate::task::{Frame, TaskInfo};
    pub use crate::view::Rows;
    pub use crate::{
        At, Buffer, Cx, Error, Fingerprint, Layout, OutputView, Plain, Saved, StateView, Store,
    };
    pub use core;
}
