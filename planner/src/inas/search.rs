//! Exhaustive search of the reference's design space.

use super::cost::{LayerCost, Model};
use super::space::{Design, Order, divisors, even_divisors};
use crate::layer::{Kind, Layer};
use crate::units::Seconds;

/// What is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objective {
    /// Lowest latency on intermittent power, within the energy of one power cycle.
    Intermittent,
    /// The same, one tile per power cycle.
    OneTile,
    /// Lowest compute time, as if power never failed; may need more than a power cycle has.
    Continuous,
}

/// The best design of one layer.
#[derive(Clone, Copy, Debug)]
pub struct Planned {
    /// The design.
    pub design: Design,
    /// What it costs.
    pub cost: LayerCost,
}

/// Result for one layer.
#[derive(Clone, Copy, Debug)]
pub struct Searched {
    /// The best, if any design fits.
    pub best: Option<Planned>,
    /// Designs looked at.
    pub candidates: u64,
}

/// Searches each layer; layers are independent in this model, so the network's optimum is the sum of theirs.
pub fn search(model: &Model, layers: &[Layer], objective: Objective) -> Vec<Searched> {
    layers
        .iter()
        .map(|layer| search_layer(model, layer, objective))
        .collect()
}

/// Searches one layer. Of equals the first wins, as in the reference; which knows no strides, padding or depthwise layers, and
/// finds nothing for one that has them.
pub fn search_layer(model: &Model, layer: &Layer, objective: Objective) -> Searched {
    let mut found = Searched {
        best: None,
        candidates: 0,
    };
    if layer.stride != 1 || layer.padded || matches!(layer.kind, Kind::Depthwise | Kind::Add) {
        return found;
    }
    let mut lowest = Seconds(f64::INFINITY);
    let (rows, columns, inputs) = if layer.kind == Kind::GlobalPool {
        // The reference takes even pool tiles only, and batches along the rows.
        (
            even_divisors(layer.height),
            even_divisors(layer.width),
            vec![1],
        )
    } else {
        (
            divisors(layer.rows()),
            divisors(layer.columns()),
            even_divisors(layer.inputs),
        )
    };
    let all = divisors(layer.outputs);
    for &rows in &rows {
        for &columns in &columns {
            for &outputs in &all {
                for &inputs in &inputs {
                    let mut tile = Design {
                        rows,
                        columns,
                        outputs,
                        inputs,
                        order: Order::Output,
                        batch: 1,
                    };
                    for order in orders(layer) {
                        tile.order = *order;
                        try_batches(model, layer, objective, tile, &mut found, &mut lowest);
                    }
                }
            }
        }
    }
    found
}

fn orders(layer: &Layer) -> &'static [Order] {
    if layer.kind == Kind::GlobalPool {
        &[Order::Output]
    } else {
        &[Order::Input, Order::Weight, Order::Output]
    }
}

fn batches(layer: &Layer, tile: &Design) -> Vec<u64> {
    if layer.kind == Kind::GlobalPool {
        return even_divisors(layer.height / tile.rows);
    }
    even_divisors(match tile.order {
        Order::Input => layer.outputs / tile.outputs,
        Order::Weight => (layer.rows() / tile.rows) * (layer.columns() / tile.columns),
        Order::Output => layer.inputs / tile.inputs,
    })
}

fn try_batches(
    model: &Model,
    layer: &Layer,
    objective: Objective,
    tile: Design,
    found: &mut Searched,
    lowest: &mut Seconds,
) {
    // More tiles per power cycle only need more memory: nothing beyond the first misfit.
    if tile.sram_values(layer) > model.device.sram_values {
        return;
    }
    let sizes = if objective == Objective::Intermittent {
        batches(layer, &tile)
    } else {
        vec![1]
    };
    for batch in sizes {
        let design = Design { batch, ..tile };
        if design.sram_values(layer) > model.device.sram_values {
            break;
        }
        found.candidates += 1;
        let mut cost = model.running(layer, &design);
        let score = if objective == Objective::Continuous {
            let reboot = model.device.time(model.device.reboot);
            (cost.on_time[0] - reboot) * cost.cycles[0]
                + (cost.on_time[1] - reboot) * cost.cycles[1]
        } else {
            if cost.peak() > model.supply.budget() {
                break;
            }
            // Recharging takes two square roots and two logarithms, and only adds.
            if cost.latency() >= *lowest {
                continue;
            }
            cost = model.recharged(cost);
            cost.latency()
        };
        if score < *lowest {
            *lowest = score;
            let cost = model.recharged(cost);
            found.best = Some(Planned { design, cost });
        }
    }
}
