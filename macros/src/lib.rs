//! The attribute macros of Rekindle.
