//! Cross-crate tests of Rekindle.
