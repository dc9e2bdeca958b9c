//! The layer with Rekindle.

use rekindle::prelude::*;

use crate::{I, O, W, neuron};

#[derive(Debug, Layout)]
pub struct Memory {
    pub x: Buffer<[i8; I]>,
    pub y: Buffer<[i8; O]>,
}

#[intermittent_task]
pub fn dense(x: Input<[i8; I]>, w: &[[i8; I]; O], y: Output<[i8; O]>) {
    #[commit]
    for o in 0..O {
        y.set(o, neuron(x, &w[o]));
    }
}

/// Bytes of the largest record that the program has: a header and the frame of one task.
pub const RECORD: usize = 14;

/// Bytes of the record and the position word.
pub const STATE: usize = RECORD + 2;

/// The program's memory.
pub type Program<S> = Nvm<Memory, S, RECORD>;

/// One run from its start to its end.
pub fn run<S: Store>(nvm: &mut Program<S>, arena: &mut [u8]) -> Result<(), Error> {
    nvm.restart()?;
    nvm.resume_or_start(arena, |cx, m| {
        dense(cx, &m.x, std::hint::black_box(&W), &mut m.y)
    })?;
    Ok(())
}

/// Bytes of the program's own data: what would be written without protection.
pub const DATA: usize = O;
