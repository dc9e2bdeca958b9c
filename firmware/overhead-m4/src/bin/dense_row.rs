//! Fully connected layer, a commit per row.
#![no_std]
#![no_main]

use rekindle_kernels::dense;
use rekindle_lenet::LENET;

rekindle_overhead_m4::program!(|cx, m| dense(
    cx,
    &m.activations.pool2,
    &LENET.fc1,
    &mut m.activations.fc1
));
