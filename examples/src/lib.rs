//! Host demonstrations of Rekindle.
//!
//! [`lenet`] is the network that the `survive` program and the tests run, [`idx`] reads its images;
//! [`survive`] is the demonstration itself.

pub mod idx;
#[cfg(feature = "survive")]
pub mod survive;

pub use rekindle_lenet as lenet;
