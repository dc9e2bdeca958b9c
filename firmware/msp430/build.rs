//! Tells the linker which map to use: that of the device, or that of the simulator.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=sections.x");
    println!("cargo:rerun-if-changed=fr5969.x");
    println!("cargo:rerun-if-changed=sim.x");
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "msp430") {
        let map = if env::var_os("CARGO_FEATURE_SIM").is_some() {
            "sim.x"
        } else {
            "fr5969.x"
        };
        println!("cargo:rustc-link-search={}", env!("CARGO_MANIFEST_DIR"));
        println!("cargo:rustc-link-arg-bins=-T{map}");
        if env::var_os("CARGO_FEATURE_SEEDED_OVERFLOW").is_some() {
            println!("cargo:rustc-link-arg-bins=--defsym=__stack_size=0x200");
        }
    }
}
