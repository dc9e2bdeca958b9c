//! Recovery from any NVM image: a clean start or a valid resume, never a panic, never a hang.
//!
//! `cargo +nightly fuzz run recover`. The unit tests run the same functions on a million random images.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../runtime/src/tests/program.rs"]
mod program;

fuzz_target!(|input: &[u8]| {
    match input {
        // A checksum is hard to guess, so half of the inputs are damage to an image that a run has left.
        [writes @ 0..=127, damage @ ..] => program::recover_damaged(u32::from(*writes), damage),
        [_, image @ ..] => program::recover_any(image),
        [] => {}
    }
});
