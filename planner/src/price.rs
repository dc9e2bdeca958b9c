//! What a candidate network costs on a device, or why it cannot run there: for architecture search.
//!
//! The figures are those of the planners themselves, on the device of the published settings ([`Device::inas`]): the
//! reference's search, our plan by layer, or the exact search. No proxy is used.

use serde::{Deserialize, Serialize};

use crate::device::{Device, Supply};
use crate::exact::{self, Fusion};
use crate::inas::{Fidelity, Model, Objective, search_layer};
use crate::layer::{Kind, Layer};
use crate::ours::{Code, LayerPlan, candidates, plan_layer};
use crate::power::{Charging, simulate};
use crate::units::{Farads, Joules, Ohms, Seconds};

/// States of the exact search at a point between layers; the gap is below 0.1 % on the published settings.
const STATES: usize = 30;

/// One layer of a candidate.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase", deny_unknown_fields)]
pub enum Op {
    /// Convolution.
    Conv {
        /// Channels.
        outputs: u64,
        /// Rows and columns of the kernel.
        #[serde(default)]
        kernel: Kernel,
        /// From one output to the next.
        #[serde(default = "one")]
        stride: u64,
        /// `same` or `valid`.
        #[serde(default)]
        padding: Padding,
        /// Ignored: whether no rectifier follows, which costs as much as one that does.
        #[serde(default)]
        #[allow(dead_code)] // Descriptions of networks may have it.
        linear: bool,
    },
    /// Depthwise convolution.
    Depthwise {
        /// Rows and columns of the kernel.
        #[serde(default)]
        kernel: Kernel,
        /// From one output to the next.
        #[serde(default = "one")]
        stride: u64,
        /// `same` or `valid`.
        #[serde(default)]
        padding: Padding,
        /// Ignored: as many as there are.
        #[serde(default)]
        #[allow(dead_code)] // Descriptions of networks may have it.
        outputs: u64,
    },
    /// Global average pool.
    Pool,
    /// Fully connected.
    Dense {
        /// As many as there are classes where it is not given.
        #[serde(default)]
        outputs: Option<u64>,
    },
    /// The output of the layer before, and of one before that, summed up value by value.
    Add {
        /// How many layers before the layer before: 1 is its input.
        back: usize,
    },
}

/// Rows and columns of a kernel: a number for both, or a pair.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
pub enum Kernel {
    /// As many columns as rows.
    Square(u64),
    /// Rows, columns.
    Sides([u64; 2]),
}

impl Default for Kernel {
    fn default() -> Self {
        Self::Square(1)
    }
}

impl Kernel {
    const fn sides(self) -> (u64, u64) {
        match self {
            Self::Square(side) => (side, side),
            Self::Sides([rows, columns]) => (rows, columns),
        }
    }
}

const fn one() -> u64 {
    1
}

/// Zeros around an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Padding {
    /// As many as make `size / stride` outputs, rounded up.
    #[default]
    Same,
    /// None.
    Valid,
}

/// A candidate as the architecture search describes it.
#[derive(Clone, Debug, Deserialize)]
pub struct Network {
    /// Height, width, channels.
    pub input: [u64; 3],
    /// Outputs of the last layer.
    pub classes: u64,
    /// In sequence.
    pub layers: Vec<Op>,
}

/// Which planner is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Planner {
    /// The reference's, as published.
    Reference,
    /// The reference's search for continuous power, which knows nothing of power cycles: its tiles may not fit into one.
    Continuous,
    /// Ours, by layer.
    #[default]
    Ours,
    /// Ours, exact, with fused layers.
    Exact,
}

/// A question.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Given back with the answer.
    #[serde(default)]
    pub id: serde_json::Value,
    /// The candidate.
    pub network: Network,
    /// The capacitor.
    pub capacitance_f: Farads,
    /// The harvester's inner resistance.
    pub harvester_ohm: Ohms,
    /// Part of a power cycle's energy that a plan may count on.
    #[serde(default = "margin")]
    pub margin: f64,
    /// Which planner.
    #[serde(default)]
    pub planner: Planner,
    /// The harvester charges also while the load runs.
    #[serde(default)]
    pub always: bool,
    /// Working memory.
    #[serde(default = "sram")]
    pub sram_bytes: u64,
    /// Non-volatile memory, of which a candidate takes its weights and twice its largest activation.
    #[serde(default = "nvm")]
    pub nvm_bytes: u64,
    /// Seconds from the empty capacitor to the result.
    #[serde(default)]
    pub deadline_s: Option<f64>,
}

const fn margin() -> f64 {
    0.55
}

const fn sram() -> u64 {
    2048
}

const fn nvm() -> u64 {
    1_000_000
}

/// An answer.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct Price {
    /// Seconds from the empty capacitor to the result.
    pub latency_s: Seconds,
    /// Power cycles.
    pub boots: u64,
    /// The dearest region between two points where the power may fail, by layer.
    pub regions_j: Vec<Joules>,
    /// Most working memory at a time.
    pub sram_bytes: u64,
    /// Non-volatile memory.
    pub nvm_bytes: u64,
    /// Multiply-accumulates.
    pub macs: u64,
}

/// Why there is none.
#[derive(Clone, Debug, Serialize, PartialEq, thiserror::Error)]
#[serde(tag = "lacks", rename_all = "lowercase")]
pub enum Refusal {
    /// The description is not a network.
    #[error("layer {layer}: {problem}")]
    Shape {
        /// Which layer, from 0.
        layer: usize,
        /// What is wrong.
        problem: String,
    },
    /// No tile of a layer fits into working memory.
    #[error("layer {layer} needs {needed} B of SRAM, and there are {available}")]
    Sram {
        /// Which layer, from 0.
        layer: usize,
        /// Bytes of its smallest tile.
        needed: u64,
        /// Bytes there are.
        available: u64,
    },
    /// No tile of a layer that fits into working memory fits into a power cycle.
    #[error(
        "a step of layer {layer} needs {needed:.3e} J, and a power cycle has {available:.3e} J"
    )]
    Energy {
        /// Which layer, from 0.
        layer: usize,
        /// Joules of its cheapest step with a boot.
        needed: f64,
        /// Joules there are.
        available: f64,
    },
    /// Weights and activations are too large.
    #[error("layer {layer} and the weights need {needed} B of NVM, and there are {available}")]
    Nvm {
        /// The layer with the largest activation, from 0.
        layer: usize,
        /// Bytes.
        needed: u64,
        /// Bytes there are.
        available: u64,
    },
    /// It would be late.
    #[error("takes {needed:.2} s, with {available:.2} s to the deadline; layer {layer} most of it")]
    Deadline {
        /// The layer that takes most time, from 0.
        layer: usize,
        /// Seconds.
        needed: f64,
        /// Seconds there are.
        available: f64,
    },
    /// The planner that was asked does not know such layers.
    #[error("layer {layer}: the reference knows no stride, padding, sums or depthwise layers")]
    Unknown {
        /// Which layer, from 0.
        layer: usize,
    },
}

impl Network {
    /// As the planners see it.
    ///
    /// # Errors
    ///
    /// [`Refusal::Shape`].
    pub fn layers(&self) -> Result<Vec<Layer>, Refusal> {
        let [mut height, mut width, mut channels] = self.input;
        let mut shapes = vec![self.input];
        let mut all = Vec::with_capacity(self.layers.len());
        for (number, op) in self.layers.iter().enumerate() {
            let fail = |problem: &str| Refusal::Shape {
                layer: number,
                problem: problem.to_owned(),
            };
            let mut layer = Layer {
                kind: Kind::Conv,
                inputs: channels,
                height,
                width,
                outputs: channels,
                kernel_height: 1,
                kernel_width: 1,
                stride: 1,
                padded: false,
            };
            match *op {
                Op::Conv {
                    kernel,
                    stride,
                    padding,
                    ..
                }
                | Op::Depthwise {
                    kernel,
                    stride,
                    padding,
                    ..
                } => {
                    (layer.kernel_height, layer.kernel_width) = kernel.sides();
                    (layer.stride, layer.padded) = (stride, padding == Padding::Same);
                    if let Op::Conv { outputs, .. } = *op {
                        layer.outputs = outputs;
                    } else {
                        layer.kind = Kind::Depthwise;
                    }
                    // A kernel of one needs no zeros.
                    layer.padded &= kernel.sides() != (1, 1) || stride > 1;
                }
                Op::Pool => {
                    layer.kind = Kind::GlobalPool;
                    (layer.kernel_height, layer.kernel_width) = (height, width);
                }
                Op::Dense { outputs } => {
                    layer.kind = Kind::FullyConnected;
                    layer.outputs = outputs.unwrap_or(self.classes);
                    (layer.kernel_height, layer.kernel_width) = (height, width);
                }
                Op::Add { back } => {
                    layer.kind = Kind::Add;
                    let other = number.checked_sub(back).and_then(|n| shapes.get(n));
                    if back == 0 || other != Some(&[height, width, channels]) {
                        return Err(fail("it adds to what has another shape, or is not there"));
                    }
                }
            }
            let sizes = [
                layer.inputs,
                layer.height,
                layer.width,
                layer.outputs,
                layer.kernel_height,
                layer.kernel_width,
                layer.stride,
            ];
            if sizes.iter().any(|n| *n == 0 || *n > 4096) {
                return Err(fail("a size is 0 or above 4096"));
            }
            if !layer.padded && (layer.kernel_height > height || layer.kernel_width > width) {
                return Err(fail("the kernel is larger than the input"));
            }
            (height, width, channels) = (layer.rows(), layer.columns(), layer.outputs);
            shapes.push([height, width, channels]);
            all.push(layer);
        }
        if all.is_empty() {
            return Err(Refusal::Shape {
                layer: 0,
                problem: "there is none".to_owned(),
            });
        }
        Ok(all)
    }
}

impl Network {
    /// Most values at a time that layers keep for a sum that is still to come, beside input and output.
    fn kept(&self, layers: &[Layer]) -> u64 {
        let size = |point: usize| match point.checked_sub(1).map(|n| &layers[n]) {
            None => self.input.iter().product(),
            Some(l) if l.kind == Kind::GlobalPool => l.outputs,
            Some(l) => l.rows() * l.columns() * l.outputs,
        };
        let sums: Vec<(usize, usize)> = self
            .layers
            .iter()
            .enumerate()
            .filter_map(|(number, op)| match op {
                // What layer `n` reads is point `n`.
                Op::Add { back } => Some((number.saturating_sub(*back), number)),
                _ => None,
            })
            .collect();
        let live = |layer: usize| -> u64 {
            let waiting = sums
                .iter()
                .filter(|(from, to)| (from + 1..=*to).contains(&layer));
            waiting.map(|(from, _)| size(*from)).sum()
        };
        (0..layers.len()).map(live).max().unwrap_or(0)
    }

    /// Layers that keep nothing for later can be computed as one.
    fn fusion(&self) -> Fusion {
        let sums = self.layers.iter().any(|op| matches!(op, Op::Add { .. }));
        if sums { Fusion::Off } else { Fusion::On }
    }
}

/// The price of a candidate.
///
/// # Errors
///
/// Why it cannot run there, with the layer and what is short.
pub fn price(request: &Request) -> Result<Price, Refusal> {
    let layers = request.network.layers()?;
    let (mut nvm_bytes, largest) = nvm_of(&layers);
    nvm_bytes += 2 * request.network.kept(&layers);
    if nvm_bytes > request.nvm_bytes {
        return Err(Refusal::Nvm {
            layer: largest,
            needed: nvm_bytes,
            available: request.nvm_bytes,
        });
    }
    let mut device = Device::inas();
    device.sram_values = request.sram_bytes / 2;
    let supply = Supply::inas(request.capacitance_f, request.harvester_ohm, request.margin);
    let found = match request.planner {
        Planner::Reference | Planner::Continuous => reference(&device, &supply, &layers, request)?,
        Planner::Ours => ours(&device, &supply, &layers, request)?,
        Planner::Exact => exactly(&device, &supply, &layers, request)?,
    };
    let price = Price {
        latency_s: found.latency,
        boots: found.boots,
        regions_j: found.regions,
        sram_bytes: 2 * found.sram_values,
        nvm_bytes,
        macs: layers.iter().map(Layer::macs).sum(),
    };
    match request.deadline_s {
        Some(available) if price.latency_s.get() > available => Err(Refusal::Deadline {
            layer: found.slowest,
            needed: price.latency_s.get(),
            available,
        }),
        _ => Ok(price),
    }
}

/// Bytes as the reference counts them, and the layer with the largest output.
fn nvm_of(layers: &[Layer]) -> (u64, usize) {
    let output = |l: &Layer| match l.kind {
        Kind::GlobalPool => l.outputs,
        _ => l.rows() * l.columns() * l.outputs,
    };
    let largest = (0..layers.len())
        .max_by_key(|i| output(&layers[*i]))
        .unwrap_or(0);
    let weights: u64 = layers.iter().map(Layer::weights).sum();
    (2 * (2 * output(&layers[largest]) + weights), largest)
}

struct Found {
    latency: Seconds,
    boots: u64,
    regions: Vec<Joules>,
    sram_values: u64,
    slowest: usize,
}

fn longest(times: impl Iterator<Item = f64>) -> usize {
    times
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map_or(0, |(i, _)| i)
}

/// What the smallest tile of a layer lacks.
fn lacking(device: &Device, supply: &Supply, layers: &[Layer], number: usize) -> Refusal {
    let layer = &layers[number];
    let mut roomy = *device;
    roomy.sram_values = u64::MAX;
    let mut rich = *supply;
    rich.capacitance = Farads(1e6);
    let in_memory = candidates(device, &rich, layer, Code::Reduced);
    if let Some(cheapest) = in_memory
        .iter()
        .map(|p| {
            (p.worst + p.restore + crate::ours::start(device))
                .energy
                .get()
        })
        .reduce(f64::min)
    {
        return Refusal::Energy {
            layer: number,
            needed: cheapest,
            available: supply.budget().get(),
        };
    }
    let smallest = candidates(&roomy, &rich, layer, Code::Reduced)
        .iter()
        .map(|p| p.sram_values)
        .min();
    Refusal::Sram {
        layer: number,
        needed: 2 * smallest.unwrap_or(u64::MAX / 2),
        available: 2 * device.sram_values,
    }
}

fn charging(request: &Request) -> Charging {
    if request.always {
        Charging::Always
    } else {
        Charging::WhileOff
    }
}

fn by_layer(
    device: &Device,
    supply: &Supply,
    layers: &[Layer],
    request: &Request,
) -> Result<Vec<LayerPlan>, Refusal> {
    let per_joule = match charging(request) {
        Charging::Always => 0.0,
        Charging::WhileOff => supply.recharge(supply.off).get() / supply.usable().get(),
    };
    layers
        .iter()
        .enumerate()
        .map(|(number, layer)| {
            plan_layer(device, supply, layer, Code::Reduced, per_joule)
                .ok_or_else(|| lacking(device, supply, layers, number))
        })
        .collect()
}

fn ours(
    device: &Device,
    supply: &Supply,
    layers: &[Layer],
    request: &Request,
) -> Result<Found, Refusal> {
    let plans = by_layer(device, supply, layers, request)?;
    let slowest = longest(
        plans
            .iter()
            .map(|p| device.time(p.step.times(p.steps)).get()),
    );
    let seen = simulate(device, supply, charging(request), &plans)
        .ok_or_else(|| lacking(device, supply, layers, slowest))?;
    Ok(Found {
        latency: seen.latency,
        boots: seen.boots,
        regions: plans.iter().map(|p| p.worst.energy).collect(),
        sram_values: plans.iter().map(|p| p.sram_values).max().unwrap_or(0),
        slowest,
    })
}

fn exactly(
    device: &Device,
    supply: &Supply,
    layers: &[Layer],
    request: &Request,
) -> Result<Found, Refusal> {
    let plans = by_layer(device, supply, layers, request)?;
    let slowest = longest(
        plans
            .iter()
            .map(|p| device.time(p.step.times(p.steps)).get()),
    );
    let found = exact::search(
        device,
        supply,
        charging(request),
        layers,
        request.network.fusion(),
        0.1,
        STATES,
    )
    .ok_or_else(|| lacking(device, supply, layers, slowest))?;
    Ok(Found {
        latency: found.latency,
        boots: found.boots,
        regions: plans.iter().map(|p| p.worst.energy).collect(),
        sram_values: found.plan.iter().map(|p| p.sram_values).max().unwrap_or(0),
        slowest,
    })
}

fn reference(
    device: &Device,
    supply: &Supply,
    layers: &[Layer],
    request: &Request,
) -> Result<Found, Refusal> {
    let model = Model {
        device: *device,
        supply: *supply,
        fidelity: Fidelity::Compatible,
    };
    let objective = match request.planner {
        Planner::Continuous => Objective::Continuous,
        _ => Objective::Intermittent,
    };
    let mut best = Vec::with_capacity(layers.len());
    for (number, layer) in layers.iter().enumerate() {
        if layer.stride != 1 || layer.padded || matches!(layer.kind, Kind::Depthwise | Kind::Add) {
            return Err(Refusal::Unknown { layer: number });
        }
        let found = search_layer(&model, layer, objective)
            .best
            .ok_or_else(|| lacking(device, supply, layers, number))?;
        if found.cost.peak() > supply.budget() {
            return Err(Refusal::Energy {
                layer: number,
                needed: found.cost.peak().get(),
                available: supply.budget().get(),
            });
        }
        best.push(found);
    }
    Ok(Found {
        latency: best.iter().map(|b| b.cost.latency()).sum(),
        boots: best
            .iter()
            .map(|b| (b.cost.cycles[0] + b.cost.cycles[1]) as u64)
            .sum(),
        regions: best.iter().map(|b| b.cost.peak()).collect(),
        sram_values: best
            .iter()
            .zip(layers)
            .map(|(b, l)| b.design.sram_values(l))
            .max()
            .unwrap_or(0),
        slowest: longest(best.iter().map(|b| b.cost.latency().get())),
    })
}
