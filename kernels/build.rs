//! Chooses the kernels' inner loops: `cfg(target_feature = "dsp")` is not visible on stable Rust.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(rekindle_dsp)");
    let target = env::var("TARGET").unwrap_or_default();
    let features = env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    // Every Armv7E-M core has the DSP extension; Armv8-M cores have it where they say so.
    if target.starts_with("thumbv7em")
        || (target.starts_with("thumbv8m") && features.split(',').any(|f| f == "dsp"))
    {
        println!("cargo:rustc-cfg=rekindle_dsp");
    }
}
