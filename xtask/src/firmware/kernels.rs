//! The kernels: how large the benchmark is (`cargo xtask bench` runs it), that no operator can panic, and that each gives
//! the same on mapped memory and on a byte store.

use std::path::Path;

use anyhow::{Result, bail};

use super::{Check, Effort, Outcome, Row, Target, elf, qemu, tools};

/// See the module.
pub const TARGET: Target = Target {
    name: "cortex-m4-kernels",
    run,
};

/// Kernels in tiles that are measured, at least.
const TILED: usize = 26;
/// Bytes of stack that a call takes beside its tiles, at most.
const BESIDE: usize = 640;
/// Kernels with a line buffer that are measured, at least.
const ROLLING: usize = 8;
/// Bytes of stack that a kernel with a line buffer takes more than the one on whole buffers, beside its sums, at most; and for
/// each row in the buffer.
const MORE: [usize; 2] = [96, 24];
/// SRAM of the smallest devices.
const SMALLEST: usize = 2048;

/// Operators and their ways in `firmware/bench-m4/src/operators`, at least.
const CASES: usize = 50;

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
    checks.extend(operators(&programs.join("operators"))?);
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

/// Runs every operator in QEMU; it compares the stores itself, and measures the kernels in tiles.
fn operators(program: &Path) -> Result<[Check; 3]> {
    let printed = qemu::serial(program)?;
    let (mut cases, mut equal) = (0, 0);
    let (mut tiled, mut beyond, mut beside, mut deepest) = (0, Vec::new(), 0, 0);
    let (mut rolling, mut deeper, mut more, mut widest) = (0, Vec::new(), isize::MIN, 0);
    for line in printed.lines() {
        match line.split('|').collect::<Vec<_>>()[..] {
            [_, mapped, bytes] => {
                cases += 1;
                equal += usize::from(mapped == bytes);
            }
            [name, tiles, stack, "tiles"] => {
                let (tiles, stack): (usize, usize) = (tiles.parse()?, stack.parse()?);
                tiled += 1;
                beside = beside.max(stack.saturating_sub(tiles));
                deepest = deepest.max(stack);
                if stack > tiles + BESIDE || stack >= SMALLEST {
                    beyond.push(name);
                }
            }
            [name, rows, arena, sums, stack, whole, "rows"] => {
                let number = |text: &str| text.parse::<usize>();
                let limit = number(whole)? + number(sums)? + MORE[0] + MORE[1] * number(rows)?;
                rolling += 1;
                more = more.max(number(stack)?.cast_signed() - number(whole)?.cast_signed());
                widest = widest.max(number(arena)?);
                if number(stack)? > limit {
                    deeper.push(name);
                }
            }
            _ => bail!("not a result: {line}"),
        }
    }
    let check = |what: &str, passed, seen| Check {
        target: row_name(),
        what: what.to_owned(),
        passed,
        seen,
    };
    Ok([
        check(
            "every operator on mapped memory and on a byte store",
            cases >= CASES && equal == cases,
            format!("{equal} of {cases} with the same output"),
        ),
        check(
            "stack of every kernel in tiles, without an arena, against the constant of its tiles",
            tiled >= TILED && beyond.is_empty(),
            format!(
                "{deepest} bytes at most, {beside} beside the tiles at most; too many: {beyond:?}"
            ),
        ),
        check(
            "stack of every kernel with a line buffer, on exactly its arena, against the kernel on whole buffers",
            rolling >= ROLLING && deeper.is_empty(),
            format!(
                "arenas of {widest} bytes at most, {more} bytes of stack more at most; too many: {deeper:?}"
            ),
        ),
    ])
}

fn row_name() -> String {
    "cortex-m4 kernels".to_owned()
}
