//! `cargo xtask audit`: what authors answer for instead of the rules.
//!
//! Lists each `#[assume_idempotent("why")]` of the repository, or of the folder given, with file, line and reason.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Serialize;

/// One statement that the rules were told not to look at.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Assumption {
    file: PathBuf,
    line: usize,
    reason: String,
}

/// Lists, and counts.
pub fn report(folder: &Path, json: bool) -> Result<bool> {
    let mut files = Vec::new();
    sources(folder, &mut files)?;
    files.sort();
    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file)
            .with_context(|| format!("{} cannot be read", file.display()))?;
        found.extend(
            assumptions(&text)
                .into_iter()
                .map(|(line, reason)| Assumption {
                    file: file.clone(),
                    line,
                    reason,
                }),
        );
    }
    if json {
        println!("{}", serde_json::to_string_pretty(&found)?);
        return Ok(true);
    }
    for a in &found {
        println!("{}:{}: {}", a.file.display(), a.line, a.reason);
    }
    println!("{} assumed idempotent", found.len());
    Ok(true)
}

fn sources(folder: &Path, out: &mut Vec<PathBuf>) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                sources(&path, out)?;
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
    Ok(())
}

/// Line and reason of each attribute that is code: not in a comment, not in a string.
fn assumptions(text: &str) -> Vec<(usize, String)> {
    const WORD: &str = "assume_idempotent";
    let mut found = Vec::new();
    let mut rest = text;
    // The attribute that is being read: where it began.
    let mut attribute: Option<usize> = None;
    while let Some(first) = rest.chars().next() {
        let at = text.len() - rest.len();
        let (skip, string) = literal_or_comment(rest);
        if skip > 0 {
            if let (Some(start), Some(reason)) = (attribute, string) {
                found.push((line_of(text, start), reason.to_owned()));
                attribute = None;
            }
            rest = &rest[skip..];
            continue;
        }
        if rest.starts_with(WORD) && is_attribute(&text[..at]) {
            attribute = Some(at);
            rest = &rest[WORD.len()..];
            continue;
        }
        if first == ']' {
            attribute = None;
        }
        rest = &rest[first.len_utf8()..];
    }
    found
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].bytes().filter(|&b| b == b'\n').count() + 1
}

/// Whether `#[` or `#[path::` stands before.
fn is_attribute(before: &str) -> bool {
    before
        .trim_end_matches(|c: char| {
            c.is_alphanumeric() || c == '_' || c == ':' || c.is_whitespace()
        })
        .ends_with("#[")
}

/// Length of the comment, string or character that begins here (0: none does), and the text of a string.
fn literal_or_comment(rest: &str) -> (usize, Option<&str>) {
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), None);
    }
    if rest.starts_with("/*") {
        let (mut depth, mut at) = (0_usize, 0);
        while at < rest.len() {
            let here = &rest.as_bytes()[at..];
            if here.starts_with(b"/*") {
                (depth, at) = (depth + 1, at + 2);
            } else if here.starts_with(b"*/") {
                (depth, at) = (depth - 1, at + 2);
                if depth == 0 {
                    break;
                }
            } else {
                at += 1;
            }
        }
        return (at.min(rest.len()), None);
    }
    if let Some(raw) = rest.strip_prefix('r') {
        let hashes = raw.bytes().take_while(|&b| b == b'#').count();
        if raw[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let body = &raw[hashes + 1..];
            let len = body.find(&end).unwrap_or(body.len());
            let total = (2 + hashes + len + end.len()).min(rest.len());
            return (total, Some(&body[..len]));
        }
    }
    if rest.starts_with('"') {
        let mut escaped = false;
        for (i, c) in rest.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => return (i + 1, Some(&rest[1..i])),
                _ => {}
            }
        }
        return (rest.len(), None);
    }
    for quote in ["'\"'", "'\\\"'", "'\\''"] {
        if rest.starts_with(quote) {
            return (quote.len(), None);
        }
    }
    (0, None)
}

#[cfg(test)]
mod tests {
    use super::assumptions;

    #[test]
    fn attributes_are_listed_with_line_and_reason() {
        let text = "fn f() {\n    #[assume_idempotent(\"twice is once\")]\n    g();\n    \
                    #[rekindle::assume_idempotent(\n        r#\"a \"pulse\"\"#\n    )]\n    h();\n}";
        assert_eq!(
            assumptions(text),
            [
                (2, "twice is once".to_owned()),
                (4, "a \"pulse\"".to_owned())
            ]
        );
    }

    #[test]
    fn comments_and_strings_are_not_code() {
        let text = "// #[assume_idempotent(\"a\")]\n/* /* */ #[assume_idempotent(\"b\")] */\nlet q = '\"'; \
                    let s = \"#[assume_idempotent(\\\"c\\\")]\"; use rekindle::assume_idempotent; f(\"d\");";
        assert_eq!(assumptions(text), []);
    }
}
