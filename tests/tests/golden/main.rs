//! The kernels against the reference interpreter, bit for bit.
//!
//! Reference values were made with TensorFlow Lite for Microcontrollers by `tools/export_lenet.py` and
//! `tools/gen_op_vectors.py`.

#[allow(dead_code)] // each test reads some kinds of tensors
mod archive;
#[rustfmt::skip]
mod cases;
mod lenet;
mod ops;
