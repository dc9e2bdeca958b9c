//! The checker is checked: each fault that an intermittent system is known to have is seeded, and caught. Without the
//! fault the same program passes.
#![cfg(feature = "crash")]

use rekindle::__private::{TaskInfo, resume_iter};
use rekindle::crash::{Bug, BytesCut, Check, Failure, MappedCut, Pacing, Reason, Tear};
use rekindle::prelude::*;

const N: usize = 6;

#[derive(Layout)]
struct Memory {
    x: Buffer<[i32; N]>,
    y: Buffer<[i32; N]>,
    z: Buffer<[i32; N]>,
    sums: Buffer<[i32; 2]>,
}

const X: [i32; N] = [0x0103_0507, -7, 12, 0x7000_0001, 5, -1];

#[intermittent_task]
fn times(x: Input<[i32; N]>, factor: i32, y: Output<[i32; N]>) {
    #[commit]
    for i in 0..N {
        y.set(i, x[i].wrapping_mul(factor));
    }
}

#[intermittent_task]
fn running_sum(x: Input<[i32; N]>, y: Output<[i32; 2]>) {
    let mut sum: i32 = 5;
    #[commit]
    for i in 0..2 {
        sum += x[i] % 100;
        y.set(i, sum);
    }
}

/// The second `times` is four records after the first, whose tag has come round again by then.
#[intermittent_task]
fn app(m: &mut Memory) {
    #[run]
    times(&m.x, 3, &mut m.y);
    #[run]
    running_sum(&m.x, &mut m.sums);
    #[run]
    times(&m.y, 5, &mut m.z);
}

/// The word that the first `times` leaves has another tag than the record of the second.
#[intermittent_task]
fn twice(m: &mut Memory) {
    #[run]
    times(&m.x, 3, &mut m.y);
    #[run]
    times(&m.y, 5, &mut m.z);
}

fn check<'a>() -> Check<'a, Memory> {
    Check::<Memory>::new()
        .init(|nvm| nvm.write(|m| &mut m.x, &X))
        .random(50)
}

fn on_mapped(check: Check<'_, Memory>) -> Result<rekindle::crash::Report, Failure> {
    check.try_mapped(app)
}

fn on_bytes(check: Check<'_, Memory>) -> Result<rekindle::crash::Report, Failure> {
    check.try_bytes(app)
}

fn caught(result: Result<rekindle::crash::Report, Failure>, bug: Bug) -> Failure {
    match result {
        Ok(report) => panic!("{bug:?} was not caught:\n{report}"),
        Err(failure) => failure,
    }
}

#[test]
fn without_a_fault_the_program_passes() {
    let [mapped, bytes] = rekindle::crash_check!(check() => app);
    for report in [&mapped, &bytes] {
        assert_eq!(report.unexplored, 0, "{report}");
        assert!(report.warm && report.pruned_after.is_none(), "{report}");
        assert!(report.hazards.is_empty(), "{report}");
        assert_eq!(
            report.schedules, 100,
            "50 on new NVM and 50 on used NVM: {report}"
        );
    }
    assert_eq!(
        mapped.word_commits,
        2 * N,
        "a commit of a position alone is one word"
    );
    assert_eq!(bytes.word_commits, 0);
    assert!(
        mapped.depth >= 2 && bytes.depth >= 2,
        "outages during recovery leave images of their own"
    );
}

#[test]
fn a_commit_before_its_data_is_caught() {
    for failure in [
        caught(
            on_mapped(check().bug(Bug::CommitBeforeData)),
            Bug::CommitBeforeData,
        ),
        caught(
            on_bytes(check().bug(Bug::CommitBeforeData)),
            Bug::CommitBeforeData,
        ),
    ] {
        assert_eq!(failure.outages.len(), 1, "{failure}");
        let (file, line) = failure.line().expect("the macro knows it");
        assert!(file.ends_with("crash_bugs.rs") && line > 0, "{failure}");
    }
}

#[test]
fn an_ignored_crc_is_caught() {
    caught(on_mapped(check().bug(Bug::CrcIgnored)), Bug::CrcIgnored);
    let failure = caught(on_bytes(check().bug(Bug::CrcIgnored)), Bug::CrcIgnored);
    assert!(
        !matches!(
            failure.outages.last().map(|outage| outage.tear),
            None | Some(Tear::Clean)
        ),
        "{failure}"
    );
}

#[test]
fn a_stale_position_word_is_caught() {
    check().try_mapped(twice).expect("it is right");
    caught(
        check().bug(Bug::StaleWord).try_mapped(twice),
        Bug::StaleWord,
    );
}

#[test]
fn a_position_word_that_outlives_its_tag_is_caught() {
    caught(
        on_mapped(check().bug(Bug::StaleWordKept)),
        Bug::StaleWordKept,
    );
}

/// The second overwrites what the first has read.
#[intermittent_task]
fn there_and_back(m: &mut Memory) {
    #[run]
    times(&m.x, 3, &mut m.y);
    #[run]
    times(&m.y, 5, &mut m.x);
}

#[test]
fn an_entry_that_is_not_recorded_is_caught() {
    rekindle::crash_check!(check() => there_and_back);
    caught(
        check()
            .bug(Bug::EntryNotRecorded)
            .try_mapped(there_and_back),
        Bug::EntryNotRecorded,
    );
    caught(
        check().bug(Bug::EntryNotRecorded).try_bytes(there_and_back),
        Bug::EntryNotRecorded,
    );
}

/// Begins and ends with a word, and has no commit between them.
#[intermittent_task]
fn at_once(x: Input<[i32; N]>, y: Output<[i32; N]>) {
    for i in 0..N {
        y.set(i, x[i].wrapping_mul(7));
    }
}

#[intermittent_task]
fn nothing_but(m: &mut Memory) {
    #[run]
    at_once(&m.x, &mut m.y);
}

#[test]
fn a_run_without_records_is_complete_with_its_data_only() {
    let [mapped, bytes] = rekindle::crash_check!(check() => nothing_but);
    assert_eq!((mapped.commits, bytes.commits), (2, 2), "{mapped}{bytes}");
    for failure in [
        caught(
            check().bug(Bug::CommitBeforeData).try_mapped(nothing_but),
            Bug::CommitBeforeData,
        ),
        caught(
            check().bug(Bug::NoBarrier).try_mapped(nothing_but),
            Bug::NoBarrier,
        ),
    ] {
        assert!(
            matches!(failure.reason, Reason::ResultDiffers(_)),
            "{failure}"
        );
    }
}

#[test]
fn removed_barriers_are_caught() {
    for failure in [
        caught(on_mapped(check().bug(Bug::NoBarrier)), Bug::NoBarrier),
        caught(on_bytes(check().bug(Bug::NoBarrier)), Bug::NoBarrier),
    ] {
        assert_eq!(
            failure.outages.last().map(|outage| outage.tear),
            Some(Tear::Reordered),
            "{failure}"
        );
    }
    on_mapped(check().bug(Bug::NoBarrier).reorder(false).random(0))
        .expect("in program order nothing shows");
}

// What the macro would have to get wrong: tasks expanded by hand, each with one fault that can be switched off.

static SUM: TaskInfo = TaskInfo {
    name: "sum",
    hash: 7,
    first: 0,
    leads: false,
    file: file!(),
    lines: &[1, 101],
    assumed: &[],
};

/// `let mut sum = start; for i in 0..N { start += 1; sum += x[i] + start; y.set(i, sum) }` with a commit per iteration.
fn sum_by_hand<S: Store>(
    cx: &mut Cx<'_, S>,
    m: &mut Memory,
    mut start: i32,
    save_local: bool,
    save_parameter: bool,
) -> Result<(), Error> {
    let (core, arena) = cx.parts();
    let mut frame = core.enter(&SUM)?;
    let resumed = frame.site() == 1;
    let (x, arena) = core.input(&m.x, arena)?;
    let (mut y, _) = core.output(&mut m.y, arena)?;
    let (mut sum, mut next) = (0i32, 0u32);
    if resumed {
        if save_local {
            sum = core.restore(&mut frame)?;
        }
        if save_parameter {
            start = core.restore(&mut frame)?;
        }
        next = core.restore(&mut frame)?;
        core.resumed(&mut frame)?;
    }
    for i in resume_iter(0..N, next)? {
        start += 1;
        sum = sum.wrapping_add(x[i]).wrapping_add(start);
        y.set(i, sum);
        next += 1;
        y.flush(core)?;
        core.begin(&frame, 1)?;
        if save_local {
            core.save(&sum)?;
        }
        if save_parameter {
            core.save(&start)?;
        }
        core.save(&next)?;
        core.commit()?;
    }
    core.leave(frame);
    Ok(())
}

fn sums(save_local: bool, save_parameter: bool) -> [Result<rekindle::crash::Report, Failure>; 2] {
    [
        check().try_mapped(|cx: &mut Cx<'_, MappedCut>, m| {
            sum_by_hand(cx, m, 40, save_local, save_parameter)
        }),
        check().try_bytes(|cx: &mut Cx<'_, BytesCut>, m| {
            sum_by_hand(cx, m, 40, save_local, save_parameter)
        }),
    ]
}

#[test]
fn with_all_that_is_live_saved_the_task_passes() {
    for result in sums(true, true) {
        result.expect("it is right");
    }
}

#[test]
fn a_local_that_is_live_and_not_saved_is_caught() {
    for result in sums(false, true) {
        let failure = result.expect_err("it is wrong");
        assert!(
            matches!(failure.reason, Reason::CommitDiffers(_)),
            "{failure}"
        );
        assert_eq!(failure.line(), Some((file!(), 101)), "{failure}");
    }
}

#[test]
fn a_reassigned_parameter_that_is_not_saved_is_caught() {
    for result in sums(true, false) {
        result.expect_err("it is wrong");
    }
}

static IN_PLACE: TaskInfo = TaskInfo {
    name: "in_place",
    hash: 8,
    first: 1,
    leads: false,
    file: file!(),
    lines: &[1, 102],
    assumed: &[],
};

/// `for i in 0..N { y.set(i, y[i] + x[i] + 1) }`: an output that is read back.
fn in_place<S: Store>(cx: &mut Cx<'_, S>, m: &mut Memory) -> Result<(), Error> {
    let (core, arena) = cx.parts();
    let mut frame = core.enter(&IN_PLACE)?;
    let mut position = 0;
    if core.position() > 0 || frame.site() == 1 {
        position = core.position();
        // Fails when the task has just been entered, and there is nothing to resume.
        let _ = core.resumed(&mut frame);
    }
    for i in resume_iter(0..N, position)? {
        let before = core.state(&m.y)?;
        let (x, arena) = core.input(&m.x, &mut *arena)?;
        let (mut y, _) = core.output(&mut m.y, arena)?;
        y.set(i, before[i].wrapping_add(x[i]).wrapping_add(1));
        y.flush(core)?;
        position += 1;
        core.commit_position(position)?;
    }
    core.leave(frame);
    Ok(())
}

#[test]
fn an_output_that_is_read_back_is_caught() {
    let mapped = check().try_mapped(in_place).expect_err("it is wrong");
    let bytes = check().try_bytes(in_place).expect_err("it is wrong");
    for failure in [mapped, bytes] {
        assert!(
            matches!(failure.reason, Reason::CommitDiffers(_)),
            "{failure}"
        );
        assert_eq!(failure.line().map(|(_, line)| line), Some(102), "{failure}");
    }
}

static PACED: TaskInfo = TaskInfo {
    name: "paced",
    hash: 10,
    first: 1,
    leads: false,
    file: file!(),
    lines: &[1, 104],
    assumed: &[],
};

/// `#[commit(paced)] for i in 0..N { y.set(i, 3 * x[i]) }`, as the macro compiles it; or, wrongly, with a position that
/// moves on although what was written without a commit has not reached the store.
fn paced_by_hand<S: Store>(
    cx: &mut Cx<'_, S>,
    m: &mut Memory,
    keeps_writes: bool,
) -> Result<(), Error> {
    let (core, arena) = cx.parts();
    let mut frame = core.enter(&PACED)?;
    let (x, arena) = core.input(&m.x, &mut *arena)?;
    let (mut y, _) = core.output(&mut m.y, arena)?;
    let mut position = core.position();
    // Fails when the task has just been entered, and there is nothing to resume.
    let _ = core.resumed(&mut frame);
    for i in resume_iter(0..N, position)? {
        y.set(i, x[i].wrapping_mul(3));
        position += 1;
        if core.due(1, false) {
            y.flush(core)?;
            core.commit_position(position)?;
        } else if !keeps_writes {
            core.commit_position(position)?;
        }
    }
    y.flush(core)?;
    core.leave(frame);
    Ok(())
}

#[test]
fn a_paced_loop_as_the_macro_compiles_it_passes() {
    for pacing in [Pacing::Random, Pacing::Always, Pacing::Never] {
        let right = || check().pacing(pacing);
        right()
            .try_mapped(|cx, m| paced_by_hand(cx, m, true))
            .expect("it is right");
        right()
            .try_bytes(|cx, m| paced_by_hand(cx, m, true))
            .expect("it is right");
    }
}

#[test]
fn writes_that_a_refused_commit_leaves_behind_are_caught() {
    for pacing in [Pacing::Random, Pacing::Never, Pacing::Always] {
        let result = check()
            .pacing(pacing)
            .try_bytes(|cx, m| paced_by_hand(cx, m, false));
        if pacing == Pacing::Always {
            result.expect("only a pacer that says no can show it");
        } else {
            let failure = result.expect_err("the position is ahead of the data");
            assert_eq!(failure.line().map(|(_, line)| line), Some(104), "{failure}");
        }
    }
}

static SHIFT: TaskInfo = TaskInfo {
    name: "shift",
    hash: 11,
    first: 1,
    leads: false,
    file: file!(),
    lines: &[1, 105],
    assumed: &[],
};

/// `#[commit(paced)] for i in 0..N - 1 { y.set(i, y[i + 1]) }`, which rule RK01 refuses: with a commit after each iteration
/// it is right, with one after two of them the second overwrites what the first has to read again.
fn shift_by_hand<S: Store>(cx: &mut Cx<'_, S>, m: &mut Memory) -> Result<(), Error> {
    let (core, arena) = cx.parts();
    let mut frame = core.enter(&SHIFT)?;
    let mut position = core.position();
    let _ = core.resumed(&mut frame);
    for i in resume_iter(0..N - 1, position)? {
        let before = core.state(&m.x)?;
        let (mut x, _) = core.output(&mut m.x, &mut *arena)?;
        x.set(i, before[i + 1]);
        x.flush(core)?;
        position += 1;
        if core.due(1, false) {
            core.commit_position(position)?;
        }
    }
    core.leave(frame);
    Ok(())
}

#[test]
fn a_hazard_between_iterations_is_caught_by_a_pacer_that_says_no() {
    for pacing in [Pacing::Random, Pacing::Never, Pacing::Always] {
        for result in [
            check().pacing(pacing).try_mapped(shift_by_hand),
            check().pacing(pacing).try_bytes(shift_by_hand),
        ] {
            assert_eq!(result.is_ok(), pacing == Pacing::Always, "{result:?}");
        }
    }
}

#[test]
fn a_position_where_a_word_says_something_else_is_caught() {
    let moves = || check().pacing(Pacing::Always);
    moves().try_mapped(shift_by_hand).expect("it is right");
    caught(
        moves()
            .bug(Bug::WordWithoutFrames)
            .try_mapped(shift_by_hand),
        Bug::WordWithoutFrames,
    );
}

static LATE: TaskInfo = TaskInfo {
    name: "late",
    hash: 9,
    first: 0,
    leads: false,
    file: file!(),
    lines: &[1, 103],
    assumed: &[],
};

/// Reads and then changes the same bytes, but with what they hold already known: harmless, and still a hazard.
fn reads_and_clears<S: Store>(cx: &mut Cx<'_, S>, m: &mut Memory) -> Result<(), Error> {
    let (core, arena) = cx.parts();
    let mut frame = core.enter(&LATE)?;
    let _ = core.resumed(&mut frame);
    let _ignored = core.state(&m.x)?;
    let (mut y, _) = core.output(&mut m.x, arena)?;
    y.set((), [9; N]);
    y.flush(core)?;
    core.leave(frame);
    Ok(())
}

#[test]
fn a_harmless_write_after_read_is_reported() {
    let report = check()
        .try_bytes(reads_and_clears)
        .expect("it does no harm");
    assert_eq!(
        report.hazards.first().map(|hazard| hazard.offset),
        Some(0),
        "{report}"
    );
}

#[test]
fn what_was_not_tried_is_reported() {
    let report = check()
        .depth(1)
        .random(0)
        .try_bytes(app)
        .expect("it is right");
    assert!(
        report.unexplored > 0 && report.to_string().contains("INCOMPLETE"),
        "{report}"
    );
    let report = check()
        .max_states(100)
        .random(0)
        .try_bytes(app)
        .expect("it is right");
    assert!(report.unexplored > 0 && report.states <= 300, "{report}");
}

#[test]
fn a_task_that_depends_on_the_world_is_refused() {
    let mut boots = 0;
    let result = check().try_mapped(|cx, m| {
        boots += 1;
        times(cx, &m.x, boots, &mut m.y)
    });
    assert!(matches!(
        result
            .expect_err("each boot multiplies by another number")
            .reason,
        Reason::NotDeterministic
    ));
}

#[test]
fn a_panic_in_a_recovery_is_a_failure() {
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let result = check().try_mapped(|cx, m| {
        let (core, _) = cx.parts();
        let resumed = core.position() == 3;
        assert!(!resumed, "stumbled");
        times(cx, &m.x, 2, &mut m.y)
    });
    std::panic::set_hook(quiet);
    let failure = result.expect_err("it panics");
    assert!(
        matches!(&failure.reason, Reason::Panic(message) if message == "stumbled"),
        "{failure}"
    );
}
