//! `rekindle simulate` and `rekindle traces`: policies side by side on one trace.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use indicatif::ProgressBar;
use rekindle_planner::program::{
    Board, Format, Harvest, Policy, Program, read_trace, simulate_for, simulate_policy,
};
use rekindle_planner::units::{Farads, Seconds, Watts};
use serde::Serialize;

use super::device::{board, farads};
use super::network::{Step, load};

type Failure = Box<dyn Error + Send + Sync>;

/// A network on a board and a trace, under each of the policies.
#[derive(Args)]
pub struct SimulateArgs {
    /// An int8 model in TensorFlow Lite's format.
    model: PathBuf,
    /// The board: one of `rekindle devices`, or a `.toml` file of your own.
    #[arg(long, value_parser = board)]
    device: Board,
    /// Its capacitors, such as `47u,100u,1m`, in farads; the board's own if left out.
    #[arg(long, value_parser = farads, value_delimiter = ',')]
    capacitor: Vec<f64>,
    /// `constant:MILLIWATTS`, `radio:SEED`, `clouds:SEED`, `steps:SEED`, or a file (`rekindle traces FILE` looks at one).
    #[arg(long, value_delimiter = ',', default_value = "radio:1")]
    trace: Vec<String>,
    /// Step of the iterations that commit.
    #[arg(long, value_enum, default_value_t)]
    step: Step,
    /// Run after run for so many seconds, a day for one: how many end.
    #[arg(long, value_name = "SECONDS")]
    repeat: Option<f64>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Looks at traces.
#[derive(Args)]
pub struct TracesArgs {
    /// As `--trace` of `rekindle simulate`; the synthetic ones if left out.
    traces: Vec<String>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Row {
    trace: String,
    capacitance_f: f64,
    policy: String,
    /// `None`: it does not end.
    latency_s: Option<f64>,
    busy_s: f64,
    outages: u64,
    commits: u64,
    /// Work made over work needed.
    work: f64,
    stuck: Option<String>,
    /// With `--repeat`: runs that ended in that time; the counts are of all of them.
    runs: Option<u64>,
}

/// Prints the comparison.
///
/// # Errors
///
/// A model or a trace that cannot be read, with the place.
pub fn run(args: &SimulateArgs) -> Result<(), Failure> {
    let traces = args
        .trace
        .iter()
        .map(|t| trace(t).map(Arc::new))
        .collect::<Result<Vec<_>, _>>()?;
    if let Some(seconds) = args.repeat
        && !(seconds.is_finite() && seconds > 0.0)
    {
        return Err("`--repeat` must be above zero".into());
    }
    let boards = boards(&args.device, &args.capacitor);
    let programs = boards
        .iter()
        .map(|board| load(&args.model, args.step, board))
        .collect::<Result<Vec<_>, _>>()?;
    let policies = boards.first().map_or(0, |b| Policy::all(b).len());
    let progress = ProgressBar::new((traces.len() * boards.len() * policies) as u64);
    let mut rows = Vec::new();
    for harvest in &traces {
        for (board, program) in boards.iter().zip(&programs) {
            let needed = program.units().max(1) as f64;
            for policy in Policy::all(board) {
                let result = match args.repeat {
                    None => simulate_policy(program, board, harvest, policy).map(|c| (1, c)),
                    Some(s) => simulate_for(program, board, harvest, policy, Seconds(s)),
                };
                let (runs, counts) = result.unwrap_or_default();
                let ended = result.is_ok() && runs > 0;
                rows.push(Row {
                    trace: harvest.name.clone(),
                    capacitance_f: board.storage.capacitance.get(),
                    policy: policy.name(),
                    latency_s: ended
                        .then(|| args.repeat.unwrap_or(counts.latency.get()) / runs as f64),
                    busy_s: counts.busy.get(),
                    outages: counts.outages,
                    commits: counts.commits,
                    work: counts.units as f64 / (needed * runs.max(1) as f64),
                    stuck: match result {
                        Err(stuck) => Some(stuck.0.to_owned()),
                        Ok(_) => (!ended).then(|| "not within the time".to_owned()),
                    },
                    runs: args.repeat.map(|_| runs),
                });
                progress.inc(1);
            }
        }
    }
    progress.finish_and_clear();
    if args.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    println!(
        "{}: {} loops, {} multiply-accumulates",
        args.model.display(),
        programs.first().map_or(0, |p| p.loops.len()),
        programs.first().map_or(0, Program::units)
    );
    let mut last = (String::new(), 0.0);
    for row in rows {
        if last != (row.trace.clone(), row.capacitance_f) {
            last = (row.trace.clone(), row.capacitance_f);
            println!(
                "\n{}, {:.0} µF\n  {:<20} {:>12} {:>10} {:>9} {:>9} {:>7}",
                row.trace,
                row.capacitance_f * 1e6,
                "policy",
                if args.repeat.is_some() {
                    "s per run"
                } else {
                    "latency s"
                },
                "on s",
                "outages",
                "commits",
                "work"
            );
        }
        match row.latency_s {
            Some(latency) => {
                let runs = row.runs.map_or(String::new(), |n| format!("  {n} runs"));
                println!(
                    "  {:<20} {latency:>12.3} {:>10.4} {:>9} {:>9} {:>6.2}×{runs}",
                    row.policy, row.busy_s, row.outages, row.commits, row.work
                );
            }
            None => println!(
                "  {:<20} {:>12} ({})",
                row.policy,
                "never",
                row.stuck.unwrap_or_default()
            ),
        }
    }
    Ok(())
}

/// A trace by name and seed, or from a file.
pub fn trace(text: &str) -> Result<Harvest, Failure> {
    if let Some((kind, value)) = text.split_once(':') {
        let seed = || {
            value
                .parse::<u64>()
                .map_err(|_| format!("`{text}`: a seed is a whole number, such as `{kind}:1`"))
        };
        match kind {
            "constant" => {
                let mw = value
                    .parse::<f64>()
                    .ok()
                    .filter(|v| v.is_finite() && *v > 0.0);
                let mw = mw.ok_or_else(|| {
                    format!("`{text}`: a power in milliwatts, such as `constant:1.5`")
                })?;
                return Ok(Harvest::constant(Watts(mw * 1e-3)));
            }
            "radio" => return Ok(Harvest::radio(seed()?)),
            "clouds" => return Ok(Harvest::clouds(seed()?)),
            "steps" => return Ok(Harvest::steps(seed()?)),
            _ => {}
        }
    }
    let path = Path::new(text);
    let content = std::fs::read_to_string(path).map_err(|e| {
        format!("{text}: {e}; a trace is a file, or `constant:MW`, `radio:SEED`, `clouds:SEED`, `steps:SEED`")
    })?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let format = Format::guess(&content);
    read_trace(&name, &content, format)
        .map_err(|e| format!("{text}:{}:{}: {}", e.line, e.column, e.what).into())
}

/// Prints what is known of traces.
///
/// # Errors
///
/// A trace that cannot be read, with line and column.
pub fn traces(args: &TracesArgs) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Known {
        name: String,
        seconds: f64,
        step_s: f64,
        mean_w: f64,
        median_w: f64,
        most_w: f64,
        /// Part of the time below a tenth of the mean.
        dark: f64,
    }
    let names = if args.traces.is_empty() {
        ["radio:1", "clouds:1", "steps:1"]
            .map(str::to_owned)
            .to_vec()
    } else {
        args.traces.clone()
    };
    let mut all = Vec::new();
    for name in names {
        let h = trace(&name)?;
        let mut watts: Vec<f64> = h.watts.iter().map(|w| w.get()).collect();
        watts.sort_by(f64::total_cmp);
        let n = watts.len() as f64;
        let mean = watts.iter().sum::<f64>() / n;
        all.push(Known {
            name: h.name.clone(),
            seconds: h.step.get() * n,
            step_s: h.step.get(),
            mean_w: mean,
            median_w: watts[watts.len() / 2],
            most_w: watts[watts.len() - 1],
            dark: watts.iter().filter(|w| **w < mean / 10.0).count() as f64 / n,
        });
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    println!(
        "{:<24} {:>10} {:>10} {:>10} {:>10} {:>10} {:>6}",
        "trace", "length s", "step ms", "mean µW", "median µW", "most µW", "dark"
    );
    for k in all {
        println!(
            "{:<24} {:>10.1} {:>10.1} {:>10.1} {:>10.1} {:>10.1} {:>5.0}%",
            k.name,
            k.seconds,
            k.step_s * 1e3,
            k.mean_w * 1e6,
            k.median_w * 1e6,
            k.most_w * 1e6,
            k.dark * 100.0
        );
    }
    Ok(())
}

/// The board with each of the capacitors; with its own where none is given.
fn boards(board: &Board, capacitances: &[f64]) -> Vec<Board> {
    if capacitances.is_empty() {
        return vec![board.clone()];
    }
    let with = |farads: &f64| board.clone().with(Farads(*farads));
    capacitances.iter().map(with).collect()
}
