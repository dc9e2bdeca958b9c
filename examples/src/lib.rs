//! Host demonstrations of Rekindle.
//!
//! [`lenet`] is the network that the `survive` program and the tests run, [`idx`] reads its images;
//! [`survive`] is the demonstration itself.

pub mod idx;
pub mod lenet;
#[cfg(feature = "survive")]
pub mod survive;
