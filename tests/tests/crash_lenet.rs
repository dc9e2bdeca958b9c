//! The whole network survives: every NVM write cut, every tearing, every outage during a recovery.

use rekindle::crash::{Check, Report};
use rekindle::prelude::*;
use rekindle_examples::idx::Samples;
use rekindle_examples::lenet::{
    Activations, Image, LENET, Scores, classify, classify_by_element, image,
};

#[derive(Layout)]
struct Memory {
    image: Buffer<Image>,
    activations: Activations,
    scores: Buffer<Scores>,
}

/// The `n`-th committed test image.
fn sample(n: usize) -> Image {
    image(&Samples::subset().expect("the subset is committed").images[n])
}

/// Random schedules per test; `cargo xtask crash --long` asks for more.
fn schedules() -> u64 {
    if std::env::var("REKINDLE_CRASH").is_ok_and(|v| v == "long") {
        2000
    } else {
        20
    }
}

fn check(n: usize) -> Check<'static, Memory> {
    Check::<Memory>::new()
        .init(move |nvm| nvm.write(|m: &mut Memory| &mut m.image, &sample(n)))
        .random(schedules())
        .seed(n as u64)
}

fn complete(report: &Report) {
    assert_eq!(report.unexplored, 0, "every reachable state was recovered");
    assert!(report.hazards.is_empty(), "{:?}", report.hazards);
}

#[test]
fn a_commit_per_row_on_mapped_memory() {
    let report = check(0)
        .run_mapped(|cx, m| classify(cx, &m.image, &LENET, &mut m.activations, &mut m.scores));
    complete(&report);
}

#[test]
fn a_commit_per_row_on_a_byte_store() {
    let report = check(1)
        .run_bytes(|cx, m| classify(cx, &m.image, &LENET, &mut m.activations, &mut m.scores));
    complete(&report);
}

#[test]
fn a_commit_per_element_on_mapped_memory() {
    let report = check(2).run_mapped(|cx, m| {
        classify_by_element(cx, &m.image, &LENET, &mut m.activations, &mut m.scores)
    });
    complete(&report);
    assert!(
        report.word_commits > 10_000,
        "a commit per element is one word: {report}"
    );
}

#[test]
fn a_commit_per_element_on_a_byte_store() {
    let report = check(3).run_bytes(|cx, m| {
        classify_by_element(cx, &m.image, &LENET, &mut m.activations, &mut m.scores)
    });
    complete(&report);
}
