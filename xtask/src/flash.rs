//! `cargo xtask flash`: what stores for NOR flash need for the same commits, and what they keep.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::machine;
use crate::shell::{output, outside, run, target};

/// The crate.
const FOLDER: &str = "tests/flash_stores";
const REPORT: &str = "docs/results/flash.md";

/// What the crate prints.
#[derive(Debug, Serialize, Deserialize)]
struct Report {
    inferences: usize,
    commits: usize,
    pages: usize,
    page: usize,
    nvm: usize,
    seeds: u64,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    store: String,
    asked: f64,
    programmed: f64,
    amplification: f64,
    erases: f64,
    most: u32,
    least: u32,
    rewritten: u64,
    outages: Outages,
}

#[derive(Debug, Serialize, Deserialize)]
struct Outages {
    failures: u64,
    lost: u64,
    errors: u64,
    breaches: u64,
    seen: Vec<String>,
    commits: u64,
}

/// The command; whether ours loses nothing, breaks no rule, and writes each unit once.
pub fn report(short: bool, json: bool) -> Result<bool> {
    run(&mut outside(FOLDER, "cargo build --quiet --release"))?;
    let program = target().join(FOLDER).join("release/flash_stores");
    let words = if short { "10 3" } else { "80 20" };
    let mut command = std::process::Command::new(program);
    let text = output(command.args(words.split(' ')))?;
    let report: Report = serde_json::from_str(&text).context("the crate prints JSON")?;
    if json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", tables(&report));
    }
    if !short && !json {
        let text = document(&report);
        fs::write(REPORT, text).with_context(|| format!("cannot write {REPORT}"))?;
    }
    let ours = report.rows.first().context("our row")?;
    Ok(ours.outages.failures > 0
        && ours.outages.lost + ours.outages.errors + ours.outages.breaches == 0
        && ours.rewritten == 0
        && ours.amplification < 2.0
        && ours.most - ours.least <= 1)
}

fn tables(report: &Report) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "| per inference | bytes of commits | bytes programmed | | pages erased | erases of a page, least to most |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |"
    );
    for row in &report.rows {
        let _ = writeln!(
            text,
            "| {} | {:.0} | {:.0} | {:.2}× | {:.2} | {} to {} |",
            row.store,
            row.asked,
            row.programmed,
            row.amplification,
            row.erases,
            row.least,
            row.most
        );
    }
    let _ = writeln!(
        text,
        "\n| outages | failures | commits acknowledged | lost | errors | rules broken | seen |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | --- |"
    );
    for row in &report.rows {
        let o = &row.outages;
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            row.store,
            o.failures,
            o.commits,
            o.lost,
            o.errors,
            o.breaches,
            o.seen.join("; ")
        );
    }
    text
}

fn document(report: &Report) -> String {
    let Report {
        inferences,
        commits,
        pages,
        page,
        nvm,
        seeds,
        ..
    } = report;
    format!(
        "# Stores for NOR flash\n\n\
         `cargo xtask flash`, {}, {}; seeds 0 to {}.\n\n\
         The commits of {inferences} inferences of `examples/lenet`, one per output row ({commits} in all; writes that change nothing are left\n\
         out), stored by each on the same simulated chip: {pages} pages of {page} bytes, words of 4 bytes, as in the nRF52. `Flash` keeps\n\
         the {nvm} bytes of NVM in SRAM as well. sequential-storage stores an item per write, its key the address, without a cache; ekv a\n\
         transaction per commit, which its README advises against: each opens a page.\n\n\
         Outages: runs of 1,000 commits each, with failures at random operations, in the middle of words (any mix of old and new bits)\n\
         and of erases (any mix over the page) among them. Nothing but the chip survives one. At each boot all acknowledged values are\n\
         read. *Lost* are boots where one was missing or another, *errors* those with the power on; such a run ends there. Whether ekv's are its\n\
         own or come from its use here was not examined. A *rule broken* is a word written twice between two\n\
         erases. A run ends as well when there is no progress, so the numbers of commits differ.\n\n\
         {}\n{}",
        machine::date(),
        machine::name(),
        seeds - 1,
        tables(report),
        GUARANTEES
    )
}

/// What each promises; theirs by their own documentation.
const GUARANTEES: &str = "\
## What they promise

By the documentation of `Flash`, and the READMEs and API documentation of sequential-storage 8.0.2 and ekv 1.0.0.

| | rekindle `Flash` | sequential-storage, map | ekv |
| --- | --- | --- | --- |
| what it is for | a task's memory: bytes at addresses | key and value | key and value, above 1,000 keys |
| all or nothing | a write of up to 256 bytes within a page | an item | a transaction of any number of keys |
| after an outage | all that was acknowledged is there | \"always fine or fully recoverable\" | \"never corrupts the database\" |
| integrity | CRC-32 of each entry, its page's number and its place | CRC of header and data | CRC-32, a feature |
| writes of a word between erases | one; the mark of a page that is worn or dropped, two | one; two where items are removed | one |
| first use | any content | pages that were erased | `format` |
| erase only when there is energy | `erase_only_in_maintenance`, `maintain` | not offered | not offered |
| an erase that an outage interrupts | begun again; with `open_in_parts`, it goes on | begun again | begun again |
| wear levelling | pages in turn | pages in turn | pages in turn, first one random |
| erase counts | readable | not kept | not kept |
| a page that does not hold | read back; written elsewhere, retired; typed error when too few are left | not stated | not stated |
| a supply that tears each entry | pages of torn entries are dropped; nothing ends | not stated | not stated |
| reads | from SRAM | linear search in flash | O(log n) in flash |
| SRAM | the image | a buffer for an item | buffers for pages |

So `Flash` pays for its promises with SRAM and with copying: the more of its pages are spare, the less of it. Where there are a few
settings to keep and no task to continue, one of the others is the better choice.

## On the devices

* `cargo xtask firmware --only microbit`: `Flash` on the nRF51's controller in QEMU, see `firmware.md`.
* `cargo test -p rekindle-tests --test flash_network -- --nocapture`: 3 inferences, 910 failures at random operations in 10 runs, no
  byte of NVM differs.
* By the figures of the nRF52840 (41 µs and 0.49 µJ per word, 85 ms and about 1 mJ per erase, 10,000 erases per page), 6 erases and 24 kB
  are 0.75 s and 9 mJ, and 26 pages last for some 43,000 inferences: internal flash is for results and rare inferences; an FRAM takes
  the same data in milliseconds.
";
