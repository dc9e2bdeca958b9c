//! What the compiler tells a user: every message in `ui/` is pinned to the letter; what stands in `ui/pass/` is close to
//! what is refused, and accepted.

use std::fs;
use std::path::Path;

#[test]
fn diagnostics_point_at_the_users_code() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}

#[test]
fn near_misses_are_accepted() {
    trybuild::TestCases::new().pass("ui/pass/*.rs");
}

/// In the pinned messages: a place in the code, what would happen (or what there is too much of), and a way out.
#[test]
fn every_rule_names_a_place_in_the_code_and_a_fix() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    let mut errors = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "stderr") {
            continue;
        }
        let source = fs::read_to_string(path.with_extension("rs")).unwrap();
        let lines: Vec<&str> = source.lines().collect();
        let output = fs::read_to_string(&path).unwrap();
        for error in output.split("\n\n").filter(|e| e.contains("[RK")) {
            let at = error.split_once("--> ").expect("a place").1;
            let line: usize = at.split(':').nth(1).unwrap().parse().unwrap();
            let code = lines[line - 1].trim_start();
            assert!(
                !code.starts_with("#[intermittent_task"),
                "points at the attribute:\n{error}"
            );
            assert!(error.contains("help: "), "no way out:\n{error}");
            // Budgets and memories are short whether there is an outage or not.
            let constant = error.contains("[RK05]") || error.contains("[RK11]");
            assert!(
                constant || error.contains("after an outage: "),
                "for no reason:\n{error}"
            );
            errors += 1;
        }
    }
    assert!(errors >= 4 * 11, "{errors} errors");
}
