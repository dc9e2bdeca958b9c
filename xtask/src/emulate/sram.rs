//! `cargo xtask emulate --sram`: keyword spotting with less and less SRAM, through power failures; the table of
//! `docs/import.md`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::{FOLDER, Outcome, Supply, run};
use crate::firmware::tools;
use crate::shell::{command, output, target};

const PAGE: &str = "docs/import.md";
const MODEL: &str = "../shared/models/kws_ref_model.tflite";
/// The table's first row.
const HEAD: &str = "| imported with | SRAM of layers, bytes |";
/// Power failures for each row.
const FAILURES: usize = 200;

/// Words of `rekindle import`, beside the board and its capacitor where it is planned for.
const ROWS: [(&str, bool); 5] = [
    ("--sram 32K", false),
    ("--device nrf52840-spi-fram", true),
    ("--device nrf52840-spi-fram --sram 1K", true),
    ("--device nrf52840-spi-fram --sram 512", true),
    ("--device nrf52840-spi-fram --sram 350", true),
];

/// Layers by what they have in SRAM.
struct Forms {
    sram: u64,
    whole: usize,
    rows: usize,
    tiles: usize,
}

/// Writes the table; whether no result differed.
pub fn report(supply: &mut Supply) -> Result<bool> {
    ensure!(
        supply.cycles.len() >= FAILURES,
        "{FAILURES} cycles are needed"
    );
    supply.cycles.truncate(FAILURES);
    let model = Path::new(FOLDER).join("src/model.rs");
    let folder = target().join("tutorial");
    fs::create_dir_all(&folder)?;
    let mut text = format!(
        "{HEAD} layers whole, by rows, in tiles | instructions without failures | power cycles per inference |\n\
         | --- | ---: | ---: | ---: | ---: |\n"
    );
    let mut good = true;
    for (words, planned) in ROWS {
        let forms = import(words, planned, &model)?;
        let program = tools::build(FOLDER, tools::CORTEX_M4, "")?.join("rekindle-kws");
        let (
            Outcome {
                failures,
                differences,
                instructions_without_failures,
                power_cycles_per_inference,
                ..
            },
            _,
        ) = run(supply, &program, &folder)?;
        eprintln!("     {words}: {failures} failures, {differences} differences");
        good &= differences == 0 && failures == FAILURES;
        let _ = writeln!(
            text,
            "| `{words}` | {} | {}, {}, {} | {:.2} million | {power_cycles_per_inference:.0} |",
            grouped(forms.sram),
            forms.whole,
            forms.rows,
            forms.tiles,
            instructions_without_failures as f64 / 1e6,
        );
    }
    print!("{text}");
    let page = fs::read_to_string(PAGE).with_context(|| format!("cannot read {PAGE}"))?;
    fs::write(PAGE, replaced(&page, &text)?)?;
    Ok(good)
}

/// Imports the model; what its layers have in SRAM.
fn import(words: &str, planned: bool, out: &Path) -> Result<Forms> {
    let capacitor = if planned { "--capacitor 100u" } else { "" };
    let words = format!(
        "cargo run --quiet --release --bin rekindle -- import {MODEL} {words} {capacitor} --json --out {}",
        out.display()
    );
    let report: serde_json::Value = serde_json::from_str(&output(&mut command(&words))?)?;
    let layers = report["layers"].as_array().context("no `layers`")?;
    let count = |form: &str| layers.iter().filter(|l| l["form"] == form).count();
    Ok(Forms {
        sram: report["sram_bytes"].as_u64().context("no `sram_bytes`")?,
        whole: count("whole"),
        rows: count("rows"),
        tiles: count("tile"),
    })
}

/// `17,016`.
fn grouped(number: u64) -> String {
    match (number / 1000, number % 1000) {
        (0, rest) => rest.to_string(),
        (thousands, rest) => format!("{thousands},{rest:03}"),
    }
}

/// The page with another table in place of the one that it has.
fn replaced(page: &str, table: &str) -> Result<String> {
    let from = page.find(HEAD).context("the page has no such table")?;
    let (before, rest) = page.split_at(from);
    let lines = rest.split_inclusive('\n');
    let behind: String = lines.skip_while(|line| line.starts_with('|')).collect();
    Ok(format!("{before}{table}{behind}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_table_is_replaced() {
        let page = format!("a\n\n{HEAD} b |\n| --- |\n| 1 |\n\n| another |\n");
        let found = replaced(&page, "| new |\n").unwrap();
        assert_eq!(found, "a\n\n| new |\n\n| another |\n");
        assert!(replaced("none", "").is_err());
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([350, 1536, 17_016].map(grouped), ["350", "1,536", "17,016"]);
    }
}
