//! TensorFlow Lite for Microcontrollers, to compare with: its Python package, in an environment of its own.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::python::environment;
use crate::shell::{command, output};

const PINS: &str = "tools/requirements.txt";

/// What an inference takes TFLM on this machine.
#[derive(Debug, Deserialize)]
pub struct Tflm {
    path: PathBuf,
    /// Nanoseconds, median.
    pub ns: f64,
    /// Bytes of the arena that are used.
    pub arena: u64,
}

/// A Python with the version of the package that `tools/requirements.txt` says; installed under `target` if need be.
fn python() -> Result<PathBuf> {
    let pins = fs::read_to_string(PINS).with_context(|| format!("cannot read {PINS}"))?;
    let pins: Vec<_> = pins
        .lines()
        .filter(|l| l.starts_with("tflite_micro==") || l.starts_with("numpy=="))
        .map(str::to_owned)
        .collect();
    environment("tflm", &pins)
}

/// Measures these model files, or says why not: without the package the comparison goes on without it.
pub fn tflm<'a>(files: impl Iterator<Item = &'a Path>) -> Option<HashMap<PathBuf, Tflm>> {
    let measured = python().and_then(|python| {
        let mut script = command(&format!("{} tools/bench_tflm.py", python.display()));
        let text = output(script.args(files))?;
        let lines = text.lines().map(|line| {
            let one: Tflm = serde_json::from_str(line).with_context(|| line.to_owned())?;
            Ok((one.path.clone(), one))
        });
        lines.collect()
    });
    measured
        .inspect_err(|why| println!("SKIPPED: tflite_micro from PyPI: {why:#}"))
        .ok()
}
