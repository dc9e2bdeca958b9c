//! Recovery from any NVM image: a clean start or a valid resume, never a panic, never a hang.
//!
//! `cargo +nightly fuzz run recover`. The unit tests run the same function on a million random images.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../runtime/src/tests/program.rs"]
mod program;

fuzz_target!(|image: &[u8]| program::recover_any(image));
