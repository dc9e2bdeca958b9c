//! Damaged and hostile files: a typed error or a model, in bounded time and memory, and never a panic.

use std::alloc::System;
use std::time::{Duration, Instant};

use cap::Cap;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rekindle_import::{ImportError, Options, import, tflite};

/// No file of 36 kB makes the import take more memory than this; beyond it allocation fails, and with it the test.
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, 64 << 20);

/// The project's own models.
const MODELS: [&[u8]; 4] = [
    include_bytes!("../../examples/data/lenet.tflite"),
    include_bytes!("../../tests/data/import/gates.tflite"),
    include_bytes!("../../tests/data/import/moves.tflite"),
    include_bytes!("../../tests/data/import/floats.tflite"),
];
/// The largest of them.
const MODEL: &[u8] = MODELS[0];

/// Constants of more bytes than this are weights.
const WEIGHTS: usize = 64;

/// No file of this size takes longer, by far; a machine under load must not fail the test.
const LONGEST: Duration = Duration::from_secs(5);

/// How many damaged files: `REKINDLE_FUZZ`, else a number that takes seconds.
fn count() -> u64 {
    std::env::var("REKINDLE_FUZZ")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(20_000)
}

/// Bytes of the file that are not weights: damage to those changes a number and nothing else.
fn structure(model: &[u8]) -> Vec<usize> {
    let words: Vec<u64> = vec![0; model.len().div_ceil(8)];
    let mut copy = words;
    let bytes = &mut zerocopy::IntoBytes::as_mut_bytes(&mut copy[..])[..model.len()];
    bytes.copy_from_slice(model);
    let start = bytes.as_ptr().addr();
    let mut is_data = vec![false; model.len()];
    for tensor in tflite::read(bytes).unwrap().tensors {
        if let Some(data) = tensor.data.filter(|d| d.len() > WEIGHTS) {
            let at = data.as_ptr().addr() - start;
            is_data[at..at + data.len()].fill(true);
        }
    }
    (0..model.len()).filter(|at| !is_data[*at]).collect()
}

fn damage(file: &mut Vec<u8>, places: &[usize], random: &mut ChaCha8Rng) {
    for _ in 0..random.random_range(1..=4) {
        let at = places[random.random_range(0..places.len())].min(file.len() - 1);
        match random.random_range(0..6) {
            0 => file[at] = random.random(),
            1 => file[at] ^= 1 << random.random_range(0..8),
            2 => {
                // Where offsets, lengths and sizes stand: extremes, and small numbers.
                let at = at / 4 * 4;
                let word = match random.random_range(0..5) {
                    0 => u32::MAX,
                    1 => 1 << 31,
                    2 => i32::MAX as u32,
                    3 => random.random_range(0..64),
                    _ => random.random(),
                };
                if let Some(to) = file.get_mut(at..at + 4) {
                    to.copy_from_slice(&word.to_le_bytes());
                }
            }
            3 => file.truncate(random.random_range(8..=file.len())),
            4 => {
                let from = places[random.random_range(0..places.len())];
                let len = random.random_range(1..32);
                if from + len <= file.len() && at + len <= file.len() {
                    file.copy_within(from..from + len, at);
                }
            }
            _ => file[at] = 0,
        }
    }
}

#[test]
fn damaged_files_get_an_error_or_a_model() {
    let places = MODELS.map(structure);
    let (mut models, mut errors) = (0_u64, [0_u64; 5]);
    for seed in 0..count() {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let which = random.random_range(0..MODELS.len());
        let mut file = MODELS[which].to_vec();
        damage(&mut file, &places[which], &mut random);
        let started = Instant::now();
        let result = import(&file, Options::default());
        assert!(
            started.elapsed() < LONGEST,
            "seed {seed} took {:?}",
            started.elapsed()
        );
        match result {
            Ok(model) => {
                models += 1;
                // What was accepted can be written.
                assert!(
                    !model.rust("x.bin").is_empty() && model.need.constants < 1 << 20,
                    "seed {seed}"
                );
            }
            Err(e) => {
                assert!(!e.to_string().is_empty());
                errors[match e {
                    ImportError::NotTflite { .. } => 0,
                    ImportError::Damaged(_) => 1,
                    ImportError::Invalid { .. } => 2,
                    ImportError::Unsupported(_) => 3,
                    _ => 4,
                }] += 1;
            }
        }
    }
    let [not, damaged, invalid, unsupported, memory] = errors;
    println!(
        "{} damaged files: {models} models, {not} not TFLite, {damaged} damaged, {invalid} invalid, \
         {unsupported} unsupported, {memory} too large",
        count()
    );
    // The damage reaches every stage.
    assert!(
        models > 0 && damaged > 0 && invalid > 0 && unsupported > 0,
        "{errors:?}"
    );
}

#[test]
fn every_prefix_is_an_error() {
    for len in (0..MODEL.len()).step_by(if count() > 100_000 { 1 } else { 97 }) {
        let error = import(&MODEL[..len], Options::default()).unwrap_err();
        assert!(
            matches!(
                error,
                ImportError::NotTflite { .. } | ImportError::Damaged(_)
            ),
            "{len}: {error}"
        );
    }
}

#[test]
fn text_is_not_a_model() {
    let error = import(b"# not a model at all", Options::default()).unwrap_err();
    assert!(
        error.to_string().starts_with("not a TFLite model"),
        "{error}"
    );
}
