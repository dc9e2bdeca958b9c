//! The same kernels where SRAM is too small for a layer's input and output: tiles are fetched from the store one by one,
//! and outputs are written at once. Under 2 KB of tiles is enough for every operator.
//!
//! On a store that is not mapped, the kernels of the crate's root have their input and output in the arena as a whole.
//! These have nothing there: an empty arena will do. What they have instead is on the stack, and [`sram`] says, before the
//! program is built, how many bytes that is:
//!
//! ```
//! use rekindle::prelude::*;
//! use rekindle_kernels::{Activation, Conv2d, Multiplier, per_tensor, tiled};
//!
//! #[derive(Layout)]
//! struct Memory { x: Buffer<[[[i8; 16]; 40]; 40]>, y: Buffer<[[[i8; 8]; 40]; 40]> }
//!
//! static LAYER: Conv2d<3, 3, 16, 8> = Conv2d::new(
//!     [[[[1; 16]; 3]; 3]; 8], [0; 8], per_tensor(Multiplier::from_real(0.01)), 0, Activation::linear(0));
//!
//! // 25.6 kB of input and 12.8 kB of output, on 152 bytes.
//! const _: () = assert!(tiled::sram::conv2d(&LAYER) <= 160);
//!
//! # struct Fram(Vec<u8>);
//! # impl embedded_storage::ReadStorage for Fram {
//! #     type Error = ();
//! #     fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), ()> { into.copy_from_slice(&self.0[at as usize..][..into.len()]); Ok(()) }
//! #     fn capacity(&self) -> usize { self.0.len() }
//! # }
//! # impl embedded_storage::Storage for Fram {
//! #     fn write(&mut self, at: u32, from: &[u8]) -> Result<(), ()> { self.0[at as usize..][..from.len()].copy_from_slice(from); Ok(()) }
//! # }
//! # let fram = Fram(vec![0; 40 << 10]);
//! let mut nvm = Nvm::<Memory, _>::open(Bytes::new(fram))?;
//! nvm.write(|m| &mut m.x, &[[[25; 16]; 40]; 40])?;
//! nvm.resume_or_start(&mut [], |cx, m| tiled::conv2d(cx, &m.x, &LAYER, &mut m.y))?;
//! assert_eq!(nvm.read(|m| &m.y)?[20][20], [36; 8]);
//! # Ok::<(), rekindle::Error>(())
//! ```
//!
//! The price is what is fetched again: a pixel once per filter that covers it, and not once per layer; `docs/operators`
//! has it for each operator. The results are the same bits. On mapped stores these kernels copy where the others borrow.

mod dense;
mod elementwise;
mod gather;
mod reduce;
pub mod sram;
mod window;

pub use dense::{dense, softmax};
pub use elementwise::{add, broadcast_add, dequantize, lookup, mul, quantize, reshape, sub};
pub use gather::{concat, pad, strided_slice, transpose};
pub use reduce::{arg_max, mean, reduce_max};
pub use window::{average_pool, conv2d, depthwise, max_pool, transpose_conv};

/// Values in a tile, for operators whose layers do not say: `Tile::<64>`. `N` is how many outputs a tile makes at once,
/// where that is another number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tile<const BYTES: usize, const N: usize = 8>;

/// `len` values from `at` on; without an index there is no code for a panic.
#[inline(always)]
pub(crate) fn part<T>(tile: &[T], at: usize, len: usize) -> &[T] {
    let rest = tile.get(at..).unwrap_or(&[]);
    rest.get(..len).unwrap_or(rest)
}

/// The same, to be written.
#[inline(always)]
pub(crate) fn part_mut<T>(tile: &mut [T], at: usize, len: usize) -> &mut [T] {
    let rest = tile.get_mut(at..).unwrap_or(&mut []);
    let len = if len < rest.len() { len } else { rest.len() };
    rest.get_mut(..len).unwrap_or(&mut [])
}
