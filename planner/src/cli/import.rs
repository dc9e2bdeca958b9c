//! `rekindle import`: from a model file to Rust.

use std::error::Error;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rekindle_import::forms::Form;
use rekindle_import::program::{Commit, Kernel, Layer};
use rekindle_import::{Fuse, Import, Limits, Options, Rows, import};
use rekindle_planner::program::{Board, Memory};
use rekindle_planner::units::Farads;
use serde_json::json;

use super::device::{board, farads, plan, rows};

/// Arguments of the command.
#[derive(Args)]
#[allow(clippy::struct_excessive_bools)] // Flags of a command line.
pub struct ImportArgs {
    /// An int8 model in TensorFlow Lite's format.
    model: PathBuf,
    /// The Rust file; its constants are written beside it, as `.bin`.
    #[arg(long)]
    out: PathBuf,
    /// SRAM that the network may use where NVM is not memory-mapped, such as `32K`; 256K at most.
    #[arg(long, value_parser = bytes, default_value = "256K")]
    sram: usize,
    /// NVM for inputs, outputs and activations, such as `64K`; no limit if left out.
    #[arg(long, value_parser = bytes)]
    nvm: Option<usize>,
    /// Plan for this board: a commit per row where a power cycle holds one, else per value, checked by the compiler.
    /// `rekindle devices` lists them; a `.toml` file is one of your own.
    #[arg(long, value_parser = board)]
    device: Option<Board>,
    /// Its capacitor, such as `100u` or `1m`, in farads; the board's own if left out.
    #[arg(long, value_parser = farads, requires = "device")]
    capacitor: Option<f64>,
    /// How often the tasks commit, without a board to plan for.
    #[arg(long, value_enum, default_value_t = Granularity::Row, conflicts_with = "device")]
    commit: Granularity,
    /// Give each activation a place of its own in NVM, so that all can be read after a run.
    #[arg(long)]
    apart: bool,
    /// One task for a convolution and its maximum pooling wherever there can be: less memory, more instructions. If left
    /// out, where memory is short.
    #[arg(long)]
    fused: bool,
    /// Only some rows of a layer's input in SRAM wherever that costs nothing, as with a `--device` whose NVM is not
    /// memory-mapped. If left out, where SRAM is short: on a mapped store whole buffers are borrowed.
    #[arg(long)]
    rows: bool,
    /// Print what was written as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Granularity {
    /// After each row of an output.
    Row,
    /// After each value of an output, for capacitors that do not hold a row.
    Element,
}

/// `64`, `32K` or `1M`.
fn bytes(text: &str) -> Result<usize, String> {
    let (digits, unit) = match text.trim_end_matches(['K', 'k', 'M', 'm']) {
        digits if digits.len() + 1 < text.len() => return Err("one unit is enough".to_owned()),
        digits => match text[digits.len()..].to_ascii_uppercase().as_str() {
            "K" => (digits, 1024),
            "M" => (digits, 1024 * 1024),
            _ => (digits, 1),
        },
    };
    let number: usize = digits
        .parse()
        .map_err(|_| "a number of bytes, such as 2048, 32K or 1M".to_owned())?;
    number
        .checked_mul(unit)
        .ok_or_else(|| "more bytes than there can be".to_owned())
}

/// Runs the command.
///
/// # Errors
///
/// What is wrong with the model, or with a file.
pub fn run(args: &ImportArgs) -> Result<(), Box<dyn Error + Send + Sync>> {
    let file = std::fs::read(&args.model).map_err(|e| format!("{}: {e}", args.model.display()))?;
    let name = args.model.file_stem().unwrap_or_default();
    let options = Options {
        name: name.to_string_lossy().into_owned(),
        limits: Limits {
            // Where NVM is mapped there is no arena that could be too large.
            sram: match &args.device {
                Some(board) if board.memory == Memory::Words => usize::MAX,
                Some(board) => args.sram.min(usize::try_from(board.sram.0)?),
                None => args.sram,
            },
            nvm: args.nvm.unwrap_or(usize::MAX),
        },
        apart: args.apart,
        // A convolution and its pooling commit per row only.
        fuse: match args.commit {
            Granularity::Element => Fuse::Never,
            Granularity::Row if args.fused => Fuse::Always,
            Granularity::Row => Fuse::WhereShort,
        },
        rows: match &args.device {
            // Rows commit per row only.
            _ if matches!(args.commit, Granularity::Element) => Rows::WhereShort,
            Some(board) if !args.rows => rows(board),
            _ if args.rows => Rows::Always,
            _ => Rows::WhereShort,
        },
    };
    let mut model =
        import(&file, options.clone()).map_err(|e| format!("{}: {e}", args.model.display()))?;
    match &args.device {
        Some(board) => {
            let board = match args.capacitor {
                Some(farads) => board.clone().with(Farads(farads)),
                None => board.clone(),
            };
            // Where NVM is mapped nothing is in SRAM.
            let sram = if board.memory == Memory::Words {
                args.sram.max(model.need.sram())
            } else {
                args.sram
            };
            let command = format!("rekindle import {}", name.to_string_lossy());
            let planned = |model: &mut Import| {
                let memory = (sram, args.nvm.unwrap_or(model.need.nvm));
                plan(model, &board, &command, memory)
            };
            let fused = |l: &Layer| matches!(l.kernel, Kernel::Fused(_) | Kernel::Chain(_));
            if let Err(why) = planned(&mut model) {
                // Layer by layer there are more commits.
                let single = Options {
                    fuse: Fuse::Never,
                    ..options
                };
                let retried = model.program.layers.iter().any(fused).then(|| {
                    model = import(&file, single).map_err(|e| e.to_string())?;
                    planned(&mut model)
                });
                retried
                    .unwrap_or(Err(why))
                    .map_err(|e| format!("{}: {e}", args.model.display()))?;
            }
        }
        None => model.program.commit(match args.commit {
            Granularity::Row => Commit::Row,
            Granularity::Element => Commit::Element,
        }),
    }
    model.write(&args.out)?;
    if args.json {
        println!("{:#}", report(&model));
    } else {
        print(&model, &args.out);
    }
    Ok(())
}

fn report(model: &Import) -> serde_json::Value {
    let program = &model.program;
    let layers: Vec<_> = program
        .layers
        .iter()
        .map(|layer| {
            json!({
                "name": layer.name,
                "from": layer.place.to_string(),
                "output": program.buffer(layer.output).shape,
                "commit": commit(layer),
                "macs": program.macs(layer),
                "form": form(layer),
                "arena_bytes": layer.arena(program),
                "tile_bytes": layer.stack(),
            })
        })
        .collect();
    json!({
        "layers": layers,
        "arena_bytes": model.need.arena,
        "tile_bytes": model.need.tiles,
        "sram_bytes": model.need.sram(),
        "nvm_bytes": model.need.nvm,
        "nvm_bytes_apart": model.need.apart,
        "constants_bytes": model.need.constants,
    })
}

/// How much of a layer is in SRAM where NVM is not mapped.
const fn form(layer: &Layer) -> &'static str {
    match layer.form {
        Form::Whole => "whole",
        Form::Rolling(_) => "rows",
        Form::Tiles(_) => "tile",
    }
}

fn commit(layer: &Layer) -> String {
    match (&layer.kernel, layer.commit) {
        (Kernel::Chain(_), _) => "all".to_owned(),
        (_, Commit::Element) if layer.form == Form::Whole => "element".to_owned(),
        (Kernel::General(general), _) => format!("{} values", general.tile),
        _ => "row".to_owned(),
    }
}

fn print(model: &Import, out: &Path) {
    let program = &model.program;
    println!(
        "{:<12} {:>14} {:>12} {:>14} {:>10}",
        "layer", "output", "MACs", "SRAM, bytes", "commit per"
    );
    for layer in &program.layers {
        let shape: Vec<_> = program
            .buffer(layer.output)
            .shape
            .iter()
            .map(usize::to_string)
            .collect();
        let macs = program.macs(layer);
        let bytes = layer.arena(program) + layer.stack();
        let sram = match layer.form {
            Form::Whole => bytes.to_string(),
            Form::Rolling(_) | Form::Tiles(_) => format!("{} {bytes}", form(layer)),
        };
        println!(
            "{:<12} {:>14} {macs:>12} {sram:>14} {:>10}",
            layer.name,
            shape.join("×"),
            commit(layer)
        );
    }
    let need = model.need;
    println!(
        "\n{} bytes of constants, {} bytes of NVM for inputs, outputs and activations ({} if none shared a place), and \
         {} bytes of SRAM where NVM is not mapped\nwritten: {} and its .bin",
        need.constants,
        need.nvm,
        need.apart,
        need.sram(),
        out.display()
    );
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_have_units() {
        assert_eq!(bytes("2048"), Ok(2048));
        assert_eq!(bytes("32K"), Ok(32 << 10));
        assert_eq!(bytes("1m"), Ok(1 << 20));
        for bad in ["", "K", "-1", "1KK", "1G", "99999999999999999999M"] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
    }
}
