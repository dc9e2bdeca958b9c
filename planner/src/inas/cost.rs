//! Energy, time and memory of one power cycle of a design.

use super::space::{Design, Order};
use crate::device::{Device, Supply};
use crate::layer::{Kind, Layer};
use crate::units::{Cost, Cycles, Joules, Seconds};

/// How faithful to the published implementation the model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fidelity {
    /// As published: bit for bit the same decisions.
    Compatible,
    /// Output-tile overheads take their time, and the margin does not change what the capacitor holds.
    Corrected,
}

/// The reference's model for one board.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// Operation costs.
    pub device: Device,
    /// Capacitor and harvester.
    pub supply: Supply,
    /// Whether known defects are kept.
    pub fidelity: Fidelity,
}

/// What a design costs on one layer.
///
/// Index 0 is a power cycle on the first input-channel tile, index 1 one that reloads partial sums.
#[derive(Clone, Copy, Debug)]
pub struct LayerCost {
    /// Energy of one power cycle.
    pub energy: [Joules; 2],
    /// On-time of one power cycle, reboot included.
    pub on_time: [Seconds; 2],
    /// Recharge after it.
    pub recharge: [Seconds; 2],
    /// Number of power cycles.
    pub cycles: [f64; 2],
}

impl LayerCost {
    /// End-to-end latency of the layer.
    pub fn latency(&self) -> Seconds {
        (self.on_time[0] + self.recharge[0]) * self.cycles[0]
            + (self.on_time[1] + self.recharge[1]) * self.cycles[1]
    }

    /// The largest energy of a power cycle that occurs.
    pub fn peak(&self) -> Joules {
        if self.cycles[1] > 0.0 {
            self.energy[0].max(self.energy[1])
        } else {
            self.energy[0]
        }
    }
}

impl Model {
    /// Cost of a power cycle, reboot included; `first` is the first input-channel tile.
    pub fn power_cycle(&self, layer: &Layer, design: &Design, first: bool) -> Cost {
        let d = &self.device;
        let fixed = d.reboot + d.read(4) + d.write(4);
        if layer.kind == Kind::GlobalPool {
            return fixed + self.pool(design);
        }
        fixed + self.fetch(layer, design, first) + self.compute(layer, design) + self.backup(design)
    }

    fn fetch(&self, layer: &Layer, design: &Design, first: bool) -> Cost {
        let d = &self.device;
        let batch = design.batch;
        let pixels =
            (design.rows + layer.kernel_height - 1) * (design.columns + layer.kernel_width - 1);
        let filters = layer.kernel_height * layer.kernel_width * design.outputs;
        let input = (d.read(design.inputs) + d.address(7, 5)).times(pixels);
        let weights = (d.read(design.inputs) + uneven(d, (8, 9), (8, 10))).times(filters);
        let adds = match design.order {
            Order::Input => (7, 5),
            Order::Weight | Order::Output => (7, 4),
        };
        let sums = (d.read(design.outputs) + self.output_overhead(adds.0, adds.1))
            .times(design.rows * design.columns);
        let (operands, reloads) = match design.order {
            Order::Input => (weights.times(batch) + input, batch),
            Order::Weight => (input.times(batch) + weights, batch),
            Order::Output => ((input + weights).times(batch), 1),
        };
        if first {
            operands
        } else {
            operands + sums.times(reloads)
        }
    }

    fn compute(&self, layer: &Layer, design: &Design) -> Cost {
        let d = &self.device;
        let vectors = design.batch
            * layer.kernel_height
            * layer.kernel_width
            * design.rows
            * design.columns
            * design.outputs;
        (d.mac(design.inputs) + d.add + uneven(d, (7, 5), (7, 10)) + d.address(3, 3)).times(vectors)
    }

    fn backup(&self, design: &Design) -> Cost {
        let pixels = design.rows * design.columns;
        let d = &self.device;
        let (runs, length, (adds, muls)) = match design.order {
            Order::Input => (pixels, design.batch * design.outputs, (9, 8)),
            Order::Weight => (pixels * design.batch, design.outputs, (11, 9)),
            Order::Output => (pixels, design.outputs, (7, 5)),
        };
        (d.write(length) + self.output_overhead(adds, muls)).times(runs)
    }

    fn pool(&self, design: &Design) -> Cost {
        let d = &self.device;
        let pixels = design.batch * design.rows * design.columns;
        (d.read(design.outputs) + d.address(7, 5)).times(pixels)
            + d.read(design.outputs)
            + self.output_overhead(7, 4)
            + (d.max + d.address(2, 1)).times(pixels * design.outputs)
            + d.write(design.outputs)
            + self.output_overhead(7, 5)
    }

    /// Address arithmetic of output tiles. The reference builds its time from the energy constants, so joules count as
    /// seconds there.
    fn output_overhead(&self, adds: u64, muls: u64) -> Cost {
        let mut cost = self.device.address(adds, muls);
        if self.fidelity == Fidelity::Compatible {
            cost.cycles = Cycles(cost.energy.get() * self.device.clock.get());
        }
        cost
    }

    /// How many power cycles the layer takes, without and with partial sums.
    pub fn cycles(layer: &Layer, design: &Design) -> [f64; 2] {
        let batch = design.batch as f64;
        let over = |all: u64, tile: u64| all.div_ceil(tile) as f64;
        if layer.kind == Kind::GlobalPool {
            return [
                over(layer.height, design.rows)
                    * over(layer.width, design.columns)
                    * over(layer.outputs, design.outputs)
                    / batch,
                0.0,
            ];
        }
        let tiles = over(layer.rows(), design.rows)
            * over(layer.columns(), design.columns)
            * over(layer.outputs, design.outputs);
        let steps = over(layer.inputs, design.inputs);
        // In the output order a batch runs along the input channels.
        if design.order == Order::Output {
            [tiles, tiles * steps / batch - tiles]
        } else {
            [tiles / batch, tiles * (steps - 1.0) / batch]
        }
    }

    /// Cost of a design on a layer; recharge is zero where the energy does not suffice.
    pub fn evaluate(&self, layer: &Layer, design: &Design) -> LayerCost {
        self.recharged(self.running(layer, design))
    }

    /// The same with all recharges left at zero: a latency that is not above the real one, at a fraction of the price.
    pub(super) fn running(&self, layer: &Layer, design: &Design) -> LayerCost {
        let cycles = Self::cycles(layer, design);
        let first = self.power_cycle(layer, design, true);
        let later = if cycles[1] > 0.0 {
            self.power_cycle(layer, design, false)
        } else {
            first
        };
        LayerCost {
            energy: [first.energy, later.energy],
            on_time: [self.device.time(first), self.device.time(later)],
            recharge: [Seconds::ZERO; 2],
            cycles,
        }
    }

    /// With the recharges.
    pub(super) fn recharged(&self, cost: LayerCost) -> LayerCost {
        LayerCost {
            recharge: cost.energy.map(|spent| self.recharge(spent)),
            ..cost
        }
    }

    /// Recharge after a power cycle that took `spent`.
    pub fn recharge(&self, spent: Joules) -> Seconds {
        let supply = &self.supply;
        let held = match self.fidelity {
            Fidelity::Compatible => supply.budget(),
            Fidelity::Corrected => supply.usable(),
        };
        let floor = supply.capacitance.energy(supply.off);
        if spent > held {
            return Seconds::ZERO;
        }
        supply.recharge(supply.capacitance.volts(floor + held - spent))
    }
}

/// Address arithmetic whose energy and time the reference states with different counts.
fn uneven(device: &Device, energy: (u64, u64), time: (u64, u64)) -> Cost {
    Cost {
        energy: device.address(energy.0, energy.1).energy,
        cycles: device.address(time.0, time.1).cycles,
    }
}
