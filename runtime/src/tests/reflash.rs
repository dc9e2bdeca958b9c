//! Programs that come and go on the same NVM.

use rekindle::Fingerprint;
use rekindle::prelude::*;

use super::memory::Memory;

#[derive(Layout)]
struct Data {
    y: Buffer<[u8; 8]>,
}

#[intermittent_task]
fn fill(value: u8, y: Output<[u8; 8]>) {
    #[commit]
    for i in 0..8 {
        y.set(i, value);
    }
}

#[intermittent_task]
fn other(value: u8, y: Output<[u8; 8]>) {
    #[commit]
    for i in 0..8 {
        y.set(i, value + i as u8);
    }
}

type Program<const R: usize> = Nvm<Data, Memory<true>, R>;

const A: Fingerprint = Fingerprint::new().text("a");
const B: Fingerprint = Fingerprint::new().text("b");

/// Runs until the power fails at this write.
fn interrupt<const R: usize>(memory: &Memory<true>, program: Fingerprint, write: usize) {
    memory.cut_at(write, 0);
    let mut nvm = Program::<R>::open_with(memory.clone(), program).unwrap();
    assert!(
        nvm.resume_or_start(&mut [0; 64], |cx, m| fill(cx, 1, &mut m.y))
            .is_err()
    );
    memory.power_on();
}

#[test]
fn a_record_of_another_program_is_not_resumed() {
    let memory = Memory::new(256);
    interrupt::<32>(&memory, A, 12);
    assert_eq!(
        Program::<32>::open_with(memory.clone(), A)
            .unwrap()
            .status(),
        Status::Interrupted
    );
    assert_eq!(
        Program::<32>::open_with(memory.clone(), B)
            .unwrap()
            .status(),
        Status::Foreign
    );
    assert_eq!(
        Program::<64>::open_with(memory.clone(), A)
            .unwrap()
            .status(),
        Status::Foreign
    );
}

#[test]
fn a_program_that_comes_back_does_not_resume_what_another_has_overwritten() {
    // The other program's records lie elsewhere, so the first one's are still there.
    let memory = Memory::new(256);
    interrupt::<32>(&memory, A, 12);
    interrupt::<64>(&memory, B, 9);
    assert_eq!(
        Program::<32>::open_with(memory.clone(), A)
            .unwrap()
            .status(),
        Status::Foreign
    );
}

#[test]
fn a_foreign_write_outdates_records_at_once() {
    let memory = Memory::new(256);
    interrupt::<32>(&memory, A, 12);
    Program::<64>::open_with(memory.clone(), B)
        .unwrap()
        .write(|m| &mut m.y, &[9; 8])
        .unwrap();
    assert_eq!(
        Program::<32>::open_with(memory.clone(), A)
            .unwrap()
            .status(),
        Status::Foreign
    );
}

#[test]
fn another_task_restarts_cleanly_and_says_so() {
    let memory = Memory::new(256);
    interrupt::<32>(&memory, A, 12);
    let mut nvm = Program::<32>::open_with(memory, A).unwrap();
    let outcome = nvm
        .resume_or_start(&mut [0; 64], |cx, m| other(cx, 10, &mut m.y))
        .unwrap();
    assert_eq!(outcome, Outcome::Completed { restarted: true });
    assert_eq!(
        nvm.read(|m| &m.y).unwrap(),
        [10, 11, 12, 13, 14, 15, 16, 17]
    );
}

#[test]
fn opening_writes_nothing() {
    let memory = Memory::new(256);
    interrupt::<32>(&memory, A, 12);
    for program in [A, B] {
        memory.log();
        let nvm = Program::<32>::open_with(memory.clone(), program).unwrap();
        let _ = nvm.status();
        assert!(memory.log().is_empty());
    }
}

#[test]
fn resuming_writes_nothing_before_the_first_output() {
    let memory = Memory::new(256);
    interrupt::<32>(&memory, A, 12);
    memory.log();
    let mut nvm = Program::<32>::open_with(memory.clone(), A).unwrap();
    nvm.resume_or_start(&mut [0; 64], |cx, m| fill(cx, 1, &mut m.y))
        .unwrap();
    let data = Program::<32>::DATA_AT;
    assert!(memory.log()[0].0 >= data);
}
