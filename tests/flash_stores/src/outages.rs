//! The same commits on a chip whose power fails: what was acknowledged, and is there or not.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;

use crate::PAGES;
use crate::stores::{Boot, Sim, Values};
use crate::trace::Commit;

/// What came of the outages.
#[derive(Debug, Default, Serialize)]
pub struct Outages {
    /// Power failures, in the middle of words and erases among them.
    pub failures: u64,
    /// Boots after which an acknowledged value was another one or missing.
    pub lost: u64,
    /// Boots in which the store reported an error although the power was on.
    pub errors: u64,
    /// Runs that ended because a rule of the flash was broken: a unit written twice between two erases.
    pub breaches: u64,
    /// The first of each.
    pub seen: BTreeSet<String>,
    /// Commits that were acknowledged.
    pub commits: u64,
}

/// Commits of a run.
const COMMITS: usize = 1000;

/// So many runs, each over the first commits, with failures at random operations. Nothing but the chip survives one.
pub fn judge<B: Boot>(commits: &[Commit], seeds: u64) -> Outages {
    let mut all = Outages::default();
    std::panic::set_hook(Box::new(|_| {}));
    for seed in 0..seeds {
        run::<B>(commits, seed, &mut all);
    }
    let _ = std::panic::take_hook();
    all
}

impl Outages {
    fn note(&mut self, what: &str) {
        let what: String = what.chars().filter(|c| !c.is_ascii_digit()).collect();
        if self.seen.len() < 6 {
            self.seen.insert(what);
        }
    }
}

fn run<B: Boot>(commits: &[Commit], seed: u64, all: &mut Outages) {
    let sim = Sim::new(PAGES, 0xff, seed);
    B::format(&sim);
    let mut random = seed;
    let mut values = Values::new();
    let mut done = 0;
    let commits = &commits[..COMMITS.min(commits.len())];
    // A store that does not come on any more must not keep us here.
    for _ in 0..4 * COMMITS {
        if done == commits.len() {
            return;
        }
        random = random
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        // From hardly more than an entry to several commits.
        let gap = 80 << ((random >> 50) % 7);
        sim.cut_after(gap + (random >> 33) % gap);
        let mut go_on = || boot::<B>(&sim, random as u32, commits, &mut done, &mut values, all);
        let result = catch_unwind(AssertUnwindSafe(&mut go_on)).unwrap_or_else(|panic| {
            let words = panic.downcast_ref::<String>().cloned();
            Err(words.unwrap_or_else(|| "panic".to_owned()))
        });
        if let Err(error) = &result
            && error.contains("since its page was erased")
        {
            all.breaches += 1;
            all.note(error);
            return;
        }
        // A panic because the chip does not answer is a reset as well.
        if sim.is_off() {
            all.failures += 1;
        } else if let Err(error) = result {
            all.errors += 1;
            all.note(&error);
            return;
        }
        sim.power_on();
    }
}

/// One boot: looks at everything, and goes on.
fn boot<B: Boot>(
    sim: &Sim,
    seed: u32,
    commits: &[Commit],
    done: &mut usize,
    values: &mut Values,
    all: &mut Outages,
) -> Result<(), String> {
    let mut store = B::boot(sim, seed)?;
    let under_way = commits.get(*done);
    let mut lost = None;
    for (at, want) in values.iter_mut() {
        let found = store.value(*at, want.len())?;
        if found.as_ref() == Some(want) {
            continue;
        }
        // The commit that the failure has interrupted may be there in parts.
        let new = under_way.and_then(|c| c.iter().rfind(|(to, _)| to == at));
        let torn = new.is_some_and(|(_, new)| {
            found.as_ref().is_some_and(|found| {
                let one_of = |(i, byte)| new.get(i) == Some(byte) || want.get(i) == Some(byte);
                found.iter().enumerate().all(one_of)
            })
        });
        if !torn {
            lost = Some(match found {
                None => "a value is missing",
                Some(_) => "a value is another one",
            });
        } else if let Some(found) = found {
            *want = found;
        }
    }
    if let Some(lost) = lost {
        all.lost += 1;
        return Err(lost.to_owned());
    }
    while let Some(commit) = commits.get(*done) {
        store.commit(commit)?;
        for (at, bytes) in commit {
            values.insert(*at, bytes.clone());
        }
        (*done, all.commits) = (*done + 1, all.commits + 1);
    }
    Ok(())
}
