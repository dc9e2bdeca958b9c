//! Depthwise convolution, a commit per row.
#![no_std]
#![no_main]

use rekindle_kernels::depthwise;
use rekindle_overhead_m4::DEPTHWISE;

rekindle_overhead_m4::program!(|cx, m| depthwise(
    cx,
    &m.activations.pool1,
    &DEPTHWISE,
    &mut m.depthwise
));
