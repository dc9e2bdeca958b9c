//! Cross-crate tests of Rekindle; see `tests/`.

pub mod flash_task;
pub mod flash_work;

/// The code of the guide to other boards.
#[cfg(doctest)]
#[doc = include_str!("../../docs/porting.md")]
pub struct Porting;

/// The pages of the rules that the compiler evaluates; those of the others are read by the tests of the macros' compiler.
#[cfg(doctest)]
#[doc = include_str!("../../docs/rules/RK05.md")]
#[doc = include_str!("../../docs/rules/RK11.md")]
pub struct Rules;
