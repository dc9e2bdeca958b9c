//! Holds the analysis against brute force on small random sets.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::analysis::{Mistake, bounds};
use super::{Capacitor, Draw, Policy, Regions, Releases, System, Task, analyze, execute};
use crate::units::{Joules, Seconds, Watts};

/// Unit of time of the random sets.
const TICK: f64 = 1e-3;

/// What brute force said of the answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Agreement {
    /// Sets.
    pub sets: u64,
    /// Declared schedulable.
    pub schedulable: u64,
    /// Of these, sets in which a run missed a deadline: must be none.
    pub missed: u64,
    /// Tasks of which a run was longer than the bound: must be none.
    pub above: u64,
    /// Declared not schedulable, and a run misses or it is impossible over time.
    pub refuted: u64,
    /// Declared not schedulable, though no run misses.
    pub pessimistic: u64,
    /// Runs executed.
    pub runs: u64,
    /// Mean of bound over longest response seen, of tasks with a bound.
    pub ratio: f64,
    /// Median of the same.
    pub median: f64,
}

/// A set that was drawn, and seeds for its runs.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// The set.
    pub system: System,
    /// Seed of its runs.
    pub seed: u64,
}

/// An error of the analysis that the comparison must notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// The job that runs already is forgotten.
    NoBlocking,
    /// The capacitor is taken to be full at the start.
    StartsFull,
    /// Boots are free.
    FreeBoots,
}

/// Draws a set of two or three tasks whose capacitor holds a few regions.
pub fn draw(seed: u64) -> Drawn {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let boot = Draw {
        energy: Joules(rng.random_range(0..=3) as f64 * 1e-6),
        time: Seconds(rng.random_range(0..=1) as f64 * TICK),
    };
    let usable = Joules(rng.random_range(12..=40) as f64 * 1e-6);
    let harvest = Watts(rng.random_range(1..=20) as f64 * 0.15e-3);
    let policy = if rng.random() {
        Policy::Edf
    } else {
        Policy::FixedPriority
    };
    let count = rng.random_range(1..=3);
    let tasks = (0..count)
        .map(|k| {
            let period = [30.0, 40.0, 60.0, 120.0, 240.0][rng.random_range(0..5)] * TICK;
            let restore = Draw {
                energy: Joules(rng.random_range(0..=1) as f64 * 1e-6),
                time: Seconds::ZERO,
            };
            let room = (usable - boot.energy - restore.energy).get() * 1e6;
            let work = (0..rng.random_range(1..=2))
                .map(|_| {
                    let energy = rng.random_range(1..=(room as u64).min(9)) as f64;
                    let spare = rng.random_range(0..=1).min(room as u64 - energy as u64);
                    Regions {
                        count: rng.random_range(1..=3),
                        need: Joules((energy + spare as f64) * 1e-6),
                        each: Draw {
                            energy: Joules(energy * 1e-6),
                            time: Seconds(rng.random_range(1..=3) as f64 * TICK),
                        },
                    }
                })
                .collect();
            Task {
                name: format!("t{k}"),
                period: Seconds(period),
                deadline: Seconds(period * rng.random_range(3..=6) as f64 / 4.0),
                priority: k + 1,
                work,
                restore,
            }
        })
        .collect();
    let system = System {
        capacitor: Capacitor {
            usable,
            harvest,
            boot,
        },
        policy,
        tasks,
    };
    Drawn { system, seed }
}

/// Longest response of each task over many runs: strictly periodic with all offsets on a grid, and with random gaps; from
/// several levels; with all and with part of the work.
pub fn worst_response(drawn: &Drawn) -> (Vec<Seconds>, u64) {
    let system = &drawn.system;
    let tasks = &system.tasks;
    let mut rng = ChaCha8Rng::seed_from_u64(drawn.seed ^ 0x5eed);
    let mut worst = vec![Seconds::ZERO; tasks.len()];
    let mut runs = 0;
    // Twice the least common multiple of the periods, all of which divide 240 ticks; and the time to charge first.
    let span = 480.0 * TICK + 2.0 * system.capacitor.usable.get() / system.capacitor.harvest.get();
    let mut try_run = |releases: &Releases, held: f64, share: f64| {
        let held = system.capacitor.usable * held;
        let seen = execute(system, held, releases, share);
        for (w, s) in worst.iter_mut().zip(&seen.responses) {
            *w = w.max(*s);
        }
        runs += 1;
    };
    let grid: Vec<Vec<f64>> = tasks
        .iter()
        .map(|t| (0..6).map(|k| t.period.get() * k as f64 / 6.0).collect())
        .collect();
    let all: usize = grid.iter().map(Vec::len).product();
    for mut index in 0..all {
        let offsets: Vec<f64> = grid
            .iter()
            .map(|g| {
                let at = g[index % g.len()];
                index /= g.len();
                at
            })
            .collect();
        let periodic = tasks.iter().zip(&offsets).map(|(task, offset)| {
            let count = (span / task.period.get()).ceil() as u64;
            (0..count)
                .map(|k| Seconds(offset + task.period.get() * k as f64))
                .collect()
        });
        let releases: Releases = periodic.collect();
        for (held, share) in [(0.0, 1.0), (0.3, 1.0), (1.0, 1.0), (0.0, 0.7)] {
            try_run(&releases, held, share);
        }
    }
    for _ in 0..60 {
        // Jobs that come together just after another has begun, and gaps longer than the period.
        let late = rng.random_range(0..20) as f64 * TICK;
        let sporadic = tasks.iter().map(|task| {
            let mut at = late + rng.random_range(0..4) as f64 * TICK * 0.5;
            let mut all = vec![Seconds(at)];
            while at < span {
                at += task.period.get() + rng.random_range(0..3) as f64 * TICK;
                all.push(Seconds(at));
            }
            all
        });
        let releases: Releases = sporadic.collect();
        let held = rng.random_range(0.0..=1.0);
        let share = if rng.random() {
            1.0
        } else {
            rng.random_range(0.3..1.0)
        };
        try_run(&releases, held, share);
    }
    (worst, runs)
}

/// Compares `sets` random sets from `seed` on; with a mutation, the analysis is made wrong in that way.
pub fn agreement(sets: u64, seed: u64, mutation: Option<Mutation>) -> Agreement {
    let mistake = match mutation {
        None => Mistake::None,
        Some(Mutation::NoBlocking) => Mistake::NoBlocking,
        Some(Mutation::StartsFull) => Mistake::StartsFull,
        Some(Mutation::FreeBoots) => Mistake::FreeBoots,
    };
    let mut sum = Agreement {
        sets,
        ..Agreement::default()
    };
    let mut ratios = Vec::new();
    for k in 0..sets {
        let drawn = draw(seed.wrapping_add(k));
        let system = &drawn.system;
        let answer = analyze(system);
        let bounds = bounds(system, mistake);
        let all_met = bounds
            .iter()
            .all(|r| r.worst.is_some_and(|w| w <= r.deadline));
        let impossible = answer.proved && answer.reason.is_some();
        let declared = match mutation {
            None => answer.schedulable,
            Some(_) => all_met,
        };
        let (worst, runs) = worst_response(&drawn);
        sum.runs += runs;
        let missed = worst
            .iter()
            .zip(&system.tasks)
            .any(|(w, t)| *w > t.deadline * (1.0 + 1e-9));
        match (declared, missed) {
            (true, true) => {
                sum.schedulable += 1;
                sum.missed += 1;
            }
            (true, false) => sum.schedulable += 1,
            (false, missed) if missed || impossible => sum.refuted += 1,
            (false, _) => sum.pessimistic += 1,
        }
        for (bound, seen) in bounds.iter().zip(&worst) {
            if let Some(bound) = bound.worst {
                sum.above += u64::from(*seen > bound * (1.0 + 1e-9));
                if seen.get() > 0.0 && seen.get().is_finite() {
                    ratios.push(bound / *seen);
                }
            }
        }
    }
    ratios.sort_by(f64::total_cmp);
    if !ratios.is_empty() {
        sum.ratio = ratios.iter().sum::<f64>() / ratios.len() as f64;
        sum.median = ratios[ratios.len() / 2];
    }
    sum
}
