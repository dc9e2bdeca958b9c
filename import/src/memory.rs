//! What a program needs of SRAM and NVM.

use crate::program::{Buffer, Kernel, Layer, Program, Role};
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
    /// Inputs, outputs and activations.
    pub nvm: usize,
    /// Constants: weights, biases and multipliers, in flash or in NVM.
    pub constants: usize,
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

/// What `program` needs, if that is within the limits.
///
/// # Errors
///
/// [`ImportError::Memory`] with the layer that needs most.
pub fn plan(program: &Program, limits: Limits) -> Result<Need, ImportError> {
    let greedy = program.layers.iter().max_by_key(|l| arena(program, l));
    let (arena, place) = greedy.map_or((0, Place::Model), |l| (arena(program, l), l.place.clone()));
    let sram = limits.sram.min(Limits::MOST_SRAM);
    if arena > sram {
        return Err(ImportError::Memory {
            place,
            memory: "SRAM",
            need: arena,
            limit: sram,
            advice: "a memory-mapped store needs none of it",
        });
    }
    let nvm = program.buffers.iter().map(Buffer::bytes).sum();
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
    Ok(Need {
        arena,
        nvm,
        constants: program.layers.iter().map(constants).sum(),
    })
}

/// Bytes of a layer's constants.
pub fn constants(layer: &Layer) -> usize {
    match &layer.kernel {
        Kernel::Conv2d(f) | Kernel::Depthwise(f) | Kernel::Dense(f) => {
            f.weight.len() + 12 * f.bias.len()
        }
        _ => 0,
    }
}

/// The buffers of one role.
pub fn of_role(program: &Program, role: Role) -> impl Iterator<Item = &Buffer> {
    program.buffers.iter().filter(move |b| b.role == role)
}
