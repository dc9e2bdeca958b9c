//! Depthwise convolution, a commit per value.
#![no_std]
#![no_main]

use rekindle_kernels::by_element::depthwise;
use rekindle_overhead_m4::DEPTHWISE;

rekindle_overhead_m4::program!(|cx, m| depthwise(
    cx,
    &m.activations.pool1,
    &DEPTHWISE,
    &mut m.depthwise
));
