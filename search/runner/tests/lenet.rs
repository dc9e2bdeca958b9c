//! The network of `examples/data`, which `survive` runs too, through this program.

use std::path::{Path, PathBuf};

use rekindle_deployed::{Failure, INPUT, Samples, accuracy, survive};

fn data(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data");
    std::fs::read(path.join(name)).unwrap()
}

fn stored(name: &str, bytes: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn accuracy_and_outages_of_generated_code() {
    if option_env!("REKINDLE_MODEL").is_some() {
        println!("SKIPPED: built for another model");
        return;
    }
    // Pixels of 0 to 255 are -128 to 127 in the model; headers are 16 and 8 bytes (IDX).
    let images: Vec<u8> = data("t10k-256-images-idx3-ubyte")[16..]
        .iter()
        .map(|pixel| pixel ^ 0x80)
        .collect();
    let mut labels = data("t10k-256-labels-idx1-ubyte")[8..].to_vec();
    let (inputs, classes) = (stored("images", &images), stored("labels", &labels));
    let samples = Samples::read(&inputs, &classes).unwrap();
    let found = accuracy(&samples, || ()).unwrap();
    assert_eq!(found.images, 256);
    // The same that `survive` finds on these images.
    assert_eq!(found.correct, LENET_CORRECT);
    assert!(survive(&samples, 0, 3, 1).unwrap().outages > 50);

    // Labels that are all wrong, and files that do not belong together.
    for label in &mut labels {
        *label = (*label + 1) % 10;
    }
    let wrong = Samples::read(&inputs, &stored("wrong", &labels)).unwrap();
    assert!(accuracy(&wrong, || ()).unwrap().correct < 40);
    let short = stored("short", &images[..10 * INPUT - 1]);
    assert!(matches!(
        Samples::read(&short, &classes),
        Err(Failure::Length { labels: 256, .. })
    ));
    assert!(matches!(
        Samples::read(Path::new("nowhere"), &classes),
        Err(Failure::File(..))
    ));
}

/// Of 256 images.
const LENET_CORRECT: usize = 235;
