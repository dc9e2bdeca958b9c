//! A small network on the `Flash` store of an nRF51 (QEMU's `microbit`), whose power fails at random instructions.
//!
//! `SysTick` is the power failure: with `-icount` it comes at the same instruction in every run. (The emulated core has
//! this timer; a real nRF51 has none, and no need of it.) Flash stays as the emulated controller has left it, SRAM is
//! filled with noise by the next reset. After each inference all of the network's NVM is compared with what the same code has
//! computed on continuous power, and the host compares that with its own bits.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod device;

use rekindle::Fingerprint;
use rekindle_msp430::{Image, PROGRAM, halved};

/// Images in turn.
const PICTURES: usize = 4;

/// The first test images.
static FILE: [u8; 16 + 784 * PICTURES] = {
    let file = include_bytes!("../../../examples/data/t10k-256-images-idx3-ubyte");
    let (mut images, mut i) = ([0; 16 + 784 * PICTURES], 0);
    while i < images.len() {
        images[i] = file[i];
        i += 1;
    }
    images
};

/// What inference `n` is about.
fn picture(n: u32) -> Image {
    let at = 16 + 784 * (n as usize % PICTURES);
    let image = FILE[at..at + 784].first_chunk();
    halved(image.expect("784 bytes"))
}

/// The number of the inference is part of the version: what another one has left is not taken for its own.
fn version(n: u32) -> Fingerprint {
    PROGRAM.word(n as u64)
}

/// The digest of nothing.
const DIGEST: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a of 64 bits, after what came before. It is over the image, the activations and the scores.
fn digest(before: u64, bytes: &[u8]) -> u64 {
    let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    bytes.iter().fold(before, step)
}

#[cfg(not(target_os = "none"))]
fn main() {
    use rekindle::store::{Mapped, Store};
    use rekindle_msp430::{DATA_AT, NVM, Program, classify_once};
    for n in 0..PICTURES as u32 {
        let mut words = [0u64; NVM.div_ceil(8)];
        let mut nvm = Program::open_with(Mapped::from_words(&mut words), version(n))
            .expect("it is large enough");
        classify_once(&mut nvm, &mut [], &picture(n)).expect("memory does not fail");
        let mut bytes = [0; NVM - DATA_AT];
        let read = nvm.into_store().read(DATA_AT, &mut bytes);
        read.expect("in range");
        println!("golden{n}=0x{:016x}", digest(DIGEST, &bytes));
    }
}
