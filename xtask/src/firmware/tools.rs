//! What building and emulating firmware needs, installed where that is possible.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::shell::{command, need, output, outside, quietly, target, works};

pub use super::elf::Sizes;

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
    need(program, probe, &[&install, &format!("sudo -n {install}")])
}

/// QEMU for Arm.
pub fn qemu_arm() -> Result<()> {
    debian(
        "qemu-system-arm",
        "qemu-system-arm --version",
        "qemu-system-arm",
    )
}

/// Builds a firmware crate and gives the folder of its programs. `words` follow `cargo build --release`; `flags` are
/// added to those of rustc, and their builds are kept apart under `variant`.
pub fn build(
    folder: &str,
    triple: &str,
    words: &str,
    variant: Option<(&str, &str)>,
) -> Result<PathBuf> {
    let mut cargo = outside(
        folder,
        &format!("cargo build --quiet --release --target {triple} {words}"),
    );
    let mut programs = target().join(folder);
    if let Some((name, flags)) = variant {
        programs = programs.join(name);
        cargo.env("CARGO_TARGET_DIR", &programs);
        cargo.env("RUSTFLAGS", flags);
    }
    quietly(&mut cargo, |_| {})?;
    Ok(programs.join(triple).join("release"))
}

/// Sizes of a program.
pub fn sizes(program: &Path) -> Result<Sizes> {
    super::elf::sizes(program)
}
