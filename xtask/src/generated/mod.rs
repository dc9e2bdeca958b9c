//! `cargo xtask generate`: random tasks, the macro's answer to each, and the crash checker's.
//!
//! What the macro accepts must pass the crash checker. What it refuses is expanded with its rules switched off, and the
//! crash checker says whether the refusal was needed.

mod batch;
mod program;
mod report;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use rekindle_compiler::diag::RULES;
use rekindle_compiler::{Options, expand};
use tree::Program;

use batch::{Judged, Source};
pub use report::Summary;

/// Programs of a run of the tests.
pub const PROGRAMS: usize = 2_000;
/// The seed of a run of the tests.
pub const SEED: u64 = 1;
/// Refused programs among those in which the checker finds nothing: less than this, in percent.
const CONSERVATISM: f64 = 25.0;
/// Seconds after which a program that neither ends nor writes has failed. A thousand times what any has taken, so that
/// verdicts are the same on a slow machine.
const PATIENCE: u64 = 120;
/// The same where parts are taken away, the steps of loops among them.
const LITTLE_PATIENCE: u64 = 5;
/// Most unsafe programs that are made smaller.
const SHRUNKEN: usize = 3;
/// Rules on results, which the checker must find broken in some program that they alone refuse.
const SEEN: [&str; 3] = ["RK01", "RK02", "RK03"];

/// What the macro says.
enum Answer {
    Accepted,
    /// Rules, and the expansion without them; `None` when it cannot be expanded for another reason.
    Refused(BTreeSet<&'static str>, Option<String>),
}

/// Generates, judges and reports, for each seed; false when something accepted is not safe.
pub fn run(programs: usize, seeds: &[u64], json: bool, write: bool) -> Result<bool> {
    let all: Vec<Summary> = seeds
        .iter()
        .map(|seed| one(programs, *seed))
        .collect::<Result<_>>()?;
    report::print(&all, json, write)?;
    all.iter().try_for_each(kept)?;
    Ok(all.iter().all(|s| s.unsafe_accepted == 0))
}

/// Generates and judges.
fn one(programs: usize, seed: u64) -> Result<Summary> {
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
                calls: program.calls.clone(),
            }),
            Answer::Refused(broken, text) => {
                match text {
                    Some(text) => unprotected.push(Source {
                        id,
                        text,
                        calls: program.calls.clone(),
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
    let safe = batch::judge("generated-accepted", &accepted, seed, PATIENCE)?;
    summary.accepted(&safe);
    let failures = || {
        let failed = safe.verdicts.values();
        failed.filter_map(|v| Some((v.id, v.failure.as_ref()?)))
    };
    for (id, failure) in failures() {
        println!("ACCEPTED, AND NOT SAFE: program {id} of seed {seed}: {failure}");
    }
    for (id, failure) in failures().take(SHRUNKEN) {
        let (small, why) = shrink(&all[id], failure, seed, &|p| match answer(p) {
            Ok(Answer::Accepted) => Some(p.source()),
            _ => None,
        })?;
        println!(
            "program {id}, as small as it was found:\n{}\n{why}\n",
            small.source()
        );
    }
    let judged = batch::judge("generated-refused", &unprotected, seed, PATIENCE)?;
    summary.refused(&judged, &rules);
    summary.seconds = start.elapsed().as_secs();
    eprintln!(
        "seed {seed}: {} accepted and not safe; {:.1} % of the safe ones refused; {} s",
        summary.unsafe_accepted,
        summary.conservatism(),
        summary.seconds
    );
    Ok(summary)
}

/// What every run must show, besides that what is accepted is safe.
fn kept(summary: &Summary) -> Result<()> {
    ensure!(
        summary.accepted_with_commits > summary.programs / 4,
        "only {} accepted programs commit: this shows nothing",
        summary.accepted_with_commits
    );
    ensure!(
        summary.conservatism() < CONSERVATISM,
        "{:.1} % of the programs in which the checker finds nothing are refused; less than {CONSERVATISM} % are promised",
        summary.conservatism()
    );
    ensure!(
        summary.accepted_uncompilable + summary.refused_uncompilable == 0,
        "{} programs are no Rust: the generator, or the expansion, is wrong",
        summary.accepted_uncompilable + summary.refused_uncompilable
    );
    // The judge's own seeded bugs: without a rule, it must find what the rule is for.
    for rule in SEEN {
        ensure!(
            summary.programs < PROGRAMS
                || summary.rules.get(rule).is_some_and(|r| r.alone_unsafe > 0),
            "without {rule}, the checker finds nothing wrong: it, or the rule, is good for nothing"
        );
    }
    Ok(())
}

/// Switches a rule off, and shows the smallest program found that it alone refuses and that the checker breaks.
pub fn without(rule: &str, programs: usize, seed: u64) -> Result<()> {
    let rule = RULES
        .into_iter()
        .find(|r| *r == rule)
        .with_context(|| format!("{rule} is none of {}", RULES.join(", ")))?;
    let expanded = |p: &Program| match answer(p) {
        Ok(Answer::Refused(broken, text)) if broken.iter().eq([&rule]) => text,
        _ => None,
    };
    let all: Vec<Program> = (0..programs).map(|id| program::program(seed, id)).collect();
    let sources: Vec<Source> = all
        .iter()
        .enumerate()
        .filter_map(|(id, p)| {
            Some(Source {
                id,
                text: expanded(p)?,
                calls: p.calls.clone(),
            })
        })
        .collect();
    let judged = batch::judge("generated-refused", &sources, seed, PATIENCE)?;
    let broken: Vec<_> = judged
        .verdicts
        .values()
        .filter_map(|v| Some((v.id, v.failure.as_ref()?)))
        .collect();
    println!(
        "seed {seed}: of {programs} programs, {rule} alone refuses {}; the checker breaks {} of them",
        sources.len(),
        broken.len()
    );
    let smallest = broken.iter().min_by_key(|(id, _)| all[*id].source().len());
    if let Some((id, failure)) = smallest {
        let (small, why) = shrink(&all[*id], failure, seed, &expanded)?;
        println!("program {id}:\n{}\n{why}", small.source());
    }
    Ok(())
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
fn shrink(
    program: &Program,
    failure: &str,
    seed: u64,
    expanded: &dyn Fn(&Program) -> Option<String>,
) -> Result<(Program, String)> {
    let (mut best, mut why) = (program.clone(), failure.to_owned());
    for _ in 0..12 {
        let (candidates, texts): (Vec<Program>, Vec<String>) = best
            .smaller()
            .into_iter()
            .filter_map(|p| expanded(&p).map(|text| (p, text)))
            .take(120)
            .unzip();
        let sources: Vec<Source> = candidates
            .iter()
            .zip(texts)
            .enumerate()
            .map(|(id, (p, text))| Source {
                id,
                text,
                calls: p.calls.clone(),
            })
            .collect();
        let Judged { verdicts, .. } =
            batch::judge(batch::SMALLER, &sources, seed, LITTLE_PATIENCE)?;
        let failing = verdicts
            .into_values()
            .filter_map(|v| Some((v.id, v.failure?)))
            // Less may also never end, on continuous power too: that is another failure.
            .filter(|(_, failure)| !failure.starts_with("no end"))
            .min_by_key(|(id, _)| candidates[*id].source().len());
        match failing {
            Some((id, text)) => (best, why) = (candidates[id].clone(), text),
            None => break,
        }
    }
    Ok((best, why))
}
