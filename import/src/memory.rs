//! What a program needs of SRAM and NVM.

use crate::forms::{self, Rows};
use crate::program::{Buffer, BufferId, Kernel, Layer, Program, Role};
use crate::tiles::{Tiles, tiles};
use crate::{ImportError, Place};

/// Memory that a device has for the network, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// SRAM for the arena that a store without mapped memory needs; at most 256 KiB.
    pub sram: usize,
    /// NVM for inputs, outputs and activations.
    pub nvm: usize,
}

impl Limits {
    /// The most SRAM that the import ever plans with.
    pub const MOST_SRAM: usize = 256 * 1024;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sram: Self::MOST_SRAM,
            nvm: usize::MAX,
        }
    }
}

/// Memory that a program needs, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// Arena of the greediest layer, on a store that is not memory-mapped; a mapped one needs none.
    pub arena: usize,
    /// The largest tile, or sums of a pool by rows, on the stack.
    pub tiles: usize,
    /// Inputs, outputs and activations.
    pub nvm: usize,
    /// The same, if no two activations shared a place.
    pub apart: usize,
    /// Constants: weights, biases and multipliers, in flash or in NVM.
    pub constants: usize,
}

impl Need {
    /// SRAM on a store that is not memory-mapped: arena and tiles.
    pub fn sram(&self) -> usize {
        self.arena + self.tiles
    }

    /// Takes in what the layers need of SRAM in the forms that they have now.
    pub(crate) fn update(&mut self, program: &Program) {
        let arenas = program.layers.iter().map(|l| l.arena(program));
        self.arena = arenas.max().unwrap_or(0);
        self.tiles = program.layers.iter().map(Layer::stack).max().unwrap_or(0);
    }
}

/// NVM that activations take in turn: no two of them are needed at the same time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// Name of the field.
    pub name: String,
    /// Size of the largest activation.
    pub bytes: usize,
    /// Activations, in the order in which they are there.
    pub tenants: Vec<BufferId>,
}

impl Shared {
    /// Bytes of NVM, with what aligning the next one takes.
    pub fn size(&self) -> usize {
        self.bytes.next_multiple_of(4)
    }
}

/// The first and the last layer that has to do with a buffer.
fn life(program: &Program, id: BufferId) -> (usize, usize) {
    let uses = |l: &Layer| l.output == id || l.inputs.contains(&id);
    let first = program.layers.iter().position(uses).unwrap_or(0);
    let last = program.layers.iter().rposition(uses).unwrap_or(first);
    (first, last)
}

/// Places for all activations; each has one of its own if `apart`.
///
/// The largest come first, and each goes into the first place where it is needed together with nobody: a layer's output
/// never lies over its inputs, nor over what a later layer reads. What a layer has read may be overwritten by the next one,
/// because a task that has completed is never entered again.
pub fn share(program: &Program, apart: bool) -> Vec<Shared> {
    let ids = (0..program.buffers.len()).map(BufferId);
    let mut ids: Vec<_> = ids
        .filter(|id| program.buffer(*id).role == Role::Activation)
        .collect();
    if !apart {
        ids.sort_by_key(|id| std::cmp::Reverse(program.buffer(*id).bytes()));
    }
    let mut places: Vec<Shared> = Vec::new();
    for id in ids {
        let (first, last) = life(program, id);
        let free = places.iter_mut().find(|place| {
            let mut lives = place.tenants.iter().map(|other| life(program, *other));
            !apart && lives.all(|(from, to)| last < from || to < first)
        });
        match free {
            Some(place) => place.tenants.push(id),
            None => places.push(Shared {
                name: String::new(),
                bytes: program.buffer(id).bytes(),
                tenants: vec![id],
            }),
        }
    }
    for (i, place) in places.iter_mut().enumerate() {
        place.tenants.sort_by_key(|id| life(program, *id));
        place.name = match &place.tenants[..] {
            [only] => program.buffer(*only).name.clone(),
            _ => format!("place{}", i + 1),
        };
    }
    places
}

/// Bytes of NVM of inputs, outputs and these places.
pub fn nvm(program: &Program, places: &[Shared]) -> usize {
    let ends = program
        .buffers
        .iter()
        .filter(|b| b.role != Role::Activation);
    ends.map(Buffer::bytes).sum::<usize>() + places.iter().map(Shared::size).sum::<usize>()
}

/// The most that aligning the parts of an arena takes.
const ALIGNMENT: usize = 16;

/// Bytes of SRAM that a layer needs where NVM is not mapped: its inputs and its output as a whole, and a bit per byte
/// of output that says what was written.
pub fn arena(program: &Program, layer: &Layer) -> usize {
    let inputs: usize = layer
        .inputs
        .iter()
        .map(|id| program.buffer(*id).bytes())
        .sum();
    let output = program.buffer(layer.output).bytes();
    inputs + output + output.div_ceil(8) + ALIGNMENT
}

/// The most that a tile takes where a smaller one does as well.
pub(crate) const TILE: usize = 2048;

/// A layer in tiles where SRAM for them is not short.
pub fn tile(program: &Program, layer: &Layer) -> Tiles {
    tiles(program, layer, TILE)
}

/// Gives layers the forms that fit.
///
/// # Errors
///
/// [`ImportError::Memory`] with the layer whose smallest tile is too large.
fn fit(program: &mut Program, sram: usize, rows: Rows) -> Result<(), ImportError> {
    if forms::assign(program, sram, rows).is_some() {
        return Ok(());
    }
    let least = |l: &Layer| {
        let rows = forms::rolling(program, l).map(|r| r.arena + r.stack);
        let least = arena(program, l).min(tiles(program, l, 0).bytes);
        rows.map_or(least, |rows| rows.min(least))
    };
    let greedy = program.layers.iter().max_by_key(|l| least(l));
    Err(ImportError::Memory {
        place: greedy.map_or(Place::Model, |l| l.place.clone()),
        memory: "SRAM",
        need: greedy.map_or(0, least),
        limit: sram,
        advice: "its tile does not get smaller; a memory-mapped store needs none of it",
    })
}

/// What `program` needs, if that is within the limits. Where SRAM is short, layers have rows or tiles there.
///
/// # Errors
///
/// [`ImportError::Memory`] with the layer that needs most.
pub fn plan(
    program: &mut Program,
    places: &[Shared],
    limits: Limits,
    rows: Rows,
) -> Result<Need, ImportError> {
    fit(program, limits.sram.min(Limits::MOST_SRAM), rows)?;
    let nvm = nvm(program, places);
    if nvm > limits.nvm {
        let largest = program
            .layers
            .iter()
            .max_by_key(|l| program.buffer(l.output).bytes());
        return Err(ImportError::Memory {
            place: largest.map_or(Place::Model, |l| l.place.clone()),
            memory: "NVM",
            need: nvm,
            limit: limits.nvm,
            advice: "a smaller input, or fewer channels there",
        });
    }
    let mut need = Need {
        arena: 0,
        tiles: 0,
        nvm,
        apart: self::nvm(program, &share(program, true)),
        constants: program.layers.iter().map(constants).sum(),
    };
    need.update(program);
    Ok(need)
}

/// Bytes of a layer's constants.
pub fn constants(layer: &Layer) -> usize {
    match &layer.kernel {
        Kernel::Conv2d(f) | Kernel::Depthwise(f) | Kernel::Dense(f) => {
            f.weight.len() + 12 * f.bias.len()
        }
        Kernel::Chain(all) => all
            .iter()
            .map(|(_, f)| f.weight.len() + 12 * f.bias.len())
            .sum(),
        Kernel::Fused(f) => f.filter.weight.len() + 12 * f.filter.bias.len(),
        _ => 0,
    }
}

/// The buffers of one role.
pub fn of_role(program: &Program, role: Role) -> impl Iterator<Item = &Buffer> {
    program.buffers.iter().filter(move |b| b.role == role)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forms::Form;
    use crate::program::{Commit, Pool};

    /// A program of one-input and two-input layers; sizes and wires from a seed.
    fn program(seed: u64) -> Program {
        let mut state = seed;
        let mut next = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        let count = 2 + next(12);
        let buffers = (0..=count).map(|i| Buffer {
            name: format!("b{i}"),
            shape: vec![1 + next(40)],
            role: match i {
                0 => Role::Input,
                i if i == count => Role::Output,
                _ => Role::Activation,
            },
            quantization: None,
        });
        let buffers = buffers.collect();
        let pool = Pool {
            window: [1, 1],
            stride: [1, 1],
            range: (-128, 127),
        };
        let layers = (1..=count).map(|i| Layer {
            name: format!("l{i}"),
            place: Place::Model,
            kernel: Kernel::MaxPool(pool),
            commit: Commit::Row,
            // The one before, and any other.
            inputs: vec![BufferId(i - 1), BufferId(next(i))],
            output: BufferId(i),
            form: Form::Whole,
        });
        Program {
            layers: layers.collect(),
            buffers,
        }
    }

    /// Runs the layers in order and gives the first that finds in a place what it did not expect.
    fn disturbed(program: &Program, places: &[Shared]) -> Option<usize> {
        let place = |id: BufferId| places.iter().position(|p| p.tenants.contains(&id));
        let mut holds = vec![None; places.len()];
        for (i, layer) in program.layers.iter().enumerate() {
            for id in &layer.inputs {
                if place(*id)
                    .is_some_and(|p| holds[p] != Some(*id) || place(layer.output) == Some(p))
                {
                    return Some(i);
                }
            }
            if let Some(p) = place(layer.output) {
                holds[p] = Some(layer.output);
            }
        }
        None
    }

    #[test]
    fn no_layer_finds_its_input_overwritten() {
        let (mut apart, mut together) = (0, 0);
        for seed in 0..2000 {
            let program = program(seed);
            let places = share(&program, false);
            assert_eq!(
                disturbed(&program, &places),
                None,
                "seed {seed}: {places:?}"
            );
            let tenants: usize = places.iter().map(|p| p.tenants.len()).sum();
            assert_eq!(tenants, program.layers.len() - 1);
            assert!(places.iter().all(|p| {
                p.tenants
                    .iter()
                    .all(|id| program.buffer(*id).bytes() <= p.bytes)
            }));
            apart += nvm(&program, &share(&program, true));
            together += nvm(&program, &places);
        }
        assert!(together * 10 < apart * 8, "{together} of {apart}");
    }

    /// The check above can fail.
    #[test]
    fn places_that_are_shared_too_early_are_found() {
        let found = (0..200).filter(|seed| {
            let program = program(*seed);
            let mut places = share(&program, false);
            let Some(last) = places.pop() else {
                return false;
            };
            let Some(first) = places.first_mut() else {
                return false;
            };
            first.tenants.extend(last.tenants);
            disturbed(&program, &places).is_some()
        });
        assert!(found.count() > 100);
    }
}
