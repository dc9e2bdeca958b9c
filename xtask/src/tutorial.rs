//! `cargo xtask tutorial`: runs the commands of `docs/tutorial-kws.md`, and holds the page to what they print.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::shell::{output, outside, run, target};

const PAGE: &str = "docs/tutorial-kws.md";
const FIRMWARE: &str = "firmware/kws";
const MODEL: &str = "../shared/models/kws_ref_model.tflite";
const TRACE: &str = "../shared/traces/mementos-rf/2.txt";
/// The repository's own.
const OTHER_TRACE: &str = "radio:1";

/// A command of the page, and the lines that the page shows of its output.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    command: String,
    shown: Vec<String>,
}

/// Why it cannot be run here.
pub fn absent() -> Option<String> {
    (!Path::new(MODEL).exists()).then(|| format!("the tutorial's model is not here, {MODEL}"))
}

/// Runs the page; whether no result differed.
pub fn report(short: bool, json: bool) -> Result<bool> {
    if let Some(why) = absent() {
        println!("SKIPPED: {why}");
        return Ok(true);
    }
    let page = fs::read_to_string(PAGE).with_context(|| format!("cannot read {PAGE}"))?;
    let steps = steps(&page);
    ensure!(steps.len() >= 4, "{PAGE} has {} commands", steps.len());
    let folder = target().join("tutorial");
    fs::create_dir_all(&folder)?;
    let recorded = Path::new(TRACE).exists();
    if !recorded {
        println!("SKIPPED: the recorded trace is not here, {TRACE}; with {OTHER_TRACE} instead");
    }
    for step in &steps {
        let mut command = step
            .command
            .replace("target/tutorial", &folder.to_string_lossy());
        if !recorded {
            command = command.replace(TRACE, OTHER_TRACE);
        }
        if short {
            command = command.replace("--count 1000", "--count 60");
        }
        println!("$ {command}");
        let printed = output(Command::new("sh").args(["-ec", &command]))?;
        if !json {
            print!("{printed}");
        }
        held(&step.shown, &printed).with_context(|| format!("{PAGE}, `{}`", step.command))?;
    }
    // Its code is complete only now.
    run(&mut outside(
        FIRMWARE,
        "cargo clippy --quiet --release --target thumbv7em-none-eabihf -- -D warnings",
    ))?;
    if !short && recorded {
        for (from, to) in [
            ("kws.md", "docs/results/kws.md"),
            ("kws.svg", "docs/kws.svg"),
        ] {
            fs::copy(folder.join(from), to).with_context(|| format!("cannot write {to}"))?;
        }
    }
    if json {
        let words = format!(
            "cargo xtask emulate --json --cycles {0}/cycles.json --out {0}",
            folder.display()
        );
        print!("{}", output(Command::new("sh").args(["-ec", &words]))?);
    }
    Ok(true)
}

/// The commands in the page's `console` blocks; a backslash at the end of a line goes on in the next.
fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let (mut inside, mut open) = (false, false);
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
            open = false;
            continue;
        }
        if !inside {
            continue;
        }
        let text = line.trim_end();
        let (text, more) = text
            .strip_suffix('\\')
            .map_or((text, false), |text| (text.trim_end(), true));
        if let Some(command) = text.strip_prefix("$ ") {
            steps.push(Step {
                command: command.to_owned(),
                shown: Vec::new(),
            });
            open = more;
        } else if let Some(step) = steps.last_mut() {
            if open {
                step.command = format!("{} {}", step.command, text.trim_start());
                open = more;
            } else {
                step.shown.push(line.to_owned());
            }
        }
    }
    steps
}

/// Whether the lines that the page shows are printed, in their order. Numbers may be others: they depend on the compiler. `…`
/// stands for any lines.
fn held(shown: &[String], printed: &str) -> Result<()> {
    let mut printed = printed.lines().map(shape);
    for line in shown {
        if line == "…" {
            continue;
        }
        let wanted = shape(line);
        if !printed.any(|line| line == wanted) {
            bail!("it is said to print this line, and does not:\n{line}");
        }
    }
    Ok(())
}

/// The line with `0` for every number, and one space for several.
fn shape(line: &str) -> String {
    let mut text = String::new();
    let mut last = ' ';
    for letter in line.chars() {
        let letter = if letter.is_ascii_digit() { '0' } else { letter };
        let within = last == '0' && letter == '.' || last == '.' && letter == '0';
        if !(letter == last && matches!(letter, '0' | ' ' | '-') || within) {
            text.push(letter);
        }
        last = letter;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_what_they_print_are_told_apart() {
        let page = "```console\n$ a b \\\n    c\nout\n…\n$ d\n```\n\n```rust\n$ e\n```\n";
        let step = |command: &str, shown: &[&str]| Step {
            command: command.to_owned(),
            shown: shown.iter().map(|s| (*s).to_owned()).collect(),
        };
        assert_eq!(steps(page), [step("a b c", &["out", "…"]), step("d", &[])]);
    }

    #[test]
    fn what_is_not_printed_is_found() {
        let shown = ["12 of x", "…", "| y |  3.25 s |"].map(str::to_owned);
        assert!(held(&shown, "7 of x\n\nz\n| y | 10 s |\n").is_ok());
        assert!(held(&shown, "7 of z\n| y | 10 s |\n").is_err());
        assert!(held(&shown, "| y | 10 s |\n7 of x\n").is_err());
    }
}
