//! `Flash` keeps what was written, through every outage, on a NOR flash that enforces its rules.

use rekindle::crash::{Bug, NorSim, seed_flash_bug};
use rekindle::prelude::*;
use rekindle::store::{Flash, Found, StoreError};

const IMAGE: usize = 600;
type Sim = NorSim<512, 4>;

/// The `i`-th write of the work: address and bytes.
fn write(i: u64) -> (usize, Vec<u8>) {
    let mix = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ i << 7;
    let len = match mix % 7 {
        0 => 1,
        1 => 40,
        2 => 300,
        _ => 13,
    };
    let at = (mix >> 11) as usize % (IMAGE - len);
    let bytes = (0..len).map(|k| (mix >> (k % 53)) as u8).collect();
    (at, bytes)
}

fn apply(image: &mut [u8], i: u64) {
    let (at, bytes) = write(i);
    image[at..at + bytes.len()].copy_from_slice(&bytes);
}

/// Opens, checks that all is there that was written, goes on with the work. Returns how much is done.
///
/// `before` is what must be there; a write that was interrupted may be there in parts.
fn work(
    sim: &Sim,
    done: &mut u64,
    to: u64,
    before: &mut [u8],
    maintain: bool,
) -> Result<(), String> {
    let mut image = [0xa5; IMAGE];
    let mut store = match Flash::open(sim.clone(), &mut image) {
        Ok(store) => store,
        Err(_) if sim.is_off() => return Ok(()),
        Err(error) => return Err(format!("open: {error}")),
    };
    let mut seen = vec![0; IMAGE];
    store.read(0, &mut seen).unwrap();
    let (at, bytes) = write(*done);
    for (i, (&seen, &want)) in seen.iter().zip(before.iter()).enumerate() {
        let torn = i.checked_sub(at).and_then(|i| bytes.get(i));
        if seen != want && torn != Some(&seen) {
            return Err(format!(
                "byte {i} is {seen:#x} instead of {want:#x} after {done} writes"
            ));
        }
    }
    before.copy_from_slice(&seen);
    while *done < to {
        let (at, bytes) = write(*done);
        let mut result = store.write(at, &bytes);
        if result.is_ok() {
            apply(before, *done);
            *done += 1;
            if maintain {
                result = store.maintain().map(|_| ());
            }
        }
        match result {
            Ok(()) => {}
            Err(_) if sim.is_off() => return Ok(()),
            Err(error) => return Err(format!("write {done}: {error}")),
        }
    }
    Ok(())
}

/// Begins at `start`, fails after each number of operations in `cuts`, and goes on to the end.
fn through(
    sim: &Sim,
    cuts: impl Iterator<Item = u64>,
    to: u64,
    maintain: bool,
) -> Result<u64, String> {
    let mut done = 0;
    let mut before = vec![0; IMAGE];
    let mut failures = 0;
    for cut in cuts {
        sim.cut_after(cut);
        work(sim, &mut done, to, &mut before, maintain)?;
        failures += u64::from(sim.is_off());
        sim.power_on();
        if done == to {
            break;
        }
    }
    work(sim, &mut done, to, &mut before, maintain)?;
    work(sim, &mut done, to, &mut before, maintain)?;
    if done != to {
        return Err(format!("{done} of {to} writes"));
    }
    Ok(failures)
}

fn fresh(seed: u64) -> Sim {
    let pages = Flash::<Sim>::pages_needed(IMAGE) + 2;
    Sim::new(pages, if seed.is_multiple_of(2) { 0 } else { 0xff }, seed)
}

#[test]
fn nothing_is_lost_wherever_the_power_fails_once() {
    for maintain in [false, true] {
        let sim = fresh(1);
        let (mut done, mut before, mut cuts) = (0, vec![0; IMAGE], 0);
        for step in 0..13 {
            // From here on, ten writes, with a failure at each operation of them.
            let (to, trial) = (done + 10, sim.fork(1));
            let from = trial.operations();
            work(&trial, &mut done.clone(), to, &mut before.clone(), maintain).unwrap();
            for cut in 0..trial.operations() - from {
                let trial = sim.fork(cut);
                let (mut done, mut before) = (done, before.clone());
                trial.cut_after(cut);
                for to in [to, to + 10, to + 10] {
                    work(&trial, &mut done, to, &mut before, maintain)
                        .unwrap_or_else(|error| panic!("step {step}, cut {cut}: {error}"));
                    trial.power_on();
                }
                assert_eq!(done, to + 10);
                cuts += 1;
            }
            work(&sim, &mut done, to, &mut before, maintain).unwrap();
            // Most of the way is not looked at.
            work(&sim, &mut done, to + 37, &mut before, maintain).unwrap();
        }
        assert!(sim.erases().iter().all(|&n| n >= 2), "pages are used again");
        assert!(cuts > 2_500, "{cuts}");
        assert_eq!(sim.rewritten(), 0);
    }
}

/// Random gaps between failures, also within recoveries and erases.
fn schedule(seed: u64, mean: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::from_fn(move || {
        state = state
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        Some((state >> 33) % (2 * mean))
    })
}

#[test]
fn nothing_is_lost_in_thousands_of_failures_in_sequence() {
    let mut failures = 0;
    for seed in 0..30 {
        failures += through(&fresh(seed), schedule(seed, 150), 400, seed % 3 == 0)
            .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
    assert!(failures > 2_000, "{failures}");
}

#[test]
fn wear_is_level_and_counted() {
    let sim = fresh(3);
    through(&sim, schedule(3, 300), 3_000, false).unwrap();
    let erases = sim.erases();
    let (least, most) = (*erases.iter().min().unwrap(), *erases.iter().max().unwrap());
    assert!(least > 20 && most - least <= most / 4 + 2, "{erases:?}");
    let mut image = [0; IMAGE];
    let mut store = Flash::open(sim.clone(), &mut image).unwrap();
    for (page, &real) in erases.iter().enumerate() {
        let counted = store.erase_count(page as u32).unwrap();
        let counted = counted.unwrap_or(real);
        assert!(
            counted <= real && real - counted <= 2,
            "page {page}: {counted} of {real}"
        );
    }
}

#[test]
fn spare_pages_take_the_place_of_worn_ones_until_there_are_too_few() {
    let pages = Flash::<Sim>::pages_needed(IMAGE) + 3;
    let sim = Sim::new(pages, 0xff, 5);
    let (mut done, mut before) = (0, vec![0; IMAGE]);
    for spare in (0..4).rev() {
        sim.endurance(4 * spare + 1, sim.erases()[4 * spare + 1]);
        let to = done + 600;
        let result = work(&sim, &mut done, to, &mut before, false);
        let mut image = [0; IMAGE];
        let mut store = Flash::open(sim.clone(), &mut image).unwrap();
        let retired = (0..store.pages())
            .filter(|&page| store.is_retired(page).unwrap())
            .count();
        assert_eq!(retired, 4 - spare);
        if spare == 0 {
            assert!(result.unwrap_err().contains("too few pages"));
            assert!(matches!(
                store.write(0, &[!before[0]]),
                Err(StoreError::WornOut { .. })
            ));
        } else {
            result.unwrap();
        }
    }
    // What was committed can still be read.
    work(&sim, &mut done.clone(), done, &mut before, false).unwrap();
}

#[test]
fn garbage_and_other_images_are_a_new_journal() {
    for fill in [0, 0xff, 0x5a] {
        let sim = Sim::new(20, fill, 1);
        let mut image = [7; IMAGE];
        assert_eq!(
            Flash::open(sim.clone(), &mut image).unwrap().found(),
            Found::Blank
        );
        let mut other = [7; IMAGE - 8];
        let mut store = Flash::open(sim.clone(), &mut other).unwrap();
        assert_eq!(store.found(), Found::Foreign);
        store.write(0, b"new").unwrap();
        drop(store);
        assert_eq!(
            Flash::open(sim.clone(), &mut other).unwrap().found(),
            Found::Journal
        );
        assert_eq!(
            Flash::open(sim, &mut image).unwrap().found(),
            Found::Foreign
        );
    }
    let sim = Sim::new(4, 0xff, 1);
    let error = Flash::open(sim, &mut [0; IMAGE]).map(|_| ()).unwrap_err();
    assert!(
        matches!(error, StoreError::FlashTooSmall { pages: 4, .. }),
        "{error}"
    );
}

#[test]
fn erases_can_wait_for_maintenance() {
    let sim = fresh(8);
    let mut image = [0; IMAGE];
    let mut store = Flash::open(sim.clone(), &mut image)
        .unwrap()
        .erase_only_in_maintenance();
    for i in 0..500 {
        let (at, bytes) = write(i);
        let before = sim.erases().iter().sum::<u32>();
        let first = store.write(at, &bytes);
        assert_eq!(sim.erases().iter().sum::<u32>(), before);
        let mut result = first;
        while let Err(StoreError::NoErasedPage { .. }) = result {
            while store.maintain().unwrap() {}
            result = store.write(at, &bytes);
        }
        result.unwrap();
    }
}

/// Whether the tests above would see it.
fn caught(bug: Bug) -> bool {
    let found = std::panic::catch_unwind(|| {
        let _seed = seed_flash_bug(bug);
        for seed in 0..20 {
            let sim = fresh(seed);
            through(&sim, schedule(seed, 150), 400, false).unwrap();
            let mut image = [0; IMAGE];
            let mut store = Flash::open(sim.clone(), &mut image).unwrap();
            for (page, &real) in sim.erases().iter().enumerate() {
                let counted = store.erase_count(page as u32).unwrap().unwrap_or(real);
                assert!(counted * 2 >= real, "{counted} of {real}");
            }
        }
    });
    found.is_err()
}

#[test]
fn seeded_faults_are_caught() {
    for bug in [
        Bug::JournalCrcIgnored,
        Bug::ReusedTooEarly,
        Bug::EraseCountLost,
        Bug::WrittenAgain,
    ] {
        assert!(caught(bug), "{bug:?} was not caught");
    }
    assert!(
        !caught(Bug::NoBarrier),
        "a fault that this store does not have"
    );
}
