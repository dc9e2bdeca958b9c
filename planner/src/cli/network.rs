//! A model file as the program that the planner knows.

use std::error::Error;
use std::path::Path;

use clap::{Args, ValueEnum};
use rekindle_import::program::Commit;
use rekindle_import::{Fuse, Limits, Options, import};
use rekindle_planner::program::{Board, Program};
use rekindle_planner::units::Farads;

use super::device::{board, farads, steps};

/// A board, and one capacitor in place of its own.
#[derive(Args)]
pub struct BoardArgs {
    /// The board: one of `rekindle devices`, or a `.toml` file of your own.
    #[arg(long, value_parser = board)]
    device: Board,
    /// Its capacitor, such as `100u` or `1m`, in farads; the board's own if left out.
    #[arg(long, value_parser = farads)]
    capacitor: Option<f64>,
}

impl BoardArgs {
    /// The board with the capacitor.
    pub fn board(&self) -> Board {
        let board = self.device.clone();
        match self.capacitor {
            Some(farads) => board.with(Farads(farads)),
            None => board,
        }
    }
}

/// What an iteration makes.
#[derive(Clone, Copy, Default, ValueEnum)]
pub enum Step {
    /// A row of an output.
    #[default]
    Row,
    /// A value of an output.
    Element,
}

/// Reads a model; its layers are loops of such steps, each with a commit.
///
/// # Errors
///
/// What is wrong with the file.
pub fn load(path: &Path, step: Step) -> Result<Program, Box<dyn Error + Send + Sync>> {
    let file = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let name = path.file_stem().unwrap_or_default();
    let options = Options {
        name: name.to_string_lossy().into_owned(),
        limits: Limits {
            // Time is planned here; `rekindle import` says whether the memory does.
            sram: usize::MAX,
            nvm: usize::MAX,
        },
        apart: false,
        fuse: Fuse::Never,
    };
    let model = import(&file, options).map_err(|e| format!("{}: {e}", path.display()))?;
    let commit = match step {
        Step::Row => Commit::Row,
        Step::Element => Commit::Element,
    };
    let layers = model.program.layers.iter();
    let loops = layers.map(|l| steps(&model.program, l, commit)).collect();
    Ok(Program { loops })
}
