//! Devices and capacitors of `rekindle import`, and what they make of a network.

use rekindle_import::forms::Form;
use rekindle_import::program::{Commit, Kernel, Layer, Program as Network};
use rekindle_import::{Import, Rows};
use rekindle_planner::emit_rust::{Module, module};
use rekindle_planner::profile::{self, SHIPPED};
use rekindle_planner::program::{Board, Loop, Memory, Program};

/// Part of a power cycle's energy that a plan counts on.
const MARGIN: f64 = 0.9;

/// `--device`: a board that comes with the planner, or the user's own.
///
/// # Errors
///
/// A name that is none, or what is wrong with the file, with lines and columns.
pub fn board(name: &str) -> Result<Board, String> {
    if let Some(board) = Board::shipped(name) {
        return Ok(board);
    }
    if !std::path::Path::new(name)
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("toml"))
    {
        let names: Vec<_> = SHIPPED.iter().map(|(name, _)| *name).collect();
        return Err(format!(
            "no such board; there are {}, or give a file of your own, `.toml`",
            names.join(", ")
        ));
    }
    let text = std::fs::read_to_string(name).map_err(|e| e.to_string())?;
    profile::board(&text).map_err(|all| {
        let all: Vec<_> = all.iter().map(|p| format!("{name}: {p}")).collect();
        all.join("\n")
    })
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

/// Lets each layer commit after each row where a power cycle holds one, if need be with only some rows in SRAM, else after each
/// value, else in tiles; and the plan for it, which the compiler checks.
///
/// # Errors
///
/// The first layer of which a power cycle does not hold the smallest step.
pub fn plan(
    model: &mut Import,
    board: &Board,
    command: &str,
    (sram, nvm): (usize, usize),
) -> Result<(), String> {
    let loops = choose(model, board)?;
    model.plan = Some(module(&Module {
        command,
        program: &Program { loops },
        board,
        margin: MARGIN,
        sram_bytes: sram as u64,
        nvm_bytes: nvm as u64,
    }));
    Ok(())
}

/// When layers have only rows in SRAM: always where whole buffers would be copied there.
pub fn rows(board: &Board) -> Rows {
    match board.memory {
        Memory::Words => Rows::WhereShort,
        Memory::Bytes => Rows::Always,
    }
}

/// Lets each layer commit as [`plan`] says; the layers as loops.
///
/// # Errors
///
/// The first layer of which a power cycle does not hold the smallest step.
pub fn choose(model: &mut Import, board: &Board) -> Result<Vec<Loop>, String> {
    let usable = board.usable().get() * MARGIN;
    let mut loops = Vec::new();
    for at in 0..model.program.layers.len() {
        let need = |l: &Loop| {
            let region = board.iteration(l.units, l.writes) + board.commit();
            (board.restart(l.input) + region).energy.get()
        };
        let chosen = choices(model, board, at)
            .into_iter()
            .find(|(_, l)| need(l) <= usable);
        let Some((choice, chosen)) = chosen else {
            let least = choices(model, board, at).into_iter().map(|(_, l)| need(&l));
            return Err(format!(
                "{}: the smallest step takes {:.1} µJ with the restart before it, and a power cycle of {:.0} µF holds {:.1} µJ \
                 that the plan counts on; a larger capacitor is needed",
                model.program.layers[at].place,
                least.fold(f64::INFINITY, f64::min) * 1e6,
                board.storage.capacitance.get() * 1e6,
                usable * 1e6
            ));
        };
        model.program.layers[at].commit = choice.commit;
        model.set(at, choice.form);
        loops.push(chosen);
    }
    Ok(loops)
}

/// What can be done with a layer.
#[derive(Clone, Copy)]
struct Choice {
    /// How much of it is in SRAM.
    form: Form,
    /// How often it commits.
    commit: Commit,
}

/// The choices for a layer, those that cost least first.
fn choices(model: &Import, board: &Board, at: usize) -> Vec<(Choice, Loop)> {
    let layer = &model.program.layers[at];
    let mut forms = vec![layer.form];
    if board.memory == Memory::Bytes {
        // What outages fetch again is less in these.
        forms.extend(model.others(layer));
    }
    let rows = forms.iter().map(|form| (*form, Commit::Row));
    // With rows or tiles, and for two layers at once, there is a commit per row only.
    let several = matches!(layer.kernel, Kernel::Fused(_) | Kernel::Chain(_));
    let whole = |form: &&Form| **form == Form::Whole && !several;
    let values = forms
        .iter()
        .filter(whole)
        .map(|form| (*form, Commit::Element));
    let mut all: Vec<_> = rows.chain(values).collect();
    // Tiles last: they fetch most.
    all.sort_by_key(|(form, _)| matches!(form, Form::Tiles(_)) && *form != layer.form);
    let choice = |(form, commit)| {
        let layer = Layer {
            form,
            ..layer.clone()
        };
        let work = fetched(board, &layer, steps(&model.program, &layer, commit));
        (Choice { form, commit }, work)
    };
    all.into_iter().map(choice).collect()
}

/// A loop whose tiles or rows are fetched one by one: as work of the same energy.
fn fetched(board: &Board, layer: &Layer, mut l: Loop) -> Loop {
    let energy = |bytes: usize, accesses: usize| {
        board.read_byte.energy.get() * bytes as f64
            + board.read_access.energy.get() * accesses as f64
    };
    let all = match layer.form {
        Form::Whole => return l,
        Form::Rolling(rolling) => energy(rolling.fresh * rolling.row, rolling.pieces),
        Form::Tiles(tiles) => energy(tiles.fetched, tiles.accesses) / l.iterations.max(1) as f64,
    };
    l.units += (all / board.unit.energy.get()).ceil() as u64;
    l
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
    let tile = layer
        .tiles()
        .and_then(|t| t.size)
        .map(|(tile, _)| tile as u64);
    let rows = match (output.shape.as_slice(), &layer.kernel) {
        (_, Kernel::General(general)) => values.div_ceil(general.tile as u64),
        (_, Kernel::Add(_)) if tile.is_some() => values.div_ceil(tile.unwrap_or(1)),
        ([rows, _, _], _) => *rows as u64,
        // Eight neurons are a row.
        (_, Kernel::Dense(_)) => values.div_ceil(8),
        _ => 1,
    };
    let iterations = match (commit, &layer.kernel) {
        (_, Kernel::Softmax { .. } | Kernel::Chain(_)) => 1,
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
        // Rows and tiles are fetched as they are needed, and most again only where an outage has taken them.
        input: match layer.form {
            Form::Whole => input,
            Form::Rolling(rolling) => (rolling.again * rolling.row) as u64,
            Form::Tiles(_) => 0,
        },
        every: 1,
        tile: (layer.form != Form::Whole).then(|| (layer.arena(network) + layer.stack()) as u64),
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
