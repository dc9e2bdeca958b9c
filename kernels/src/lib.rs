//! int8 neural-network kernels as intermittent tasks.
//!
//! Each kernel is an [`intermittent_task`](rekindle::intermittent_task), written as a user of Rekindle would write it, so
//! that an inference survives every power failure with the same bits as on continuous power. The arithmetic is that of
//! TensorFlow Lite's reference kernels, bit for bit: symmetric int8 weights with a scale per output channel, 32-bit
//! accumulators, and gemmlowp's double rounding ([`requant`]).
//!
//! | task | layer | operator |
//! | --- | --- | --- |
//! | [`conv2d()`] | [`Conv2d`] | `CONV_2D` |
//! | [`depthwise()`] | [`Depthwise`] | `DEPTHWISE_CONV_2D` |
//! | [`dense()`] | [`Dense`] | `FULLY_CONNECTED` |
//! | [`max_pool`], [`average_pool`] | [`Pool`] | `MAX_POOL_2D`, `AVERAGE_POOL_2D` |
//! | [`add()`] | [`Add`] | `ADD` |
//! | [`softmax()`] | [`Softmax`] | `SOFTMAX` |
//!
//! Activations are nested arrays, row-major, channels last: `[[[i8; C]; W]; H]`. Sizes are part of the types: a layer
//! that does not fit its buffers does not compile. Layers are plain constants; put them into a `static`.
//!
//! # How often to commit
//!
//! The tasks above commit after each output row, two bytes for some hundred written, and repeat at most one row after an
//! outage. [`by_element`] has the same tasks with a commit after each output value, for a capacitor that does not hold
//! one row; [`paced`] has them with an interval that a plan or, while they run, a pacer chooses. The results are the same. A program can mix them, layer by layer:
//!
//! ```
//! use rekindle_kernels::{by_element, conv2d, dense};
//! ```
#![no_std]
#![deny(unsafe_code)]
#![allow(clippy::inline_always)] // The instructions of `dsp`.

mod add;
mod conv2d;
#[cfg(rekindle_dsp)]
mod conv2d_dsp;
mod dense;
mod depthwise;
#[cfg(rekindle_dsp)]
mod dsp;
mod fixed;
pub mod paced;
mod pool;
pub mod requant;
mod softmax;
mod tensor;
mod window;

pub use add::{Add, add};
pub use conv2d::{Conv2d, conv2d};
pub use dense::{Dense, dense};
pub use depthwise::{Depthwise, depthwise};
pub use pool::{Pool, average_pool, max_pool};
pub use requant::{Activation, Multiplier, multipliers, per_tensor};
pub use softmax::{Softmax, softmax};
pub use tensor::Tensor;

/// The same kernels, with a commit after each output value.
pub mod by_element {
    pub use crate::add::add_by_element as add;
    pub use crate::conv2d::conv2d_by_element as conv2d;
    pub use crate::dense::dense_by_element as dense;
    pub use crate::depthwise::depthwise_by_element as depthwise;
    pub use crate::pool::{
        average_pool_by_element as average_pool, max_pool_by_element as max_pool,
    };
    // One step in any case.
    pub use crate::softmax::softmax;
}
