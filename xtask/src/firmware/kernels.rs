//! The kernels' benchmark: how large it is. `cargo xtask bench` runs it.

use anyhow::Result;

use super::{Effort, Outcome, Row, Target, tools};

/// See the module.
pub const TARGET: Target = Target {
    name: "cortex-m4-kernels",
    run,
};

fn run(_: Effort) -> Result<Outcome> {
    tools::rust_target(tools::CORTEX_M4)?;
    let programs = tools::build("firmware/bench-m4", tools::CORTEX_M4, "")?;
    let sizes = tools::sizes(&programs.join("rekindle-bench-m4"))?;
    let row = Row {
        target: "cortex-m4 kernels".to_owned(),
        text: sizes.text,
        data: sizes.data + sizes.bss,
        note: "`cargo xtask bench`".to_owned(),
        ..Row::default()
    };
    Ok(Outcome {
        rows: vec![row],
        checks: Vec::new(),
    })
}
