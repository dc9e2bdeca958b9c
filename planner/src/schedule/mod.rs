//! Several tasks on one capacitor: whether each job meets its deadline when the harvester gives no more than it promises.
//!
//! Jobs are not preempted, neither by other jobs nor by an outage: what was interrupted is resumed first. A job is a row of
//! regions, each of which needs its energy in the capacitor before it starts; where that is missing the load goes off until
//! the capacitor is full, boots, and goes on. [`analyze`] gives a bound on every response, or the reason why there is none;
//! [`execute`] runs one set of releases exactly, and [`agreement`] holds the one against the other.

mod agreement;
mod analysis;
mod execute;
mod file;

pub use agreement::{Agreement, Drawn, Mutation, agreement, draw, worst_response};
pub use analysis::{Analysis, Reason, Response, analyze, wall};
pub use execute::{Observed, Releases, execute};
pub use file::parse;

use serde::Serialize;

use crate::device::{Device, Supply};
use crate::ours::LayerPlan;
use crate::units::{Joules, Seconds, Watts};

/// Energy drawn over a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Draw {
    /// Energy.
    pub energy: Joules,
    /// Time.
    pub time: Seconds,
}

/// What all tasks live on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Capacitor {
    /// Energy between the threshold at which the load is switched on and the one below which it must be off.
    pub usable: Joules,
    /// The least power that reaches the capacitor at any time, less what sleep and leakage take.
    pub harvest: Watts,
    /// Boot and recovery after an outage.
    pub boot: Draw,
}

/// Equal regions in a row.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Regions {
    /// How many.
    pub count: u64,
    /// Energy that must be there before one starts; at least what it draws.
    pub need: Joules,
    /// What one draws at most.
    pub each: Draw,
}

/// One task: a job at most every period.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Task {
    /// Name.
    pub name: String,
    /// Least time between two releases.
    pub period: Seconds,
    /// Time from a release within which the job is to be complete.
    pub deadline: Seconds,
    /// Under fixed priorities: the lower number runs first.
    pub priority: u32,
    /// What a job does, in order.
    pub work: Vec<Regions>,
    /// Fetching again, after an outage, what was in SRAM.
    pub restore: Draw,
}

/// Who runs when several wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// The task with the lowest priority number.
    FixedPriority,
    /// The job with the earliest deadline.
    Edf,
}

/// Tasks, what they live on, and who goes first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct System {
    /// Capacitor and harvest.
    pub capacitor: Capacitor,
    /// Scheduling policy.
    pub policy: Policy,
    /// The tasks.
    pub tasks: Vec<Task>,
}

impl Task {
    /// Time and energy of one job without any outage.
    pub fn total(&self) -> Draw {
        let sum = |f: &dyn Fn(&Regions) -> f64| self.work.iter().map(f).sum();
        Draw {
            energy: Joules(sum(&|r| r.each.energy.get() * r.count as f64)),
            time: Seconds(sum(&|r| r.each.time.get() * r.count as f64)),
        }
    }

    /// The most that one of its regions needs at its start.
    pub fn need(&self) -> Joules {
        let needs = self.work.iter().map(|r| r.need);
        needs.fold(Joules::ZERO, Joules::max)
    }

    /// The regions of a planned network: a group per layer, a region per step.
    pub fn inference(device: &Device, plans: &[LayerPlan]) -> (Vec<Regions>, Draw) {
        let work = plans.iter().map(|plan| Regions {
            count: plan.steps,
            need: plan.worst.energy.max(plan.step.energy),
            each: Draw {
                energy: plan.step.energy,
                time: device.time(plan.step),
            },
        });
        let restore = plans.iter().fold(Draw::default(), |most, plan| Draw {
            energy: most.energy.max(plan.restore.energy),
            time: most.time.max(device.time(plan.restore)),
        });
        (work.collect(), restore)
    }
}

/// The least power that a source behind a resistance gives between the thresholds: its power curve over the voltage has one
/// maximum, so an end of the range is the least.
pub fn least_harvest(supply: &Supply) -> Watts {
    supply.harvest(supply.on).min(supply.harvest(supply.off))
}
