//! Every operator over random shapes and parameters gives the bits of TensorFlow Lite for Microcontrollers' reference
//! kernels; the vectors are made by `tools/gen_sweep.py`.

#[allow(dead_code)] // each test reads some kinds of tensors
#[path = "../golden/archive.rs"]
mod archive;
#[rustfmt::skip]
mod cases;
mod kinds;
mod ops;
#[rustfmt::skip]
mod shapes;
