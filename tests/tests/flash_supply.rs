//! `Flash` on supplies at the limit of what it can work with, and on pages that wear.

use std::panic::catch_unwind;

use rekindle::crash::{Bug, seed_flash_bug};
use rekindle::prelude::*;
use rekindle::store::Flash;
use rekindle_tests::flash_work::{IMAGE, Sim, fresh, work};

/// Works to the end on a power that lasts for `operations` each time, or for so many boots. Returns what is done, and
/// how many boots it took.
fn starved(sim: &Sim, operations: u64, to: u64, most: u32) -> Result<(u64, u32), String> {
    let (mut done, mut before) = (0, vec![0; IMAGE]);
    let mut boots = 0;
    while done < to && boots < most {
        sim.cut_after(operations);
        work(sim, &mut done, to, &mut before, false)?;
        sim.power_on();
        boots += 1;
    }
    let reached = done;
    // Whatever it was, with enough power it is all there and goes on.
    work(sim, &mut done, to, &mut before, false)?;
    work(sim, &mut done, to, &mut before, false)?;
    assert_eq!(done, to);
    Ok((reached, boots))
}

#[test]
fn a_supply_that_tears_every_entry_neither_loses_nor_ends_anything() {
    // An entry of 256 bytes has 66 units, an erase is one.
    for operations in (1..=61).step_by(2) {
        for seed in 0..4 {
            starved(&fresh(seed), operations, 60, 150)
                .unwrap_or_else(|error| panic!("{operations} at a time, seed {seed}: {error}"));
        }
    }
}

#[test]
fn it_makes_progress_where_the_power_lasts_for_hardly_more_than_an_entry() {
    for (operations, most) in [(80, 400), (90, 250), (100, 180), (150, 120)] {
        for seed in 0..4 {
            let (done, boots) = starved(&fresh(seed), operations, 300, most)
                .unwrap_or_else(|error| panic!("{operations} at a time, seed {seed}: {error}"));
            println!("{operations} operations at a time: {done} writes in {boots} boots");
            assert_eq!(done, 300, "{operations} at a time, seed {seed}");
        }
    }
}

/// Erases that each fail so many times: boots, erases that were done, and the most that a count is off.
fn interrupted(failures: u32, seed: u64) -> Result<(u32, u32, u32), String> {
    let sim = fresh(seed);
    sim.fail_erases(failures);
    let (mut done, mut before, mut boots) = (0, vec![0; IMAGE], 0);
    while done < 400 {
        boots += 1;
        work(&sim, &mut done, 400, &mut before, seed.is_multiple_of(2))?;
        sim.power_on();
    }
    sim.fail_erases(0);
    let begun = sim.erases();
    let completed = begun.iter().sum::<u32>() / (failures + 1);
    let mut image = [0; IMAGE];
    let mut store = Flash::open(sim.clone(), &mut image).unwrap();
    let mut off = 0;
    for (page, &begun) in begun.iter().enumerate() {
        if let Some(counted) = store.erase_count(page as u32).unwrap() {
            // Attempts or only those that were done: between the two it is right.
            off = off.max(counted.saturating_sub(begun));
            off = off.max((begun / (failures + 1)).saturating_sub(counted));
        }
    }
    Ok((boots, completed, off))
}

#[test]
fn an_interrupted_erase_is_done_again_at_the_cost_of_that_erase() {
    for failures in [1, 3, 10, 40] {
        for seed in 0..6 {
            let (boots, completed, off) = interrupted(failures, seed)
                .unwrap_or_else(|error| panic!("{failures} failures, seed {seed}: {error}"));
            println!(
                "{failures} failures in each of {completed} erases: {boots} boots; counts off by {off}"
            );
            // Each boot but the last tries one erase; none is begun anew once it was done.
            assert!(boots <= failures * (completed + 1) + 1, "{boots} boots");
            assert!(off <= 2, "counts are off by {off}");
        }
    }
}

/// A unit that cannot be programmed in so many pages, at different places.
fn weak(pages: usize, seed: u64) -> Result<u32, String> {
    let sim = fresh(seed);
    for n in 0..pages {
        sim.stuck(3 * n + 1, 9 + 31 * n + seed as usize % 17);
    }
    let (mut done, mut before) = (0, vec![0; IMAGE]);
    for operations in (0..40).map(|n| 97 + 23 * (n % 7)).cycle() {
        if done == 300 {
            break;
        }
        sim.cut_after(operations);
        work(&sim, &mut done, 300, &mut before, false)?;
        sim.power_on();
    }
    work(&sim, &mut done, 300, &mut before, false)?;
    let mut image = [0; IMAGE];
    let mut store = Flash::open(sim, &mut image).unwrap();
    for (at, byte) in before.iter().enumerate() {
        store.write(at, &[!byte]).map_err(|e| e.to_string())?;
    }
    Ok(store.stats().failures)
}

#[test]
fn what_does_not_hold_is_written_elsewhere() {
    for seed in 0..10 {
        let failures = weak(2, seed).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        println!("seed {seed}: {failures} writes did not hold in the last boot");
    }
}

#[test]
fn seeded_faults_are_caught() {
    let caught = |bug, test: fn() -> Result<(), String>| {
        catch_unwind(|| {
            let _seed = seed_flash_bug(bug);
            test().unwrap();
        })
        .is_err()
    };
    let starve = || -> Result<(), String> {
        for operations in (30..=60).step_by(2) {
            for seed in 0..4 {
                starved(&fresh(seed), operations, 60, 300)?;
            }
        }
        Ok(())
    };
    let weaken = || (0..10).try_for_each(|seed| weak(2, seed).map(|_| ()));
    let interrupt = || (0..6).try_for_each(|seed| interrupted(3, seed).map(|_| ()));
    assert!(caught(Bug::NeverReclaimed, starve));
    assert!(caught(Bug::DataDropped, starve));
    assert!(caught(Bug::NotVerified, weaken));
    assert!(caught(Bug::HalfErasedTaken, interrupt));
    assert!(!caught(Bug::NoBarrier, starve), "not a fault of this store");
}
