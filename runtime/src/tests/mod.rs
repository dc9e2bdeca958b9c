//! The promises of the runtime, each by name.
#![allow(clippy::redundant_closure, clippy::needless_range_loop)] // As users write them.

mod boot;
mod file;
mod handles;
mod image;
mod layout;
mod memory;
mod protocol;
mod reflash;
mod views;

use proptest::test_runner::Config;

/// Fewer cases where each instruction is interpreted, and no files.
fn cases(most: u32) -> Config {
    Config {
        cases: if cfg!(miri) { 1 } else { most },
        failure_persistence: None,
        ..Config::default()
    }
}
