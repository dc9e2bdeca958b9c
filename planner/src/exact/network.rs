//! Networks as problems, and the plans found for them.

use serde::Serialize;

use super::{Charge, Edge, Fusion, Problem, Shape, choices, execute, solve};
use crate::device::{Device, Supply};
use crate::exact::Flaw;
use crate::layer::Layer;
use crate::ours::start;
use crate::power::{Charging, after};
use crate::units::Seconds;

/// States kept at a node at most, where nothing else is asked for.
pub const STATES: usize = 1000;

/// What a search found for a network.
#[derive(Clone, Debug, Serialize)]
pub struct Searched {
    /// Latency from the off threshold, the plan executed step by step.
    pub latency: Seconds,
    /// No plan of the space is below.
    pub bound: Seconds,
    /// Edges of the graph: ways to execute a layer or fused layers.
    pub edges: usize,
    /// States at one node, at most.
    pub states: usize,
    /// Boots, the first included.
    pub boots: u64,
    /// What was chosen: first layer, layers, shape, steps, steps between commits.
    pub plan: Vec<Part>,
}

/// One layer, or several fused.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Part {
    /// First layer.
    pub layer: usize,
    /// How many.
    pub layers: usize,
    /// How they are cut.
    pub shape: Option<Shape>,
    /// Steps.
    pub steps: u64,
    /// Steps between commits.
    pub every: u64,
    /// Values of SRAM.
    pub sram_values: u64,
}

impl Searched {
    /// Relative distance of the plan from the bound.
    pub fn gap(&self) -> f64 {
        let gap = self.latency / self.bound - 1.0;
        // Below this it is the rounding of sums in another order.
        if gap < 1e-9 { 0.0 } else { gap }
    }

    /// Fused runs of layers in the plan.
    pub fn fused(&self) -> usize {
        self.plan.iter().filter(|p| p.layers > 1).count()
    }
}

/// The graph of a network.
pub fn problem(
    device: &Device,
    supply: &Supply,
    layers: &[Layer],
    fusion: Fusion,
    risk: f64,
) -> Problem {
    let boot = start(device);
    Problem {
        charge: Charge::Source(*supply),
        layers: layers.len(),
        edges: choices(device, supply, layers, fusion, risk),
        boot: boot.energy,
        boot_time: device.time(boot),
    }
}

fn part(edge: &Edge) -> Part {
    Part {
        layer: edge.from,
        layers: edge.to - edge.from,
        shape: edge.choice.shape,
        steps: edge.choice.steps,
        every: edge.choice.every,
        sram_values: edge.choice.sram_values,
    }
}

/// The best plan of a network and what is proved of it, with at most so many `states` at a point between layers (see
/// [`STATES`]; fewer are faster and leave a larger gap); `None` where a layer fits nowhere.
pub fn search(
    device: &Device,
    supply: &Supply,
    charging: Charging,
    layers: &[Layer],
    fusion: Fusion,
    risk: f64,
    states: usize,
) -> Option<Searched> {
    let problem = problem(device, supply, layers, fusion, risk);
    match charging {
        Charging::WhileOff => {
            let solved = solve(&problem, states, Flaw::None)?;
            let latency = execute(&problem, &solved.plan)?;
            Some(Searched {
                latency,
                bound: solved.bound.min(latency),
                edges: problem.edges.len(),
                states: solved.states,
                boots: solved
                    .plan
                    .iter()
                    .map(|r| r.steps.len() as u64 - 1)
                    .sum::<u64>()
                    + 1,
                plan: solved
                    .plan
                    .iter()
                    .map(|r| part(&problem.edges[r.edge]))
                    .collect(),
            })
        }
        Charging::Always => carried(device, supply, &problem),
    }
}

/// Where the harvester carries the load: the least time, and that is proved if the load really never stops.
fn carried(device: &Device, supply: &Supply, problem: &Problem) -> Option<Searched> {
    let mut least: Vec<Option<(f64, usize)>> = vec![None; problem.layers + 1];
    let mut order: Vec<usize> = (0..problem.edges.len()).collect();
    order.sort_by_key(|i| problem.edges[*i].from);
    for i in order {
        let e = &problem.edges[i];
        let before = if e.from == 0 {
            Some(0.0)
        } else {
            least[e.from].map(|l| l.0)
        };
        let Some(before) = before else { continue };
        let time = before + e.choice.time.get() * e.choice.steps as f64;
        if least[e.to].is_none_or(|l| time < l.0) {
            least[e.to] = Some((time, i));
        }
    }
    let mut chosen = Vec::new();
    let mut node = problem.layers;
    while node > 0 {
        let edge = &problem.edges[least[node]?.1];
        chosen.push(edge);
        node = edge.from;
    }
    chosen.reverse();
    let boot = start(device);
    let first = supply.recharge(supply.off) + device.time(boot);
    let floor = supply.capacitance.energy(supply.off);
    let mut volts = after(
        supply,
        Charging::Always,
        supply.on,
        boot.energy,
        device.time(boot),
    );
    let mut latency = first;
    for edge in &chosen {
        let c = &edge.choice;
        for _ in 0..c.steps {
            if supply.capacitance.energy(volts) - floor < c.need {
                return None;
            }
            volts = after(supply, Charging::Always, volts, c.energy, c.time);
            latency += c.time;
        }
    }
    let bound = first + Seconds(least[problem.layers]?.0);
    Some(Searched {
        latency,
        bound: bound.min(latency),
        edges: problem.edges.len(),
        states: 1,
        boots: 1,
        plan: chosen.into_iter().map(part).collect(),
    })
}
