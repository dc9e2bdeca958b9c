//! The same kernels with a line buffer: the rows of the input under a filter are in SRAM, and one row of the output. For
//! devices whose SRAM does not hold a layer's input and output, at the speed of the kernels that have both there.
//!
//! On a store that is not mapped, the kernels of the crate's root have their input and output in the arena as a whole.
//! These have `ROWS` rows of the input there ([`Window`]), from one output row to the next fetch the rows that are new, so that
//! each row of the input is fetched once, and write an output row in one piece before they commit it. After an outage the
//! rows under the filter are fetched again, and nothing else. [`sram`] says, before the program is built, what they take:
//!
//! ```
//! use rekindle::prelude::*;
//! use rekindle_kernels::rolling::{self, Window, sram};
//! use rekindle_kernels::{Activation, Conv2d, Multiplier, per_tensor};
//!
//! type X = [[[i8; 16]; 40]; 40];
//! type Y = [[[i8; 8]; 40]; 40];
//! #[derive(Layout)]
//! struct Memory { x: Buffer<X>, y: Buffer<Y> }
//!
//! static LAYER: Conv2d<3, 3, 16, 8> = Conv2d::new(
//!     [[[[1; 16]; 3]; 3]; 8], [0; 8], per_tensor(Multiplier::from_real(0.01)), 0, Activation::linear(0));
//!
//! // 25.6 kB of input and 12.8 kB of output, on 2,240 bytes.
//! const ARENA: usize = sram::arena::<3, X, Y>();
//! const _: () = assert!(ARENA == 2240);
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
//! nvm.resume_or_start(&mut [0; ARENA], |cx, m| rolling::conv2d(cx, Window::<3>, &m.x, &LAYER, &mut m.y))?;
//! assert_eq!(nvm.read(|m| &m.y)?[20][20], [36; 8]);
//! # Ok::<(), rekindle::Error>(())
//! ```
//!
//! The results are the same bits as those of the other kernels. On mapped stores rows are borrowed, and the arena may be
//! empty, as for the kernels of the root. Where even these rows are too much, there are tiles ([`tiled`](crate::tiled)).

mod filter;
mod pool;
pub mod sram;

pub use filter::{conv2d, depthwise};
pub use pool::{average_pool, max_pool};

/// Rows of the input that are in SRAM at a time: `Window::<3>`.
///
/// A filter of `KH` rows with dilation `DH` needs the `(KH − 1) · DH + 1` that lie under it, or all of the input where that
/// has fewer; less does not compile. A pool takes its rows one by one, and needs those that it has in common with the next
/// one, `KH − SH`, and one at least; with less, rows are fetched again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window<const ROWS: usize>;

/// What fits together: anything else does not compile.
struct Under<const H: usize, const K: usize, const D: usize, const ROWS: usize>;

impl<const H: usize, const K: usize, const D: usize, const ROWS: usize> Under<H, K, D, ROWS> {
    /// Distance of the rows under a filter, if the window holds all of them.
    const STEP: usize = {
        assert!(
            ROWS >= sram::rows(H, K, D),
            "the window holds the rows of the input under a filter, (KH - 1) * DH + 1, or all that there are"
        );
        D
    };
}
