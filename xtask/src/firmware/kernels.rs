//! The kernels' benchmark: how large it is. `cargo xtask bench` runs it.

use anyhow::Result;

use super::{Check, Effort, Outcome, Row, Target, elf, tools};

/// See the module.
pub const TARGET: Target = Target {
    name: "cortex-m4-kernels",
    run,
};

fn run(_: Effort) -> Result<Outcome> {
    tools::rust_target(tools::CORTEX_M4)?;
    let programs = tools::build("firmware/bench-m4", tools::CORTEX_M4, "")?;
    let program = programs.join("rekindle-bench-m4");
    let sizes = tools::sizes(&program)?;
    let panics = elf::panics(&program)?;
    let check = Check {
        target: row_name(),
        what: "code that could panic, in runtime and kernels".to_owned(),
        passed: panics.is_empty(),
        seen: if panics.is_empty() {
            "none is linked".to_owned()
        } else {
            panics.join(", ")
        },
    };
    let row = Row {
        target: row_name(),
        text: sizes.text,
        data: sizes.data + sizes.bss,
        note: "`cargo xtask bench`".to_owned(),
        ..Row::default()
    };
    Ok(Outcome {
        rows: vec![row],
        checks: vec![check],
    })
}

fn row_name() -> String {
    "cortex-m4 kernels".to_owned()
}
