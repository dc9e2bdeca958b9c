//! `rekindle`: plans inference on harvested power and compares plans.

mod cli;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use rekindle_planner::device::Device;
use rekindle_planner::emit_rust::tiled;
use rekindle_planner::inas::{Fidelity, Model, settings};
use rekindle_planner::ours::Code;
use rekindle_planner::power::Charging;
use rekindle_planner::report;

#[derive(Parser)]
#[command(name = "rekindle", version, about)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// From a trained int8 model, a `.tflite` file, to crash-safe inference code in Rust.
    Import(cli::import::ImportArgs),
    /// The plan of each layer for one of the shipped settings.
    Plan {
        /// Such as `cifar-1mF-ts1`; `rekindle compare` lists all.
        setting: String,
        /// When the harvester charges.
        #[arg(long, value_enum, default_value_t = When::Always)]
        charging: When,
        /// As a Rust module for `rekindle::plan`: intervals, tiles and budgets that the compiler checks.
        #[arg(long)]
        rust: bool,
        /// With `--rust`: bytes of NVM that the program may use.
        #[arg(long, default_value_t = 512 << 10)]
        nvm: u64,
    },
    /// Latency of ours, the reference's and other plans, as JSON, for every shipped setting.
    Compare {
        /// When the harvester charges.
        #[arg(long, value_enum, default_value_t = When::Always)]
        charging: When,
    },
    /// The best plan over tiles, intervals, fused layers and stops, with a proof or the gap that is left.
    Search(cli::search::SearchArgs),
    /// A network on a board and harvest traces, under each of the ways to decide when to commit.
    Simulate(cli::simulate::SimulateArgs),
    /// When the power of a board comes and goes on a harvest trace, for an emulator.
    Cycles(cli::cycles::CyclesArgs),
    /// Length and power of harvest traces, synthetic ones or files.
    Traces(cli::simulate::TracesArgs),
    /// Whether several tasks on one capacitor meet their deadlines. Exit status 3 where the answer is no.
    Schedule(cli::schedule::ScheduleArgs),
    /// The whole comparison as Markdown.
    Report {
        /// Written here, or to the terminal.
        #[arg(long)]
        out: Option<PathBuf>,
        /// Date for the heading.
        #[arg(long)]
        date: String,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum When {
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

fn main() -> ExitCode {
    match run(&Args::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(NO),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Exit status of a question that is answered with no.
const NO: u8 = 3;

/// Executes a command; false where its answer is no.
fn run(command: &Command) -> Result<bool, Box<dyn Error + Send + Sync>> {
    match command {
        Command::Schedule(args) => return cli::schedule::run(args),
        Command::Search(args) => return cli::search::run(args),
        Command::Simulate(args) => cli::simulate::run(args),
        Command::Cycles(args) => cli::cycles::run(args),
        Command::Traces(args) => cli::simulate::traces(args),
        Command::Import(args) => cli::import::run(args),
        Command::Plan {
            setting,
            charging,
            rust,
            nvm,
        } => plan(setting, (*charging).into(), rust.then_some(*nvm)),
        Command::Compare { charging } => {
            println!(
                "{}",
                serde_json::to_string_pretty(&report::rows((*charging).into())?)?
            );
            Ok(())
        }
        Command::Report { out, date } => {
            let text = report::markdown(date)?;
            match out {
                Some(path) => {
                    std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))?;
                }
                None => print!("{text}"),
            }
            Ok(())
        }
    }?;
    Ok(true)
}

fn plan(
    name: &str,
    charging: Charging,
    rust: Option<u64>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let all = settings()?;
    let setting = all
        .iter()
        .find(|s| s.name == name)
        .ok_or_else(|| format!("no setting is called `{name}`"))?;
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
