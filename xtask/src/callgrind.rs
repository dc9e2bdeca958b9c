//! Counting instructions: valgrind's callgrind, which gives the same number on every machine and under any load.

use std::path::Path;

use anyhow::{Context, Result};

use crate::shell::{command, need, output, target};

/// Makes sure that valgrind is there.
pub fn available() -> Result<()> {
    need(
        "valgrind",
        "valgrind --version",
        &[
            "apt-get install -y valgrind",
            "sudo -n apt-get install -y valgrind",
        ],
    )
}

/// Instructions of `program` with these arguments.
pub fn instructions(program: &Path, args: &[&str]) -> Result<u64> {
    let file = target().join("callgrind.out");
    let mut valgrind = command("valgrind --tool=callgrind");
    valgrind.arg(format!("--callgrind-out-file={}", file.display()));
    output(valgrind.arg(program).args(args))?;
    let text = std::fs::read_to_string(&file)?;
    let total = text.lines().find_map(|l| {
        l.strip_prefix("summary: ")
            .or_else(|| l.strip_prefix("totals: "))
    });
    total
        .context("callgrind wrote no total")?
        .trim()
        .parse()
        .context("callgrind's total is no number")
}

/// Instructions of one run, where the last argument is the number of runs: twice as many less one time as many, so that
/// start-up cancels.
pub fn per_run(program: &Path, args: &[&str], runs: u64) -> Result<u64> {
    let count = |runs: u64| {
        let runs = runs.to_string();
        instructions(program, &[args, &[&runs]].concat())
    };
    Ok((count(2 * runs)? - count(runs)?) / runs)
}
