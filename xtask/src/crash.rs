//! The crash suite at every optimisation level: what the optimiser may reorder, it will.

use std::fmt::Write as _;
use std::time::Instant;

use anyhow::Result;

use crate::machine;
use crate::shell::{self, command, target};

/// The levels that Cargo knows.
pub const LEVELS: [&str; 6] = ["0", "1", "2", "3", "s", "z"];

/// The suite at one level. `long`: also those cases that take minutes without optimisation.
pub fn at_level(level: &str, long: bool) -> Result<()> {
    let mut cargo = command(
        "cargo test -q -p rekindle-tests --test crash_language --test crash_lenet --test golden_crash",
    );
    cargo
        .env("CARGO_TARGET_DIR", target().join(format!("opt-{level}")))
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", level)
        .env("CARGO_PROFILE_DEV_DEBUG", "0");
    if !long {
        cargo.env("REKINDLE_CRASH", "short");
    }
    shell::run(&mut cargo)
}

/// Runs all levels.
pub fn run(long: bool, json: bool) -> Result<bool> {
    let mut rows = Vec::new();
    for level in LEVELS {
        let start = Instant::now();
        let outcome = at_level(level, long);
        if let Err(e) = &outcome {
            eprintln!("opt-level {level}: {e:#}");
        }
        rows.push((level, start.elapsed().as_secs(), outcome.is_ok()));
    }
    let good = rows.iter().all(|r| r.2);
    if json {
        let list: Vec<_> = rows
            .iter()
            .map(|(level, seconds, ok)| serde_json::json!({"opt_level": level, "seconds": seconds, "differences": if *ok { Some(0) } else { None }}))
            .collect();
        println!("{}", serde_json::to_string_pretty(&list)?);
    }
    let mut page = format!(
        "# The crash suite at six optimisation levels\n\n`cargo xtask crash{}`, {}, {}. Seeds are in the tests.\n\n| opt-level | seconds, build included | differences |\n|---|---|---|\n",
        if long { " --long" } else { "" },
        machine::date(),
        machine::name()
    );
    for (level, seconds, ok) in &rows {
        let _ = writeln!(
            page,
            "| {level} | {seconds} | {} |",
            if *ok { "0" } else { "FAILED" }
        );
    }
    if long && good {
        std::fs::create_dir_all("docs/results")?;
        std::fs::write("docs/results/crash.md", &page)?;
    }
    if !json {
        println!("{page}");
    }
    Ok(good)
}
