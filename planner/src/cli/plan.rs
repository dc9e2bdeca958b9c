//! `rekindle plan`: for a model on a board, or for one of the published settings.

use std::error::Error;
use std::path::Path;

use clap::{Args, ValueEnum};
use rekindle_planner::device::Device;
use rekindle_planner::emit_rust::{Module, module, tiled};
use rekindle_planner::inas::{Fidelity, Model, settings};
use rekindle_planner::ours::Code;
use rekindle_planner::power::Charging;
use rekindle_planner::program::Board;
use rekindle_planner::report;
use rekindle_planner::units::Farads;

use super::device::{board, farads};
use super::explain::{plan, rows, table};
use super::network::Step;

type Failure = Box<dyn Error + Send + Sync>;

/// Part of a power cycle's energy that a plan counts on.
const MARGIN: f64 = 0.95;

/// Arguments of the command.
#[derive(Args)]
pub struct PlanArgs {
    /// A `.tflite` file; or a published setting such as `cifar-1mF-ts1` (`rekindle compare` lists all).
    what: String,
    /// For a model: the board, one of `rekindle devices` or a `.toml` file of your own.
    #[arg(long, value_parser = board)]
    device: Option<Board>,
    /// Its capacitor, such as `100u` or `1m`, in farads; the board's own if left out.
    #[arg(long, value_parser = farads, requires = "device")]
    capacitor: Option<f64>,
    /// For a model: what an iteration makes.
    #[arg(long, value_enum, default_value_t)]
    step: Step,
    /// For a setting: when the harvester charges.
    #[arg(long, value_enum, default_value_t = When::Always)]
    charging: When,
    /// As a Rust module for `rekindle::plan`: intervals, tiles and budgets that the compiler checks.
    #[arg(long)]
    rust: bool,
    /// With `--rust`: bytes of NVM that the program may use.
    #[arg(long, default_value_t = 512 << 10)]
    nvm: u64,
    /// For a model: as JSON.
    #[arg(long, conflicts_with = "rust", requires = "device")]
    json: bool,
}

/// When the harvester charges.
#[derive(Clone, Copy, ValueEnum)]
pub enum When {
    /// Also while the load runs.
    Always,
    /// Only while it is off.
    WhileOff,
}

impl From<When> for Charging {
    fn from(when: When) -> Self {
        match when {
            When::Always => Self::Always,
            When::WhileOff => Self::WhileOff,
        }
    }
}

/// Runs the command.
///
/// # Errors
///
/// A model that cannot be read, or has no plan on the board; a setting that is none.
pub fn run(args: &PlanArgs) -> Result<(), Failure> {
    let path = Path::new(&args.what);
    if !path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("tflite"))
    {
        return setting(
            &args.what,
            args.charging.into(),
            args.rust.then_some(args.nvm),
        );
    }
    let Some(board) = &args.device else {
        return Err("a model is planned for a board: `--device`, see `rekindle devices`".into());
    };
    let mut board = board.clone();
    if let Some(farads) = args.capacitor {
        board = board.with(Farads(farads));
    }
    let program = plan(path, args.step, &board)?;
    if args.rust {
        let text = module(&Module {
            command: &format!("rekindle plan {} --rust", args.what),
            program: &program,
            board: &board,
            margin: MARGIN,
            sram_bytes: board.sram.0,
            nvm_bytes: args.nvm.min(board.nvm.0),
        });
        print!("{text}");
        return Ok(());
    }
    let rows = rows(&board, &program);
    if args.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        table(&board, &rows);
    }
    Ok(())
}

fn setting(name: &str, charging: Charging, rust: Option<u64>) -> Result<(), Failure> {
    let all = settings()?;
    let setting = all
        .iter()
        .find(|s| s.name == name)
        .ok_or_else(|| format!("no setting is called `{name}`, and a model is a `.tflite` file"))?;
    let model = Model {
        device: Device::inas(),
        supply: setting.supply,
        fidelity: Fidelity::Corrected,
    };
    let plans = report::plan(&model, setting, charging, Code::Reduced)
        .ok_or("a layer fits neither the memory nor one power cycle")?;
    if let Some(nvm) = rust {
        let command = format!("rekindle plan {name} --rust");
        let (device, supply) = (&model.device, &model.supply);
        print!(
            "{}",
            tiled(&command, device, supply, &setting.layers, &plans, nvm)
        );
        return Ok(());
    }
    for (layer, plan) in setting.layers.iter().zip(plans) {
        let tile = plan.tile;
        println!(
            "{layer}: tile {}x{}x{} of {} inputs, {:?} stay; {} steps of {:.1} µJ, commit every {}",
            tile.rows,
            tile.columns,
            tile.outputs,
            tile.inputs,
            tile.resident,
            plan.steps,
            plan.step.energy.get() * 1e6,
            plan.every,
        );
    }
    Ok(())
}
