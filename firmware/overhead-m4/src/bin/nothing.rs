//! A task with a commit and no work: what is in every program.
#![no_std]
#![no_main]

use rekindle::prelude::*;

#[intermittent_task]
fn nothing(y: Output<[i8; 10]>) {
    #[commit]
    for o in 0..10 {
        y.set(o, 0);
    }
}

rekindle_overhead_m4::program!(|cx, m| nothing(cx, &mut m.scores));
