//! The example application on QEMU's `mps2-an386`, a Cortex-M4F, and power failures at chosen instructions.
//!
//! PSRAM, which no segment of the program uses, stands for mapped NVM: a reset leaves it alone. `SysTick` is the power
//! failure. With `-icount` it comes at the same instruction every time; its handler notes where the program was,
//! scrambles all of SRAM, and resets the core. It is set going by the first instructions after the reset, so that a
//! failure may come before variables are initialised, while NVM is opened, while a task is resumed, or in its work.
//!
//! What the [harness](harness) remembers from boot to boot lies in PSRAM too, apart from the NVM of the application.
//! The application itself is `rekindle-app`, as other boards have it.
#![no_std]

#[cfg(target_os = "none")]
pub mod board;
#[cfg(target_os = "none")]
pub mod harness;
pub mod pictures;
