//! Every public operator has a page, and every page says what a user has to know.

use std::collections::BTreeMap;
use std::path::Path;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Functions that the crate's root and its module `broadcast` have: tasks, and helpers, which have no page.
fn operators() -> Vec<String> {
    let helpers = ["multipliers", "per_tensor"];
    let root = read("kernels/src/lib.rs");
    let root = root.split("pub mod by_element").next().unwrap_or_default();
    let mut found: Vec<String> = root
        .split("pub use ")
        .skip(1)
        .flat_map(|rest| {
            let names = rest.split(';').next().unwrap_or_default();
            let names = names.split("::").last().unwrap_or_default();
            names
                .split([',', '{', '}', '\n'])
                .map(|name| name.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .chain(["sub", "mul"].map(|name| format!("broadcast::{name}")))
        .filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter(|name| !helpers.contains(&name.as_str()))
        .chain(rolling())
        .collect();
    found.sort();
    assert!(found.len() > 20, "{found:?}");
    found
}

/// The tasks with a line buffer, as their module exports them.
fn rolling() -> Vec<String> {
    let module = read("kernels/src/rolling/mod.rs");
    let lines = module.lines().filter(|l| l.starts_with("pub use "));
    let tasks = lines.flat_map(|l| l.split(['{', '}']).nth(1).unwrap_or_default().split(','));
    let tasks: Vec<_> = tasks
        .map(|task| format!("rolling::{}", task.trim()))
        .collect();
    assert!(tasks.len() >= 4, "{tasks:?}");
    tasks
}

/// Pages of operators, by name. The other three are about all of them.
fn pages() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operators");
    std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !["README.md", "dsp.md", "tiles.md"].contains(&name.as_str()))
        .map(|name| (name.clone(), read(&format!("docs/operators/{name}"))))
        .collect()
}

/// What is missing.
fn missing(operators: &[String], pages: &BTreeMap<String, String>, index: &str) -> Vec<String> {
    let mut missing = Vec::new();
    for operator in operators {
        let call = format!("`{operator}(");
        if !pages.values().any(|page| page.contains(&call)) {
            missing.push(format!("no page shows a call of `{operator}`"));
        }
    }
    for (name, page) in pages {
        if !index.contains(&format!("({name})")) {
            missing.push(format!("README.md does not name {name}"));
        }
        let has = |row: &str| page.lines().any(|l| l.starts_with(&format!("| {row}")));
        // Shapes or units, what is computed, memory, commits, source; rounding and NVM where they are not as the index says.
        if !has("shapes") && !has("units") {
            missing.push(format!("{name} says nothing of shapes"));
        }
        for row in ["commit", "SRAM (stack)", "source"] {
            if !has(row) {
                missing.push(format!("{name} has no row `{row}`"));
            }
        }
        for source in page.lines().filter(|l| l.starts_with("| source")) {
            for file in source.split('`').skip(1).step_by(2) {
                let path = if file.contains('/') {
                    file.to_owned()
                } else {
                    format!("kernels/src/{file}")
                };
                let there = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(&path);
                if !there.exists() {
                    missing.push(format!("{name}: its source {path} is not there"));
                }
            }
        }
    }
    for row in [
        "layout", "shapes", "units", "rounding", "SRAM", "NVM", "panics",
    ] {
        if !index.contains(&format!("\n| {row} |")) {
            missing.push(format!("README.md has no row `{row}`"));
        }
    }
    missing
}

#[test]
fn every_operator_has_a_page_with_all_that_is_promised() {
    let found = missing(&operators(), &pages(), &read("docs/operators/README.md"));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn what_is_missing_is_found() {
    let index = read("docs/operators/README.md");
    let mut without = pages();
    let page = without.remove("softmax.md").unwrap();
    let found = missing(&operators(), &without, &index);
    assert_eq!(found, ["no page shows a call of `softmax`"]);
    without.insert("softmax.md".to_owned(), page.replace("| commit |", "| - |"));
    let found = missing(&operators(), &without, &index);
    assert_eq!(found, ["softmax.md has no row `commit`"]);
}
