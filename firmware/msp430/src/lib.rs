//! An image classifier for an MSP430FR5969 that loses its power all the time: the network, and what is done at a boot.
//!
//! 14×14×1 → conv 3×3 (8) → max pool 2 → conv 3×3 (16) → max pool 2 → dense 24 → dense 10 → softmax; 4,978 parameters,
//! int8, 88.08 % of Fashion-MNIST's 10,000 test images halved to 14×14. Trained by `tools/train_msp430.py`.
//!
//! Everything here is the same on the device, in the simulator, and on a host.
#![no_std]

use rekindle::prelude::*;
use rekindle::{Fingerprint, Outcome};
use rekindle_kernels::{Activation, Conv2d, Dense, Pool, Softmax};
use rekindle_kernels::{conv2d, dense, max_pool, softmax};

pub mod division;
#[rustfmt::skip]
pub mod weights;

use weights as w;

/// An image as the network takes it: bytes less 128, `[row][column][channel]`.
pub type Image = [[[i8; 1]; 14]; 14];

/// One value per class, `256 · probability − 128`: the greatest is the network's answer.
pub type Scores = [i8; 10];

/// An image of the data set as the network takes it: means of 2×2 pixels, rounded half up, less 128.
pub const fn halved(image: &[u8; 784]) -> Image {
    let (mut half, mut r) = ([[[0; 1]; 14]; 14], 0);
    while r < 14 {
        let mut c = 0;
        while c < 14 {
            let at = 56 * r + 2 * c;
            let sum = image[at] as u16
                + image[at + 1] as u16
                + image[at + 28] as u16
                + image[at + 29] as u16;
            half[r][c][0] = (((sum + 2) / 4) as u8).wrapping_sub(128).cast_signed();
            c += 1;
        }
        r += 1;
    }
    half
}

/// The class with the greatest score, the first of equals.
pub fn answer(scores: &Scores) -> u8 {
    let mut best = 0;
    for (class, score) in scores.iter().enumerate() {
        if *score > scores[best] {
            best = class;
        }
    }
    best as u8
}

/// The network's layers: constants, in FRAM beside the program.
#[derive(Debug)]
pub struct Net {
    conv1: Conv2d<3, 3, 1, 8>,
    pool: Pool<2, 2>,
    conv2: Conv2d<3, 3, 8, 16>,
    fc1: Dense<144, 24>,
    fc2: Dense<24, 10>,
    softmax: Softmax,
}

/// The trained network.
pub static NET: Net = Net {
    conv1: Conv2d::new(
        w::CONV1_WEIGHT,
        w::CONV1_BIAS,
        w::CONV1_SCALE,
        w::IMAGE_ZERO,
        activation(w::CONV1_ZERO, w::CONV1_RANGE),
    ),
    pool: Pool::new(),
    conv2: Conv2d::new(
        w::CONV2_WEIGHT,
        w::CONV2_BIAS,
        w::CONV2_SCALE,
        w::CONV1_ZERO,
        activation(w::CONV2_ZERO, w::CONV2_RANGE),
    ),
    fc1: Dense::new(
        w::FC1_WEIGHT,
        w::FC1_BIAS,
        w::FC1_SCALE,
        w::CONV2_ZERO,
        activation(w::FC1_ZERO, w::FC1_RANGE),
    ),
    fc2: Dense::new(
        w::FC2_WEIGHT,
        w::FC2_BIAS,
        w::FC2_SCALE,
        w::FC1_ZERO,
        activation(w::FC2_ZERO, w::FC2_RANGE),
    ),
    softmax: Softmax::new(w::SOFTMAX_INPUT_SCALE, 1.0),
};

const fn activation(zero: i8, (min, max): (i8, i8)) -> Activation {
    Activation { zero, min, max }
}

/// Work that was begun with other weights, or by another version, is not continued by this one.
pub const PROGRAM: Fingerprint = Fingerprint::new()
    .text(if cfg!(feature = "seeded-bug") {
        "1-bug"
    } else {
        "1"
    })
    .i8s(w::CONV1_WEIGHT.as_flattened().as_flattened().as_flattened())
    .i8s(w::CONV2_WEIGHT.as_flattened().as_flattened().as_flattened())
    .i8s(w::FC1_WEIGHT.as_flattened())
    .i8s(w::FC2_WEIGHT.as_flattened());

/// What is in NVM.
#[derive(Layout)]
pub struct Memory {
    image: Buffer<Image>,
    activations: Activations,
    scores: Buffer<Scores>,
}

/// What the layers give, each in its own place so that all of it can be compared: 2.5 KB.
#[derive(Layout)]
pub struct Activations {
    conv1: Buffer<[[[i8; 8]; 14]; 14]>,
    pool1: Buffer<[[[i8; 8]; 7]; 7]>,
    conv2: Buffer<[[[i8; 16]; 5]; 5]>,
    pool2: Buffer<[[[i8; 16]; 3]; 3]>,
    fc1: Buffer<[i8; 24]>,
    fc2: Buffer<[i8; 10]>,
}

/// Classifies one image; a commit per output row.
///
/// # Errors
///
/// Those of the store.
#[intermittent_task]
pub fn classify(image: Input<Image>, net: &Net, mem: &mut Activations, scores: Output<Scores>) {
    #[run]
    conv2d(image, &net.conv1, &mut mem.conv1);
    #[run]
    max_pool(&mem.conv1, &net.pool, &mut mem.pool1);
    #[run]
    conv2d(&mem.pool1, &net.conv2, &mut mem.conv2);
    #[run]
    max_pool(&mem.conv2, &net.pool, &mut mem.pool2);
    #[run]
    dense(&mem.pool2, &net.fc1, &mut mem.fc1);
    #[run]
    dense(&mem.fc1, &net.fc2, &mut mem.fc2);
    #[run]
    softmax(&mem.fc2, &net.softmax, scores);
}

/// Two tasks are active at a time and save nothing but their positions: 11 bytes of header, 3 per task, and room for 3.
pub const RECORD: usize = 20;

/// The program's memory on a store.
pub type Program<S> = Nvm<Memory, S, RECORD>;

/// Bytes of NVM that the program needs.
pub const NVM: usize = Program::<Mapped<'static>>::NEEDED;

/// Where in NVM the image, the activations and the scores begin; before them is what commits write.
pub const DATA_AT: usize = Program::<Mapped<'static>>::DATA_AT;

/// What the application needs of its board.
pub trait Board {
    /// Takes an image. It is called again when the power fails before the inference has begun.
    fn sense(&mut self) -> Image;

    /// Tells the result: at least once for each image, because the power may fail right afterwards.
    fn report(&mut self, scores: &Scores);
}

/// Finishes the inference that is under way, or classifies this image. `arena` is SRAM for the task's buffers, on a store
/// that is not mapped.
///
/// # Errors
///
/// Those of the store, or when the arena is too small.
pub fn classify_once<S: Store>(
    nvm: &mut Program<S>,
    arena: &mut [u8],
    image: &Image,
) -> Result<Outcome, Error> {
    if !matches!(nvm.status(), Status::Interrupted | Status::Complete) {
        nvm.write(|m| &mut m.image, image)?;
    }
    nvm.resume_or_start(arena, |cx, m| {
        classify(cx, &m.image, &NET, &mut m.activations, &mut m.scores)
    })
}

/// What is done at a boot: finishes the inference that is under way, or senses and starts; then reports.
///
/// From then on it reports the same, until [`Nvm::restart`] makes room for the next image.
///
/// # Errors
///
/// Those of the store.
pub fn cycle<S: Store>(nvm: &mut Program<S>, board: &mut impl Board) -> Result<Outcome, Error> {
    if !matches!(nvm.status(), Status::Interrupted | Status::Complete) {
        nvm.write(|m| &mut m.image, &board.sense())?;
    }
    let outcome = nvm.resume_or_start(&mut [], |cx, m| {
        classify(cx, &m.image, &NET, &mut m.activations, &mut m.scores)
    })?;
    board.report(&nvm.read(|m| &m.scores)?);
    Ok(outcome)
}
