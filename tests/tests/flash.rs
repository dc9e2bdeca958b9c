//! `Flash` keeps what was written, through every outage, on a NOR flash that enforces its rules.

use rekindle::crash::{Bug, seed_flash_bug};
use rekindle::prelude::*;
use rekindle::store::{Flash, Found, StoreError};
use rekindle_tests::flash_work::{IMAGE, Sim, fresh, schedule, through, work, write};

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
        Bug::HalfErasedTaken,
    ] {
        assert!(caught(bug), "{bug:?} was not caught");
    }
    assert!(
        !caught(Bug::NoBarrier),
        "a fault that this store does not have"
    );
}
