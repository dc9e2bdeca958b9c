//! The architecture search of `search/`: its tests, and its commands with all that they need.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::python::environment;
use crate::shell::{command, output, run};
use crate::steps::{Skip, Tally};

const PROJECT: &str = "search/pyproject.toml";
/// For the tests that `cargo xtask test` runs: no framework for training, no data.
const TESTS: [&str; 5] = ["numpy", "pillow", "pytest", "optuna", "scipy"];

/// The packages that `search/pyproject.toml` pins, or those of them with these names.
fn pins(only: Option<&[&str]>) -> Result<Vec<String>> {
    let text =
        std::fs::read_to_string(PROJECT).with_context(|| format!("cannot read {PROJECT}"))?;
    // Requirements are the only strings of the file with `==`.
    let pins: Vec<String> = text
        .split('"')
        .filter(|word| word.contains("=="))
        .filter(|word| {
            let name = word.split("==").next().unwrap_or_default();
            only.is_none_or(|names| names.contains(&name))
        })
        .map(str::to_owned)
        .collect();
    ensure!(!pins.is_empty(), "{PROJECT} pins nothing");
    Ok(pins)
}

fn python(name: &str, only: Option<&[&str]>) -> Result<PathBuf> {
    environment(name, &pins(only)?)
}

fn with_package(mut python: Command) -> Command {
    python.env("PYTHONPATH", "search");
    python
}

/// A step of `cargo xtask test`.
pub fn tests(tally: &mut Tally) -> Result<()> {
    let python = python("search/tests", Some(&TESTS))
        .map_err(|why| Skip(format!("{} from PyPI: {why:#}", TESTS.join(", "))))?;
    // The tests ask the planner, and should not wait for its build.
    output(&mut command("cargo build --quiet --release --bin rekindle"))?;
    tally.run(&mut with_package(command(&format!(
        "{} -m pytest -q -rs -p no:cacheprovider search/tests",
        python.display()
    ))))
}

/// Runs `rekindle-search` with these arguments, everything installed; or, with `test`, all of its tests.
pub fn search(arguments: &[String]) -> Result<()> {
    let python = python("search/all", None)?;
    if let [only, more @ ..] = arguments
        && only == "test"
    {
        let mut tests = with_package(command(&format!(
            "{} -m pytest -p no:cacheprovider search/tests",
            python.display()
        )));
        return run(tests.args(more));
    }
    let mut program = with_package(command(&format!(
        "{} -m rekindle_search.cli",
        python.display()
    )));
    run(program.args(arguments))
}
