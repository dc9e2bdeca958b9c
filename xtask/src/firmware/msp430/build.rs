//! The firmware's variants, and what building and running them needs.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::firmware::tools;
use crate::shell::{need, output, outside, quietly, target};

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
    /// Without any protection.
    Unprotected,
}

/// `mspdebug`, and a compiler with the sources of `core`.
pub fn needs() -> Result<()> {
    tools::debian("mspdebug", "mspdebug --version", "mspdebug")?;
    need(
        "a nightly toolchain with rust-src",
        "cargo +nightly metadata --no-deps --format-version 1 --manifest-path firmware/msp430/Cargo.toml",
        &["rustup toolchain install nightly --profile minimal"],
    )?;
    let installed = || {
        output(&mut crate::shell::command(
            "rustup component list --toolchain nightly --installed",
        ))
        .is_ok_and(|list| list.lines().any(|line| line.starts_with("rust-src")))
    };
    if !installed() {
        need(
            "rust-src",
            "rustup component add rust-src --toolchain nightly",
            &[],
        )?;
    }
    Ok(())
}

/// Builds a variant and gives the program, under a name of its own.
pub fn program(variant: Variant) -> Result<PathBuf> {
    let mut cargo = outside(
        FOLDER,
        &format!(
            "cargo +nightly build --quiet --release --locked --target {TRIPLE} -Zbuild-std=core"
        ),
    );
    let name = match variant {
        Variant::Device => "fr5969",
        Variant::Sim => "sim",
        Variant::Bug => "bug",
        Variant::Unprotected => "unprotected",
    };
    match variant {
        Variant::Device => {}
        Variant::Sim => drop(cargo.arg("--features=sim")),
        Variant::Bug => drop(cargo.arg("--features=sim,seeded-bug")),
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
