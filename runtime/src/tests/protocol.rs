//! Records and position words: what is recovered is the last commit, or the one that was under way.

use proptest::prelude::*;
use rekindle::__private::{Core, TaskInfo};
use rekindle::prelude::*;
use rekindle::store::StoreError;
use std::vec;
use std::vec::Vec;

use super::cases;
use super::memory::Memory;

#[derive(Layout)]
struct Nothing;

/// As `#[intermittent_task]` makes them, with one site that saves one value.
static TASK: TaskInfo = TaskInfo {
    name: "task",
    hash: 0x1234,
    first: 0,
    leads: false,
    file: "",
    lines: &[],
    assumed: &[],
};

const SITE: u8 = 1;

/// What a commit says: the saved value and the position.
type Said = (u32, u32);

/// One step of a program that only commits.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A record with this value.
    Record(u32),
    /// This much further.
    Word(u32),
}

/// Runs the steps, from what NVM says; `None` when it says that nothing has begun. Calls `said` before each commit.
fn run<const A: bool>(
    memory: &Memory<A>,
    steps: &[Step],
    mut said: impl FnMut(Said),
) -> Result<Option<Said>, Error> {
    let mut nvm = Nvm::<Nothing, _, 32>::open(memory.clone())?;
    let mut found = None;
    nvm.resume_or_start(&mut [], |cx, _| {
        let (core, _) = cx.parts();
        let mut frame = core.enter(&TASK)?;
        if frame.site() == SITE {
            let value = core.restore::<u32>(&mut frame)?;
            found = Some((value, core.position()));
            core.resumed(&mut frame)?;
        }
        let (value, mut position) = found.unwrap_or((0, 0));
        let mut now = value;
        for &step in steps {
            match step {
                Step::Record(value) => {
                    (now, position) = (value, 0);
                    said((now, position));
                    core.begin(&frame, SITE)?;
                    core.save(&value)?;
                    core.commit()?;
                }
                // Positions belong to a site: there is none before the first record.
                Step::Word(_) if found.is_none() && now == 0 => {}
                Step::Word(further) => {
                    position += further;
                    said((now, position));
                    core.commit_position(position)?;
                }
            }
        }
        // Stays under way.
        Err(Error::Unfinished)
    })
    .map_or_else(
        |error| {
            if error == Error::Unfinished || is_off(error) {
                Ok(found)
            } else {
                Err(error)
            }
        },
        |_| Ok(found),
    )
}

fn is_off(error: Error) -> bool {
    matches!(error, Error::Store(StoreError::Device { .. }))
}

fn recovered<const A: bool>(bytes: &[u8]) -> Option<Said> {
    let found = run(&Memory::<A>::holding(bytes), &[], |_| {});
    found.expect("recovery needs no luck")
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => (1u32..1000).prop_map(Step::Record),
        3 => (0u32..4).prop_map(Step::Word),
        1 => (0u32..40_000).prop_map(Step::Word),
    ];
    prop::collection::vec(step, 1..24)
}

/// Runs `lives` one after the other on the same NVM, each cut at a write.
fn lives_agree<const A: bool>(lives: &[(Vec<Step>, usize, usize)]) -> Result<(), TestCaseError> {
    let memory = Memory::<A>::new(128);
    let (mut last, mut under_way) = (None, None);
    for (steps, write, torn) in lives {
        memory.cut_at(*write, *torn);
        let mut first = true;
        let mut said = Vec::new();
        let found = run(&memory, steps, |commit| said.push(commit))
            .map_err(|e| TestCaseError::fail(std::format!("{e}")))?;
        // The outage may have come before anything was recovered.
        if found.is_some() || !said.is_empty() {
            prop_assert!(
                found == last || found == under_way,
                "found {found:?}, want {last:?} or {under_way:?}"
            );
            last = found;
            under_way = None;
        }
        if memory.is_off() {
            // All commits but the last are done; of the last we do not know.
            for commit in said {
                if !first {
                    last = under_way;
                }
                first = false;
                under_way = Some(commit);
            }
        } else {
            if let Some(commit) = said.last() {
                last = Some(*commit);
            }
            under_way = None;
        }
    }
    memory.power_on();
    let found = recovered::<A>(&memory.bytes());
    prop_assert!(
        found == last || found == under_way,
        "found {found:?}, want {last:?} or {under_way:?}"
    );
    Ok(())
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn a_stale_position_word_is_never_accepted(
        lives in prop::collection::vec((steps(), 0usize..24, 0usize..24), 1..12)
    ) {
        lives_agree::<true>(&lives)?;
    }

    #[test]
    fn stores_without_atomic_words_lose_no_commit_either(
        lives in prop::collection::vec((steps(), 0usize..24, 0usize..24), 1..12)
    ) {
        lives_agree::<false>(&lives)?;
    }
}

/// Each commit of a run that wraps the sequence number, torn at every byte.
fn torn_anywhere<const A: bool>() {
    let commits = if cfg!(miri) { 3 } else { 600 };
    let memory = Memory::<A>::new(128);
    let mut before = None;
    for i in 0..commits {
        // Some words among the records, so that all tags go round.
        let step = if i % 7 == 6 && before.is_some() {
            Step::Word(3)
        } else {
            Step::Record(i + 1)
        };
        let image = memory.bytes();
        memory.log();
        let mut after = before;
        run(&memory, &[step], |commit| after = Some(commit)).unwrap();
        for (write, (_, len)) in memory.log().into_iter().enumerate() {
            for torn in (0..=len).step_by(if cfg!(miri) { 5 } else { 1 }) {
                let torn_memory = Memory::<A>::holding(&image);
                torn_memory.cut_at(write, torn);
                run(&torn_memory, &[step], |_| {}).unwrap();
                let found = recovered::<A>(&torn_memory.bytes());
                assert!(
                    found == before || found == after,
                    "commit {i}, write {write}, {torn} of {len} bytes: {found:?}"
                );
            }
        }
        assert_eq!(recovered::<A>(&memory.bytes()), after);
        before = after;
    }
}

#[test]
fn a_record_torn_at_any_byte_gives_the_old_or_the_new() {
    torn_anywhere::<true>();
    torn_anywhere::<false>();
}

fn in_a_task(memory: &Memory<true>, work: impl Fn(&mut Core<Memory<true>>) -> Result<(), Error>) {
    let mut nvm = Nvm::<Nothing, _, 32>::open(memory.clone()).unwrap();
    nvm.resume_or_start(&mut [], |cx, _| {
        let (core, _) = cx.parts();
        let frame = core.enter(&TASK)?;
        work(core)?;
        core.leave(frame);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_position_commit_is_one_aligned_word_written() {
    let memory = Memory::<true>::new(128);
    in_a_task(&memory, |core| {
        // The first one writes the record that the run did without so far.
        core.commit_position(1)?;
        memory.log();
        let count = if cfg!(miri) { 50 } else { 1000 };
        for position in 0..count {
            core.commit_position(2 + position)?;
        }
        assert!(memory.log() == vec![(0, 2); count as usize]);
        Ok(())
    });
}

#[test]
fn a_position_beyond_the_word_costs_one_record_each_sixteen_thousand() {
    let memory = Memory::<true>::new(128);
    in_a_task(&memory, |core| {
        core.commit_position(0)?;
        memory.log();
        for position in [1, 0x3fff, 0x4000, 0x4001, 0x7fff, u32::MAX] {
            core.commit_position(position)?;
        }
        let words = memory
            .log()
            .iter()
            .filter(|&&(at, len)| (at, len) == (0, 2))
            .count();
        assert_eq!(words, 4);
        Ok(())
    });
}

#[test]
fn frame_and_position_of_a_single_task_have_at_most_16_bytes() {
    let memory = Memory::<true>::new(128);
    in_a_task(&memory, |core| {
        core.commit_position(1)?;
        let frame = memory
            .log()
            .into_iter()
            .map(|(_, len)| len)
            .filter(|&len| len > 2)
            .max()
            .unwrap();
        assert_eq!(frame + 2, 16);
        Ok(())
    });
}
