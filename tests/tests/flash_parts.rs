//! `Flash` with erases in parts: an erase that outages interrupt goes on where it was.

use std::panic::catch_unwind;

use rekindle::crash::{Bug, seed_flash_bug};
use rekindle_tests::flash_work::{How, IMAGE, Sim, schedule, through, work};

const PARTS: [How; 2] = [
    How {
        maintain: false,
        parts: true,
    },
    How {
        maintain: true,
        parts: true,
    },
];

fn fresh(seed: u64) -> Sim {
    let sim = rekindle_tests::flash_work::fresh(seed);
    sim.written_twice();
    sim
}

#[test]
fn nothing_is_lost_wherever_the_power_fails_once() {
    for how in PARTS {
        let sim = fresh(1);
        let (mut done, mut before, mut cuts) = (0, vec![0; IMAGE], 0);
        for step in 0..13 {
            let (to, trial) = (done + 10, sim.fork(1));
            let from = trial.operations();
            work(&trial, &mut done.clone(), to, &mut before.clone(), how).unwrap();
            for cut in 0..trial.operations() - from {
                let trial = sim.fork(cut);
                let (mut done, mut before) = (done, before.clone());
                trial.cut_after(cut);
                for to in [to, to + 10, to + 10] {
                    work(&trial, &mut done, to, &mut before, how)
                        .unwrap_or_else(|error| panic!("step {step}, cut {cut}: {error}"));
                    trial.power_on();
                }
                assert_eq!(done, to + 10);
                cuts += 1;
            }
            work(&sim, &mut done, to, &mut before, how).unwrap();
            work(&sim, &mut done, to + 37, &mut before, how).unwrap();
        }
        assert!(sim.erases().iter().all(|&n| n >= 2), "pages are used again");
        assert!(cuts > 2_500, "{cuts}");
    }
}

#[test]
fn nothing_is_lost_in_thousands_of_failures_in_sequence() {
    let mut failures = 0;
    for seed in 0..30 {
        failures += through(
            &fresh(seed),
            schedule(seed, 150),
            400,
            PARTS[seed as usize % 2],
        )
        .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
    assert!(failures > 2_000, "{failures}");
}

/// What is written out of 150, and the boots it took, with a power that never lasts for an erase at once.
fn starved(operations: u64, seed: u64, how: How) -> (u64, u32) {
    let sim: Sim = fresh(seed);
    let (mut done, mut before, mut boots) = (0, vec![0; IMAGE], 0);
    // The first boot, on a bench supply.
    work(&sim, &mut done, 1, &mut before, how).unwrap();
    sim.erase_cost(600);
    while done < 150 && boots < 4_000 {
        sim.cut_after(operations);
        work(&sim, &mut done, 150, &mut before, how)
            .unwrap_or_else(|error| panic!("{operations} at a time, seed {seed}: {error}"));
        sim.power_on();
        boots += 1;
    }
    let reached = done;
    sim.erase_cost(1);
    work(&sim, &mut done, 150, &mut before, how).unwrap();
    work(&sim, &mut done, 150, &mut before, how).unwrap();
    (reached, boots)
}

#[test]
fn a_supply_that_lasts_for_a_part_of_an_erase_is_enough() {
    // A part costs 100.
    for operations in [130, 150, 200, 350] {
        for how in PARTS {
            for seed in 0..4 {
                let (done, boots) = starved(operations, seed, how);
                println!(
                    "{operations} operations at a time, {how:?}: {done} writes, {boots} boots"
                );
                assert_eq!(done, 150, "{operations} at a time, {how:?}, seed {seed}");
            }
        }
    }
    let at_once = How::default();
    assert!(
        (0..4).all(|seed| starved(350, seed, at_once).0 < 150),
        "erases at once never end on this supply"
    );
}

#[test]
fn seeded_faults_are_caught() {
    let caught = |bug| {
        catch_unwind(|| {
            let _seed = seed_flash_bug(bug);
            for seed in 0..20 {
                through(&fresh(seed), schedule(seed, 150), 400, PARTS[0]).unwrap();
            }
        })
        .is_err()
    };
    for bug in [
        Bug::PartCountedEarly,
        Bug::PartsBeforeMark,
        Bug::JournalCrcIgnored,
        Bug::HalfErasedTaken,
    ] {
        assert!(caught(bug), "{bug:?} was not caught");
    }
    assert!(!caught(Bug::NoBarrier), "not a fault of this store");
}
