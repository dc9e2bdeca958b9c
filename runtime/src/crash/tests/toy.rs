//! The checker on a device of twenty lines, right and wrong in known ways, without the runtime.

use core::cell::RefCell;
use std::boxed::Box;
use std::collections::HashSet;
use std::rc::Rc;
use std::string::ToString;

use crate::crash::cut::Cut;
use crate::crash::explore::{Ended, Explorer, Machine, explore};
use crate::crash::frontier::Limits;
use crate::crash::golden::{Event, Golden};
use crate::crash::image::Image;
use crate::crash::pacing::Pacing;
use crate::crash::power::{self, Stop, Supply};
use crate::crash::ram::Ram;
use crate::crash::report::{Failure, Reason};
use crate::crash::rng::Rng;
use crate::crash::schedule::{self, Settings};
use crate::crash::tear::{self, Tear, Thoroughness};
use crate::store::{Bytes, Commit, Mapped, Store, StoreError};
use crate::task::TaskInfo;
use std::vec;
use std::vec::Vec;

static TOY: TaskInfo = TaskInfo {
    name: "toy",
    hash: 1,
    first: 0,
    leads: false,
    file: "toy.rs",
    lines: &[1, 7],
    assumed: &[],
};

const STEPS: u16 = if cfg!(miri) { 6 } else { 12 };
const DATA: usize = 16;
const LEN: usize = DATA + 4 * STEPS as usize;

type Program<S> = fn(&mut S) -> Result<(), StoreError>;

struct Toy<S> {
    ram: Ram,
    store: fn(&Ram) -> S,
    program: Program<S>,
}

impl<S: Store> Machine for Toy<S> {
    fn load(&mut self, image: &[u8]) {
        self.ram.load(image);
    }

    fn boot(&mut self, supply: &Rc<RefCell<dyn Supply>>) -> Ended {
        match power::on(supply, || (self.program)(&mut (self.store)(&self.ram))) {
            Ok(Ok(())) => Ended::Complete(true),
            Ok(Err(error)) => panic!("{error:?}"),
            Err(Stop::Power) => Ended::PowerLost,
            Err(Stop::Panic(_)) => Ended::Panic("oops".into()),
        }
    }
}

fn mapped(program: Program<Cut<Mapped<'static>>>) -> Toy<Cut<Mapped<'static>>> {
    Toy {
        ram: Ram::new(LEN),
        store: |ram| Cut::new(ram.mapped()),
        program,
    }
}

fn bytes(program: Program<Cut<Bytes<Ram>>>) -> Toy<Cut<Bytes<Ram>>> {
    Toy {
        ram: Ram::new(LEN),
        store: |ram| Cut::new(Bytes::new(ram.clone())),
        program,
    }
}

fn record<S: Store>(toy: &mut Toy<S>, image: Vec<u8>) -> Golden {
    toy.load(&image);
    let golden = Rc::new(RefCell::new(Golden::new(Image::new(image, DATA))));
    let supply: Rc<RefCell<dyn Supply>> = golden.clone();
    assert!(matches!(toy.boot(&supply), Ended::Complete(_)));
    drop(supply);
    Rc::into_inner(golden).expect("the only one").into_inner()
}

fn golden<S: Store>(toy: &mut Toy<S>) -> Rc<Golden> {
    Rc::new(record(toy, vec![0; LEN]))
}

fn limits(settle: usize, depth: u32) -> Limits {
    let tears = Thoroughness {
        garbage: true,
        subsets: 2,
    };
    Limits {
        depth,
        states: 100_000,
        reorder: true,
        tears,
        settle,
        until: usize::MAX,
        further: true,
    }
}

fn all<S: Store>(mut toy: Toy<S>) -> Result<Rc<RefCell<Explorer>>, Failure> {
    let golden = golden(&mut toy);
    explore(&golden, limits(0, u32::MAX), 1, Pacing::Random, &mut toy)
}

fn random<S: Store>(mut toy: Toy<S>, count: u64) -> Result<schedule::Totals, Failure> {
    let golden = golden(&mut toy);
    schedule::run(
        &golden,
        Settings {
            seed: 1,
            reorder: true,
            garbage: true,
            pacing: Pacing::Random,
        },
        count,
        &mut toy,
    )
}

fn word(store: &mut impl Store, at: usize) -> Result<u16, StoreError> {
    let mut word = [0; 2];
    store.read(at, &mut word)?;
    Ok(u16::from_ne_bytes(word))
}

fn sum(store: &mut impl Store, step: u16) -> Result<u32, StoreError> {
    let mut before = [0; 4];
    if step > 0 {
        store.read(DATA + 4 * (step as usize - 1), &mut before)?;
    }
    Ok(u32::from_le_bytes(before)
        .wrapping_mul(31)
        .wrapping_add(0x0102_0305 + u32::from(step)))
}

fn commit(store: &mut impl Store, step: u16) -> Result<(), StoreError> {
    store.write_word(0, step)?;
    store.barrier()?;
    store.committed(Commit {
        task: Some(&TOY),
        site: 1,
        position: Some(u32::from(step)),
    });
    Ok(())
}

/// Right: data, barrier, word.
fn right<S: Store>(store: &mut S) -> Result<(), StoreError> {
    for step in word(store, 0)?..STEPS {
        let value = sum(store, step)?;
        store.write(DATA + 4 * step as usize, &value.to_le_bytes())?;
        store.barrier()?;
        commit(store, step + 1)?;
    }
    Ok(())
}

/// Wrong: the commit comes first.
fn commit_first<S: Store>(store: &mut S) -> Result<(), StoreError> {
    for step in word(store, 0)?..STEPS {
        let value = sum(store, step)?;
        commit(store, step + 1)?;
        store.write(DATA + 4 * step as usize, &value.to_le_bytes())?;
        store.barrier()?;
    }
    Ok(())
}

/// Wrong: nothing orders data and commit.
fn unordered<S: Store>(store: &mut S) -> Result<(), StoreError> {
    for step in word(store, 0)?..STEPS {
        let value = sum(store, step)?;
        store.write(DATA + 4 * step as usize, &value.to_le_bytes())?;
        commit(store, step + 1)?;
    }
    Ok(())
}

/// Wrong: the running sum is in SRAM only.
fn forgetful<S: Store>(store: &mut S) -> Result<(), StoreError> {
    let mut total = 0u32;
    for step in word(store, 0)?..STEPS {
        total = total.wrapping_add(7 + u32::from(step));
        store.write(DATA + 4 * step as usize, &total.to_le_bytes())?;
        store.barrier()?;
        commit(store, step + 1)?;
    }
    Ok(())
}

/// Wrong: changes a byte that it has read.
fn in_place<S: Store>(store: &mut S) -> Result<(), StoreError> {
    for step in word(store, 0)?..STEPS {
        let at = DATA + 4 * (step % 3) as usize;
        let mut value = [0; 4];
        store.read(at, &mut value)?;
        store.write(at, &(u32::from_le_bytes(value) + 3).to_le_bytes())?;
        store.barrier()?;
        commit(store, step + 1)?;
    }
    Ok(())
}

/// Wrong in a recovery only: it leaves a note, and stumbles over one that is there already.
fn stumbles_twice<S: Store>(store: &mut S) -> Result<(), StoreError> {
    let first = word(store, 0)?;
    if first > 0 {
        let noted = word(store, 2)?;
        store.write_word(2, first)?;
        store.barrier()?;
        if noted == first {
            store.write(DATA, &[0xEE])?;
        }
    }
    for step in first..STEPS {
        let value = sum(store, step)?;
        store.write(DATA + 4 * step as usize, &value.to_le_bytes())?;
        store.barrier()?;
        store.write_word(2, 0)?;
        store.barrier()?;
        commit(store, step + 1)?;
    }
    Ok(())
}

/// Right, and its recoveries leave notes: outages during recovery lead to images that no first outage leaves.
fn notes<S: Store>(store: &mut S) -> Result<(), StoreError> {
    let count = word(store, 2)?;
    store.write_word(2, (count + 1) % 5)?;
    store.barrier()?;
    right(store)?;
    store.write_word(2, 0)?;
    store.barrier()
}

/// Wrong: after an outage at one place it works for ever.
fn restless<S: Store>(store: &mut S) -> Result<(), StoreError> {
    while word(store, 0)? == 5 {
        store.write(DATA + 20, &[1, 2, 3, 4])?;
        store.barrier()?;
    }
    right(store)
}

#[test]
fn right_programs_pass_at_every_depth() {
    let explored = all(mapped(right)).expect("it is right");
    let counts = explored.borrow().counts();
    // Per step: the whole element and the word, and the element torn at its middle in two ways. The last sum is unique
    // to its step, so all of these are different images.
    assert_eq!(counts.states, u64::from(STEPS) * 4);
    assert_eq!(counts.unexplored, 0);
    assert_eq!(
        counts.depth, 1,
        "a recovery repeats the same writes, so a second outage leads to no new image"
    );
    random(mapped(right), 200).expect("it is right");
}

/// All images that outages can leave, found by running from each image found to the end, for as long as there are new ones.
fn by_brute_force<S: Store>(mut toy: Toy<S>) -> HashSet<Vec<u8>> {
    let mut found = HashSet::new();
    let mut next = vec![vec![0; LEN]];
    while let Some(image) = next.pop() {
        let run = record(&mut toy, image);
        let mut image = run.start.clone();
        for event in &run.events {
            let Event::Write {
                at,
                len,
                from,
                grain,
            } = *event
            else {
                continue;
            };
            let (at, new) = (at as usize, run.written(from, len));
            let mut left: Vec<Vec<u8>> = vec![new.to_vec()];
            let old = &image.bytes()[at..at + new.len()];
            let how = Thoroughness {
                garbage: false,
                subsets: 0,
            };
            left.extend(
                tear::stops(at, len as usize, grain)
                    .map(|stop| [&new[..stop], &old[stop..]].concat()),
            );
            tear::dirty(
                at,
                old,
                new,
                grain,
                how,
                &mut Rng::new(0),
                &mut |torn, _| left.push(torn.to_vec()),
            );
            for left in left.iter().rev() {
                image.put(at, left);
                if found.insert(image.bytes().to_vec()) {
                    next.push(image.bytes().to_vec());
                }
            }
        }
    }
    found
}

#[test]
#[cfg_attr(
    miri,
    ignore = "hundreds of runs, of nothing that the other tests do not run under Miri"
)]
fn exploration_finds_what_brute_force_finds() {
    for program in [right, notes] {
        let all = by_brute_force(mapped(program));
        let mut toy = mapped(program);
        let golden = golden(&mut toy);
        for settle in [0, usize::MAX] {
            let limits = Limits {
                reorder: false,
                ..limits(settle, u32::MAX)
            };
            let explored =
                explore(&golden, limits, 1, Pacing::Random, &mut toy).expect("it is right");
            let counts = explored.borrow().counts();
            assert_eq!(
                (counts.states, counts.unexplored),
                (all.len() as u64, 0),
                "pruned after {settle}"
            );
        }
    }
}

#[test]
fn a_word_protocol_is_wrong_on_a_byte_store() {
    let failure = all(bytes(right)).err().expect("the word tears");
    assert!(
        matches!(
            failure.outages[0].tear,
            Tear::Garbage(_) | Tear::Prefix(_) | Tear::Mixed
        ),
        "{failure}"
    );
}

#[test]
fn commit_before_data_is_caught() {
    let failure = all(mapped(commit_first)).err().expect("it is wrong");
    assert_eq!(failure.outages.len(), 1);
    assert_eq!(
        failure.outages[0].write, 0,
        "the first commit is the first cut that differs"
    );
    assert!(random(mapped(commit_first), 200).is_err());
}

#[test]
fn a_missing_barrier_is_caught_by_reordering_alone() {
    let failure = all(mapped(unordered)).err().expect("it is wrong");
    assert_eq!(failure.outages[0].tear, Tear::Reordered, "{failure}");
    assert!(random(mapped(unordered), 200).is_err());

    let mut toy = mapped(unordered);
    let golden = golden(&mut toy);
    let in_order = Limits {
        reorder: false,
        ..limits(0, u32::MAX)
    };
    assert!(
        explore(&golden, in_order, 1, Pacing::Random, &mut toy).is_ok(),
        "in program order nothing shows"
    );
}

#[test]
fn a_local_that_is_not_saved_is_caught() {
    let failure = all(mapped(forgetful)).err().expect("it is wrong");
    let Reason::CommitDiffers(difference) = failure.reason else {
        panic!("{failure}")
    };
    assert_eq!(
        (difference.offset, difference.expected, difference.got),
        (4, 15, 8)
    );
    assert_eq!(failure.line(), Some(("toy.rs", 7)));
    assert!(random(mapped(forgetful), 200).is_err());
}

#[test]
fn work_in_place_is_caught_and_named_a_hazard() {
    assert!(all(mapped(in_place)).is_err());
    let golden = golden(&mut mapped(in_place));
    assert!(!golden.hazards().is_empty());
    assert!(super::toy::golden(&mut mapped(right)).hazards().is_empty());
}

#[test]
fn a_fault_in_the_recovery_of_a_recovery_needs_depth_two() {
    let mut toy = mapped(stumbles_twice);
    let golden = golden(&mut toy);
    let shallow = explore(&golden, limits(0, 1), 1, Pacing::Random, &mut toy)
        .map_err(|failure| failure.to_string());
    let left = shallow
        .expect("one outage does no harm")
        .borrow()
        .counts()
        .unexplored;
    assert!(left > 0, "what was not tried is reported");
    let failure = explore(&golden, limits(0, 2), 1, Pacing::Random, &mut toy)
        .err()
        .expect("two do");
    assert_eq!(failure.outages.len(), 2, "{failure}");
}

#[test]
fn a_recovery_that_does_not_end_is_caught() {
    let failure = all(mapped(restless)).err().expect("it is wrong");
    assert!(
        matches!(failure.reason, Reason::NoProgress { .. }),
        "{failure}"
    );
}

#[test]
fn failures_say_where() {
    let failure = all(mapped(forgetful)).err().expect("it is wrong");
    let text = failure.to_string();
    for part in ["write 1", "toy.rs:7", "byte 4 is 0x08, expected 0x0f"] {
        assert!(text.contains(part), "{part:?} is missing in: {text}");
    }
    let _: Box<dyn std::error::Error> = Box::new(failure);
}
