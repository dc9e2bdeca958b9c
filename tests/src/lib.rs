//! Cross-crate tests of Rekindle; see `tests/`.
