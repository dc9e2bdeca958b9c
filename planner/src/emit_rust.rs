//! Writes a plan as a Rust module, for `#[commit(every = plan::CONV1.every)]` and the checks of `rekindle::plan`.

use std::fmt::Write as _;

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
        board.capacitance.get() * 1e6,
        board.on.get(),
        board.off.get(),
    );
    out.push_str("use rekindle::plan::{Loop, Plan};\n");
    let mut names = Vec::new();
    for l in m.program.loops.iter().filter(|l| l.iterations > 0) {
        let (iteration, commit) = (board.iteration(l.units, l.writes), board.commit());
        let name = constant(&l.name);
        let _ = write!(
            out,
            "\n/// {} iterations of {} units.\npub const {name}: Loop = Loop {{\n    name: {:?},\n    every: {},\n    \
             iteration_nj: {},\n    commit_nj: {},\n    sram_bytes: {},\n}};\n",
            l.iterations,
            l.units,
            l.name,
            grouped(l.every),
            grouped(nanojoules(iteration.energy)),
            grouped(nanojoules(commit.energy)),
            grouped(board.sram(l)),
        );
        names.push(name);
    }
    let restart = m
        .program
        .loops
        .iter()
        .map(|l| board.restart(l.input).energy)
        .fold(Joules::ZERO, Joules::max);
    let _ = write!(
        out,
        "\n/// All of it.\npub const PLAN: Plan<{}> = Plan {{\n    power_cycle_nj: {},\n    restart_nj: {},\n    \
         sram_bytes: {},\n    nvm_bytes: {},\n    loops: [{}],\n}};\n\nconst _: () = PLAN.check();\n",
        names.len(),
        grouped((board.usable().get() * m.margin * 1e9) as u64),
        grouped(nanojoules(restart)),
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
