//! Max pooling, a commit per row.
#![no_std]
#![no_main]

use rekindle_kernels::max_pool;
use rekindle_lenet::LENET;

rekindle_overhead_m4::program!(|cx, m| max_pool(
    cx,
    &m.activations.conv2,
    &LENET.pool2,
    &mut m.activations.pool2
));
