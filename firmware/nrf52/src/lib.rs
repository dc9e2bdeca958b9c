//! What the programs for the nRF52840 and the nRF52832 share: the board, its analogue side, and its reports.
//!
//! The application itself (`rekindle-app`) is the one that runs in the emulator. Start from `src/bin/fram.rs`.
#![no_std]

pub mod analogue;
pub mod board;
pub mod faults;
pub mod region;
pub mod report;
pub mod wait;

/// A line of log, if there is a log.
#[macro_export]
macro_rules! info {
    ($($words:expr),* $(,)?) => {{
        #[cfg(feature = "defmt")]
        defmt::info!($($words),*);
        #[cfg(not(feature = "defmt"))]
        { $(let _ = &$words;)* }
    }};
}
