//! `rekindle`: plans inference on harvested power and compares plans.

mod cli;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cli::plan::When;
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
    /// The interval of each layer of a model on a board, or the tiles and intervals of a published setting.
    Plan(cli::plan::PlanArgs),
    /// The plan of a model, and for each layer why it is that one.
    Explain(cli::explain::ExplainArgs),
    /// Pictures of a model on a board: voltage and progress, latency by capacitor and by interval, energy by layer.
    Plot(cli::plot::PlotArgs),
    /// The boards that are known, and what a power cycle of each holds.
    Devices(cli::devices::DevicesArgs),
    /// Latency of ours, the reference's and other plans for every published setting.
    Compare {
        /// When the harvester charges.
        #[arg(long, value_enum, default_value_t = When::Always)]
        charging: When,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// The best plan over tiles, intervals, fused layers and stops, with a proof or the gap that is left.
    Search(cli::search::SearchArgs),
    /// What candidate networks cost, one JSON object a line in and out: for architecture search.
    Price(cli::price::PriceArgs),
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

fn main() -> ExitCode {
    // Who reads the output may have seen enough: `rekindle traces | head` ends without a word, as other programs do.
    sigpipe::reset();
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
        Command::Price(args) => cli::price::run(args).map_err(Into::into),
        Command::Simulate(args) => cli::simulate::run(args),
        Command::Cycles(args) => cli::cycles::run(args),
        Command::Traces(args) => cli::simulate::traces(args),
        Command::Import(args) => cli::import::run(args),
        Command::Plan(args) => cli::plan::run(args),
        Command::Explain(args) => cli::explain::run(args),
        Command::Plot(args) => cli::plot::run(args),
        Command::Devices(args) => cli::devices::run(args),
        Command::Compare { charging, json } => {
            let rows = report::rows((*charging).into())?;
            if *json {
                println!("{}", serde_json::to_string_pretty(&rows)?);
            } else {
                print!("{}", report::text(&rows));
            }
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
