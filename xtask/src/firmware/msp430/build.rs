//! The firmware's variants, and what building and running them needs.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::firmware::tools;
use crate::shell::{command, output, outside, quietly, target, works};

const FOLDER: &str = "firmware/msp430";
const TRIPLE: &str = "msp430-none-elf";

/// What is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// For the device.
    Device,
    /// The same for the simulator.
    Sim,
    /// With a bug.
    Bug,
    /// With a stack that is too small.
    Overflow,
    /// Without any protection.
    Unprotected,
}

/// `mspdebug`, and a compiler with the sources of `core`.
pub fn needs() -> Result<()> {
    tools::debian("mspdebug", "mspdebug --version", "mspdebug")?;
    if !has_core("+nightly") && !has_core("") {
        println!("a toolchain with rust-src is missing; trying rustup");
        works("rustup toolchain install nightly --profile minimal --component rust-src");
    }
    ensure!(
        has_core("+nightly") || has_core(""),
        "the sources of `core` are missing: `rustup toolchain install nightly --component rust-src`, or Debian's \
         rustc-web, rust-web-src and cargo-web"
    );
    Ok(())
}

/// Whether a toolchain of rustup (`+name`), or the one that is called without a name, has the sources of `core`.
fn has_core(toolchain: &str) -> bool {
    output(&mut command(&format!("rustc {toolchain} --print sysroot"))).is_ok_and(|root| {
        Path::new(root.trim())
            .join("lib/rustlib/src/rust/library/core")
            .exists()
    })
}

/// Cargo for the device: nightly, or another one that is told to take itself for nightly.
fn cargo() -> std::process::Command {
    let words = format!("build --quiet --release --locked --target {TRIPLE} -Zbuild-std=core");
    if has_core("+nightly") {
        return outside(FOLDER, &format!("cargo +nightly {words}"));
    }
    let mut cargo = outside(FOLDER, &format!("cargo {words}"));
    cargo.env("RUSTC_BOOTSTRAP", "1");
    cargo
}

/// Builds a variant and gives the program, under a name of its own.
pub fn program(variant: Variant) -> Result<PathBuf> {
    let mut cargo = cargo();
    let name = match variant {
        Variant::Device => "fr5969",
        Variant::Sim => "sim",
        Variant::Bug => "bug",
        Variant::Overflow => "overflow",
        Variant::Unprotected => "unprotected",
    };
    match variant {
        Variant::Device => {}
        Variant::Sim => drop(cargo.arg("--features=sim")),
        Variant::Bug => drop(cargo.arg("--features=sim,seeded-bug")),
        Variant::Overflow => drop(cargo.arg("--features=sim,seeded-overflow")),
        Variant::Unprotected => {
            // The macros are what it concerns, and they are built for the host.
            cargo.args([
                "--features=sim",
                "-Zhost-config",
                "-Ztarget-applies-to-host",
            ]);
            cargo.args([
                "--config",
                r#"host.rustflags=["--cfg=rekindle_unprotected","-Adead_code"]"#,
            ]);
        }
    }
    quietly(&mut cargo, |_| {})?;
    let folder = target().join(FOLDER);
    let copy = folder.join(name);
    std::fs::copy(folder.join(TRIPLE).join("release/rekindle-msp430"), &copy)
        .context("cargo has built no program")?;
    Ok(copy)
}

/// Runs the firmware's own tests here: its scores for 256 images are those of the reference interpreter.
pub fn tests() -> Result<()> {
    quietly(
        &mut outside(FOLDER, "cargo test --quiet --release --locked"),
        |_| {},
    )
}

/// What the same code prints on this machine.
pub fn on_host(images: usize) -> Result<String> {
    output(&mut outside(
        FOLDER,
        &format!("cargo run --quiet --release --locked -- {images}"),
    ))
}
