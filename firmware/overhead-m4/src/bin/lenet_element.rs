//! The network, a commit per value.
#![no_std]
#![no_main]

use rekindle_lenet::{LENET, classify_by_element};

rekindle_overhead_m4::program!(|cx, m| classify_by_element(
    cx,
    &m.image,
    &LENET,
    &mut m.activations,
    &mut m.scores
));
