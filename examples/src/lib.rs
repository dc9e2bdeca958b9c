//! Host demonstrations of Rekindle.
