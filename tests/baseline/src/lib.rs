//! One dense layer that survives power failures, in two ways: with Rekindle, and from the parts that there are.
//!
//! The parts are the best of their kind: `diapause` turns the loop into a state that can be stored, `postcard` makes
//! bytes of it, `sequential-storage` keeps them on NOR flash. The layer is the first dense layer of the LeNet in
//! `examples/`, 784 inputs to 32 outputs, with a commit per output; its arithmetic is the same function everywhere.

pub mod diy;
pub mod flash;
pub mod kindled;
pub mod memory;

/// Inputs of the layer.
pub const I: usize = 784;
/// Outputs of the layer.
pub const O: usize = 32;

/// The input.
pub static X: [i8; I] = {
    let mut x = [0; I];
    let mut i = 0;
    while i < I {
        x[i] = (i * 29 % 251) as i8;
        i += 1;
    }
    x
};

/// The weights.
pub static W: [[i8; I]; O] = {
    let mut w = [[0; I]; O];
    let mut o = 0;
    while o < O {
        let mut i = 0;
        while i < I {
            w[o][i] = ((o * 37 + i * 11) % 255) as i8;
            i += 1;
        }
        o += 1;
    }
    w
};

/// Output `o`.
#[inline]
pub fn neuron(x: &[i8; I], w: &[i8; I]) -> i8 {
    let mut acc = 0;
    for i in 0..I {
        acc += i32::from(x[i]) * i32::from(w[i]);
    }
    (acc >> 12) as i8
}

/// The layer without any protection; the outputs are written as NVM is, each once.
pub fn unprotected(x: &[i8; I], w: &[[i8; I]; O], y: &mut [i8; O]) {
    for o in 0..O {
        let value = neuron(x, &w[o]);
        // SAFETY: a reference is valid.
        unsafe { (&raw mut y[o]).write_volatile(value) }
    }
}
