//! Softmax: one commit.
#![no_std]
#![no_main]

use rekindle_kernels::softmax;
use rekindle_lenet::LENET;

rekindle_overhead_m4::program!(|cx, m| softmax(
    cx,
    &m.activations.fc2,
    &LENET.softmax,
    &mut m.scores
));
