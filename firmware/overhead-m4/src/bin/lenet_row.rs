//! The network, a commit per row.
#![no_std]
#![no_main]

use rekindle_lenet::{LENET, classify};

rekindle_overhead_m4::program!(|cx, m| classify(
    cx,
    &m.image,
    &LENET,
    &mut m.activations,
    &mut m.scores
));
