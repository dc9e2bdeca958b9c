//! `rekindle plan` and `rekindle explain` for a model: the interval of each layer, and why it is that one.

use std::error::Error;
use std::path::PathBuf;

use clap::Args;
use rekindle_planner::program::{Board, Loop, Program, analytic, choose, young};
use rekindle_planner::units::{Joules, Watts};
use serde::Serialize;

use super::network::{BoardArgs, Step, load};

type Failure = Box<dyn Error + Send + Sync>;

/// Arguments of the command.
#[derive(Args)]
pub struct ExplainArgs {
    /// An int8 model in TensorFlow Lite's format.
    model: PathBuf,
    #[command(flatten)]
    board: BoardArgs,
    /// What an iteration makes.
    #[arg(long, value_enum, default_value_t)]
    step: Step,
    /// Harvested power, in milliwatts, for the latency.
    #[arg(long, default_value_t = 1.0)]
    harvest_mw: f64,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// What keeps an interval from being longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Longer, more is repeated than commits cost.
    Repetition,
    /// Longer, a region does not fit a power cycle.
    PowerCycle,
    /// The layer has no more iterations.
    Layer,
}

/// A layer of a plan.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The layer.
    pub layer: String,
    /// Its iterations.
    pub iterations: u64,
    /// Multiply-accumulates of one.
    pub macs: u64,
    /// Energy of one.
    pub iteration_j: f64,
    /// Energy of a commit.
    pub commit_j: f64,
    /// Energy until work goes on after an outage.
    pub restart_j: f64,
    /// Energy that is left in a power cycle for regions.
    pub room_j: f64,
    /// Iterations between two commits.
    pub every: u64,
    /// The interval of the formula alone.
    pub young: u64,
    /// Most iterations that fit a power cycle with a commit.
    pub fits: u64,
    /// What limits it.
    pub limit: Limit,
    /// Commits, over the work's energy.
    pub commit_share: f64,
    /// What outages repeat, in the mean, over the work's energy.
    pub repeat_share: f64,
}

/// Share of energy that commits and repetition take at an interval.
fn shares(row: &Row, every: u64) -> (f64, f64) {
    let region = every as f64 * row.iteration_j;
    (row.commit_j / region, region / (2.0 * row.room_j))
}

/// The layers of a plan, with what limits each.
pub fn rows(board: &Board, program: &Program) -> Vec<Row> {
    program
        .loops
        .iter()
        .filter(|l| l.iterations > 0)
        .map(|l| row(board, l))
        .collect()
}

fn row(board: &Board, l: &Loop) -> Row {
    let iteration = board.iteration(l.units, l.writes).energy;
    let (commit, restart) = (board.commit().energy, board.restart(l.input).energy);
    let room: Joules = board.usable() - restart - commit;
    let (young, fits) = (
        young(commit, iteration, room),
        (room / iteration).floor() as u64,
    );
    let limit = if l.every == l.iterations && l.iterations <= young.min(fits) {
        Limit::Layer
    } else if fits < young {
        Limit::PowerCycle
    } else {
        Limit::Repetition
    };
    let mut row = Row {
        layer: l.name.clone(),
        iterations: l.iterations,
        macs: l.units,
        iteration_j: iteration.get(),
        commit_j: commit.get(),
        restart_j: restart.get(),
        room_j: room.get(),
        every: l.every,
        young,
        fits,
        limit,
        commit_share: 0.0,
        repeat_share: 0.0,
    };
    (row.commit_share, row.repeat_share) = shares(&row, l.every);
    row
}

/// A model's plan for a board.
///
/// # Errors
///
/// A model that cannot be read, or a layer of which no iteration fits a power cycle, with the shortfall.
pub fn plan(model: &std::path::Path, step: Step, board: &Board) -> Result<Program, Failure> {
    let program = load(model, step, board)?;
    choose(board, program.clone()).map_err(|layer| {
        let l = program.loops.iter().find(|l| l.name == layer);
        let need = l.map_or(Joules::ZERO, |l| {
            board.restart(l.input).energy
                + board.commit().energy
                + board.iteration(l.units, l.writes).energy
        });
        let finer = match step {
            Step::Row => "; `--step element` makes iterations smaller, `--step chosen` where it must, a larger capacitor holds more",
            Step::Element | Step::Chosen => "; a larger capacitor holds more",
        };
        format!(
            "{layer}: a restart, one iteration and its commit take {:.1} µJ, and a power cycle of {:.0} µF holds {:.1} µJ{finer}",
            need.get() * 1e6,
            board.storage.capacitance.get() * 1e6,
            board.usable().get() * 1e6
        )
        .into()
    })
}

/// Prints the table of a plan.
pub fn table(board: &Board, rows: &[Row]) {
    println!(
        "{}, {:.0} µF: {:.1} µJ in a power cycle\n",
        board.name,
        board.storage.capacitance.get() * 1e6,
        board.usable().get() * 1e6
    );
    println!(
        "{:<14} {:>10} {:>9} {:>13} {:>11} {:>7} {:>10} {:>9} {:>9}  limited by",
        "layer",
        "iterations",
        "MACs each",
        "iteration µJ",
        "restart µJ",
        "every",
        "region µJ",
        "commits",
        "repeated"
    );
    for r in rows {
        println!(
            "{:<14} {:>10} {:>9} {:>13.3} {:>11.1} {:>7} {:>10.2} {:>8.2}% {:>8.2}%  {}",
            r.layer,
            r.iterations,
            r.macs,
            r.iteration_j * 1e6,
            r.restart_j * 1e6,
            r.every,
            (r.iteration_j * r.every as f64 + r.commit_j) * 1e6,
            r.commit_share * 100.0,
            r.repeat_share * 100.0,
            match r.limit {
                Limit::Repetition => "repetition",
                Limit::PowerCycle => "the power cycle",
                Limit::Layer => "the layer's length",
            }
        );
    }
}

/// Runs `rekindle explain`.
///
/// # Errors
///
/// Those of [`plan`].
pub fn run(args: &ExplainArgs) -> Result<(), Failure> {
    if !(args.harvest_mw.is_finite() && args.harvest_mw > 0.0) {
        return Err("`--harvest-mw` must be above zero".into());
    }
    let board = args.board.board();
    let program = plan(&args.model, args.step, &board)?;
    let rows = rows(&board, &program);
    let watts = Watts(args.harvest_mw * 1e-3);
    let estimate = analytic(&program, &board, watts);
    let work: f64 = rows
        .iter()
        .map(|r| r.iteration_j * r.iterations as f64)
        .sum();
    // All of it comes from the harvester, and the CPU takes its time.
    let busy: f64 = program
        .loops
        .iter()
        .map(|l| {
            board
                .time(board.iteration(l.units, l.writes).times(l.iterations))
                .get()
        })
        .sum();
    let bound = busy.max(work / board.storage.boosted(watts).get() / board.storage.output);
    if args.json {
        let value = serde_json::json!({
            "device": board.name,
            "capacitance_f": board.storage.capacitance.get(),
            "usable_j": board.usable().get(),
            "layers": rows,
            "harvest_w": watts.get(),
            "latency_s": estimate.map(|e| e.latency.get()),
            "outages": estimate.map(|e| e.outages),
            "bound_s": bound,
        });
        println!("{value:#}");
        return Ok(());
    }
    table(&board, &rows);
    for r in &rows {
        println!("\n{}", sentence(r));
    }
    match estimate {
        Some(e) => println!(
            "\nAt a constant {:.2} mW: {:.3} s, {:.0} outages, {:.3} s of it on. No plan is faster than {bound:.3} s: the work alone, \
             at what is harvested.",
            args.harvest_mw,
            e.latency.get(),
            e.outages,
            e.busy.get()
        ),
        None => println!("\nAt a constant {:.2} mW it does not end.", args.harvest_mw),
    }
    Ok(())
}

/// Why this interval.
fn sentence(r: &Row) -> String {
    let percent = |every: u64| {
        let (commits, repeated) = shares(r, every);
        format!("{:.2} %", (commits + repeated) * 100.0)
    };
    let head = format!(
        "{}: a commit every {} of {}",
        r.layer, r.every, r.iterations
    );
    match r.limit {
        Limit::Layer if r.iterations == 1 => format!("{}: one iteration, one commit.", r.layer),
        Limit::Layer => format!(
            "{head}: the whole layer is one region of {:.2} µJ. Shorter, at every {}, commits and repeated work take {} instead of {}.",
            (r.iteration_j * r.every as f64 + r.commit_j) * 1e6,
            (r.every / 2).max(1),
            percent((r.every / 2).max(1)),
            percent(r.every)
        ),
        Limit::PowerCycle => format!(
            "{head}: no more fit a power cycle, which has {:.1} µJ left after a restart of {:.1} µJ. With a larger capacitor it would be \
             every {}.",
            r.room_j * 1e6,
            r.restart_j * 1e6,
            r.young
        ),
        Limit::Repetition => format!(
            "{head}: commits and repeated work take {} of the layer's energy, {} at every {} and {} at every {}. {} would fit a power \
             cycle.",
            percent(r.every),
            percent((r.every / 2).max(1)),
            (r.every / 2).max(1),
            percent(r.every * 2),
            r.every * 2,
            r.fits
        ),
    }
}
