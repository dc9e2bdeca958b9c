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
    /// Pieces in which an output row's rows are fetched, at most.
    pub pieces: usize,
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
    // Rows next to each other are one piece, unless they go round the ring's end; pools take them one by one.
    let pieces = match fresh {
        _ if dilation > 1 || sum > 0 => fresh,
        1 => 1,
        _ if rows.is_multiple_of(fresh) => 1,
        _ => 2,
    };
    Some(Rolling {
        rows,
        arena: rows * row + made,
        stack: sum * made,
        fresh,
        again: taps.min(height) - fresh,
        row,
        pieces,
        fetched: seen * row,
        accesses: seen.min(out * pieces) + out,
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

/// An access takes as long as so many bytes of data: command, address, and the code of driver and store. This and what
/// follows was measured on a Cortex-M4 with an SPI FRAM, on whose bus a byte takes ten instructions.
const ACCESS: usize = 32;
/// Bytes of an output that is put together in the arena, and cleared there before, that take as long as one on the bus.
const CLEARED: usize = 8;
/// Multiply-accumulates that take as long as six bytes on the bus.
const MACS: usize = 40;
/// The same in a convolution whose places are computed one by one, where other forms have two at once: as long as a byte more.
const ALONE: usize = 25;

/// How long a layer in this form is on the bus, in bytes of data, and what else depends on the form, in the same unit.
fn price(program: &Program, layer: &Layer, form: Form) -> usize {
    let inputs = layer.inputs.iter().map(|id| program.buffer(*id).bytes());
    let output = program.buffer(layer.output);
    let (fetched, accesses, slower) = match form {
        Form::Whole => {
            let rows = match output.shape[..] {
                [rows, _, _] => rows,
                _ => 1,
            };
            let accesses = inputs.clone().count() + rows;
            (inputs.sum(), accesses, output.bytes() / CLEARED)
        }
        Form::Rolling(rolling) => (rolling.fetched, rolling.accesses, 0),
        Form::Tiles(tiles) => {
            let slower = match &layer.kernel {
                Kernel::Conv2d(_) => program.macs(layer) / ALONE,
                _ => 0,
            };
            (tiles.fetched, tiles.accesses, slower)
        }
    };
    fetched + output.bytes() + ACCESS * accesses + slower
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

/// A form costs nothing if it is dearer than the layer's cheapest by one in so many, or by less than `slack`.
const NOTHING: usize = 20;
/// The slack of a layer: one in so many of the time that the network takes.
const SLACK: usize = 200;

/// Only those of a layer's forms that cost nothing.
fn free(mut choices: Vec<Choice>, slack: usize) -> Vec<Choice> {
    let least = choices.iter().map(|c| c.price).min().unwrap_or(0);
    choices.retain(|c| c.price <= least + slack.max(least / NOTHING));
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
        // Whole buffers first: the code may be for a mapped store, where they are borrowed.
        let order = |c: &&Choice| (c.form != Form::Whole, c.price);
        let best = choices.iter().filter(fit).min_by_key(order)?;
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
    let whole = program.layers.iter().map(|l| {
        let work = 6 * program.macs(l) / MACS;
        price(program, l, Form::Whole) + work
    });
    let slack = whole.sum::<usize>() / SLACK;
    let little = || {
        let plans = stacks.iter().filter_map(|stack| {
            let layers = of(*stack).into_iter().map(|all| free(all, slack));
            let layers: Vec<_> = layers.collect();
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
