//! `cargo xtask rules`: the table of rules and cases in `docs/rules/README.md`, read from the tests.
//!
//! A refused case is a task of `tests/ui/*.rs` with an error of the rule in the pinned output; a near miss is a task of
//! `tests/ui/pass`. `trybuild` runs both.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;

const AT_LEAST_REFUSED: usize = 4;
const AT_LEAST_ACCEPTED: usize = 2;

/// One rule and its cases.
#[derive(Debug, Serialize)]
struct Rule {
    code: String,
    title: String,
    refused: Vec<String>,
    accepted: Vec<String>,
}

/// Writes the table, or prints it as JSON.
pub fn report(root: &Path, json: bool) -> Result<bool> {
    let rules = read(root)?;
    if json {
        println!("{}", serde_json::to_string_pretty(&rules)?);
        return Ok(true);
    }
    let page = root.join("docs/rules/README.md");
    let text = table(&rules);
    fs::write(&page, &text).with_context(|| format!("{} cannot be written", page.display()))?;
    println!("{text}");
    Ok(true)
}

fn read(root: &Path) -> Result<Vec<Rule>> {
    let (ui, docs) = (root.join("tests/ui"), root.join("docs/rules"));
    let mut refused: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in files(&ui, "stderr")? {
        let (output, source) = (text(&path)?, text(&path.with_extension("rs"))?);
        for (code, line) in errors(&output) {
            let cases = refused.entry(code).or_default();
            let name = item_at(&source, line);
            if !cases.contains(&name) {
                cases.push(name);
            }
        }
    }
    let mut rules = Vec::new();
    for page in files(&docs, "md")? {
        let Some(code) = page
            .file_stem()
            .and_then(|s| s.to_str())
            .filter(|s| s.starts_with("RK"))
        else {
            continue;
        };
        let first = text(&page)?;
        let title = first
            .lines()
            .next()
            .and_then(|l| l.split_once(": "))
            .with_context(|| format!("{}: no title `# {code}: …`", page.display()))?
            .1
            .to_owned();
        let pass = ui.join("pass").join(format!("{}.rs", code.to_lowercase()));
        let accepted = items(&text(&pass)?);
        let rule = Rule {
            code: code.to_owned(),
            title,
            refused: refused.remove(code).unwrap_or_default(),
            accepted,
        };
        ensure!(
            rule.refused.len() >= AT_LEAST_REFUSED && rule.accepted.len() >= AT_LEAST_ACCEPTED,
            "{code}: {} refused and {} accepted cases, of at least {AT_LEAST_REFUSED} and {AT_LEAST_ACCEPTED}",
            rule.refused.len(),
            rule.accepted.len()
        );
        rules.push(rule);
    }
    ensure!(refused.is_empty(), "rules without a page: {refused:?}");
    Ok(rules)
}

fn files(folder: &Path, extension: &str) -> Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// Code and line of each error of a pinned output.
fn errors(output: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut code = None;
    for line in output.lines() {
        if line.starts_with("error") {
            code = line
                .split_once("[RK")
                .and_then(|(_, rest)| rest.get(..2))
                .map(|n| format!("RK{n}"));
        }
        // The first place is the error's own.
        if let Some((_, at)) = line.split_once("--> ")
            && let Some(line) = at.rsplit(':').nth(1).and_then(|n| n.parse().ok())
            && let Some(code) = code.take()
        {
            found.push((code, line));
        }
    }
    found
}

/// The item of the source in which a line lies: a function's name, or the line itself for a constant.
fn item_at(source: &str, line: usize) -> String {
    let lines: Vec<_> = source.lines().collect();
    let above = lines.iter().take(line).rev();
    // A constant of its own stands at the margin.
    if let Some(own) = lines.get(line - 1)
        && own.starts_with("const ")
    {
        return lines
            .iter()
            .take(line - 1)
            .rev()
            .find_map(|l| l.strip_prefix("// "))
            .unwrap_or(own)
            .trim_end_matches('.')
            .to_owned();
    }
    above
        .clone()
        .find_map(|l| function(l))
        // An attribute stands above its function.
        .or_else(|| lines.iter().skip(line).find_map(|l| function(l)))
        .map_or_else(|| format!("line {line}"), |n| format!("`{n}`"))
}

fn function(line: &str) -> Option<&str> {
    let rest = line
        .trim_start()
        .strip_prefix("pub ")
        .unwrap_or(line.trim_start());
    let name = rest.strip_prefix("fn ")?;
    name.split(['(', '<']).next()
}

/// The tasks of a file, and its constants with a remark.
fn items(source: &str) -> Vec<String> {
    let lines: Vec<_> = source.lines().collect();
    let mut found = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        if line.trim_start().starts_with("#[intermittent_task")
            && let Some(name) = lines[i..].iter().find_map(|l| function(l))
        {
            found.push(format!("`{name}`"));
        }
        if line.starts_with("const _")
            && let Some(remark) = lines[..i].iter().rev().find_map(|l| l.strip_prefix("// "))
        {
            found.push(remark.trim_end_matches('.').to_owned());
        }
    }
    found
}

fn table(rules: &[Rule]) -> String {
    let mut out = String::from(
        "# The rules\n\nWhat a task may not do, because an outage would make something else of it. Each rule has a page, with an example that\n\
         is refused and one that is accepted; both are tested. This table is made from the tests by `cargo xtask rules`: the\n\
         refused cases are pinned with the compiler's output in `tests/ui`, the accepted ones, close to what is refused, in\n\
         `tests/ui/pass`.\n\n| rule | about | refused | accepted |\n| --- | --- | --- | --- |\n",
    );
    for r in rules {
        let cases = |of: &[String]| format!("{}: {}", of.len(), of.join(", "));
        let _ = writeln!(
            out,
            "| [{}]({}.md) | {} | {} | {} |",
            r.code,
            r.code,
            r.title,
            cases(&r.refused),
            cases(&r.accepted)
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_that_of_the_tests() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("a root");
        let rules = read(root).expect("pages and cases");
        assert_eq!(rules.len(), 11);
        let page = text(&root.join("docs/rules/README.md")).expect("the page");
        assert_eq!(page, table(&rules), "run `cargo xtask rules`");
    }
}
