//! Average pooling, a commit per value.
#![no_std]
#![no_main]

use rekindle_kernels::by_element::average_pool;
use rekindle_lenet::LENET;

rekindle_overhead_m4::program!(|cx, m| average_pool(
    cx,
    &m.activations.conv2,
    &LENET.pool2,
    &mut m.average
));
