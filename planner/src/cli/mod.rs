//! Commands of the `rekindle` program that are more than a few lines.

pub mod cycles;
mod device;
pub mod devices;
pub mod explain;
pub mod import;
mod network;
pub mod plan;
pub mod plot;
pub mod price;
pub mod schedule;
pub mod search;
pub mod simulate;
