//! What protection costs on a Cortex-M4: a program per kernel, with and without it, in QEMU.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::firmware::{qemu, tools};
use crate::machine;

const FOLDER: &str = "firmware/overhead-m4";
const REPORT: &str = "docs/results/overhead-m4.md";

/// A task that only commits: what every program has, and what starting and completing a run takes.
const NOTHING: &str = "nothing";

/// What is measured: kernel and granularity.
const CASES: [(&str, &str); 13] = [
    ("lenet", "row"),
    ("lenet", "element"),
    ("conv2d", "row"),
    ("conv2d", "element"),
    ("depthwise", "row"),
    ("depthwise", "element"),
    ("dense", "row"),
    ("dense", "element"),
    ("max_pool", "row"),
    ("max_pool", "element"),
    ("average_pool", "row"),
    ("average_pool", "element"),
    ("softmax", "row"),
];

/// The bar for the network, a commit per row.
const BAR: f64 = 1.01;

/// One line of the table.
#[derive(Debug, Serialize)]
pub struct Row {
    kernel: &'static str,
    granularity: &'static str,
    /// Instructions of a protected run, from its start to its completion.
    instructions: u64,
    /// Over those of the same body without protection.
    pub instructions_ratio: f64,
    /// The same without what starting and completing any run takes, as in a network of many kernels.
    inner_ratio: f64,
    /// Bytes of code (`.text`), less those of a program without work.
    text: u64,
    text_unprotected: u64,
    /// Bytes of stack below the caller's.
    stack: u64,
    stack_unprotected: u64,
}

/// One program.
#[derive(Debug, Clone, Copy)]
struct Run {
    instructions: u64,
    stack: u64,
    text: u64,
}

/// The two builds.
struct Programs {
    protected: PathBuf,
    plain: PathBuf,
}

/// The command; `check` compares with the bar.
pub fn report(json: bool, check: bool) -> Result<bool> {
    let programs = build("")?;
    let base = programs.both(NOTHING)?;
    let row = |&(kernel, granularity): &(&'static str, &'static str)| {
        programs.row(kernel, granularity, base)
    };
    let rows = CASES.iter().map(row).collect::<Result<Vec<_>>>()?;
    if json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        let table = markdown(&rows, base);
        print!("{table}");
        if !check {
            fs::write(REPORT, table).with_context(|| format!("cannot write {REPORT}"))?;
        }
    }
    let mut good = true;
    for row in &rows {
        if check
            && row.kernel == "lenet"
            && row.granularity == "row"
            && row.instructions_ratio > BAR
        {
            eprintln!(
                "lenet by row: {} × instructions, above {BAR}",
                row.instructions_ratio
            );
            good = false;
        }
    }
    Ok(good)
}

/// Ratio of the instructions of the network, a commit per `granularity`.
pub fn network(granularity: &'static str) -> Result<f64> {
    let programs = build("--bin nothing --bin lenet_row --bin lenet_element")?;
    let base = programs.both(NOTHING)?;
    Ok(programs.row("lenet", granularity, base)?.instructions_ratio)
}

fn build(words: &str) -> Result<Programs> {
    tools::rust_target(tools::CORTEX_M4)?;
    tools::qemu_arm()?;
    let protected = tools::build(FOLDER, tools::CORTEX_M4, words)?;
    let plain = tools::build_unprotected(FOLDER, tools::CORTEX_M4, words)?;
    Ok(Programs { protected, plain })
}

impl Programs {
    fn both(&self, name: &str) -> Result<[Run; 2]> {
        Ok([
            run(&self.protected.join(name))?,
            run(&self.plain.join(name))?,
        ])
    }

    fn row(&self, kernel: &'static str, granularity: &'static str, base: [Run; 2]) -> Result<Row> {
        let [with, without] = self.both(&format!("{kernel}_{granularity}"))?;
        let ratio = |instructions: u64| {
            (instructions as f64 / without.instructions as f64 * 1e4).round() / 1e4
        };
        Ok(Row {
            kernel,
            granularity,
            instructions: with.instructions,
            instructions_ratio: ratio(with.instructions),
            inner_ratio: ratio(with.instructions.saturating_sub(base[0].instructions)),
            text: with.text.saturating_sub(base[0].text),
            text_unprotected: without.text.saturating_sub(base[1].text),
            stack: with.stack,
            stack_unprotected: without.stack,
        })
    }
}

fn run(program: &Path) -> Result<Run> {
    let text = qemu::print(program, "")?;
    let (instructions, stack) = text
        .trim()
        .split_once(' ')
        .and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)))
        .with_context(|| format!("{}: {text}", program.display()))?;
    Ok(Run {
        instructions,
        stack,
        text: tools::sizes(program)?.code,
    })
}

fn markdown(rows: &[Row], [with, without]: [Run; 2]) -> String {
    let mut table = format!(
        "# Protection on a Cortex-M4\n\n\
         `cargo xtask overhead --target cortex-m4`, {}. QEMU `mps2-an386 -icount shift=8`, mapped store, shapes of the LeNet:\n\
         one run with protection against the same body without (\"plain\"). *Inner* is the ratio less the {} instructions that\n\
         starting and completing any run takes. `.text` is in bytes, less that of a program without work, of which protection\n\
         is {} B. Stack is painted, in bytes below the caller's.\n\n\
         | kernel | commit per | instructions | ratio | inner | .text | plain | stack | plain |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        machine::date(),
        with.instructions,
        with.text - without.text
    );
    for r in rows {
        let _ = writeln!(
            table,
            "| {} | {} | {} | {:.4} | {:.4} | {} | {} | {} | {} |",
            r.kernel,
            r.granularity,
            r.instructions,
            r.instructions_ratio,
            r.inner_ratio,
            r.text,
            r.text_unprotected,
            r.stack,
            r.stack_unprotected
        );
    }
    table
}
