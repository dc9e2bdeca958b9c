//! Everything that a program with annotated loops needs.
//!
//! ```
//! use rekindle::prelude::*;
//!
//! #[derive(Layout)]
//! struct Memory { x: Buffer<[i8; 4]> }
//! ```

#[cfg(feature = "std")]
pub use crate::store::File;
pub use crate::{
    As, Buffer, Bytes, Cx, Error, InPlace, Input, Layout, Mapped, Nvm, Outcome, Output, Overlay,
    RollingInput, RollingOutput, State, Status, Store, TileInput, TileOutput, assume_idempotent,
    commit, cost, effect, intermittent_task, run, sense,
};
