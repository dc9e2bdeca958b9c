//! How much of a layer is in SRAM where NVM is not memory-mapped: all of its input and output, some rows, or tiles.

use crate::memory;
use crate::program::{Filter, Kernel, Layer, Program};
use crate::tiles::{Tiles, tiles};

/// What a layer has in SRAM where NVM is not mapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Input and output as a whole, in the arena.
    #[default]
    Whole,
    /// The rows of the input under a filter and one row of the output, in the arena: a task of `rekindle_kernels::rolling`.
    Rolling(Rolling),
    /// Tiles on the stack: a task of `rekindle_kernels::tiled`.
    Tiles(Tiles),
}

/// A layer whose rows pass through SRAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rolling {
    /// Rows of the input that are in SRAM at a time.
    pub rows: usize,
    /// SRAM for them and for a row of the output, in the arena, in bytes.
    pub arena: usize,
    /// SRAM for a pool's sums, on the stack, in bytes.
    pub stack: usize,
    /// Rows that are fetched for an output row, at most.
    pub fresh: usize,
    /// Rows that are fetched besides, for the first output row after an outage.
    pub again: usize,
    /// Bytes of a row of the input.
    pub row: usize,
    /// Bytes that are fetched for the whole layer.
    pub fetched: usize,
    /// Accesses for the whole layer: fetches and stores.
    pub accesses: usize,
}

/// The rows of a layer, if it is one that goes through its input from the top.
pub fn rolling(program: &Program, layer: &Layer) -> Option<Rolling> {
    let &[height, width, channels] = &layer.inputs.first().map(|id| program.buffer(*id))?.shape[..]
    else {
        return None;
    };
    let output = program.buffer(layer.output);
    let &[out, ..] = &output.shape[..] else {
        return None;
    };
    let filter = |f: &Filter, axis: usize| {
        let taps = f.shape.get(axis).copied().unwrap_or(1);
        (taps, f.stride[0], f.dilation[0])
    };
    // Beside it what a pool adds up for a row of the output, in bytes for each value.
    let ((taps, stride, dilation), sum) = match &layer.kernel {
        Kernel::Conv2d(f) => (filter(f, 1), 0),
        Kernel::Depthwise(f) => (filter(f, 0), 0),
        Kernel::MaxPool(pool) => ((pool.window[0], pool.stride[0], 1), 1),
        Kernel::AveragePool(pool) => ((pool.window[0], pool.stride[0], 1), 4),
        _ => return None,
    };
    let (row, made) = (width * channels, output.bytes() / out.max(1));
    let rows = if sum == 0 {
        rekindle_kernels::rolling::sram::rows(height, taps, dilation)
    } else {
        taps.saturating_sub(stride).clamp(1, height)
    };
    let fresh = taps.min(stride).min(height);
    // Those that no filter sees are not fetched; less where filters hang over the edge.
    let seen = height.min(taps + (out - 1) * fresh);
    Some(Rolling {
        rows,
        arena: rows * row + made,
        stack: sum * made,
        fresh,
        again: taps.min(height) - fresh,
        row,
        fetched: seen * row,
        accesses: seen + out,
    })
}

impl Layer {
    /// Its tiles, if it is in tiles.
    pub fn tiles(&self) -> Option<Tiles> {
        match self.form {
            Form::Tiles(tiles) => Some(tiles),
            Form::Whole | Form::Rolling(_) => None,
        }
    }

    /// Bytes of the arena that it takes where NVM is not mapped.
    pub fn arena(&self, program: &Program) -> usize {
        match self.form {
            Form::Whole => memory::arena(program, self),
            Form::Rolling(rolling) => rolling.arena,
            Form::Tiles(_) => 0,
        }
    }

    /// Bytes of tiles and sums on the stack.
    pub fn stack(&self) -> usize {
        match self.form {
            Form::Whole => 0,
            Form::Rolling(rolling) => rolling.stack,
            Form::Tiles(tiles) => tiles.bytes,
        }
    }

    /// Whether it fetches something twice on continuous power.
    pub fn fetches_again(&self, program: &Program) -> bool {
        let inputs = self.inputs.iter().map(|id| program.buffer(*id).bytes());
        let once: usize = inputs.sum();
        self.tiles().is_some_and(|tiles| tiles.fetched > once)
    }
}

/// Bytes of a bus that an access takes besides its data: command, address, and the command before a write.
const COMMAND: usize = 5;

/// Multiply-accumulates of a convolution's places, computed one by one, that take as long as a byte more on the bus; and of a
/// depthwise one in tiles, which has no use for a DSP.
const ALONE: [usize; 2] = [25, 2];

/// Bytes that pass over the bus for a layer in this form, and what tiles cost beside them in the same unit. Measured on a
/// Cortex-M4 on whose bus a byte takes ten instructions.
fn price(program: &Program, layer: &Layer, form: Form) -> usize {
    let inputs = layer.inputs.iter().map(|id| program.buffer(*id).bytes());
    let output = program.buffer(layer.output);
    let (fetched, accesses) = match form {
        Form::Whole => {
            let rows = match output.shape[..] {
                [rows, _, _] => rows,
                _ => 1,
            };
            (inputs.clone().sum(), inputs.count() + rows)
        }
        Form::Rolling(rolling) => (rolling.fetched, rolling.accesses),
        Form::Tiles(tiles) => (tiles.fetched, tiles.accesses),
    };
    let slower = match (form, &layer.kernel) {
        (Form::Tiles(_), Kernel::Conv2d(_)) => program.macs(layer) / ALONE[0],
        (Form::Tiles(_), Kernel::Depthwise(_)) => program.macs(layer) / ALONE[1],
        _ => 0,
    };
    fetched + output.bytes() + COMMAND * accesses + slower
}

/// A form and what it takes.
#[derive(Clone, Copy)]
struct Choice {
    form: Form,
    arena: usize,
    stack: usize,
    price: usize,
}

/// The forms of a layer, with so much stack for tiles.
fn choices(program: &Program, layer: &Layer, stack: usize) -> Vec<Choice> {
    let mut forms = vec![Form::Whole];
    forms.extend(rolling(program, layer).map(Form::Rolling));
    // There are no tiles for several layers at once.
    if !matches!(layer.kernel, Kernel::Fused(_) | Kernel::Chain(_)) {
        forms.push(Form::Tiles(tiles(program, layer, stack.min(memory::TILE))));
    }
    let choice = |form| {
        let layer = Layer {
            form,
            ..layer.clone()
        };
        Choice {
            form,
            arena: layer.arena(program),
            stack: layer.stack(),
            price: price(program, &layer, form),
        }
    };
    forms.into_iter().map(choice).collect()
}

/// How much dearer than the cheapest a form may be that costs nothing: 1 in so many.
const NOTHING: usize = 20;

/// Only those of a layer's forms that cost nothing.
fn free(mut choices: Vec<Choice>) -> Vec<Choice> {
    let least = choices.iter().map(|c| c.price).min().unwrap_or(0);
    choices.retain(|c| c.price <= least + least / NOTHING);
    choices
}

/// Stack for tiles and sums that is tried.
fn stacks(program: &Program, sram: usize) -> Vec<usize> {
    let mut all = vec![0, sram / 4, 128, 256, 512, 1024, memory::TILE];
    for layer in &program.layers {
        all.extend(rolling(program, layer).map(|r| r.stack));
        all.push(tiles(program, layer, 0).bytes);
    }
    all.retain(|stack| *stack <= sram);
    all.sort_unstable();
    all.dedup();
    all
}

/// A form for each layer, the cheapest that fits; and the sum of their prices.
fn cheapest(layers: &[Vec<Choice>], arena: usize, stack: usize) -> Option<(usize, Vec<Form>)> {
    let mut price = 0;
    let forms = layers.iter().map(|choices| {
        let fit = |c: &&Choice| c.arena <= arena && c.stack <= stack;
        let best = choices.iter().filter(fit).min_by_key(|c| c.price)?;
        price += best.price;
        Some(best.form)
    });
    let forms = forms.collect::<Option<_>>()?;
    Some((price, forms))
}

/// When layers have only rows in SRAM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rows {
    /// Where SRAM is short: the code may be for a mapped store, where kernels on whole buffers borrow them.
    #[default]
    WhereShort,
    /// Wherever that costs nothing, for a store that is not mapped.
    Always,
}

/// Gives each layer a form, so that all take `sram` at most: with [`Rows::Always`] as little SRAM as there is a plan for that
/// costs nothing, else whole buffers before rows, and rows before tiles. `None` if there is not enough for any.
pub fn assign(program: &mut Program, sram: usize, rows: Rows) -> Option<()> {
    let of = |stack: usize| -> Vec<Vec<Choice>> {
        let layers = program.layers.iter();
        layers.map(|l| choices(program, l, stack)).collect()
    };
    let stacks = stacks(program, sram);
    let little = || {
        let plans = stacks.iter().filter_map(|stack| {
            let layers: Vec<_> = of(*stack).into_iter().map(free).collect();
            let least = |choices: &Vec<Choice>| {
                let fit = choices.iter().filter(|c| c.stack <= *stack);
                fit.map(|c| c.arena).min()
            };
            let needs = layers.iter().map(least).collect::<Option<Vec<_>>>()?;
            let arena = needs.into_iter().max().unwrap_or(0);
            let (_, forms) = cheapest(&layers, arena, *stack)?;
            Some((arena + stack, forms))
        });
        let least = plans.min_by_key(|(need, _)| *need);
        least.filter(|(need, _)| *need <= sram)
    };
    let fast = || {
        let plans = stacks
            .iter()
            .filter_map(|stack| cheapest(&of(*stack), sram - stack, *stack));
        plans.min_by_key(|(price, _)| *price)
    };
    let little = (rows == Rows::Always).then(little).flatten();
    let (_, forms) = little.or_else(fast)?;
    for (layer, form) in program.layers.iter_mut().zip(forms) {
        layer.form = form;
    }
    Some(())
}
