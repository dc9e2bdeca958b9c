//! The kernels: how large the benchmark is (`cargo xtask bench` runs it), that no operator can panic, and that each gives
//! the same on mapped memory and on a byte store.

use std::path::Path;

use anyhow::{Result, ensure};

use super::{Check, Effort, Outcome, Row, Target, elf, qemu, tools};

/// See the module.
pub const TARGET: Target = Target {
    name: "cortex-m4-kernels",
    run,
};

/// Operators and their ways in `firmware/bench-m4/src/operators`, at least.
const CASES: usize = 40;

fn run(_: Effort) -> Result<Outcome> {
    tools::rust_target(tools::CORTEX_M4)?;
    tools::qemu_arm()?;
    let programs = tools::build("firmware/bench-m4", tools::CORTEX_M4, "")?;
    let program = programs.join("rekindle-bench-m4");
    let sizes = tools::sizes(&program)?;
    let mut checks = Vec::new();
    for (name, what) in [
        (
            "rekindle-bench-m4",
            "code that could panic, in the benchmark",
        ),
        (
            "operators",
            "code that could panic, in any operator on two stores",
        ),
    ] {
        let panics = elf::panics(&programs.join(name))?;
        checks.push(Check {
            target: row_name(),
            what: what.to_owned(),
            passed: panics.is_empty(),
            seen: if panics.is_empty() {
                "none is linked".to_owned()
            } else {
                panics.join(", ")
            },
        });
    }
    let seeded = elf::panics(&programs.join("seeded"))?;
    checks.push(Check {
        target: row_name(),
        what: "seeded: a kernel that can panic".to_owned(),
        passed: !seeded.is_empty(),
        seen: format!("{} functions for panics", seeded.len()),
    });
    checks.push(operators(&programs.join("operators"))?);
    let row = Row {
        target: row_name(),
        text: sizes.text,
        data: sizes.data + sizes.bss,
        note: "`cargo xtask bench`".to_owned(),
        ..Row::default()
    };
    Ok(Outcome {
        rows: vec![row],
        checks,
    })
}

/// Runs every operator in QEMU; it compares the stores itself.
fn operators(program: &Path) -> Result<Check> {
    let printed = qemu::serial(program)?;
    let (mut cases, mut equal) = (0, 0);
    for line in printed.lines() {
        let fields: Vec<_> = line.split('|').collect();
        ensure!(fields.len() == 3, "not a result: {line}");
        cases += 1;
        equal += usize::from(fields[1] == fields[2]);
    }
    Ok(Check {
        target: row_name(),
        what: "every operator on mapped memory and on a byte store".to_owned(),
        passed: cases >= CASES && equal == cases,
        seen: format!("{equal} of {cases} with the same output"),
    })
}

fn row_name() -> String {
    "cortex-m4 kernels".to_owned()
}
