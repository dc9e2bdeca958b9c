//! Layers whose input and output stay in NVM: how large their tiles are, and what is fetched for them.

use crate::program::{Buffer, Kernel, Layer, Program};

/// A layer in tiles, as a task of `rekindle_kernels::tiled`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiles {
    /// SRAM for a tile, on the stack, in bytes.
    pub bytes: usize,
    /// The tile's parameters where the layer does not give them: values, and outputs that a tile makes at once.
    pub size: Option<(usize, Option<usize>)>,
    /// Bytes that are fetched for the whole layer.
    pub fetched: usize,
    /// Accesses for the whole layer: fetches and stores.
    pub accesses: usize,
}

/// Neurons that share what is fetched.
const NEURONS: usize = 8;

/// The largest tile of a layer in `most` bytes; the smallest that there is where that is more.
pub fn tiles(program: &Program, layer: &Layer, most: usize) -> Tiles {
    let output = program.buffer(layer.output);
    let inputs = || layer.inputs.iter().map(|id| program.buffer(*id));
    let input: usize = inputs().map(Buffer::bytes).sum();
    let values = output.bytes();
    let channels = output.shape.last().copied().unwrap_or(1);
    let places = values / channels.max(1);
    let part = |all: usize, share: usize| (most / share).clamp(1, all.max(1));
    match &layer.kernel {
        Kernel::Conv2d(f) => {
            let [rows, columns] = [1, 2].map(|axis| f.shape.get(axis).copied().unwrap_or(1));
            let window = rows * columns * f.channels;
            let pieces = if f.dilation[1] > 1 {
                rows * columns
            } else {
                rows
            };
            Tiles {
                bytes: window + channels,
                size: None,
                fetched: places * window,
                accesses: places * (pieces + 1),
            }
        }
        Kernel::Depthwise(f) => {
            let [rows, columns] = [0, 1].map(|axis| f.shape.get(axis).copied().unwrap_or(1));
            let taps = rows * columns;
            let group = part(channels, taps + 1);
            let whole = group == channels && f.channels == channels && f.dilation[1] == 1;
            let groups = channels.div_ceil(group);
            let pieces = if whole { rows } else { taps * groups };
            Tiles {
                bytes: (taps + 1) * group,
                size: Some((group, None)),
                fetched: places * taps * channels,
                accesses: places * (pieces + groups),
            }
        }
        Kernel::Dense(_) => {
            let piece = part(input, 1).min(most.saturating_sub(5 * NEURONS).max(1));
            let blocks = values.div_ceil(NEURONS);
            Tiles {
                bytes: piece + 5 * NEURONS,
                size: Some((piece, Some(NEURONS))),
                fetched: blocks * input,
                accesses: blocks * (input.div_ceil(piece) + 1),
            }
        }
        Kernel::MaxPool(pool) | Kernel::AveragePool(pool) => {
            let share = if matches!(layer.kernel, Kernel::MaxPool(_)) {
                3
            } else {
                6
            };
            let group = part(channels, share);
            let window = pool.window[0] * pool.window[1];
            let groups = channels.div_ceil(group);
            Tiles {
                bytes: share * group,
                size: Some((group, None)),
                fetched: places * window * channels,
                accesses: places * groups * (window + 1),
            }
        }
        // Only a program without such layers is put into tiles.
        Kernel::Fused(_) | Kernel::Chain(_) => Tiles {
            bytes: usize::MAX / 2,
            size: None,
            fetched: 0,
            accesses: 0,
        },
        Kernel::Softmax { .. } => {
            let piece = part(input, 1);
            Tiles {
                bytes: piece,
                size: Some((piece, None)),
                fetched: 3 * input,
                accesses: 4 * input.div_ceil(piece),
            }
        }
        Kernel::Add(_) => {
            let tile = part(values, 2);
            Tiles {
                bytes: 2 * tile,
                size: Some((tile, None)),
                fetched: input,
                accesses: 3 * values.div_ceil(tile),
            }
        }
        Kernel::General(general) => {
            let tile = general.tile;
            let (bytes, size) = match general.task {
                "reshape" => (tile, Some((tile, None))),
                "mean" => {
                    let piece = part(input, 1);
                    (piece, Some((piece, None)))
                }
                "add" | "sub" | "mul" => (2 * tile, None),
                _ => (tile, None),
            };
            Tiles {
                bytes,
                size,
                // Value by value at the worst.
                fetched: input.max(values * layer.inputs.len()),
                accesses: input.max(values * layer.inputs.len()) + values.div_ceil(tile),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Place;
    use crate::forms::Form;
    use crate::program::{BufferId, Commit, Pool, Role};

    #[test]
    fn tiles_are_as_large_as_they_may_be() {
        let buffer = |shape: &[usize], role| Buffer {
            name: "b".to_owned(),
            shape: shape.to_vec(),
            role,
            quantization: None,
        };
        let layer = Layer {
            name: "pool".to_owned(),
            place: Place::Model,
            kernel: Kernel::MaxPool(Pool {
                window: [2, 2],
                stride: [2, 2],
                range: (-128, 127),
            }),
            commit: Commit::Row,
            inputs: vec![BufferId(0)],
            output: BufferId(1),
            form: Form::Whole,
        };
        let program = Program {
            layers: vec![layer.clone()],
            buffers: vec![
                buffer(&[8, 8, 40], Role::Input),
                buffer(&[4, 4, 40], Role::Output),
            ],
        };
        let of = |most| tiles(&program, &layer, most);
        assert_eq!(of(1000).bytes, 120);
        assert_eq!(of(1000).accesses, 16 * 5);
        assert_eq!(of(60).size, Some((20, None)));
        assert_eq!(of(60).accesses, 16 * 2 * 5);
        // Not less than one value.
        assert_eq!(of(0).bytes, 3);
    }
}
