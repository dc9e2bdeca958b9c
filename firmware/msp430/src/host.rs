//! What the firmware must compute: the same code on a host, for the first test images of Fashion-MNIST.
//!
//! `cargo run --release -- 3` prints a line per image: its label, the image as the sensor gives it, and all data in NVM
//! afterwards, in hexadecimal.

use std::process::ExitCode;

use rekindle::Error;
use rekindle::store::{Mapped, Store};
use rekindle::zerocopy::IntoBytes;
use rekindle_msp430::{Board, DATA_AT, Image, NVM, PROGRAM, Program, Scores, cycle, halved};

const FILE_OF_IMAGES: &[u8] = include_bytes!("../../../examples/data/t10k-256-images-idx3-ubyte");
const FILE_OF_LABELS: &[u8] = include_bytes!("../../../examples/data/t10k-256-labels-idx1-ubyte");

/// The images behind the header of their file.
fn images() -> &'static [[u8; 784]] {
    FILE_OF_IMAGES[16..].as_chunks().0
}

/// The labels behind the header of theirs.
fn labels() -> &'static [u8] {
    &FILE_OF_LABELS[8..]
}

/// Shows one image, and keeps what it is told.
struct Desk {
    image: Image,
    scores: Scores,
}

impl Board for Desk {
    fn sense(&mut self) -> Image {
        self.image
    }

    fn report(&mut self, scores: &Scores) {
        self.scores = *scores;
    }
}

/// Scores of one image, and NVM afterwards.
fn classified(image: &[u8; 784]) -> Result<(Desk, Vec<u8>), Error> {
    let mut desk = Desk {
        image: halved(image),
        scores: [0; 10],
    };
    let mut words = vec![0_u64; NVM.div_ceil(8)];
    let mut nvm = Program::open_with(Mapped::from_words(&mut words), PROGRAM)?;
    cycle(&mut nvm, &mut desk)?;
    let mut bytes = vec![0; NVM];
    nvm.into_store().read(0, &mut bytes)?;
    Ok((desk, bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// See the module.
pub fn main() -> ExitCode {
    let count = std::env::args().nth(1).map_or(Ok(1), |n| n.parse());
    let Ok(count) = count else {
        eprintln!("usage: rekindle-msp430 [IMAGES]");
        return ExitCode::FAILURE;
    };
    for (image, label) in images().iter().zip(labels()).take(count) {
        match classified(image) {
            Ok((desk, nvm)) => println!(
                "{label} {} {}",
                hex(desk.image.as_bytes()),
                hex(&nvm[DATA_AT..])
            ),
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;
    use rekindle_msp430::answer;

    /// What the interpreter of TensorFlow Lite for Microcontrollers gives (`tools/train_msp430.py`).
    const REFERENCE: &[u8] = include_bytes!("../data/scores.bin");

    #[test]
    fn scores_are_the_reference_interpreters_byte_by_byte() {
        assert_eq!(REFERENCE.len(), 2560);
        for (image, expected) in images().iter().zip(REFERENCE.as_chunks::<10>().0) {
            let (desk, _) = classified(image).unwrap();
            assert_eq!(desk.scores.as_bytes(), expected);
        }
    }

    #[test]
    fn the_accuracy_on_the_subset_is_that_of_the_training() {
        let right = |(image, label): &(&[u8; 784], &u8)| {
            answer(&classified(image).unwrap().0.scores) == **label
        };
        assert_eq!(images().iter().zip(labels()).filter(right).count(), 232);
    }
}
