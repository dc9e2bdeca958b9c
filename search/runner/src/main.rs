//! `deployed`: the accuracy of a searched network's generated code over a whole test set, and outages it came through.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use indicatif::ProgressBar;
use rekindle_deployed::{Failure, Samples, accuracy, survive};
use serde_json::json;

/// Runs the model that was imported at build time (`REKINDLE_MODEL`).
#[derive(Parser)]
struct Args {
    /// Inputs as the model takes them: int8, one behind the other.
    #[arg(long)]
    inputs: PathBuf,
    /// Their classes, a byte each.
    #[arg(long)]
    labels: PathBuf,
    /// Series of random outages on each kind of memory.
    #[arg(long, default_value_t = 0)]
    outages: u64,
    /// Seed of the outages.
    #[arg(long, default_value_t = 2026)]
    seed: u64,
    /// As JSON.
    #[arg(long)]
    json: bool,
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

fn run(args: &Args) -> Result<(), Failure> {
    let samples = Samples::read(&args.inputs, &args.labels)?;
    let bar = ProgressBar::new(samples.count() as u64);
    let found = accuracy(&samples, || bar.inc(1))?;
    bar.finish_and_clear();
    let survived = match args.outages {
        0 => None,
        schedules => Some(survive(&samples, 0, schedules, args.seed)?),
    };
    if args.json {
        println!("{}", json!({"accuracy": found, "survived": survived}));
        return Ok(());
    }
    println!(
        "{} of {} right: {:.2} %",
        found.correct,
        found.images,
        100.0 * found.accuracy
    );
    if let Some(survived) = survived {
        println!("{} outages, no difference", survived.outages);
    }
    Ok(())
}
