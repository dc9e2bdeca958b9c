//! The ways to execute one layer, or several fused ones.
//!
//! **Fused layers** hand their values on in SRAM and never write them to NVM (M. Alwani et al., "Fused-layer CNN
//! accelerators", MICRO 2016). *Patches* compute each output patch from its input patch through all layers, borders again and
//! again, as for the first stage in J. Lin et al., "`MCUNetV2`", `NeurIPS` 2021. *Lines* go down the image in bands of full width
//! and keep the rows that the next band needs; they are computed again after an outage. A global pool may be the last.
//! Weights of all layers stay in SRAM, or pass through it for each patch in as large pieces as there is room.
//!
//! **Commits.** With a commit of cost c after every n steps of energy e, and a share p of the power cycles, of U each, ended by
//! an outage that was not foreseen, a step costs c / n for commits and p·n·e / (2·U) of itself for repetition (J. W. Young,
//! CACM 17(9), 1974). The least is at n = √(2·c·U / (p·e·s)), c and s both energies or both times; all intervals
//! between the two are tried. A planned stop has a commit of its own.

use serde::Serialize;

use super::{Choice, Edge};
use crate::device::{Device, Supply};
use crate::layer::{Kind, Layer};
use crate::ours::{Code, Resident, Tile, candidates, compute, even, parts, start};
use crate::units::{Cost, Joules};

/// How layers are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// One layer in tiles: rows, columns, outputs, inputs; whether the input stays in SRAM rather than the weights.
    Tiles([u64; 4], bool),
    /// Fused layers in patches of this many rows and columns of the last; whether all weights stay.
    Patches([u64; 2], bool),
    /// Fused layers in bands of this many rows; whether all weights stay.
    Lines(u64, bool),
}

/// Which fused layers are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Fusion {
    /// None.
    Off,
    /// Any run of layers.
    On,
}

/// Intervals worth trying for steps of `work`: all between the one of least energy and the one of least time.
pub fn interval(work: Cost, commit: Cost, usable: Joules, risk: f64, steps: u64) -> (u64, u64) {
    let best = |c: f64, s: f64| {
        let n = (2.0 * c * usable.get() / (risk * work.energy.get() * s)).sqrt();
        (n.min(steps as f64).max(1.0), n)
    };
    let energy = best(commit.energy.get(), work.energy.get()).0;
    let time = best(commit.cycles.get(), work.cycles.get()).0;
    let (low, high) = (energy.min(time).floor(), energy.max(time).ceil());
    ((low as u64).clamp(1, steps), (high as u64).clamp(1, steps))
}

/// Work cut into equal steps, before it is decided when to commit.
struct Cut {
    shape: Shape,
    steps: u64,
    work: Cost,
    dearest: Cost,
    restore: Cost,
    commit: Cost,
    sram_values: u64,
}

fn edges(
    device: &Device,
    supply: &Supply,
    risk: f64,
    cut: &Cut,
    span: (usize, usize),
    into: &mut Vec<Edge>,
) {
    let boot = start(device) + cut.restore;
    let need = cut.dearest.energy + cut.commit.energy;
    if boot.energy + need > supply.budget() {
        return;
    }
    let (least, most) = interval(cut.work, cut.commit, supply.usable(), risk, cut.steps);
    // The stop's own commit, then the boot.
    let again = boot + cut.commit;
    for every in least..=most {
        let repeated = risk * every as f64 * cut.work.energy.get() / (2.0 * supply.usable().get());
        let step = cut.work * (1.0 + repeated) + cut.commit * (1.0 / every as f64);
        into.push(Edge {
            from: span.0,
            to: span.1,
            choice: Choice {
                shape: Some(cut.shape),
                steps: cut.steps,
                every,
                energy: step.energy,
                time: device.time(step),
                need: need.max(step.energy),
                boot: again.energy,
                boot_time: device.time(again),
                sram_values: cut.sram_values,
            },
        });
    }
}

/// All edges of a network.
pub fn choices(
    device: &Device,
    supply: &Supply,
    layers: &[Layer],
    fusion: Fusion,
    risk: f64,
) -> Vec<Edge> {
    let mut all = Vec::new();
    for (i, layer) in layers.iter().enumerate() {
        for plan in candidates(device, supply, layer, Code::Reduced) {
            let t = plan.tile;
            let cut = Cut {
                shape: Shape::Tiles(
                    [t.rows, t.columns, t.outputs, t.inputs],
                    t.resident == Resident::Input,
                ),
                steps: plan.steps,
                work: plan.work,
                dearest: plan.worst,
                restore: plan.restore,
                commit: plan.commit,
                sram_values: plan.sram_values,
            };
            // The worst step has its commit already.
            let cut = Cut {
                dearest: Cost {
                    energy: cut.dearest.energy - cut.commit.energy,
                    cycles: cut.dearest.cycles - cut.commit.cycles,
                },
                ..cut
            };
            edges(device, supply, risk, &cut, (i, i + 1), &mut all);
        }
        if fusion == Fusion::Off {
            continue;
        }
        for end in i + 2..=layers.len() {
            let run = &layers[i..end];
            if !chains(run) {
                break;
            }
            for cut in fused(device, run) {
                edges(device, supply, risk, &cut, (i, end), &mut all);
            }
        }
    }
    all
}

/// Whether each layer reads what the one before writes, with a pool at the end only. Depthwise ones and sums are not fused.
fn chains(run: &[Layer]) -> bool {
    run.iter()
        .all(|l| !matches!(l.kind, Kind::Depthwise | Kind::Add))
        && run.windows(2).all(|pair| {
            let (a, b) = (&pair[0], &pair[1]);
            a.kind != Kind::GlobalPool
                && (a.rows(), a.columns(), a.outputs) == (b.height, b.width, b.inputs)
        })
}

fn fused(device: &Device, run: &[Layer]) -> Vec<Cut> {
    let pool = run.last().is_some_and(|l| l.kind == Kind::GlobalPool);
    let convs = &run[..run.len() - usize::from(pool)];
    let Some(last) = convs.last() else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for stay in [true, false] {
        for rows in parts(last.rows()) {
            for columns in parts(last.columns()) {
                all.extend(cut(device, convs, pool, [rows, columns], false, stay));
            }
            all.extend(cut(device, convs, pool, [rows, last.columns()], true, stay));
        }
    }
    all
}

/// One way of fusing; `None` where SRAM does not hold it.
fn cut(
    device: &Device,
    convs: &[Layer],
    pool: bool,
    [rows, columns]: [u64; 2],
    lines: bool,
    stay: bool,
) -> Option<Cut> {
    let (first, last) = (convs.first()?, convs.last()?);
    let filter = |l: &Layer| l.kernel_height * l.kernel_width * even(l.inputs);
    // Output patch of each layer, from the last to the first.
    let mut patches = Vec::with_capacity(convs.len());
    let (mut height, mut width) = (rows, columns);
    // Rows of each layer that a band of the last one is made of.
    let (mut bands, mut band) = (Vec::with_capacity(convs.len()), rows);
    for layer in convs.iter().rev() {
        patches.push((height, width));
        bands.push(band);
        // Zeros around the input are not computed.
        height = layer.input_rows(height).min(layer.height);
        width = layer.input_columns(width).min(layer.width);
        band = (band * layer.stride).min(layer.height);
    }
    patches.reverse();
    bands.reverse();
    let sums = if pool { even(last.outputs) } else { 0 };
    let held = if lines {
        let buffers = convs
            .iter()
            .zip(&bands)
            .map(|(l, rows)| l.input_rows(*rows) * l.width * even(l.inputs));
        buffers.sum::<u64>() + rows * columns * even(last.outputs) + sums
    } else {
        let pairs = convs.iter().zip(&patches).map(|(l, (h, w))| {
            l.input_rows(*h) * l.input_columns(*w) * even(l.inputs) + h * w * even(l.outputs)
        });
        pairs.max()? + sums
    };
    let weights: u64 = convs.iter().map(|l| filter(l) * l.outputs).sum();
    let room = device.sram_values.checked_sub(held)?;
    let largest = convs.iter().map(filter).max()?;
    if room < if stay { weights } else { largest } {
        return None;
    }
    let moved = |cost: Cost| cost + device.address(2, 0);
    let fetch = convs.iter().fold(Cost::ZERO, |sum, l| {
        let pieces = l.outputs.div_ceil((room / filter(l)).min(l.outputs));
        let whole = moved(device.read_fixed).times(if stay { 1 } else { pieces });
        sum + whole + device.read_value.times(filter(l) * l.outputs)
    });
    let arithmetic = |halo: bool| {
        convs
            .iter()
            .zip(patches.iter().zip(&bands))
            .fold(Cost::ZERO, |sum, (l, ((h, w), band))| {
                let rows = match (lines, halo) {
                    (true, false) => *band,
                    (true, true) => h.saturating_sub(*band),
                    (false, _) => *h,
                };
                if rows == 0 {
                    return sum;
                }
                let tile = Tile {
                    rows,
                    columns: *w,
                    outputs: l.outputs,
                    inputs: even(l.inputs),
                    resident: Resident::Weights,
                };
                sum + compute(device, l, &tile, Code::Reduced)
            })
    };
    let input = |rows: u64| {
        if width == first.width {
            moved(device.read(rows * width * even(first.inputs)))
        } else {
            moved(device.read(width * even(first.inputs))).times(rows)
        }
    };
    let output = match (pool, columns == last.columns()) {
        (true, _) => (device.max + device.address(2, 0)).times(rows * columns * even(last.outputs)),
        (false, true) => moved(device.write(rows * columns * even(last.outputs))),
        (false, false) => moved(device.write(columns * even(last.outputs))).times(rows),
    };
    let steps = last.rows().div_ceil(rows) * last.columns().div_ceil(columns);
    let mut each = arithmetic(false) + input(if lines { band } else { height }) + output;
    let mut restore = Cost::ZERO;
    if lines && height > band {
        restore += input(height - band) + arithmetic(true);
    }
    if stay {
        restore += fetch;
    } else {
        each += fetch;
    }
    let dearest = each + restore;
    let commit = device.write(4 + sums);
    let work = each + restore * (1.0 / steps as f64);
    if pool {
        restore += device.read(sums);
    }
    Some(Cut {
        shape: if lines {
            Shape::Lines(rows, stay)
        } else {
            Shape::Patches([rows, columns], stay)
        },
        steps,
        work,
        dearest,
        restore,
        commit,
        sram_values: held + if stay { weights } else { room },
    })
}
