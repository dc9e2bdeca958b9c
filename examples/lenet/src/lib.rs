//! A LeNet-class int8 network for Fashion-MNIST, as one task.
//!
//! 28×28×1 → conv 5×5 (12) → max pool 2 → conv 5×5 (16) → max pool 2 → dense 32 → dense 10 → softmax; 30,578
//! parameters, 90.67 % of the 10,000 test images (`docs/results/lenet-training.md`). Trained by `tools/train_lenet.py`.
//!
//! The `survive` program, the tests, and the firmware of every board run this very code.
#![no_std]

use rekindle::Fingerprint;
use rekindle::prelude::*;
use rekindle_kernels::paced::{self, Every, WHEN_DUE};
use rekindle_kernels::{Activation, Conv2d, Dense, Pool, Softmax, by_element};
use rekindle_kernels::{conv2d, dense, max_pool, softmax};

pub mod plan;
#[rustfmt::skip]
pub mod weights;

use weights as w;

/// An image as the network takes it: the data set's bytes less 128, `[row][column][channel]`.
pub type Image = [[[i8; 1]; 28]; 28];

/// One value per class, `256 · probability − 128`: the greatest is the network's answer.
pub type Scores = [i8; 10];

/// What the classes show, in the order of the labels.
pub const CLASSES: [&str; 10] = [
    "T-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
];

/// The network's layers: constants, in flash on a device.
#[derive(Debug)]
pub struct LeNet {
    /// 28×28×1 → 28×28×12, padded.
    pub conv1: Conv2d<5, 5, 1, 12>,
    /// 28×28×12 → 14×14×12.
    pub pool1: Pool<2, 2>,
    /// 14×14×12 → 14×14×16, padded.
    pub conv2: Conv2d<5, 5, 12, 16>,
    /// 14×14×16 → 7×7×16.
    pub pool2: Pool<2, 2>,
    /// 7×7×16 → 32.
    pub fc1: Dense<784, 32>,
    /// 32 → 10.
    pub fc2: Dense<32, 10>,
    /// 10 → 10.
    pub softmax: Softmax,
}

/// The trained network.
pub static LENET: LeNet = LeNet {
    conv1: Conv2d::new(
        w::CONV1_WEIGHT,
        w::CONV1_BIAS,
        w::CONV1_SCALE,
        w::IMAGE_ZERO,
        activation(w::CONV1_ZERO, w::CONV1_RANGE),
    ),
    pool1: Pool::new(),
    conv2: Conv2d::new(
        w::CONV2_WEIGHT,
        w::CONV2_BIAS,
        w::CONV2_SCALE,
        w::CONV1_ZERO,
        activation(w::CONV2_ZERO, w::CONV2_RANGE),
    ),
    pool2: Pool::new(),
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

/// Tells these weights from others: what NVM holds is bound to it with `Nvm::open_with`.
pub const FINGERPRINT: Fingerprint = Fingerprint::new()
    .i8s(w::CONV1_WEIGHT.as_flattened().as_flattened().as_flattened())
    .i32s(&w::CONV1_BIAS)
    .i8s(w::CONV2_WEIGHT.as_flattened().as_flattened().as_flattened())
    .i32s(&w::CONV2_BIAS)
    .i8s(w::FC1_WEIGHT.as_flattened())
    .i32s(&w::FC1_BIAS)
    .i8s(w::FC2_WEIGHT.as_flattened())
    .i32s(&w::FC2_BIAS);

const fn activation(zero: i8, (min, max): (i8, i8)) -> Activation {
    Activation { zero, min, max }
}

/// The network's activations: 15.7 kB of NVM, each tensor in its own place so that all of them can be compared.
#[derive(Layout)]
pub struct Activations {
    /// Output of `conv1`.
    pub conv1: Buffer<[[[i8; 12]; 28]; 28]>,
    /// Output of `pool1`.
    pub pool1: Buffer<[[[i8; 12]; 14]; 14]>,
    /// Output of `conv2`.
    pub conv2: Buffer<[[[i8; 16]; 14]; 14]>,
    /// Output of `pool2`.
    pub pool2: Buffer<[[[i8; 16]; 7]; 7]>,
    /// Output of `fc1`.
    pub fc1: Buffer<[i8; 32]>,
    /// Output of `fc2`.
    pub fc2: Buffer<[i8; 10]>,
}

/// Arena that the network needs where NVM is not memory-mapped, in bytes: `pool1`'s input, output and a bit per byte of
/// output, and room to align them. A memory-mapped store needs none.
pub const ARENA: usize = 28 * 28 * 12 + 14 * 14 * 12 + (14 * 14 * 12 / 8) + 16;

/// Classifies one image; a commit per output row.
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn classify(image: Input<Image>, net: &LeNet, mem: &mut Activations, scores: Output<Scores>) {
    #[run]
    conv2d(image, &net.conv1, &mut mem.conv1);
    #[run]
    max_pool(&mem.conv1, &net.pool1, &mut mem.pool1);
    #[run]
    conv2d(&mem.pool1, &net.conv2, &mut mem.conv2);
    #[run]
    max_pool(&mem.conv2, &net.pool2, &mut mem.pool2);
    #[run]
    dense(&mem.pool2, &net.fc1, &mut mem.fc1);
    #[run]
    dense(&mem.fc1, &net.fc2, &mut mem.fc2);
    #[run]
    softmax(&mem.fc2, &net.softmax, scores);
}

/// Classifies one image; a commit per output value.
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn classify_by_element(
    image: Input<Image>,
    net: &LeNet,
    mem: &mut Activations,
    scores: Output<Scores>,
) {
    #[run]
    by_element::conv2d(image, &net.conv1, &mut mem.conv1);
    #[run]
    by_element::max_pool(&mem.conv1, &net.pool1, &mut mem.pool1);
    #[run]
    by_element::conv2d(&mem.pool1, &net.conv2, &mut mem.conv2);
    #[run]
    by_element::max_pool(&mem.conv2, &net.pool2, &mut mem.pool2);
    #[run]
    by_element::dense(&mem.pool2, &net.fc1, &mut mem.fc1);
    #[run]
    by_element::dense(&mem.fc1, &net.fc2, &mut mem.fc2);
    #[run]
    by_element::softmax(&mem.fc2, &net.softmax, scores);
}

/// Classifies one image; commits when the store's pacer asks for it, at any place of any layer's output, and not otherwise.
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn classify_paced(
    image: Input<Image>,
    net: &LeNet,
    mem: &mut Activations,
    scores: Output<Scores>,
) {
    #[run]
    paced::conv2d(WHEN_DUE, image, &net.conv1, &mut mem.conv1);
    #[run]
    paced::max_pool(WHEN_DUE, &mem.conv1, &net.pool1, &mut mem.pool1);
    #[run]
    paced::conv2d(WHEN_DUE, &mem.pool1, &net.conv2, &mut mem.conv2);
    #[run]
    paced::max_pool(WHEN_DUE, &mem.conv2, &net.pool2, &mut mem.pool2);
    #[run]
    paced::dense(WHEN_DUE, &mem.pool2, &net.fc1, &mut mem.fc1);
    #[run]
    paced::dense(WHEN_DUE, &mem.fc1, &net.fc2, &mut mem.fc2);
    #[run]
    softmax(&mem.fc2, &net.softmax, scores);
}

/// Classifies one image; commits at the intervals of a planner ([`plan`]).
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn classify_planned(
    image: Input<Image>,
    net: &LeNet,
    mem: &mut Activations,
    scores: Output<Scores>,
) {
    #[run]
    paced::conv2d(CONV1, image, &net.conv1, &mut mem.conv1);
    #[run]
    paced::max_pool(POOL1, &mem.conv1, &net.pool1, &mut mem.pool1);
    #[run]
    paced::conv2d(CONV2, &mem.pool1, &net.conv2, &mut mem.conv2);
    #[run]
    paced::max_pool(POOL2, &mem.conv2, &net.pool2, &mut mem.pool2);
    #[run]
    paced::dense(FC1, &mem.pool2, &net.fc1, &mut mem.fc1);
    #[run]
    paced::dense(FC2, &mem.fc1, &net.fc2, &mut mem.fc2);
    #[run]
    softmax(&mem.fc2, &net.softmax, scores);
}

const CONV1: Every<{ plan::CONV1.every }> = Every;
const POOL1: Every<{ plan::POOL1.every }> = Every;
const CONV2: Every<{ plan::CONV2.every }> = Every;
const POOL2: Every<{ plan::POOL2.every }> = Every;
const FC1: Every<{ plan::FC1.every }> = Every;
const FC2: Every<{ plan::FC2.every }> = Every;

#[derive(Layout)]
struct Whole {
    image: Buffer<Image>,
    activations: Activations,
    scores: Buffer<Scores>,
}

// The plan is for a device with this much memory.
const _: () = plan::PLAN.check_memory(Nvm::<Whole, Mapped<'_>>::NEEDED, ARENA);

/// The bytes of a data set's image as the network takes them.
pub fn image(bytes: &[u8; 784]) -> Image {
    let (rows, _) = bytes.as_chunks::<28>();
    core::array::from_fn(|r| rows[r].map(|b| [b.wrapping_sub(128).cast_signed()]))
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
