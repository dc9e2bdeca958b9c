//! The example network as `rekindle import` writes it, planned for an nRF52840 with an SPI FRAM and 100 µF:
//!
//! ```console
//! $ rekindle import examples/data/lenet.tflite --device nrf52840-spi-fram --capacitor 100u --sram 32K \
//!       --out examples/imported/src/model.rs
//! ```
#![no_std]

/// The network.
#[rustfmt::skip]
pub mod model;
