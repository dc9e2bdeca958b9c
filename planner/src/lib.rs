//! Plans inference on harvested power: how much work between commits gives the lowest end-to-end latency.
//!
//! [`inas`] reproduces a published planner exactly, so that what is compared with it is compared with the real thing.

pub mod device;
pub mod emit_rust;
pub mod exact;
pub mod inas;
pub mod layer;
pub mod ours;
pub mod place;
pub mod power;
pub mod price;
pub mod profile;
pub mod program;
pub mod report;
pub mod schedule;
pub mod search_report;
pub mod units;
