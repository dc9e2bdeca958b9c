//! A model file as the program that the planner knows.

use std::error::Error;
use std::path::Path;

use clap::{Args, ValueEnum};
use rekindle_import::program::Commit;
use rekindle_import::{Fuse, Limits, Options, Rows, import};
use rekindle_planner::program::{Board, Program};
use rekindle_planner::units::Farads;

use super::device::{board, choose, farads, rows, steps};

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
    /// What `rekindle import --device` chooses for each layer: a row, a value, or a row with rows or tiles in SRAM.
    Chosen,
}

/// Reads a model; its layers are loops of such steps, each with a commit.
///
/// # Errors
///
/// What is wrong with the file; a layer that does not fit the board, where steps are chosen for it.
pub fn load(
    path: &Path,
    step: Step,
    board: &Board,
) -> Result<Program, Box<dyn Error + Send + Sync>> {
    let file = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let name = path.file_stem().unwrap_or_default();
    let options = Options {
        name: name.to_string_lossy().into_owned(),
        limits: match step {
            Step::Chosen => Limits::default(),
            // Time is planned here; `rekindle import` says whether the memory does.
            _ => Limits {
                sram: usize::MAX,
                nvm: usize::MAX,
            },
        },
        apart: false,
        fuse: Fuse::Never,
        rows: match step {
            Step::Chosen => rows(board),
            Step::Row | Step::Element => Rows::WhereShort,
        },
    };
    let mut model = import(&file, options).map_err(|e| format!("{}: {e}", path.display()))?;
    let commit = match step {
        Step::Row => Commit::Row,
        Step::Element => Commit::Element,
        Step::Chosen => {
            let loops = choose(&mut model, board)?;
            return Ok(Program { loops });
        }
    };
    let layers = model.program.layers.iter();
    let loops = layers.map(|l| steps(&model.program, l, commit)).collect();
    Ok(Program { loops })
}
