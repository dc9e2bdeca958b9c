//! The firmware; on a host, a program that prints what the firmware must compute.
#![cfg_attr(
    target_arch = "msp430",
    no_std,
    no_main,
    feature(asm_experimental_arch)
)]

#[cfg(target_arch = "msp430")]
mod device;

#[cfg(not(target_arch = "msp430"))]
mod host;

#[cfg(not(target_arch = "msp430"))]
fn main() -> std::process::ExitCode {
    host::main()
}
