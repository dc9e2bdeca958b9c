//! The crash suite at every optimisation level: what the optimiser may reorder, it will.

use std::fmt::Write as _;
use std::process::Command;
use std::time::Instant;

use anyhow::Result;
use serde::Serialize;

use crate::machine;
use crate::shell::{self, command, works};
use crate::steps::Tally;

/// The levels that Cargo knows.
pub const LEVELS: [&str; 6] = ["0", "1", "2", "3", "s", "z"];

/// Nextest's name for the suite: the checker's own tests, its seeded bugs, the language, the kernels, the network.
pub const FILTER: &str =
    "binary(/^crash_/) | binary(golden_crash) | binary(rules_in_place) | test(/^crash::/)";

/// Random schedules that the suite has at least.
pub const SCHEDULES: u64 = 100_000;

/// What the checks of the suite say that they tried, in sum.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Suite {
    /// Outages between two writes.
    pub cuts: u64,
    /// Outages inside a write.
    pub tears: u64,
    /// Outages with writes missing that no barrier had made durable.
    pub reorderings: u64,
    /// Distinct NVM images, each recovered.
    pub images: u64,
    /// Executions from a reset on.
    pub recoveries: u64,
    /// Random schedules, each run to its end.
    pub schedules: u64,
    /// Outages in those.
    pub outages: u64,
}

impl Suite {
    /// Adds what a line of a report says.
    fn read(&mut self, line: &str) {
        let words: Vec<&str> = line
            .split([' ', ',', ':'])
            .filter(|w| !w.is_empty())
            .collect();
        let number = |before: &str| {
            words
                .windows(2)
                .find(|pair| pair[1] == before)
                .and_then(|pair| pair[0].parse::<u64>().ok())
                .unwrap_or(0)
        };
        if line.contains(" distinct images, ") {
            self.cuts += number("cuts");
            self.tears += number("tears");
            self.reorderings += number("reorderings");
            self.images += number("distinct");
            self.recoveries += number("recoveries");
        } else if line.contains(" random schedules with ") {
            self.schedules += number("random");
            self.outages += number("outages");
        }
    }
}

/// The suite at one level. `long`: with many more random schedules of the network.
pub fn at_level(level: &str, long: bool, tally: &mut Tally) -> Result<Suite> {
    let mut suite = Suite::default();
    for mut cargo in commands() {
        cargo.env("CARGO_PROFILE_DEV_OPT_LEVEL", level);
        if long {
            cargo.env("REKINDLE_CRASH", "long");
        }
        shell::quietly(&mut cargo, |line| {
            tally.read(line);
            suite.read(line);
        })?;
    }
    println!(
        "{} cuts, {} tears, {} reorderings: {} images recovered",
        suite.cuts, suite.tears, suite.reorderings, suite.images
    );
    println!(
        "{} random schedules with {} outages",
        suite.schedules, suite.outages
    );
    Ok(suite)
}

/// What runs the suite, and shows the reports of tests that pass.
fn commands() -> Vec<Command> {
    let lines = if works("cargo nextest --version") {
        vec![
            "cargo nextest run --cargo-quiet --no-fail-fast --status-level slow --final-status-level fail --success-output immediate -p rekindle -p rekindle-tests --features rekindle/crash --lib --test crash_* --test golden_crash --test rules_in_place",
        ]
    } else {
        vec![
            "cargo test --quiet -p rekindle -p rekindle-tests --features rekindle/crash --test crash_* --test golden_crash --test rules_in_place",
            "cargo test --quiet -p rekindle --features crash --lib crash::",
        ]
    };
    lines
        .into_iter()
        .map(|line| {
            let mut cargo = command(line);
            // Only these binaries: others of the tests take minutes to compile at each level.
            // The level is that of Rekindle and the tasks. What these depend on is built once.
            cargo.args(["--config", "profile.dev.package.'*'.opt-level=0"]);
            if line.contains("nextest") {
                cargo.args(["-E", FILTER])
            } else {
                cargo.args(["--", "--nocapture"])
            };
            cargo
        })
        .collect()
}

/// Runs all levels.
pub fn report(long: bool, json: bool) -> Result<bool> {
    let mut rows = Vec::new();
    let mut good = true;
    for level in LEVELS {
        eprintln!("opt-level {level}");
        let (start, mut tally) = (Instant::now(), Tally::default());
        let suite = at_level(level, long, &mut tally);
        if let Err(error) = &suite {
            eprintln!("{error:#}");
            good = false;
        }
        rows.push((level, start.elapsed().as_secs(), suite));
    }
    let mut page = format!(
        "# The crash suite at six optimisation levels\n\n`cargo xtask crash{}` on {}, {}. Seeds are in the tests.\n\n\
         Each distinct NVM image that an outage can leave is recovered, and outages during that recovery are tried in \
         turn, until no new image comes up. All of NVM is compared with the run on continuous power.\n\n\
         | opt-level | seconds, with the build | cuts | tears | reorderings | images recovered | random schedules | \
         outages in them | differences |\n| --- | --: | --: | --: | --: | --: | --: | --: | --: |\n",
        if long { " --long" } else { "" },
        machine::date(),
        machine::name()
    );
    let mut list = Vec::new();
    for (level, seconds, suite) in rows {
        let (differences, s) = match suite {
            Ok(suite) => ("0", suite),
            Err(_) => ("FAILED", Suite::default()),
        };
        let _ = writeln!(
            page,
            "| {level} | {seconds} | {} | {} | {} | {} | {} | {} | {differences} |",
            s.cuts, s.tears, s.reorderings, s.images, s.schedules, s.outages
        );
        list.push(serde_json::json!({"opt_level": level, "seconds": seconds, "passed": differences == "0", "tried": s}));
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&list)?);
    } else {
        println!("{page}");
    }
    if good {
        std::fs::create_dir_all("docs/results")?;
        std::fs::write("docs/results/crash.md", &page)?;
    }
    Ok(good)
}
