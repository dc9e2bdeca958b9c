//! Our plan space: tiles bound by memory and by one step's energy only, executed until the voltage says stop.
//!
//! Assumptions beside the device constants of the reference: activations lie in NVM as rows × columns × channels with an
//! even number of channels; weights are packed per tile; the vector unit takes a kernel row (neighbouring columns of all
//! channels of a tile) as one vector; each vector costs two pointer additions and one to accumulate, in place of the
//! reference's 10 additions and 8 multiplications. A commit is written as the reference's index backup is: four values.

use crate::device::{Device, Supply};
use crate::inas::Model;
use crate::layer::{Kind, Layer};
use crate::units::Cost;

/// Which operand stays in SRAM from one step to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resident {
    /// Weights of one group of output channels, while the rows pass; rows shared by neighbouring tiles stay too.
    Weights,
    /// One input tile, while the output channels pass.
    Input,
}

/// Tile of one layer.
#[derive(Clone, Copy, Debug)]
pub struct Tile {
    /// Output rows.
    pub rows: u64,
    /// Output columns.
    pub columns: u64,
    /// Output channels.
    pub outputs: u64,
    /// Input channels at a time; sums stay in SRAM.
    pub inputs: u64,
    /// What stays.
    pub resident: Resident,
}

/// Plan of one layer: equal steps, each re-executable.
#[derive(Clone, Copy, Debug)]
pub struct LayerPlan {
    /// The tile.
    pub tile: Tile,
    /// Steps of the layer.
    pub steps: u64,
    /// Mean cost of a step, its share of resident data and commits included.
    pub step: Cost,
    /// The same without commits.
    pub work: Cost,
    /// One commit.
    pub commit: Cost,
    /// Cost of the dearest step, commit included: what must be in the capacitor before it starts.
    pub worst: Cost,
    /// Fetching the resident data again after an outage.
    pub restore: Cost,
    /// Steps between commits.
    pub every: u64,
    /// Values of SRAM.
    pub sram_values: u64,
}

/// How the vectors are formed: what strength reduction and long vectors are worth is shown by leaving them out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// As assumed above.
    Reduced,
    /// Vectors and address arithmetic as the reference's runtime has them.
    Reference,
}

/// Part of the usable energy that steps without a commit may take: what an unforeseen outage can cost.
const AT_RISK: f64 = 0.1;

pub(crate) fn even(n: u64) -> u64 {
    n.next_multiple_of(2)
}

/// Sizes that divide `n` into equal parts as nearly as possible.
pub(crate) fn parts(n: u64) -> Vec<u64> {
    let mut sizes: Vec<u64> = (1..=n).map(|k| n.div_ceil(k)).collect();
    sizes.dedup();
    sizes
}

/// The plan of lowest latency, or `None` when no step fits memory and one power cycle.
pub fn plan_layer(
    device: &Device,
    supply: &Supply,
    layer: &Layer,
    code: Code,
    per_joule: f64,
) -> Option<LayerPlan> {
    candidates(device, supply, layer, code)
        .into_iter()
        .min_by(|a, b| score(device, a, per_joule).total_cmp(&score(device, b, per_joule)))
}

fn score(device: &Device, plan: &LayerPlan, per_joule: f64) -> f64 {
    let whole = plan.step.times(plan.steps);
    device.time(whole).get() + per_joule * whole.energy.get()
}

/// All tiles of a layer that fit memory and a power cycle.
pub(crate) fn candidates(
    device: &Device,
    supply: &Supply,
    layer: &Layer,
    code: Code,
) -> Vec<LayerPlan> {
    let mut all = Vec::new();
    if layer.kind == Kind::GlobalPool {
        let bands = parts(layer.height)
            .into_iter()
            .map(|rows| (rows, layer.width));
        // Part of a row at a time where a row does not fit.
        let pieces = parts(layer.width).into_iter().map(|columns| (1, columns));
        for (rows, columns) in bands.chain(pieces.filter(|(_, c)| *c < layer.width)) {
            let tile = Tile {
                rows,
                columns,
                outputs: layer.outputs,
                inputs: layer.inputs,
                resident: Resident::Input,
            };
            all.extend(pool(device, supply, layer, tile));
        }
        return all;
    }
    if layer.kind == Kind::Depthwise {
        for rows in parts(layer.rows()) {
            for columns in parts(layer.columns()) {
                for channels in parts(layer.outputs).into_iter().map(even) {
                    let tile = Tile {
                        rows,
                        columns,
                        outputs: channels,
                        inputs: channels,
                        resident: Resident::Weights,
                    };
                    all.extend(depthwise(device, supply, layer, tile));
                }
            }
        }
        return all;
    }
    if layer.kind == Kind::Add {
        for rows in parts(layer.height) {
            for columns in parts(layer.width) {
                let tile = Tile {
                    rows,
                    columns,
                    outputs: layer.outputs,
                    inputs: layer.inputs,
                    resident: Resident::Input,
                };
                all.extend(add(device, supply, layer, tile));
            }
        }
        return all;
    }
    let channels = even(layer.inputs);
    for rows in parts(layer.rows()) {
        for columns in parts(layer.columns()) {
            for outputs in parts(layer.outputs) {
                for inputs in (2..=channels)
                    .step_by(2)
                    .filter(|n| channels.is_multiple_of(*n))
                {
                    for resident in [Resident::Weights, Resident::Input] {
                        let tile = Tile {
                            rows,
                            columns,
                            outputs,
                            inputs,
                            resident,
                        };
                        all.extend(conv(device, supply, layer, tile, code));
                    }
                }
            }
        }
    }
    all
}

/// Arithmetic of one tile.
pub(crate) fn compute(device: &Device, layer: &Layer, tile: &Tile, code: Code) -> Cost {
    let blocks = even(layer.inputs) / tile.inputs;
    let sums = tile.rows * tile.columns * tile.outputs * blocks;
    if code == Code::Reference {
        let vectors = sums * layer.kernel_height * layer.kernel_width;
        return (device.mac(tile.inputs) + device.add + device.address(10, 13)).times(vectors);
    }
    // With one output column the rows of the kernel are neighbours as well.
    let (vectors, length) = if tile.columns == 1 {
        (1, layer.kernel_height * layer.kernel_width * tile.inputs)
    } else {
        (layer.kernel_height, layer.kernel_width * tile.inputs)
    };
    let by_vector = device.mac(length);
    let by_cpu = (device.mul + device.address(2, 0)).times(length);
    let one = if by_cpu.cycles < by_vector.cycles {
        by_cpu
    } else {
        by_vector
    };
    (one + device.address(3, 0)).times(vectors * sums)
}

fn conv(
    device: &Device,
    supply: &Supply,
    layer: &Layer,
    tile: Tile,
    code: Code,
) -> Option<LayerPlan> {
    let channels = even(layer.inputs);
    let blocks = channels / tile.inputs;
    let (in_rows, in_columns) = (
        layer.input_rows(tile.rows),
        layer.input_columns(tile.columns),
    );
    let weights = layer.kernel_height * layer.kernel_width * tile.outputs * tile.inputs;
    let sram_values =
        in_rows * in_columns * tile.inputs + weights + tile.rows * tile.columns * tile.outputs;
    if sram_values > device.sram_values {
        return None;
    }
    let moved = |cost: Cost| cost + device.address(2, 0);
    // Zeros around the input are not fetched.
    let in_columns = in_columns.min(layer.width);
    let input = |rows: u64| {
        let rows = rows.min(layer.height);
        if blocks > 1 {
            moved(device.read(tile.inputs)).times(rows * in_columns * blocks)
        } else if in_columns == layer.width {
            moved(device.read(rows * in_columns * channels))
        } else {
            moved(device.read(in_columns * channels)).times(rows)
        }
    };
    let weight = moved(device.read(weights)).times(blocks);
    let output = match (
        tile.outputs == layer.outputs,
        tile.columns == layer.columns(),
    ) {
        (true, true) => moved(device.write(tile.rows * tile.columns * tile.outputs)),
        (true, false) => moved(device.write(tile.columns * tile.outputs)).times(tile.rows),
        _ => moved(device.write(tile.outputs)).times(tile.rows * tile.columns),
    };
    let along = layer.rows().div_ceil(tile.rows);
    let across = layer.columns().div_ceil(tile.columns);
    let deep = layer.outputs.div_ceil(tile.outputs);
    let steps = along * across * deep;
    let work = compute(device, layer, &tile, code) + output;
    let all_input = input(in_rows);
    // Fetches of the whole layer, and what an outage makes necessary again beyond the next step's own fetch.
    let (fetches, restore) = if blocks > 1 {
        ((all_input + weight).times(steps), Cost::ZERO)
    } else {
        match tile.resident {
            Resident::Weights => (
                weight.times(deep)
                    + (all_input + input(tile.rows * layer.stride).times(along - 1))
                        .times(across * deep),
                weight + all_input,
            ),
            Resident::Input => {
                let loads = if deep == 1 { 1 } else { steps };
                (
                    all_input.times(along * across) + weight.times(loads),
                    weight + all_input,
                )
            }
        }
    };
    let dearest = work + all_input + weight;
    finish(
        device,
        supply,
        tile,
        steps,
        work + fetches * (1.0 / steps as f64),
        dearest,
        restore,
        sram_values,
        4,
    )
}

/// Channels lie next to each other, so the vector unit has no rows to work on: the processor multiplies.
fn depthwise(device: &Device, supply: &Supply, layer: &Layer, tile: Tile) -> Option<LayerPlan> {
    let (in_rows, in_columns) = (
        layer.input_rows(tile.rows),
        layer.input_columns(tile.columns),
    );
    let taps = layer.kernel_height * layer.kernel_width;
    let outputs = tile.rows * tile.columns * tile.outputs;
    let sram_values = in_rows * in_columns * tile.inputs + taps * tile.outputs + outputs;
    if sram_values > device.sram_values {
        return None;
    }
    let moved = |cost: Cost| cost + device.address(2, 0);
    let whole = tile.outputs >= layer.outputs;
    let input = |rows: u64| {
        let (rows, columns) = (rows.min(layer.height), in_columns.min(layer.width));
        match (whole, columns == layer.width) {
            (true, true) => moved(device.read(rows * columns * tile.inputs)),
            (true, false) => moved(device.read(columns * tile.inputs)).times(rows),
            (false, _) => moved(device.read(tile.inputs)).times(rows * columns),
        }
    };
    let output = match (whole, tile.columns == layer.columns()) {
        (true, true) => moved(device.write(outputs)),
        (true, false) => moved(device.write(tile.columns * tile.outputs)).times(tile.rows),
        (false, _) => moved(device.write(tile.outputs)).times(tile.rows * tile.columns),
    };
    let weight = moved(device.read(taps * tile.outputs));
    let along = layer.rows().div_ceil(tile.rows);
    let others =
        layer.columns().div_ceil(tile.columns) * even(layer.outputs).div_ceil(tile.outputs);
    let steps = along * others;
    let arithmetic = (device.mul + device.add + device.address(2, 0)).times(taps * outputs);
    let all_input = input(in_rows);
    let fetches =
        (weight + all_input + input(tile.rows * layer.stride).times(along - 1)).times(others);
    let work = arithmetic + output;
    finish(
        device,
        supply,
        tile,
        steps,
        work + fetches * (1.0 / steps as f64),
        work + all_input + weight,
        weight + all_input,
        sram_values,
        4,
    )
}

fn pool(device: &Device, supply: &Supply, layer: &Layer, tile: Tile) -> Option<LayerPlan> {
    let channels = even(layer.inputs);
    let values = tile.rows * tile.columns * channels;
    let sram_values = values + channels;
    if sram_values > device.sram_values {
        return None;
    }
    let steps = layer.height.div_ceil(tile.rows) * layer.width.div_ceil(tile.columns);
    let work = device.read(values) + (device.max + device.address(2, 0)).times(values);
    let restore = device.read(channels);
    // The running sums are part of the commit.
    finish(
        device,
        supply,
        tile,
        steps,
        work,
        work,
        restore,
        sram_values,
        4 + channels,
    )
}

/// Both inputs are fetched, and the sums take the place of one of them.
fn add(device: &Device, supply: &Supply, layer: &Layer, tile: Tile) -> Option<LayerPlan> {
    let along = tile.columns * even(layer.inputs);
    let values = tile.rows * along;
    if 2 * values > device.sram_values {
        return None;
    }
    let moved = |cost: Cost| cost + device.address(2, 0);
    let (input, output) = if tile.columns == layer.width {
        (moved(device.read(values)), moved(device.write(values)))
    } else {
        (
            moved(device.read(along)).times(tile.rows),
            moved(device.write(along)).times(tile.rows),
        )
    };
    let steps = layer.height.div_ceil(tile.rows) * layer.width.div_ceil(tile.columns);
    let work = input.times(2) + (device.add + device.address(2, 0)).times(values) + output;
    finish(
        device,
        supply,
        tile,
        steps,
        work,
        work,
        Cost::ZERO,
        2 * values,
        4,
    )
}

#[expect(
    clippy::too_many_arguments,
    reason = "the parts of a plan, put together in one place"
)]
fn finish(
    device: &Device,
    supply: &Supply,
    tile: Tile,
    steps: u64,
    mean: Cost,
    dearest: Cost,
    restore: Cost,
    sram_values: u64,
    record: u64,
) -> Option<LayerPlan> {
    let commit = device.write(record);
    let at_risk = supply.usable() * AT_RISK;
    let every = ((at_risk / mean.energy) as u64).clamp(1, steps);
    let worst = dearest + commit;
    if start(device).energy + restore.energy + worst.energy > supply.budget() {
        return None;
    }
    Some(LayerPlan {
        tile,
        steps,
        step: mean + commit * (1.0 / every as f64),
        work: mean,
        commit,
        worst,
        restore,
        every,
        sram_values,
    })
}

/// Boot and recovery of the position.
pub fn start(device: &Device) -> Cost {
    device.reboot + device.read(4)
}

/// A cost that no plan of this space can be below: the cheapest arithmetic of any tile, and every operand moved once in a
/// single transfer, never restarted, never committed.
pub fn lower_bound(model: &Model, layer: &Layer) -> Cost {
    let device = &model.device;
    let channels = even(layer.inputs);
    let input = layer.height * layer.width * channels;
    let output = layer.rows() * layer.columns() * layer.outputs;
    let arithmetic = if layer.kind == Kind::GlobalPool {
        (device.max + device.address(2, 0)).times(input)
    } else if layer.kind == Kind::Add {
        // The other input is read too.
        device.read(input) + (device.add + device.address(2, 0)).times(output)
    } else if layer.kind == Kind::Depthwise {
        (device.mul + device.add + device.address(2, 0)).times(layer.macs())
    } else {
        let all = candidates(device, &model.supply, layer, Code::Reduced);
        let costs = all
            .iter()
            .map(|plan| compute(device, layer, &plan.tile, Code::Reduced).times(plan.steps));
        // Energy and time each at their own least.
        costs
            .reduce(|a, b| Cost {
                energy: a.energy.min(b.energy),
                cycles: a.cycles.min(b.cycles),
            })
            .unwrap_or(Cost::ZERO)
    };
    arithmetic + device.read(input) + device.read(even(layer.weights())) + device.write(output)
}
