//! Convolution, a commit per value.
#![no_std]
#![no_main]

use rekindle_kernels::by_element::conv2d;
use rekindle_lenet::LENET;

rekindle_overhead_m4::program!(|cx, m| conv2d(
    cx,
    &m.activations.pool1,
    &LENET.conv2,
    &mut m.activations.conv2
));
