//! The table of all targets.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result};

use super::Outcome;
use crate::machine;

const REPORT: &str = "docs/results/firmware.md";

/// What is not as promised, one line each.
pub fn bad(outcome: &Outcome) -> Vec<String> {
    let rows = outcome.rows.iter().filter_map(|row| {
        let differences = row.differences.filter(|&n| n > 0)?;
        Some(format!("{}: {differences} differences", row.target))
    });
    let checks = outcome.checks.iter().filter(|check| !check.passed);
    let checks = checks.map(|check| format!("{}, {}: {}", check.target, check.what, check.seen));
    rows.chain(checks).collect()
}

/// The tables.
pub fn markdown(outcome: &Outcome) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "| target | text | data | SRAM peak | NVM used | failures injected | differences | overhead | |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |"
    );
    for row in &outcome.rows {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            row.target,
            row.text,
            row.data,
            or_dash(row.sram_peak),
            row.nvm,
            row.failures,
            or_dash(row.differences),
            or_dash(row.overhead.map(|ratio| format!("{ratio:.4}×"))),
            row.note
        );
    }
    if !outcome.checks.is_empty() {
        let _ = writeln!(
            text,
            "\n| target | bad state or seeded bug | | seen |\n| --- | --- | --- | --- |"
        );
    }
    for check in &outcome.checks {
        let mark = if check.passed { "ok" } else { "FAILED" };
        let _ = writeln!(
            text,
            "| {} | {} | {mark} | {} |",
            check.target, check.what, check.seen
        );
    }
    text
}

/// Writes the results of a full run.
pub fn write(outcome: &Outcome) -> Result<()> {
    let text = format!(
        "# Firmware on its targets\n\n\
         `cargo xtask firmware`, {}, {}. Sizes are bytes: text is code and constants, data is initialised and zeroed\n\
         variables, SRAM peak is data and the deepest stack (painted). Overhead is instructions with protection over\n\
         instructions without, on continuous power.\n\n{}",
        machine::date(),
        machine::name(),
        markdown(outcome)
    );
    fs::write(REPORT, text).with_context(|| format!("cannot write {REPORT}"))
}

fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| value.to_string())
}
