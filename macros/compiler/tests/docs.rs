//! The pages of the rules: what each shows as refused is refused by its rule alone, and what it shows as accepted is accepted.
//!
//! What the Rust compiler evaluates, RK05 and RK11, are doc tests of `rekindle-tests`.

mod common;

use std::path::Path;

/// The code blocks behind a word that begins a paragraph.
fn blocks(page: &str, word: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find(&format!("\n{word}:")) {
        rest = &rest[at + 1..];
        let Some(open) = rest.find("```rust\n") else {
            break;
        };
        let code = &rest[open + 8..];
        let Some(close) = code.find("```") else { break };
        found.push(code[..close].to_owned());
        rest = &code[close..];
    }
    found
}

/// A page may show statements alone.
fn task(code: &str) -> String {
    if code.contains("fn ") {
        code.replace("#[intermittent_task]\n", "")
    } else {
        format!("fn task(n: usize) {{ let mut k: usize = 0; {code} }}")
    }
}

#[test]
fn pages_show_what_is_so() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules");
    let mut pages = 0;
    for entry in std::fs::read_dir(folder).expect("the pages are there") {
        let path = entry.expect("readable").path();
        let Some(code) = path
            .file_stem()
            .and_then(|s| s.to_str())
            .filter(|s| s.starts_with("RK") && s != &"RK05" && s != &"RK11")
            .map(str::to_owned)
        else {
            continue;
        };
        let page = std::fs::read_to_string(&path).expect("readable");
        let (refused, accepted) = (blocks(&page, "Refused"), blocks(&page, "Accepted"));
        assert!(
            !refused.is_empty() && !accepted.is_empty(),
            "{code}: a failing and a fixed example"
        );
        for example in refused {
            let (_, _, found) = common::compile(&task(&example));
            let codes: Vec<_> = found.iter().filter_map(|d| d.code).collect();
            assert!(
                !codes.is_empty() && codes.iter().all(|c| *c == code),
                "{code}: {found:#?}\n{example}"
            );
        }
        for example in accepted {
            let (_, _, found) = common::compile(&task(&example));
            assert!(found.is_empty(), "{code}: {found:#?}\n{example}");
        }
        pages += 1;
    }
    assert!(pages >= 9, "{pages} pages");
}
