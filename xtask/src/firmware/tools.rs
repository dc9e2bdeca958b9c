//! What building and emulating firmware needs, installed where that is possible.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::shell::{command, need, output, outside, quietly, target, works};

pub use super::elf::{Sizes, fenced_words};

/// The Cortex-M4F, as rustc calls it.
pub const CORTEX_M4: &str = "thumbv7em-none-eabihf";

/// A target of rustc.
pub fn rust_target(triple: &str) -> Result<()> {
    let installed = || {
        output(&mut command("rustup target list --installed"))
            .is_ok_and(|list| list.lines().any(|line| line == triple))
    };
    // Without rustup, cargo will say what it lacks.
    if installed() || !works("rustup --version") || works(&format!("rustup target add {triple}")) {
        return Ok(());
    }
    bail!("the target {triple} is missing: `rustup target add {triple}` did not work")
}

/// A program of a Debian package.
pub fn debian(program: &str, probe: &str, package: &str) -> Result<()> {
    let install = format!("apt-get install -y --no-install-recommends {package}");
    let sudo = format!("sudo -n {install}");
    if works(probe) {
        return Ok(());
    }
    // The lists of packages may be missing or old.
    if !works(&install) && !works("apt-get update") {
        works("sudo -n apt-get update");
    }
    need(program, probe, &[&install, &sudo])
}

/// QEMU for Arm.
pub fn qemu_arm() -> Result<()> {
    debian(
        "qemu-system-arm",
        "qemu-system-arm --version",
        "qemu-system-arm",
    )
}

/// The sources of TensorFlow Lite for Microcontrollers, which a package has that `folder` names, and their compiler.
pub fn tflm_sources(folder: &str) -> Result<PathBuf> {
    debian(
        "arm-none-eabi-g++",
        "arm-none-eabi-g++ --version",
        "gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib",
    )?;
    // The package is in the lock file, and is not built.
    let words = "cargo metadata --format-version 1 --features sources";
    let metadata: serde_json::Value = serde_json::from_str(&output(&mut outside(folder, words))?)?;
    let mut packages = metadata["packages"].as_array().into_iter().flatten();
    packages
        .find(|package| package["name"] == "tfmicro")
        .and_then(|package| Path::new(package["manifest_path"].as_str()?).parent())
        .map(Path::to_owned)
        .context("cargo does not tell where `tfmicro` is")
}

/// Builds a firmware crate and gives the folder of its programs. `words` follow `cargo build --release`.
pub fn build(folder: &str, triple: &str, words: &str) -> Result<PathBuf> {
    build_with(folder, triple, words, &[])
}

/// The same with these variables.
pub fn build_with(
    folder: &str,
    triple: &str,
    words: &str,
    variables: &[(&str, &OsStr)],
) -> Result<PathBuf> {
    let words = format!("cargo build --quiet --release --target {triple} {words}");
    let mut cargo = outside(folder, &words);
    quietly(cargo.envs(variables.iter().copied()), |_| {})?;
    Ok(target().join(folder).join(triple).join("release"))
}

/// The same without any protection, apart from the other.
pub fn build_unprotected(folder: &str, triple: &str, words: &str) -> Result<PathBuf> {
    let place = target().join(folder).join("unprotected");
    std::fs::create_dir_all(&place)?;
    // `RUSTFLAGS` do not reach procedural macros when there is a `--target`, and it is the macros that protect.
    let wrapper = place.join("rustc");
    let script = "#!/bin/sh\nrustc=$1\nshift\nexec \"$rustc\" \"$@\" --cfg rekindle_unprotected -Adead_code\n";
    if std::fs::read_to_string(&wrapper).ok().as_deref() != Some(script) {
        std::fs::write(&wrapper, script)?;
    }
    ensure!(
        works(&format!("chmod +x {}", wrapper.display())),
        "cannot make {} executable",
        wrapper.display()
    );
    let words = format!("cargo build --quiet --release --target {triple} {words}");
    let mut cargo = outside(folder, &words);
    // Cargo does not tell what the wrapper compiles from what it would compile without.
    cargo
        .env("CARGO_TARGET_DIR", &place)
        .env("CARGO_BUILD_BUILD_DIR", &place)
        .env("RUSTC_WRAPPER", &wrapper);
    quietly(&mut cargo, |_| {})?;
    Ok(place.join(triple).join("release"))
}

/// Sizes of a program.
pub fn sizes(program: &Path) -> Result<Sizes> {
    super::elf::sizes(program)
}
