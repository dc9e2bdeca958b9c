//! The best plan of a network in our plan space, proved: tiles, commit intervals, what stays in SRAM, fused layers, and where
//! the load stops, all together.
//!
//! A network is a graph: nodes are the points between layers, edges the ways to execute one layer or several fused ones
//! ([`Choice`]). A choice is a row of equal steps; before each the capacitor must hold the dearest one. The load may stop
//! before any step, for a full charge and a boot; the greedy rule (run until the level forbids the next step) is one way of
//! stopping. [`solve`] finds the least latency over all edges and all stops where the harvester charges while the load is off
//! ([`crate::power::Charging::WhileOff`]), or a bound and what is left open between it and the plan.

mod margin;
mod network;
mod segment;
mod solve;

pub use margin::{Spread, TooFew};
pub use network::{Part, STATES, Searched, problem, search};
pub use segment::{Fusion, Shape, choices, interval};
pub use solve::{Execution, Flaw, Run, Solved, execute, solve};

use crate::units::{Joules, Seconds, Volts};

/// Work of one edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// How the layers are cut; `None` in problems that are not networks.
    pub shape: Option<Shape>,
    /// Equal steps.
    pub steps: u64,
    /// Steps between commits.
    pub every: u64,
    /// Mean energy of a step, commits and expected repetition included.
    pub energy: Joules,
    /// Mean time of a step.
    pub time: Seconds,
    /// What must be in the capacitor before a step starts; at least its energy.
    pub need: Joules,
    /// Energy of a boot, with what must be fetched or computed again.
    pub boot: Joules,
    /// Its time.
    pub boot_time: Seconds,
    /// Values of SRAM.
    pub sram_values: u64,
}

/// An edge: a choice for all layers between two nodes.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// Layers done before.
    pub from: usize,
    /// Layers done after.
    pub to: usize,
    /// How.
    pub choice: Choice,
}

/// Charging with the load off, from some level to full: time must fall with the level, ever faster (be concave), as it does
/// where the source gives less the fuller the capacitor is, and where it gives always the same.
#[derive(Clone, Copy, Debug)]
pub enum Charge {
    /// A source behind a resistance.
    Source(crate::device::Supply),
    /// A constant power into a capacitor that holds so much between its thresholds.
    Constant(Joules, crate::units::Watts),
}

impl Charge {
    /// Energy between the thresholds.
    pub fn usable(&self) -> Joules {
        match self {
            Self::Source(supply) => supply.usable(),
            Self::Constant(usable, _) => *usable,
        }
    }

    /// Time from a level (energy above the lower threshold) to full.
    pub fn time(&self, level: Joules) -> Seconds {
        match self {
            Self::Source(supply) => {
                let floor = supply.capacitance.energy(supply.off);
                let volts: Volts = supply.capacitance.volts(floor + level);
                supply.recharge(volts)
            }
            Self::Constant(usable, power) => (*usable - level).max(Joules::ZERO) / *power,
        }
    }
}

/// What is to be solved.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The capacitor.
    pub charge: Charge,
    /// Nodes but the first: layers.
    pub layers: usize,
    /// All edges.
    pub edges: Vec<Edge>,
    /// The first boot.
    pub boot: Joules,
    /// Its time.
    pub boot_time: Seconds,
}
