//! The same kernels, committing when a pacer says so ([`rekindle::pace`]), and after a given number of outputs at the latest.
//!
//! A unit of work is a multiply-accumulate or, in a pool, a comparison. On a store without a pacer these commit after each
//! N-th output, N being the first argument: the number that a plan gives ([`Every`]).
//!
//! ```
//! use rekindle::pace::ByWork;
//! use rekindle::prelude::*;
//! use rekindle_kernels::paced::{Every, dense};
//! use rekindle_kernels::{Activation, Dense, Multiplier, per_tensor};
//!
//! #[derive(Layout)]
//! struct Memory { x: Buffer<[i8; 4]>, y: Buffer<[i8; 2]> }
//!
//! static LAYER: Dense<4, 2> = Dense::new(
//!     [[1, 1, 1, 1], [1, -1, 1, -1]],
//!     [0, 100],
//!     per_tensor(Multiplier::from_real(0.5)),
//!     0,
//!     Activation::relu(0),
//! );
//!
//! let mut words = [0u64; 64];
//! // A commit after 1000 multiply-accumulates, or 16 neurons.
//! let store = Mapped::from_words(&mut words).paced(ByWork::new(1000));
//! let mut nvm = Nvm::<Memory, _>::open(store)?;
//! nvm.write(|m| &mut m.x, &[10, 20, 30, 40])?;
//! nvm.resume_or_start(&mut [], |cx, m| dense(cx, Every::<16>, &m.x, &LAYER, &mut m.y))?;
//! assert_eq!(nvm.read(|m| &m.y)?, [50, 40]);
//! # Ok::<(), rekindle::Error>(())
//! ```

use crate::conv2d::Conv2d;
use crate::dense::Dense;
use crate::pool::Pool;
use crate::tensor::Tensor;

use rekindle::prelude::*;

/// Output values (of all channels at one place), or neurons, after which a kernel of [`paced`](crate::paced) commits at
/// the latest: `Every::<{ plan::CONV1.every }>` takes it from a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Every<const N: u32>;

/// Only when the pacer asks: for capacitors that hold a whole layer, or pacers that are trusted.
pub const WHEN_DUE: Every<{ u32::MAX }> = Every;

/// Convolution, as [`conv2d`](crate::conv2d()); paced after each place of the output, all channels of which count as
/// `KH · KW · C · M` units.
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn conv2d<
    const N: u32,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const M: usize,
    const KH: usize,
    const KW: usize,
    const SH: usize,
    const SW: usize,
>(
    _every: Every<N>,
    x: Input<[[[i8; C]; W]; H]>,
    layer: &Conv2d<KH, KW, C, M, SH, SW>,
    y: Output<[[[i8; M]; OW]; OH]>,
) {
    for r in 0..OH {
        #[commit(paced, every = N, cost = KH * KW * C * M)]
        for c in 0..OW {
            let [pixel] = layer.pixels::<H, W, OH, OW, 1>(x, r, c);
            y.set([r, c], pixel);
        }
    }
}

/// Maximum pooling, as [`max_pool`](crate::max_pool()); paced after each place of the output, which counts as
/// `KH · KW · C` units.
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn max_pool<
    const N: u32,
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const KH: usize,
    const KW: usize,
    const SH: usize,
    const SW: usize,
>(
    _every: Every<N>,
    x: Input<[[[i8; C]; W]; H]>,
    layer: &Pool<KH, KW, SH, SW>,
    y: Output<[[[i8; C]; OW]; OH]>,
) {
    for r in 0..OH {
        #[commit(paced, every = N, cost = KH * KW * C)]
        for c in 0..OW {
            let place = Pool::<KH, KW, SH, SW>::place::<H, W, OH, OW>(r, c);
            y.set([r, c], layer.maximum(x, place));
        }
    }
}

/// Fully connected layer, as [`dense`](crate::dense()); paced after each neuron, which counts as `I` units.
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn dense<const N: u32, X: Tensor, const I: usize, const O: usize>(
    _every: Every<N>,
    x: Input<X>,
    layer: &Dense<I, O>,
    y: Output<[i8; O]>,
) {
    #[commit(paced, every = N, cost = I)]
    for o in 0..O {
        y.set(o, layer.neuron(x, o));
    }
}
