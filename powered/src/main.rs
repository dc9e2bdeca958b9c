//! `powered`: plans against the code that they plan, and pacers against intervals.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use rekindle_powered::{agreement, network, pacing, report};

#[derive(Parser)]
#[command(name = "powered", version, about)]
struct Args {
    #[command(subcommand)]
    command: Command,
    /// As JSON.
    #[arg(long, global = true)]
    json: bool,
    /// Written here, or to the terminal.
    #[arg(long, global = true)]
    out: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// The plan of the examples' network as a Rust module, for the Cortex-M4 board with 100 µF.
    Plan,
    /// What the planner's simulation predicts, beside what the compiled network does.
    Agreement {
        /// Of the harvests.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Latency with pacers and with fixed intervals, on harvests that no plan foresaw.
    Pacing {
        /// Of the harvests, one or more.
        #[arg(long, value_delimiter = ',', default_value = "1,2,3")]
        seeds: Vec<u64>,
    },
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let text = match &args.command {
        Command::Plan => network::plan()
            .map_err(|name| format!("no iteration of `{name}` fits a power cycle"))?,
        Command::Agreement { seed } => {
            let rows = agreement::rows(*seed, |_| ())?;
            if args.json {
                serde_json::to_string_pretty(&rows)? + "\n"
            } else {
                report::agreement(&rows, *seed)
            }
        }
        Command::Pacing { seeds } => {
            let rows = pacing::rows(seeds, |row| {
                eprintln!("{}, {:.0} µF, {}", row.board, row.microfarads, row.harvest);
            });
            if args.json {
                serde_json::to_string_pretty(&rows)? + "\n"
            } else {
                report::pacing(&rows, seeds)
            }
        }
    };
    match &args.out {
        Some(path) => {
            std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))?;
        }
        None => print!("{text}"),
    }
    Ok(())
}
