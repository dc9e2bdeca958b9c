//! Recovery from any NVM whatever: a clean start or a valid resume, never a panic, never a hang.
//!
//! The fuzz target shares `recover_any` in `program.rs`.

use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

use super::memory::Memory;
use program::{NEEDED, recover_any, recover_damaged, run};

#[path = "program.rs"]
pub(super) mod program;

/// The `SplitMix64` generator.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

fn images() -> usize {
    match () {
        () if cfg!(miri) => 4,
        () if cfg!(debug_assertions) => 20_000,
        () => 1_000_000,
    }
}

#[test]
fn any_random_image_gives_a_clean_start() {
    let mut rng = Rng(1);
    let mut image = vec![0; NEEDED];
    for i in 0..images() {
        rng.fill(&mut image);
        // Also images that look more like ours: mostly erased, mostly zero.
        if i % 4 > 1 {
            let erased = if i % 4 == 2 { 0 } else { 0xff };
            for byte in &mut image {
                if !rng.next().is_multiple_of(8) {
                    *byte = erased;
                }
            }
        }
        recover_any(&image);
    }
}

/// NVM at each write of a run.
fn valid_images() -> Vec<Vec<u8>> {
    // Few of them where each instruction is interpreted.
    (0..)
        .step_by(if cfg!(miri) { 11 } else { 1 })
        .map(|write| {
            let memory = Memory::<true>::new(NEEDED);
            memory.cut_at(write, 2);
            let _ = run(memory.clone());
            (memory.is_off(), memory.bytes())
        })
        .take_while(|(off, _)| *off)
        .map(|(_, bytes)| bytes)
        .collect()
}

#[test]
fn a_damaged_valid_image_gives_a_clean_start_or_a_valid_resume() {
    let images_of_a_run = valid_images();
    assert!(cfg!(miri) || images_of_a_run.len() > 40);
    let mut rng = Rng(2);
    for i in 0..images() {
        let mut image = images_of_a_run[i % images_of_a_run.len()].clone();
        for _ in 0..rng.next() % 8 {
            let at = rng.next() as usize % NEEDED;
            image[at] ^= 1 << (rng.next() % 8);
        }
        recover_any(&image);
    }
}

#[test]
fn a_damaged_image_of_a_byte_store_gives_a_clean_start_or_a_valid_resume() {
    let mut rng = Rng(3);
    for _ in 0..images().div_ceil(10) {
        let mut damage = [0; NEEDED];
        for _ in 0..rng.next() % 8 {
            damage[rng.next() as usize % NEEDED] |= 1 << (rng.next() % 8);
        }
        recover_damaged(rng.next() as u32 % 80, &damage);
    }
}

#[test]
fn every_image_of_a_run_resumes_to_the_same_end() {
    let memory = Memory::<true>::new(NEEDED);
    let want = run(memory).unwrap();
    for image in valid_images() {
        assert_eq!(run(Memory::<true>::holding(&image)).unwrap(), want);
    }
}

proptest! {
    #![proptest_config(super::cases(500))]

    #[test]
    fn a_record_of_two_mixed_images_gives_no_third(a in 0usize..1000, b in 0usize..1000, from in 0usize..64, to in 0usize..64) {
        let images = valid_images();
        let mut image = images[a % images.len()].clone();
        let other = &images[b % images.len()];
        let (from, to) = (from.min(to), from.max(to));
        image[from..to].copy_from_slice(&other[from..to]);
        recover_any(&image);
    }
}
