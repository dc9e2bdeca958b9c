//! Cross-crate tests of Rekindle; see `tests/`.

/// The code of the guide to other boards.
#[cfg(doctest)]
#[doc = include_str!("../../docs/porting.md")]
pub struct Porting;
