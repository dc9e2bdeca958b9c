//! Python packages of pinned versions, in environments of their own under `target`.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use crate::shell::{command, output, target};

/// A Python with these packages (`name==version`), installed if need be.
///
/// # Errors
///
/// Without Python, its module `venv`, or a way to the packages.
pub fn environment(name: &str, pins: &[String]) -> Result<PathBuf> {
    let folder = target().join(name);
    let python = folder.join("bin/python");
    let stamp = folder.join("installed");
    if fs::read_to_string(&stamp).ok() != Some(pins.join("\n")) {
        eprintln!("     installing {}", pins.join(", "));
        output(command("python3 -m venv").arg(&folder))?;
        output(
            command(&format!(
                "{} -m pip install --quiet --disable-pip-version-check",
                python.display()
            ))
            .args(pins),
        )?;
        fs::write(stamp, pins.join("\n"))?;
    }
    Ok(python)
}
