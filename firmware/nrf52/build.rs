//! The device's memory, for the linker.

use std::{env, fs, path::PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=memory-nrf52840.x");
    println!("cargo:rerun-if-changed=memory-nrf52832.x");
    let feature = |name: &str| env::var_os(format!("CARGO_FEATURE_{name}")).is_some();
    let memory = match (feature("NRF52840"), feature("NRF52832")) {
        (true, false) => include_str!("memory-nrf52840.x"),
        (false, true) => include_str!("memory-nrf52832.x"),
        _ => {
            panic!("choose one device: the default, or `--no-default-features --features nrf52832`")
        }
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("memory.x"), memory).expect("OUT_DIR is writable");
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=--nmagic");
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    if feature("DEFMT") {
        println!("cargo:rustc-link-arg-bins=-Tdefmt.x");
    }
}
