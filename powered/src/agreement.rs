//! Plan against code: what the planner's simulation predicts, and what the compiled network does on the same supply.

use std::sync::Arc;

use rekindle_examples::lenet::plan;
use rekindle_planner::program::{Board, Counts, Harvest, Program, Stuck, simulate};
use rekindle_planner::units::{Farads, Watts};
use serde::Serialize;

use crate::network::{Interval, Task, program};
use crate::run::{NoPacer, continuous, run, sample};

/// One setting.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Board.
    pub board: String,
    /// Capacitance in microfarads.
    pub microfarads: f64,
    /// Harvest.
    pub harvest: String,
    /// How the commits are spaced.
    pub policy: String,
    /// What the planner's simulation says.
    pub planned: Figures,
    /// What the compiled code did.
    pub real: Figures,
    /// All of its outputs are those of continuous power, bit for bit.
    pub same_bits: bool,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// From the switch-off voltage to the last commit, in seconds.
    pub latency_s: f64,
    /// Outages.
    pub outages: u64,
    /// Commits.
    pub commits: u64,
    /// Iterations that were repeated.
    pub repeated: i64,
}

impl Figures {
    fn of(counts: &Counts, program: &Program) -> Self {
        let once: u64 = program.loops.iter().map(|l| l.iterations).sum();
        Self {
            latency_s: counts.latency.get(),
            outages: counts.outages,
            commits: counts.commits,
            repeated: counts.iterations as i64 - once as i64,
        }
    }
}

impl Row {
    /// Relative difference of the latencies.
    pub fn error(&self) -> f64 {
        (self.planned.latency_s / self.real.latency_s - 1.0).abs()
    }

    /// The same outages, commits and repetitions.
    pub fn same_counts(&self) -> bool {
        let counts = |f: &Figures| (f.outages, f.commits, f.repeated);
        counts(&self.planned) == counts(&self.real)
    }
}

/// The network with the intervals that it was compiled with.
pub fn compiled() -> Program {
    let mut program = program();
    for l in &mut program.loops {
        if let Some(planned) = plan::PLAN.loops.iter().find(|p| p.name == l.name) {
            l.every = u64::from(planned.every);
        }
    }
    program
}

/// Harvests on which plans and code are compared.
pub fn harvests(seed: u64) -> Vec<Arc<Harvest>> {
    [
        Harvest::constant(Watts(0.5e-3)),
        Harvest::constant(Watts(2e-3)),
        Harvest::radio(seed),
        Harvest::clouds(seed),
        Harvest::steps(seed),
    ]
    .map(Arc::new)
    .to_vec()
}

/// Every setting.
///
/// # Errors
///
/// [`Stuck`] where a setting makes no progress, in the model or in the code.
pub fn rows(seed: u64, mut progress: impl FnMut(&Row)) -> Result<Vec<Row>, Stuck> {
    let mut rows = Vec::new();
    let image = sample(0);
    let want = continuous(&image);
    for harvest in harvests(seed) {
        for farads in [100e-6, 470e-6] {
            let mut add = |board: &Board, program: &Program, policy: String, task, n| {
                let planned = simulate(program, board, &harvest)?;
                let real = match task {
                    Task::Planned => run(task, board, &harvest, &image, || NoPacer),
                    Task::Paced => run(task, board, &harvest, &image, || Interval::new(n)),
                }?;
                let row = Row {
                    board: board.name.clone(),
                    microfarads: farads * 1e6,
                    harvest: harvest.name.clone(),
                    policy,
                    planned: Figures::of(&planned, program),
                    real: Figures::of(&real.counts, program),
                    same_bits: real.bytes == want,
                };
                progress(&row);
                rows.push(row);
                Ok(())
            };
            let m4 = Board::nrf52840_spi_fram().with(Farads(farads));
            let name = String::from("the compiled plan");
            add(&m4, &compiled(), name, Task::Planned, 0)?;
            for (board, n) in [
                (&m4, 7),
                (&Board::msp430fr5994().with(Farads(farads)), 1),
                (&Board::msp430fr5994().with(Farads(farads)), 2),
            ] {
                let every = program().with_every(u64::from(n));
                add(board, &every, format!("every {n}"), Task::Paced, n)?;
            }
        }
    }
    Ok(rows)
}
