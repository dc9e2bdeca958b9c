//! What runs on the device: a task that classifies image after image.

use rekindle::Fingerprint;
use rekindle::prelude::*;

use crate::lenet::{Activations, Image, LENET, LeNet, Scores, classify};

/// The most images of one experiment.
pub const MOST: usize = 10_000;

/// The device's NVM.
#[derive(Layout)]
pub struct Memory {
    /// The image under way.
    pub image: Buffer<Image>,
    /// Its activations.
    pub activations: Activations,
    /// The scores of every image.
    pub results: [Buffer<Scores>; MOST],
}

/// Classifies all images.
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn classify_all(images: &[Image], net: &LeNet, mem: &mut Memory) {
    for n in 0..images.len() {
        #[run]
        load(&images[n], &mut mem.image);
        #[run]
        classify(&mem.image, net, &mut mem.activations, &mut mem.results[n]);
    }
}

/// Takes an image from the sensor: here, from a list.
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn load(from: &Image, to: Output<Image>) {
    for r in 0..28 {
        to.set(r, from[r]);
    }
}

/// Runs the program on whatever the store holds.
///
/// # Errors
///
/// Those of the store and of the arena.
pub fn go_on<S: Store>(
    nvm: &mut Nvm<Memory, S>,
    images: &[Image],
    arena: &mut [u8],
) -> Result<Outcome, Error> {
    nvm.resume_or_start(arena, |cx, mem| classify_all(cx, images, &LENET, mem))
}

/// Binds a store to its images: another experiment does not go on with it.
pub fn fingerprint(images: &[Image]) -> Fingerprint {
    images
        .iter()
        .fold(Fingerprint::new().word(images.len() as u64), |f, image| {
            image
                .as_flattened()
                .as_flattened()
                .iter()
                .fold(f, |f, v| f.bytes(&v.to_le_bytes()))
        })
}

/// The scores of one image on continuous power.
///
/// # Errors
///
/// Those of the store.
pub fn uninterrupted(images: &[Image]) -> Result<Vec<Scores>, Error> {
    #[derive(Layout)]
    struct One {
        image: Buffer<Image>,
        activations: Activations,
        scores: Buffer<Scores>,
    }
    let mut words = vec![0; Nvm::<One, Mapped<'_>>::NEEDED.div_ceil(8)];
    let mut nvm = Nvm::<One, _>::open(Mapped::from_words(&mut words))?;
    let mut all = Vec::with_capacity(images.len());
    for image in images {
        nvm.restart()?;
        nvm.write(|m| &mut m.image, image)?;
        nvm.resume_or_start(&mut [], |cx, m| {
            classify(cx, &m.image, &LENET, &mut m.activations, &mut m.scores)
        })?;
        all.push(nvm.read(|m| &m.scores)?);
    }
    Ok(all)
}

/// Multiply-accumulates (or comparisons) per byte of each buffer, in the order of [`Memory`].
const WORK: [(usize, u32); 8] = [
    (28 * 28, 0),
    (28 * 28 * 12, 25),
    (14 * 14 * 12, 4),
    (14 * 14 * 16, 300),
    (7 * 7 * 16, 4),
    (32, 784),
    (10, 32),
    (10, 32), // the softmax of a result
];

/// Work behind `len` bytes written at `offset` of the buffers.
pub fn work_of(offset: usize, len: usize) -> u64 {
    let mut start = 0;
    for (i, (size, per_byte)) in WORK.iter().enumerate() {
        let end = if i + 1 == WORK.len() {
            usize::MAX
        } else {
            start + size
        };
        if offset < end {
            return u64::from(*per_byte) * len as u64;
        }
        start = end;
    }
    0
}

/// Work and bytes of one image that is never interrupted.
pub fn per_image() -> (u64, u64) {
    WORK.iter().fold((0, 0), |(w, b), (size, per)| {
        (w + u64::from(*per) * *size as u64, b + *size as u64)
    })
}
