//! Commands of the `rekindle` program that are more than a few lines.

pub mod import;
