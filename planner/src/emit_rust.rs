//! Writes a plan as a Rust module, for `#[commit(every = plan::CONV1.every)]` and the checks of `rekindle::plan`.

use std::fmt::Write as _;

use crate::device::{Device, Supply};
use crate::layer::Layer;
use crate::ours::{LayerPlan, start};
use crate::program::{Board, Program};
use crate::units::Joules;

/// What a plan is written from.
#[derive(Clone, Debug)]
pub struct Module<'m> {
    /// The command that makes it, for the heading.
    pub command: &'m str,
    /// The program, with its intervals.
    pub program: &'m Program,
    /// The board.
    pub board: &'m Board,
    /// Part of a power cycle's energy that the plan may count on.
    pub margin: f64,
    /// SRAM for buffers, in bytes.
    pub sram_bytes: u64,
    /// NVM, in bytes.
    pub nvm_bytes: u64,
}

/// The module's text. It compiles whether the plan is feasible or not; its own last line is what fails to if it is not.
pub fn module(m: &Module<'_>) -> String {
    let board = m.board;
    let mut out = String::new();
    let _ = writeln!(
        out,
        "//! Made by `{}`; not to be edited.\n//!\n//! {}, {:.0} µF, on at {:.1} V, off at {:.1} V.\n",
        m.command,
        board.name,
        board.storage.capacitance.get() * 1e6,
        board.storage.on.get(),
        board.storage.off.get(),
    );
    out.push_str("use rekindle::plan::{Loop, Plan};\n");
    let mut names = Vec::new();
    for l in m.program.loops.iter().filter(|l| l.iterations > 0) {
        let (iteration, commit) = (board.iteration(l.units, l.writes), board.commit());
        let name = constant(&l.name);
        let _ = write!(
            out,
            "\n/// {} iterations of {} units.\npub const {name}: Loop = Loop {{\n    name: {:?},\n    every: {},\n    \
             iteration_nj: {},\n    commit_nj: {},\n    restart_nj: {},\n    sram_bytes: {},\n}};\n",
            l.iterations,
            l.units,
            l.name,
            grouped(l.every),
            grouped(nanojoules(iteration.energy)),
            grouped(nanojoules(commit.energy)),
            grouped(nanojoules(board.restart(l.input).energy)),
            grouped(board.sram(l)),
        );
        names.push(name);
    }
    let _ = write!(
        out,
        "\n/// All of it.\npub const PLAN: Plan<{}> = Plan {{\n    power_cycle_nj: {},\n    sram_bytes: {},\n    nvm_bytes: {},\n    loops: [{}],\n}};\n\nconst _: () = PLAN.check();\n",
        names.len(),
        grouped((board.usable().get() * m.margin * 1e9) as u64),
        grouped(m.sram_bytes),
        grouped(m.nvm_bytes),
        names.join(", "),
    );
    out
}

/// Rounded up: a cost is never understated.
fn nanojoules(energy: Joules) -> u64 {
    (energy.get() * 1e9).ceil() as u64
}

/// The plan of a network whose tiles the planner has chosen ([`crate::ours`]): a [`Loop`](crate::program::Loop) and a tile
/// for each layer, named `LAYER1` and on.
///
/// The step's energy is that of the dearest one without its commit, so an infeasible change of an interval does not build.
pub fn tiled(
    command: &str,
    device: &Device,
    supply: &Supply,
    layers: &[Layer],
    plans: &[LayerPlan],
    nvm_bytes: u64,
) -> String {
    let mut out = format!(
        "//! Made by `{command}`; not to be edited.\n\nuse rekindle::plan::{{Loop, Plan, Tile}};\n"
    );
    let mut names = Vec::new();
    for (i, (layer, plan)) in layers.iter().zip(plans).enumerate() {
        let n = i + 1;
        // What the plan writes per commit is the difference between its dearest step and that step alone.
        let commit = device.write(4);
        let step = plan.worst.energy - commit.energy;
        let restart = (start(device) + plan.restore).energy;
        // Whole regions of the dearest step have to fit, not of the mean one.
        let fits = (supply.budget() - restart - commit.energy) / step;
        let every = plan.every.min((fits as u64).max(1));
        let tile = plan.tile;
        let _ = write!(
            out,
            "\n/// {layer}: {} steps.\npub const LAYER{n}: Loop = Loop {{\n    name: \"layer {n}\",\n    every: {},\n    \
             iteration_nj: {},\n    commit_nj: {},\n    restart_nj: {},\n    sram_bytes: {},\n}};\n\n/// The tile of a step.\n\
             pub const LAYER{n}_TILE: Tile = Tile {{\n    rows: {},\n    columns: {},\n    outputs: {},\n    inputs: {},\n}};\n",
            plan.steps,
            grouped(every),
            grouped(nanojoules(step)),
            grouped(nanojoules(commit.energy)),
            grouped(nanojoules(restart)),
            grouped(plan.sram_values * 2),
            tile.rows,
            tile.columns,
            tile.outputs,
            tile.inputs,
        );
        names.push(format!("LAYER{n}"));
    }
    let _ = write!(
        out,
        "\n/// All of it.\npub const PLAN: Plan<{}> = Plan {{\n    power_cycle_nj: {},\n    sram_bytes: {},\n    nvm_bytes: {},\n    loops: [{}],\n}};\n\nconst _: () = PLAN.check();\n",
        names.len(),
        grouped((supply.budget().get() * 1e9) as u64),
        grouped(device.sram_values * 2),
        grouped(nvm_bytes),
        names.join(", "),
    );
    out
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

/// A name as that of a constant.
fn constant(name: &str) -> String {
    let mut out: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect();
    if out.starts_with(|c: char| c.is_ascii_digit()) || out.is_empty() {
        out.insert(0, '_');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_grouped() {
        assert_eq!(
            [7, 123, 1234, 1_234_567].map(grouped),
            ["7", "123", "1_234", "1_234_567"]
        );
    }

    #[test]
    fn names_become_constants() {
        assert_eq!(constant("conv1"), "CONV1");
        assert_eq!(constant("block 2/dw-3x3"), "BLOCK_2_DW_3X3");
        assert_eq!(constant("3x3"), "_3X3");
    }
}
