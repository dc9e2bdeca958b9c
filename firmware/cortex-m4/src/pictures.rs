//! The sensor's stand-in: images of the test set.

use rekindle_app::Sensor;

/// Images that the firmware has.
pub const PICTURES: usize = 8;

/// A header of 16 bytes, then 784 bytes per image.
static FILE: &[u8; 16 + 784 * 256] =
    include_bytes!("../../../examples/data/t10k-256-images-idx3-ubyte");

/// Only what is used of the file is in the program.
static IMAGES: [[u8; 784]; PICTURES] = {
    let mut images = [[0; 784]; PICTURES];
    let mut i = 0;
    while i < PICTURES * 784 {
        images[i / 784][i % 784] = FILE[16 + i];
        i += 1;
    }
    images
};

/// Gives the image with this number, again and again.
#[derive(Debug)]
pub struct Pictures {
    /// The number of the next reading.
    pub next: u32,
    /// Called for each reading that is taken.
    pub taken: fn(),
}

impl Sensor for Pictures {
    fn number(&mut self, _: u32) -> u32 {
        self.next
    }

    fn sense(&mut self, number: u32) -> [[[i8; 1]; 28]; 28] {
        (self.taken)();
        let (rows, _) = IMAGES[number as usize % PICTURES].as_chunks::<28>();
        core::array::from_fn(|r| rows[r].map(|b| [b.wrapping_sub(128).cast_signed()]))
    }
}
