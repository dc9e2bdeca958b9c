//! Crash-safe, resumable inference loops for batteryless devices.
#![no_std]
#![deny(unsafe_code)]

#[cfg(any(feature = "std", test))]
extern crate std;

// The macros name this crate from outside.
#[cfg(test)]
extern crate self as rekindle;

mod buffer;
#[cfg(feature = "crash")]
pub mod crash;
mod cx;
mod engine;
mod error;
mod fingerprint;
mod layout;
mod nest;
mod nvm;
pub mod prelude;
mod record;
mod saved;
pub mod store;
mod task;
#[cfg(test)]
mod tests;
mod view;

pub use buffer::{Buffer, Input, Output, Plain, State};
pub use cx::Cx;
pub use error::Error;
pub use fingerprint::Fingerprint;
pub use layout::Layout;
pub use nvm::{Nvm, Outcome, Status};
pub use rekindle_macros::{Layout, commit, intermittent_task, run};
pub use saved::Saved;
#[cfg(feature = "std")]
pub use store::File;
pub use store::{Bytes, Mapped, Store};
pub use view::{At, OutputView, StateView};
pub use zerocopy;

/// What generated code talks to. Not part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::engine::Core;
    pub use crate::layout::{Place, align_of_fields, size_of_fields};
    pub use crate::nest::{base, len_of, resume_iter, stride};
    pub use crate::store::{Commit, Mapping};
    pub use crate::task::{Frame, TaskInfo};
    pub use crate::{
        At, Buffer, Cx, Error, Fingerprint, Layout, OutputView, Plain, Saved, StateView, Store,
    };
    pub use core;
}
