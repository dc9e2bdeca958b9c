//! `resume_or_start`, `restart`, `read` and `write`: wrong use gets an error, never a panic, and loses nothing.

use rekindle::prelude::*;
use std::vec;

use super::memory::Memory;

#[derive(Layout)]
struct Data {
    x: Buffer<[u32; 4]>,
    y: Buffer<[u32; 4]>,
}

#[intermittent_task]
fn double(x: Input<[u32; 4]>, y: Output<[u32; 4]>) {
    #[commit]
    for i in 0..4 {
        y.set(i, 2 * x[i]);
    }
}

#[intermittent_task]
fn both(m: &mut Data) {
    #[run]
    double(&m.x, &mut m.y);
    #[run]
    double(&m.y, &mut m.x);
}

type Device = Nvm<Data, Memory<true>>;

fn device() -> Device {
    let mut nvm = Device::open(Memory::new(Device::NEEDED)).unwrap();
    nvm.write(|m| &mut m.x, &[1, 2, 3, 4]).unwrap();
    nvm
}

#[test]
fn a_run_goes_through_its_states() {
    let memory = Memory::<true>::new(Device::NEEDED);
    let mut nvm = Device::open(memory.clone()).unwrap();
    assert_eq!(nvm.status(), Status::Blank);
    nvm.write(|m| &mut m.x, &[1, 2, 3, 4]).unwrap();
    assert_eq!(nvm.status(), Status::Idle);

    memory.cut_at(6, 1);
    nvm.resume_or_start(&mut [0; 64], |cx, m| both(cx, m))
        .unwrap_err();
    memory.power_on();
    let mut nvm = Device::open(memory.clone()).unwrap();
    assert_eq!(nvm.status(), Status::Interrupted);

    // Even the same handle goes on: only NVM counts.
    let outcome = nvm
        .resume_or_start(&mut [0; 64], |cx, m| both(cx, m))
        .unwrap();
    assert_eq!(outcome, Outcome::Completed { restarted: false });
    assert_eq!(nvm.status(), Status::Complete);
    assert_eq!(nvm.read(|m| &m.x).unwrap(), [4, 8, 12, 16]);

    let outcome = nvm
        .resume_or_start(&mut [0; 64], |cx, m| both(cx, m))
        .unwrap();
    assert_eq!(outcome, Outcome::AlreadyComplete);
    nvm.restart().unwrap();
    assert_eq!(nvm.status(), Status::Idle);
    assert_eq!(nvm.read(|m| &m.x).unwrap(), [4, 8, 12, 16]);
    nvm.resume_or_start(&mut [0; 64], |cx, m| both(cx, m))
        .unwrap();
    assert_eq!(nvm.read(|m| &m.x).unwrap(), [16, 32, 48, 64]);
}

#[test]
fn restart_forgets_an_interrupted_run() {
    let memory = Memory::<true>::new(Device::NEEDED);
    let mut nvm = Device::open(memory.clone()).unwrap();
    memory.cut_at(8, 0);
    nvm.resume_or_start(&mut [0; 64], |cx, m| both(cx, m))
        .unwrap_err();
    memory.power_on();
    nvm.restart().unwrap();
    assert_eq!(Device::open(memory).unwrap().status(), Status::Idle);
}

#[test]
fn inputs_cannot_be_changed_under_a_running_task() {
    let mut nvm = device();
    nvm.resume_or_start(&mut [0; 16], |cx, m| both(cx, m))
        .unwrap_err();
    assert_eq!(nvm.write(|m| &mut m.x, &[0; 4]), Err(Error::Interrupted));
    nvm.restart().unwrap();
    nvm.write(|m| &mut m.x, &[0; 4]).unwrap();
}

#[test]
fn a_small_arena_is_named_and_a_larger_one_goes_on() {
    let mut nvm = device();
    let error = nvm
        .resume_or_start(&mut [0; 20], |cx, m| both(cx, m))
        .unwrap_err();
    assert!(
        matches!(error, Error::ArenaTooSmall { task: "double", .. }),
        "{error:?}"
    );
    nvm.resume_or_start(&mut [0; 64], |cx, m| both(cx, m))
        .unwrap();
    assert_eq!(nvm.read(|m| &m.y).unwrap(), [2, 4, 6, 8]);
}

#[test]
fn a_small_record_is_named() {
    let mut nvm = Nvm::<Data, _, 14>::open(Memory::<true>::new(256)).unwrap();
    let error = nvm
        .resume_or_start(&mut [0; 64], |cx, m| both(cx, m))
        .unwrap_err();
    assert_eq!(
        error,
        Error::FrameTooLarge {
            needed: 17,
            capacity: 14,
            task: "double"
        }
    );
}

#[test]
fn a_small_store_is_refused() {
    let error = Device::open(Memory::new(Device::NEEDED - 1)).unwrap_err();
    assert_eq!(
        error,
        Error::NvmTooSmall {
            needed: Device::NEEDED,
            capacity: Device::NEEDED - 1
        }
    );
}

#[test]
fn misaligned_memory_is_refused() {
    let mut words = vec![0_u64; 64];
    let bytes = zerocopy::IntoBytes::as_mut_bytes(&mut words[..]);
    let error = Nvm::<Data, _>::open(Mapped::from_bytes(&mut bytes[1..])).unwrap_err();
    assert_eq!(error, Error::Misaligned { align: 4 });
}

#[test]
fn a_second_task_in_the_closure_is_refused() {
    let mut nvm = device();
    let error = nvm
        .resume_or_start(&mut [0; 64], |cx, m| {
            double(cx, &m.x, &mut m.y)?;
            double(cx, &m.y, &mut m.x)
        })
        .unwrap_err();
    assert_eq!(error, Error::SecondTask { task: "double" });
}

#[test]
fn a_hidden_failure_does_not_count_as_the_end() {
    let mut nvm = device();
    let error = nvm
        .resume_or_start(&mut [0; 8], |cx, m| double(cx, &m.x, &mut m.y).or(Ok(())))
        .unwrap_err();
    assert_eq!(error, Error::Unfinished);
    assert_eq!(nvm.status(), Status::Interrupted);
}

#[test]
fn a_closure_that_ignores_the_recorded_task_restarts() {
    let mut nvm = device();
    nvm.resume_or_start(&mut [0; 20], |cx, m| both(cx, m))
        .unwrap_err();
    let outcome = nvm.resume_or_start(&mut [0; 64], |_, _| Ok(())).unwrap();
    assert_eq!(outcome, Outcome::Completed { restarted: true });
}

#[test]
fn a_panic_in_a_task_leaves_the_last_commit() {
    let mut nvm = device();
    let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        nvm.resume_or_start(&mut [0; 64], |cx, m| {
            double(cx, &m.x, &mut m.y)?;
            panic!("out of nothing")
        })
    }));
    assert!(failed.is_err());
    nvm.resume_or_start(&mut [0; 64], |cx, m| double(cx, &m.x, &mut m.y))
        .unwrap();
    assert_eq!(nvm.read(|m| &m.y).unwrap(), [2, 4, 6, 8]);
}

/// A task without a commit, as the first of a run.
#[intermittent_task]
fn halve(x: Input<[u32; 4]>, y: Output<[u32; 4]>) {
    for i in 0..4 {
        y.set(i, x[i] / 2);
    }
}

#[intermittent_task]
fn only(m: &mut Data) {
    #[run]
    halve(&m.x, &mut m.y);
}

/// Whether a run that has changed anything is known to be under way or complete, cut at every write: the inputs that it may
/// have read are not to be changed.
fn is_noted<const A: bool>() -> bool {
    (0..12).all(|write| {
        [0, 1, 9].into_iter().all(|torn| {
            let memory = Memory::<A>::new(Device::NEEDED);
            let mut nvm = Nvm::<Data, _>::open(memory.clone()).unwrap();
            nvm.write(|m| &mut m.x, &[2, 4, 6, 8]).unwrap();
            let before = memory.bytes();
            memory.cut_at(write, torn);
            let ended = nvm.resume_or_start(&mut [0; 64], |cx, m| only(cx, m));
            memory.power_on();
            let status = Nvm::<Data, _>::open(memory.clone()).unwrap().status();
            let changed = memory.bytes()[Device::DATA_AT..] != before[Device::DATA_AT..];
            match status {
                Status::Complete => ended.is_ok() || memory.bytes()[Device::DATA_AT + 16] == 1,
                Status::Interrupted => true,
                _ => !changed && ended.is_err(),
            }
        })
    })
}

#[test]
fn a_run_that_has_written_anything_is_under_way() {
    assert!(is_noted::<true>() && is_noted::<false>());
}

#[test]
fn a_run_of_another_task_that_has_no_record_yet_restarts() {
    let memory = Memory::<true>::new(Device::NEEDED);
    let mut nvm = Device::open(memory.clone()).unwrap();
    nvm.restart().unwrap();
    memory.cut_at(1, 0);
    nvm.resume_or_start(&mut [0; 64], |cx, m| both(cx, m))
        .unwrap_err();
    memory.power_on();
    let mut nvm = Device::open(memory).unwrap();
    assert_eq!(nvm.status(), Status::Interrupted);
    let outcome = nvm
        .resume_or_start(&mut [0; 64], |cx, m| only(cx, m))
        .unwrap();
    assert_eq!(outcome, Outcome::Completed { restarted: true });
}

/// Whether a run goes on with the same handle from what NVM holds, not SRAM, after any of its writes has failed.
fn goes_on() -> bool {
    (0..20).all(|write| {
        let memory = Memory::<true>::new(Device::NEEDED);
        let mut nvm = Device::open(memory.clone()).unwrap();
        nvm.write(|m| &mut m.x, &[1, 2, 3, 4]).unwrap();
        memory.cut_at(write, 1);
        let _ = nvm.resume_or_start(&mut [0; 64], |cx, m| both(cx, m));
        memory.power_on();
        let outcome = nvm.resume_or_start(&mut [0; 64], |cx, m| both(cx, m));
        matches!(
            outcome,
            Ok(Outcome::Completed { restarted: false } | Outcome::AlreadyComplete)
        ) && nvm.read(|m| &m.x) == Ok([4, 8, 12, 16])
    })
}

#[test]
fn the_same_handle_goes_on_after_any_failed_write() {
    assert!(goes_on());
}

#[cfg(feature = "crash")]
#[test]
fn seeded_bugs_of_beginnings_are_caught() {
    use crate::crash::{Bug, Seed};
    {
        let _seed = Seed::new(Some(Bug::BeginningNotNoted), 0);
        assert!(!is_noted::<true>() && !is_noted::<false>());
    }
    let _seed = Seed::new(Some(Bug::SramBelieved), 0);
    assert!(!goes_on());
}
