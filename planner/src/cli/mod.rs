//! Commands of the `rekindle` program that are more than a few lines.

pub mod cycles;
mod device;
pub mod import;
pub mod schedule;
pub mod search;
pub mod simulate;
