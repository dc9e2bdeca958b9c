//! A list of steps: all are run, each is timed, and the last line counts them.

use std::time::{Duration, Instant};

use anyhow::Result;

/// Steps done so far.
#[derive(Debug)]
pub struct Steps {
    only: Option<String>,
    done: Vec<(String, Duration, Outcome)>,
}

#[derive(Debug)]
enum Outcome {
    Passed,
    Failed(String),
    Skipped(String),
}

/// A step that cannot be run on this machine: it is named, and does not count as passed.
#[derive(Debug)]
pub struct Skip(pub String);

impl std::fmt::Display for Skip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Skip {}

impl Steps {
    /// None yet; with `only`, those whose name contains it.
    pub fn new(only: Option<&str>) -> Self {
        Self {
            only: only.map(str::to_owned),
            done: Vec::new(),
        }
    }

    /// Runs a step.
    pub fn step(&mut self, name: &str, work: impl FnOnce() -> Result<()>) {
        if self
            .only
            .as_ref()
            .is_some_and(|only| !name.contains(only.as_str()))
        {
            return;
        }
        println!("\n── {name}");
        let start = Instant::now();
        let outcome = match work() {
            Ok(()) => Outcome::Passed,
            Err(e) => match e.downcast::<Skip>() {
                Ok(skip) => Outcome::Skipped(skip.0),
                Err(e) => Outcome::Failed(format!("{e:#}")),
            },
        };
        if let Outcome::Failed(why) | Outcome::Skipped(why) = &outcome {
            println!("{why}");
        }
        self.done.push((name.to_owned(), start.elapsed(), outcome));
    }

    /// Prints the summary; whether nothing failed.
    pub fn finish(self) -> bool {
        println!("\n── summary");
        let (mut passed, mut failed, mut skipped) = (0, 0, 0);
        for (name, time, outcome) in &self.done {
            let (mark, why) = match outcome {
                Outcome::Passed => {
                    passed += 1;
                    ("passed", "")
                }
                Outcome::Failed(why) => {
                    failed += 1;
                    ("FAILED", why.lines().next().unwrap_or_default())
                }
                Outcome::Skipped(why) => {
                    skipped += 1;
                    ("not run", why.as_str())
                }
            };
            println!("{mark:<8} {:>6.1} s  {name}  {why}", time.as_secs_f64());
        }
        let total: Duration = self.done.iter().map(|d| d.1).sum();
        println!("total {:.0} s", total.as_secs_f64());
        println!("{passed} passed, {failed} failed, {skipped} skipped");
        failed == 0
    }
}
