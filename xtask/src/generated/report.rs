//! What the generated programs show.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::Result;
use serde::Serialize;

use super::batch::Judged;
use crate::machine;

/// The page with the last result.
const PAGE: &str = "docs/results/generated.md";

/// Counts of programs.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    /// Generated.
    pub programs: usize,
    /// Their seed.
    pub seed: u64,
    /// Accepted by the macro.
    pub accepted: usize,
    /// Of these: refused by the Rust compiler, such as by its borrow checker.
    pub accepted_uncompilable: usize,
    /// Of these: with at least one commit besides the last.
    pub accepted_with_commits: usize,
    /// Of these: the crash checker finds a difference. Must be 0.
    pub unsafe_accepted: usize,
    /// Refused by the macro.
    pub refused: usize,
    /// Of these: without the rules, the crash checker finds a difference.
    pub refused_unsafe: usize,
    /// Of these: without the rules, it finds none.
    pub refused_safe: usize,
    /// Of these: refused by RK04 alone, on progress, which the checker does not judge.
    pub refused_for_progress: usize,
    /// Of these: the Rust compiler refuses them without the rules too, so nothing can be said.
    pub refused_uncompilable: usize,
    /// Refused for something that is no rule.
    pub unreadable: usize,
    /// By rule.
    pub rules: BTreeMap<&'static str, ByRule>,
    /// Distinct images of NVM that accepted programs were recovered from.
    pub images: u64,
    /// Images of accepted programs that were left out for want of time.
    pub unexplored: u64,
    /// All of it.
    pub seconds: u64,
}

/// Programs that a rule refuses.
#[derive(Debug, Default, Serialize)]
pub struct ByRule {
    /// All; a program may break several rules.
    pub refused: usize,
    /// Of these: without the rules, the crash checker finds a difference.
    pub refused_unsafe: usize,
    /// Of these: without the rules, it finds none.
    pub refused_safe: usize,
    /// Refused by no other rule: with this one switched off, they are accepted.
    pub alone: usize,
    /// Of these: the crash checker finds a difference.
    pub alone_unsafe: usize,
}

impl Summary {
    /// Nothing yet.
    pub fn new(programs: usize, seed: u64) -> Self {
        Self {
            programs,
            seed,
            ..Self::default()
        }
    }

    /// Counts what was accepted.
    pub fn accepted(&mut self, judged: &Judged) {
        self.accepted = judged.verdicts.len() + judged.uncompilable.len();
        self.accepted_uncompilable = judged.uncompilable.len();
        for verdict in judged.verdicts.values() {
            self.unsafe_accepted += usize::from(verdict.failure.is_some());
            self.accepted_with_commits += usize::from(verdict.commits > 1);
            self.images += verdict.images;
            self.unexplored += verdict.unexplored;
        }
    }

    /// Counts what was refused.
    pub fn refused(&mut self, judged: &Judged, rules: &BTreeMap<usize, BTreeSet<&'static str>>) {
        self.refused = rules.len();
        self.refused_uncompilable = judged.uncompilable.len();
        for (id, broken) in rules {
            let failed = judged.verdicts.get(id).map(|v| v.failure.is_some());
            if failed == Some(false) && broken.iter().all(|r| *r == "RK04") {
                self.refused_for_progress += 1;
            }
            match failed {
                Some(true) => self.refused_unsafe += 1,
                Some(false) => self.refused_safe += 1,
                None => {}
            }
            for rule in broken {
                let counts = self.rules.entry(rule).or_default();
                counts.refused += 1;
                counts.refused_unsafe += usize::from(failed == Some(true));
                counts.refused_safe += usize::from(failed == Some(false));
                if broken.len() == 1 {
                    counts.alone += 1;
                    counts.alone_unsafe += usize::from(failed == Some(true));
                }
            }
        }
    }

    /// Refused programs among the safe ones, in percent.
    pub fn conservatism(&self) -> f64 {
        self.rate(self.refused_safe)
    }

    /// The same without programs that are refused for want of progress alone.
    pub fn conservatism_of_results(&self) -> f64 {
        self.rate(self.refused_safe - self.refused_for_progress)
    }

    fn rate(&self, refused: usize) -> f64 {
        let accepted = self.accepted - self.accepted_uncompilable - self.unsafe_accepted;
        100.0 * refused as f64 / (accepted + refused).max(1) as f64
    }

    fn page(&self) -> String {
        let mut page = format!(
            "## Seed {}\n\n{} s.\n\n| | programs |\n| --- | --: |\n",
            self.seed, self.seconds
        );
        for (what, count) in [
            ("generated", self.programs),
            ("accepted by the macro", self.accepted),
            ("… with more than one commit", self.accepted_with_commits),
            ("… and not safe", self.unsafe_accepted),
            (
                "… but refused by the Rust compiler",
                self.accepted_uncompilable,
            ),
            ("refused by the macro", self.refused),
            ("… and unsafe without the rules", self.refused_unsafe),
            ("… although the checker finds nothing", self.refused_safe),
            (
                "… and by the Rust compiler without the rules",
                self.refused_uncompilable,
            ),
            ("… for what is no rule", self.unreadable),
        ] {
            let _ = writeln!(page, "| {what} | {count} |");
        }
        let _ = writeln!(
            page,
            "\n**{:.1} %** of the programs in which the checker finds nothing are refused; {:.1} % without those that only \
             RK04 refuses, on progress, which the checker does not judge. Accepted programs were recovered from {} distinct images of \
             NVM; {} were left out for want of time.\n\n| rule | refused | unsafe | the checker finds nothing | refused by no other rule | of these unsafe |\n\
             | --- | --: | --: | --: | --: | --: |",
            self.conservatism(),
            self.conservatism_of_results(),
            self.images,
            self.unexplored
        );
        for (rule, r) in &self.rules {
            let _ = writeln!(
                page,
                "| {rule} | {} | {} | {} | {} | {} |",
                r.refused, r.refused_unsafe, r.refused_safe, r.alone, r.alone_unsafe
            );
        }
        page
    }
}

/// Prints the results, and keeps them in the documentation.
pub fn print(all: &[Summary], json: bool, write: bool) -> Result<()> {
    let page = page(all);
    if json {
        let values: Vec<serde_json::Value> = all
            .iter()
            .map(|summary| {
                let mut value = serde_json::to_value(summary)?;
                value["conservatism_percent"] = summary.conservatism().into();
                value["conservatism_without_progress_percent"] =
                    summary.conservatism_of_results().into();
                Ok(value)
            })
            .collect::<Result<_>>()?;
        println!("{}", serde_json::to_string_pretty(&values)?);
    } else {
        println!("{page}");
    }
    if write && all.iter().all(|s| s.unsafe_accepted == 0) {
        std::fs::create_dir_all("docs/results")?;
        std::fs::write(PAGE, page)?;
    }
    Ok(())
}

fn page(all: &[Summary]) -> String {
    let seeds: Vec<String> = all.iter().map(|s| s.seed.to_string()).collect();
    let mut page = format!(
        "# Generated tasks\n\n`cargo xtask generate --programs {} --seed {}` on {}, {}.\n\n\
         Random tasks are given to the macro. What it accepts runs under the crash checker on a mapped and on a byte \
         store, each program in three memories with other arguments. What it refuses is expanded with the rules switched \
         off and runs under the same checker, which says whether the refusal was needed.\n\n\
         A program may break several rules. The checker looks for wrong results, not for lack of progress, so it \
         finds nothing in a program that only breaks RK04. The last two columns are what switching off that one rule lets \
         through; `cargo xtask generate --off RK01` shows the smallest such program that was found to break.\n",
        all.first().map_or(0, |s| s.programs),
        seeds.join(","),
        machine::date(),
        machine::name(),
    );
    for summary in all {
        page.push('\n');
        page.push_str(&summary.page());
    }
    page
}
