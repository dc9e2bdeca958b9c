//! Devices and capacitors of `rekindle import`, and what they make of a network.

use clap::ValueEnum;
use rekindle_import::Import;
use rekindle_import::program::{Commit, Kernel, Layer, Program as Network};
use rekindle_planner::emit_rust::{Module, module};
use rekindle_planner::program::{Board, Loop, Program};
use rekindle_planner::units::Farads;

/// Part of a power cycle's energy that a plan counts on.
const MARGIN: f64 = 0.9;

/// A board that a network can be planned for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum DeviceName {
    /// nRF52840 with an SPI FRAM.
    Nrf52840SpiFram,
    /// MSP430FR5994 with its own FRAM, mapped.
    Msp430fr5994,
}

impl DeviceName {
    /// Whether the CPU reads NVM directly.
    pub fn is_mapped(self) -> bool {
        matches!(self, Self::Msp430fr5994)
    }

    /// Its model.
    pub fn board(self, capacitance: Farads) -> Board {
        match self {
            Self::Nrf52840SpiFram => Board::cortex_m4(capacitance),
            Self::Msp430fr5994 => Board::msp430(capacitance),
        }
    }
}

/// `100u`, `1m` or `0.0001`, in farads.
pub fn farads(text: &str) -> Result<f64, String> {
    let number = text.trim_end_matches(['F', 'f']);
    let (number, unit) = match number.trim_end_matches(['u', 'µ']) {
        shorter if shorter.len() < number.len() => (shorter, 1e-6),
        _ => match number.strip_suffix('m') {
            Some(shorter) => (shorter, 1e-3),
            None => (number, 1.0),
        },
    };
    let value = number.parse::<f64>().ok().map(|n| n * unit);
    value
        .filter(|f| f.is_finite() && *f > 0.0)
        .ok_or_else(|| "a capacitance, such as 100u or 1m".to_owned())
}

/// Lets each layer commit after each row where a power cycle holds one, else after each value; and the plan for it, which
/// the compiler checks.
///
/// # Errors
///
/// The first layer of which a power cycle does not hold one value.
pub fn plan(
    model: &mut Import,
    device: DeviceName,
    capacitance: f64,
    command: &str,
    (sram, nvm): (usize, usize),
) -> Result<(), String> {
    let board = device.board(Farads(capacitance));
    let usable = board.usable().get() * MARGIN;
    let mut loops = Vec::new();
    let mut commits = Vec::new();
    for layer in &model.program.layers {
        let choices = [Commit::Row, Commit::Element].map(|c| (c, steps(&model.program, layer, c)));
        let need = |l: &Loop| {
            let region = board.iteration(l.units, l.writes) + board.commit();
            (board.restart(l.input) + region).energy.get()
        };
        let Some((commit, chosen)) = choices.iter().find(|(_, l)| need(l) <= usable) else {
            let [.., (_, least)] = &choices;
            return Err(format!(
                "{}: a value takes {:.1} µJ with the restart before it, and a power cycle of {:.0} µF holds {:.1} µJ that \
                 the plan counts on; a larger capacitor is needed",
                layer.place,
                need(least) * 1e6,
                capacitance * 1e6,
                usable * 1e6
            ));
        };
        commits.push(*commit);
        loops.push(chosen.clone());
    }
    for (layer, commit) in model.program.layers.iter_mut().zip(commits) {
        layer.commit = commit;
    }
    model.plan = Some(module(&Module {
        command,
        program: &Program { loops },
        board: &board,
        margin: MARGIN,
        sram_bytes: sram as u64,
        nvm_bytes: nvm as u64,
    }));
    Ok(())
}

/// A layer as the loop of its kernel.
pub fn steps(network: &Network, layer: &Layer, commit: Commit) -> Loop {
    let output = network.buffer(layer.output);
    let values = output.bytes() as u64;
    let inputs = layer
        .inputs
        .iter()
        .map(|id| network.buffer(*id).bytes() as u64);
    let input = inputs.sum();
    let rows = match (output.shape.as_slice(), &layer.kernel) {
        (_, Kernel::General(general)) => values.div_ceil(general.tile as u64),
        ([rows, _, _], _) => *rows as u64,
        // Eight neurons are a row.
        (_, Kernel::Dense(_)) => values.div_ceil(8),
        _ => 1,
    };
    let iterations = match (commit, &layer.kernel) {
        (_, Kernel::Softmax { .. }) => 1,
        (Commit::Row, _) => rows,
        (Commit::Element, _) => values,
    };
    // Work that is no multiply-accumulate is counted as one for each value that is read.
    let work = (network.macs(layer) as u64).max(input);
    Loop {
        name: layer.name.clone(),
        iterations,
        units: work.div_ceil(iterations),
        writes: values.div_ceil(iterations),
        input,
        every: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacitances_have_units() {
        for (text, value) in [
            ("100u", 1e-4),
            ("100uF", 1e-4),
            ("1m", 1e-3),
            ("0.5", 0.5),
            ("47µF", 4.7e-5),
        ] {
            assert!((farads(text).unwrap() - value).abs() < 1e-12, "{text}");
        }
        for bad in ["", "u", "-1u", "0", "1k", "nan", "infm"] {
            assert!(farads(bad).is_err(), "{bad}");
        }
    }
}
