//! `cargo xtask generate`: random tasks, the macro's answer to each, and the crash checker's.
//!
//! What the macro accepts must pass the crash checker. What it refuses is expanded with its rules switched off, and the
//! crash checker says whether the refusal was needed.

mod batch;
mod program;
mod report;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use rekindle_compiler::diag::RULES;
use rekindle_compiler::{Options, expand};
use tree::Program;

use batch::{Judged, Source};
pub use report::Summary;

/// Programs of a run of the tests.
pub const PROGRAMS: usize = 2_000;
/// The seed of a run of the tests.
pub const SEED: u64 = 1;

/// What the macro says.
enum Answer {
    Accepted,
    /// Rules, and the expansion without them; `None` when it cannot be expanded for another reason.
    Refused(BTreeSet<&'static str>, Option<String>),
}

/// Generates, judges and reports; false when something accepted is not safe.
pub fn run(programs: usize, seed: u64, json: bool, write: bool) -> Result<bool> {
    let start = std::time::Instant::now();
    let all: Vec<Program> = (0..programs).map(|id| program::program(seed, id)).collect();
    let (mut accepted, mut unprotected) = (Vec::new(), Vec::new());
    let mut summary = Summary::new(programs, seed);
    let mut rules: BTreeMap<usize, BTreeSet<&'static str>> = BTreeMap::new();
    for (id, program) in all.iter().enumerate() {
        match answer(program)? {
            Answer::Accepted => accepted.push(Source {
                id,
                text: program.source(),
                call: program.call.clone(),
            }),
            Answer::Refused(broken, text) => {
                match text {
                    Some(text) => unprotected.push(Source {
                        id,
                        text,
                        call: program.call.clone(),
                    }),
                    None => summary.unreadable += 1,
                }
                rules.insert(id, broken);
            }
        }
    }
    eprintln!(
        "seed {seed}: {programs} programs, {} accepted, {} refused",
        accepted.len(),
        programs - accepted.len()
    );
    let safe = batch::judge("generated-accepted", &accepted, seed)?;
    summary.accepted(&safe);
    for (id, verdict) in &safe.verdicts {
        if let Some(failure) = &verdict.failure {
            let (small, why) = shrink(&all[*id], failure, seed)?;
            println!(
                "ACCEPTED, AND NOT SAFE: program {id} of seed {seed}\n{}\n{why}\n",
                small.source()
            );
        }
    }
    let judged = batch::judge("generated-refused", &unprotected, seed)?;
    summary.refused(&judged, &rules);
    summary.seconds = start.elapsed().as_secs();
    summary.print(json, write)?;
    ensure!(
        summary.accepted_with_commits > programs / 4,
        "only {} accepted programs commit: this shows nothing",
        summary.accepted_with_commits
    );
    Ok(summary.unsafe_accepted == 0)
}

/// What the macro says of a program.
fn answer(program: &Program) -> Result<Answer> {
    let mut broken = BTreeSet::new();
    let mut refused = false;
    for task in &program.tasks {
        let item: syn::ItemFn = syn::parse_str(&task.source())?;
        if let Err(no) = expand(&Options::default(), item) {
            refused = true;
            broken.extend(no.diagnostics.iter().filter_map(|d| d.code));
        }
    }
    if !refused {
        return Ok(Answer::Accepted);
    }
    let without = Options {
        off: RULES.to_vec(),
        ..Options::default()
    };
    let mut text = String::new();
    for task in &program.tasks {
        let item: syn::ItemFn = syn::parse_str(&task.source())?;
        match expand(&without, item) {
            Ok(tokens) => {
                text.push_str(&tokens.to_string());
                text.push('\n');
            }
            Err(_) => return Ok(Answer::Refused(broken, None)),
        }
    }
    Ok(Answer::Refused(broken, Some(text)))
}

/// The smallest program found by taking statements away that still fails, and its failure.
fn shrink(program: &Program, failure: &str, seed: u64) -> Result<(Program, String)> {
    let (mut best, mut why) = (program.clone(), failure.to_owned());
    for _ in 0..12 {
        let candidates: Vec<Program> = best
            .smaller()
            .into_iter()
            .filter(|p| matches!(answer(p), Ok(Answer::Accepted)))
            .take(120)
            .collect();
        let sources: Vec<Source> = candidates
            .iter()
            .enumerate()
            .map(|(id, p)| Source {
                id,
                text: p.source(),
                call: p.call.clone(),
            })
            .collect();
        let Judged { verdicts, .. } = batch::judge("generated-smaller", &sources, seed)?;
        let failing = verdicts
            .into_values()
            .filter_map(|v| Some((v.id, v.failure?)))
            .min_by_key(|(id, _)| candidates[*id].source().len());
        match failing {
            Some((id, text)) => (best, why) = (candidates[id].clone(), text),
            None => break,
        }
    }
    Ok((best, why))
}
