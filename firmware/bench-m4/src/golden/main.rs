//! The sweep of `tests/tests/sweep` on the device, for the kernels that have a path of their own there.
//!
//! Panics at the first value that differs.
#![cfg_attr(target_os = "none", no_std, no_main)]
#![allow(dead_code)] // the other operators of the sweep

#[cfg(target_os = "none")]
#[rustfmt::skip]
#[path = "../../../../tests/tests/sweep/cases.rs"]
mod cases;
#[cfg(target_os = "none")]
mod kinds;
#[cfg(target_os = "none")]
#[path = "../machine.rs"]
mod machine;
#[cfg(target_os = "none")]
#[path = "../../../../tests/tests/sweep/ops.rs"]
mod ops;
#[cfg(target_os = "none")]
#[path = "../operators/psram.rs"]
mod psram;

#[cfg(target_os = "none")]
#[cortex_m_rt::entry]
fn main() -> ! {
    use core::fmt::Write;

    // SAFETY: the first and only use.
    let (mut uart, nvm) = unsafe { machine::take(kinds::NVM) };
    kinds::give(nvm);
    cases::conv_over_200_combinations();
    cases::depthwise_over_200_combinations();
    cases::dense_over_200_combinations();
    cases::channel_dense_over_200_combinations();
    let _ = writeln!(uart, "{}", kinds::compared());
    machine::exit(true)
}

#[cfg(not(target_os = "none"))]
fn main() {}
