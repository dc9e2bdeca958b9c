//! What the application promises, on the host: every reading is taken once and reported at least once, with its own
//! result, wherever the power fails; and the guard is asked after every commit.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use rekindle::crash::{Cut, PowerLoss, Ram, cut_after};
use rekindle::store::{Bytes, Store};
use rekindle_app::{ARENA, FINGERPRINT, Guarded, NVM, Report, Sensor, Supply, open, step, version};

type Image = [[[i8; 1]; 28]; 28];

/// A picture that the number decides.
struct Pictures;

impl Sensor for Pictures {
    fn sense(&mut self, number: u32) -> Image {
        core::array::from_fn(|r| {
            core::array::from_fn(|c| [((r as u32 * 31 * number) ^ (c as u32 * 17)) as i8])
        })
    }
}

/// What was reported, in order.
#[derive(Default)]
struct Reports(RefCell<Vec<(u32, [i8; 10])>>);

impl Report for &Reports {
    fn report(&mut self, number: u32, scores: &[i8; 10]) {
        self.0.borrow_mut().push((number, *scores));
    }
}

fn boot(store: impl Store, reports: &Reports, until: u32) {
    let mut nvm = open(store, FINGERPRINT).unwrap();
    let mut arena = [0; ARENA];
    while reports.0.borrow().last().is_none_or(|last| last.0 < until) {
        step(&mut nvm, &mut arena, &mut Pictures, &mut &*reports).unwrap();
    }
}

#[test]
fn every_reading_is_reported_at_least_once_with_its_own_result() {
    const READINGS: u32 = 3;
    let golden = Reports::default();
    boot(Bytes::new(Ram::new(NVM)), &golden, READINGS);
    let golden: BTreeMap<_, _> = golden.0.into_inner().into_iter().collect();
    assert_eq!(golden.len(), READINGS as usize);

    let (ram, reports, mut outages) = (Ram::new(NVM), Reports::default(), 0_usize);
    loop {
        let (writes, torn) = ((outages * 7919) % 41, outages % 5);
        let powered = cut_after(writes, torn, || {
            boot(Cut::new(Bytes::new(ram.clone())), &reports, READINGS);
        });
        match powered {
            Ok(()) => break,
            Err(PowerLoss) => outages += 1,
        }
    }
    assert!(outages > 20, "{outages} outages show nothing");
    let reports = reports.0.into_inner();
    for (number, scores) in &reports {
        assert_eq!(golden[number], *scores, "reading {number}");
    }
    let mut numbers: Vec<u32> = reports.iter().map(|report| report.0).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    numbers.dedup();
    assert_eq!(numbers, [1, 2, 3]);
}

#[test]
fn another_version_does_not_go_on_with_this_ones_work() {
    let ram = Ram::new(NVM);
    let reports = Reports::default();
    let end = cut_after(60, 0, || {
        boot(Cut::new(Bytes::new(ram.clone())), &reports, 1);
    });
    assert_eq!(end, Err(PowerLoss));
    let status = |print| open(Bytes::new(ram.clone()), print).unwrap().status();
    assert_eq!(status(FINGERPRINT), rekindle::Status::Interrupted);
    assert_eq!(status(version("another")), rekindle::Status::Foreign);
}

#[test]
fn the_supply_is_asked_before_anything_is_written_and_after_every_commit() {
    struct Counted<'a>(&'a Cell<u32>);
    impl Supply for Counted<'_> {
        fn ready(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    let asked = Cell::new(0);
    let store = Guarded::new(Bytes::new(Ram::new(NVM)), Counted(&asked));
    assert_eq!(asked.get(), 1);
    boot(store, &Reports::default(), 1);
    // Rows of the convolutions and pools alone are 28 + 14 + 14 + 7.
    assert!(asked.get() > 63, "asked {} times", asked.get());
}
