//! int8 neural-network kernels as intermittent tasks.
//!
//! Each kernel is an [`intermittent_task`](rekindle::intermittent_task), written as a user of Rekindle would write it, so
//! that an inference survives every power failure with the same bits as on continuous power. The arithmetic is that of
//! TensorFlow Lite's reference kernels, bit for bit: symmetric int8 weights with a scale per output channel, 32-bit
//! accumulators, and gemmlowp's double rounding ([`requant`]).
//!
//! | task | layer | operator |
//! | --- | --- | --- |
//! | [`conv2d()`] | [`Conv2d`], [`Pointwise`] | `CONV_2D` |
//! | [`depthwise()`] | [`Depthwise`] | `DEPTHWISE_CONV_2D` |
//! | [`conv2d_max_pool()`] | [`Conv2d`] and [`Pool`] | `CONV_2D` with `MAX_POOL_2D` behind it, nothing stored between |
//! | [`depthwise_in_place()`] | [`Depthwise`] | `DEPTHWISE_CONV_2D` in one buffer |
//! | [`transpose_conv()`] | [`TransposeConv`] | `TRANSPOSE_CONV` |
//! | [`dense()`] | [`Dense`] | `FULLY_CONNECTED` |
//! | [`max_pool`], [`average_pool`] | [`Pool`] | `MAX_POOL_2D`, `AVERAGE_POOL_2D` |
//! | [`add()`] | [`Add`] | `ADD` of two tensors of one shape |
//! | [`broadcast`]: `add`, `sub`, `mul` | its `Add`, `Sub`, `Mul` | `ADD`, `SUB`, `MUL` of any shapes |
//! | [`lookup()`] | [`Lookup`] | `RELU`, `RELU6`, `HARD_SWISH`, `LOGISTIC`, `TANH`, `QUANTIZE` from int8 |
//! | [`softmax()`] | [`Softmax`] | `SOFTMAX` |
//! | [`mean()`], [`reduce_max()`] | [`Mean`], [`ReduceMax`] | `MEAN`, `REDUCE_MAX` |
//! | [`arg_max()`] | | `ARG_MAX` |
//! | [`quantize()`], [`dequantize()`] | [`Affine`] | `QUANTIZE`, `DEQUANTIZE` |
//! | [`transpose()`], [`strided_slice()`], [`pad()`] | [`Transpose`], [`StridedSlice`], [`Pad`] | `TRANSPOSE`, `STRIDED_SLICE`, `PAD`, `PADV2` |
//! | [`concat()`] | [`Concat`] | `CONCATENATION`, one input at a time |
//! | [`reshape()`] | | `RESHAPE`, where a buffer of another type is needed |
//!
//! Activations are nested arrays, row-major, channels last: `[[[i8; C]; W]; H]`. Sizes are part of the types: a layer
//! that does not fit its buffers does not compile. Layers are plain constants; put them into a `static`.
//!
//! # How often to commit
//!
//! Convolutions and pools commit after each output row, two bytes for some hundred written, and repeat at most one row after
//! an outage. Layers of the operators without rows have a parameter `TILE`, how many values are written between two
//! commits. [`by_element`] has the same tasks with a commit after each output value, for a capacitor that does not hold
//! one row; [`paced`] has them with an interval that a plan or, while they run, a pacer chooses. The results are the same.
//! A program can mix them, layer by layer:
//!
//! ```
//! use rekindle_kernels::{by_element, conv2d, dense};
//! ```
#![no_std]
#![deny(unsafe_code)]
#![allow(clippy::inline_always)] // The instructions of `dsp`.

mod add;
pub mod broadcast;
mod conv2d;
#[cfg(rekindle_dsp)]
mod conv2d_dsp;
mod convert;
mod dense;
mod depthwise;
#[cfg(rekindle_dsp)]
mod dsp;
mod fixed;
mod fused;
mod in_place;
mod lines;
mod lookup;
mod movement;
pub mod paced;
mod pool;
mod product;
mod reduce;
pub mod requant;
pub mod rolling;
mod shape;
mod softmax;
#[cfg(target_feature = "sse2")]
mod sse2;
mod tensor;
pub mod tiled;
mod transpose_conv;
mod window;

pub use add::{Add, add};
pub use broadcast::Quantization;
pub use conv2d::{Conv2d, conv2d};
pub use convert::{Affine, dequantize, quantize};
pub use dense::{Dense, dense};
pub use depthwise::{Depthwise, depthwise};
pub use fused::{Between, conv2d_max_pool};
pub use in_place::{Rows, depthwise_in_place};
pub use lookup::{Lookup, lookup};
pub use movement::{
    Concat, Pad, StridedSlice, Transpose, concat, pad, reshape, strided_slice, transpose,
};
pub use pool::{Pool, average_pool, max_pool};
pub use reduce::{Mean, ReduceMax, arg_max, mean, reduce_max};
pub use requant::{Activation, Multiplier, multipliers, per_tensor};
pub use shape::{MAX_RANK, Shape, ShapeError};
pub use softmax::{Softmax, softmax};
pub use tensor::Tensor;
pub use transpose_conv::{TransposeConv, transpose_conv};
pub use window::AUTO;

/// A 1×1 convolution.
pub type Pointwise<const C: usize, const M: usize> = Conv2d<1, 1, C, M>;

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
