//! A list of steps: all are run, each is timed, and the last line counts the checks.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Error, Result};

use crate::shell;

/// Steps done so far.
#[derive(Debug)]
pub struct Steps {
    only: Option<String>,
    done: Vec<Done>,
}

#[derive(Debug)]
struct Done {
    name: String,
    time: Duration,
    tally: Tally,
    outcome: Result<()>,
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

/// The tests of a step.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    passed: u64,
    failed: u64,
}

impl Tally {
    /// Runs a command that may run tests, and counts them.
    pub fn run(&mut self, command: &mut Command) -> Result<()> {
        shell::watch(command, |line| self.read(line))
    }

    /// Counts a check that no test runner knows of.
    pub fn check(&mut self, passed: bool) {
        if passed {
            self.passed += 1;
        } else {
            self.failed += 1;
        }
    }

    /// Counts what a test runner says at its end: libtest's `test result: …`, nextest's `Summary …`, pytest's `… passed in …`.
    pub fn read(&mut self, line: &str) {
        let line = line.trim_start();
        let pytest = line.split_once(" passed in ").is_some_and(|(_, time)| {
            let seconds = time.split_once('s').map_or(time, |(seconds, _)| seconds);
            seconds.parse::<f64>().is_ok()
        });
        if !line.starts_with("test result:") && !line.starts_with("Summary [") && !pytest {
            return;
        }
        let words: Vec<&str> = line
            .split([' ', ',', ';', '.'])
            .filter(|w| !w.is_empty())
            .collect();
        for pair in words.windows(2) {
            let Ok(n) = pair[0].parse::<u64>() else {
                continue;
            };
            match pair[1] {
                "passed" => self.passed += n,
                "failed" | "timed" => self.failed += n,
                _ => {}
            }
        }
    }
}

impl Steps {
    /// None yet; with `only`, those whose name contains it.
    pub fn new(only: Option<&str>) -> Self {
        Self {
            only: only.map(str::to_owned),
            done: Vec::new(),
        }
    }

    /// Runs a step. It counts as its tests, or as one check if it has none.
    pub fn step(&mut self, name: &str, work: impl FnOnce(&mut Tally) -> Result<()>) {
        if self
            .only
            .as_ref()
            .is_some_and(|only| !name.contains(only.as_str()))
        {
            return;
        }
        println!("\n── {name}");
        let (start, mut tally) = (Instant::now(), Tally::default());
        let outcome = work(&mut tally);
        match &outcome {
            Ok(()) if tally == Tally::default() => tally.passed = 1,
            Err(error) if skip(error).is_none() => tally.failed = tally.failed.max(1),
            _ => {}
        }
        let time = start.elapsed();
        match &outcome {
            Ok(()) => println!("   {:.1} s", time.as_secs_f64()),
            Err(error) => println!("   {:.1} s: {error:#}", time.as_secs_f64()),
        }
        self.done.push(Done {
            name: name.to_owned(),
            time,
            tally,
            outcome,
        });
    }

    /// Prints the summary; whether nothing failed.
    pub fn finish(self) -> bool {
        println!("\n── summary\n");
        for Done {
            name,
            time,
            tally,
            outcome,
        } in &self.done
        {
            let (mark, why) = match outcome {
                Ok(()) => ("passed", String::new()),
                Err(error) => match skip(error) {
                    Some(Skip(why)) => ("not run", format!(": {why}")),
                    None => (
                        "FAILED",
                        format!(": {}", error.to_string().lines().next().unwrap_or_default()),
                    ),
                },
            };
            println!(
                "{mark:<8}{:>5} ok {:>7.1} s  {name}{why}",
                tally.passed,
                time.as_secs_f64()
            );
        }
        let total: Duration = self.done.iter().map(|d| d.time).sum();
        let passed: u64 = self.done.iter().map(|d| d.tally.passed).sum();
        let failed: u64 = self.done.iter().map(|d| d.tally.failed).sum();
        println!("\n{:.0} s in all", total.as_secs_f64());
        println!("{passed} passed, {failed} failed");
        failed == 0
    }
}

fn skip(error: &Error) -> Option<&Skip> {
    error.downcast_ref()
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn what_test_runners_print_is_counted() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests",
            "test result: ok. 12 passed; 1 failed; 0 ignored; 0 measured; 2 filtered out; finished in 0.01s",
            "     Summary [   1.234s] 7 tests run: 5 passed (1 slow), 1 failed, 1 timed out, 3 skipped",
            "3 passed in a sentence",
            "1 failed, 11 passed in 1.01s",
        ] {
            tally.read(line);
        }
        assert_eq!(
            tally,
            Tally {
                passed: 28,
                failed: 4
            }
        );
    }
}
