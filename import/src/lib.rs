//! From an int8 `.tflite` file to crash-safe inference code in readable Rust.
//!
//! [`import`] reads a model, chooses a task of `rekindle-kernels` for each operator, checks that it fits the device's
//! memory, and writes a Rust module and a file with the constants. `rekindle import` does so from the command line,
//! [`Import::write`] from a `build.rs`.
//!
//! ```text
//! model.tflite → tflite::read → Graph → ends::strip → Program → memory::plan → emit
//! ```

mod emit;
mod ends;
mod error;
pub mod forms;
mod fuse;
pub mod graph;
pub mod memory;
mod output;
pub mod program;
pub mod tflite;
pub mod tiles;

pub use error::{ImportError, Place, Unsupported};
pub use forms::Rows;
pub use memory::{Limits, Need, Shared};
pub use output::{Fuse, Import, Options, import};
