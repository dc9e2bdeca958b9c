//! What cannot be resumed safely is refused, with the rule and the name of the culprit.

mod common;

use rekindle_compiler::diag::RULES;

/// Asserts that `body` gives exactly the errors `expected`: (rule, part of the message).
fn refused(body: &str, expected: &[(&str, &str)]) {
    let source = format!(
        "fn task(x: Input<[i8; 8]>, y: Output<[i8; 8]>, s: State<u32>, mem: &mut Memory, n: usize) {{ {body} }}"
    );
    let (_, _, diagnostics) = common::compile(&source);
    let found: Vec<String> = diagnostics.iter().map(|d| d.text()).collect();
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (text, (code, part)) in found.iter().zip(expected) {
        assert!(
            text.contains(code) && text.contains(part),
            "expected [{code}] …{part}… in {text}"
        );
        assert!(
            text.contains("after an outage") && text.contains("help:"),
            "incomplete: {text}"
        );
    }
    // Each rule is needed: without it, its errors and no others are gone.
    for (rule, _) in expected {
        let rule = RULES
            .iter()
            .find(|r| *r == rule)
            .expect("the code of a rule");
        let (_, _, left) = common::compile_without(&source, &[*rule]);
        assert!(
            left.iter().all(|d| d.code != Some(*rule)) && left.len() < found.len(),
            "{rule} is off: {left:#?}"
        );
    }
}

#[test]
fn an_untyped_changing_local_across_a_commit() {
    refused(
        "let mut sum = 0; #[commit] for i in 0..n { sum += 1; y.set(i, sum); }",
        &[("RK02", "`sum`")],
    );
}

#[test]
fn a_reference_to_a_changing_local_across_a_commit() {
    refused(
        "let mut sum: i8 = 0; let r: &mut i8 = &mut sum; #[commit] for i in 0..n { *r += 1; y.set(i, *r); }",
        &[("RK02", "`r`")],
    );
}

#[test]
fn a_binding_computed_from_something_that_changes() {
    refused(
        "let mut k: usize = 0; k += 1; let half = k / 2; #[commit] for i in 0..n { y.set(half, x[i]); k += 1; }",
        &[("RK03", "`half`")],
    );
}

#[test]
fn a_binding_computed_from_nothing_known() {
    refused(
        "let seed = random(); #[commit] for i in 0..n { y.set(i, seed); }",
        &[("RK03", "`seed`")],
    );
}

#[test]
fn a_range_that_changes() {
    refused(
        "let mut k: usize = n; #[commit] for i in 0..k { k -= 1; y.set(i, 0); }",
        &[("RK03", "range")],
    );
}

#[test]
fn a_mutable_loop_variable() {
    refused(
        "#[commit] for mut i in 0..n { i += 1; y.set(i, 0); }",
        &[("RK02", "loop variable")],
    );
}

#[test]
fn a_saved_local_that_is_hidden_at_the_commit() {
    refused(
        "let mut a: u8 = 1; a += 1; { let mut a: i8 = 0; #[commit] for i in 0..n { a += 1; y.set(i, a); } } y.set(a as usize, 0);",
        &[("RK02", "hidden")],
    );
}

#[test]
fn a_change_through_an_exclusive_reference() {
    refused(
        "#[commit] for i in 0..n { mem.counter += 1; }",
        &[("RK06", "`mem`")],
    );
}

#[test]
fn an_output_both_written_and_handed_on() {
    refused("y.set(0, 1); #[run] other(y);", &[("RK01", "`y`")]);
}

#[test]
fn a_scratch_local_handed_to_a_sub_task() {
    refused(
        "let mut scratch: [i8; 8] = [0; 8]; #[run] other(&mut scratch, y);",
        &[("RK03", "argument")],
    );
}

#[test]
fn commits_where_execution_cannot_be_taken_up() {
    refused(
        "let f = |k: usize| { #[commit] for i in 0..k { } };",
        &[("RK08", "closure")],
    );
    refused(
        "async { #[commit] for i in 0..n { } };",
        &[("RK08", "async")],
    );
    refused(
        "fn inner() { #[commit] for i in 0..3 { } }",
        &[("RK08", "nested item")],
    );
    refused(
        "let z = { #[commit] for i in 0..n { } 1 };",
        &[("RK08", "inside an expression")],
    );
    refused(
        "let z = #[run] other(y);",
        &[("RK08", "inside an expression")],
    );
    refused("#[run] if n > 1 { }", &[("RK08", "before a call")]);
}

#[test]
fn unsafe_code() {
    refused(
        "#[commit] for i in 0..n { unsafe { write(i) } }",
        &[("RK09", "`unsafe`")],
    );
    refused(
        "#[commit] for i in 0..n { (0..3).for_each(|k| unsafe { write(k) }); }",
        &[("RK09", "`unsafe`")],
    );
}

#[test]
fn a_deferred_initialisation_across_a_commit() {
    refused(
        "let k; k = n + 1; #[commit] for i in 0..n { y.set(k, x[i]); }",
        &[("RK02", "`k`")],
    );
}

#[test]
fn an_impure_matched_value_with_bindings() {
    refused(
        "match poll() { Some(k) => { #[commit] for i in 0..n { *s += 1; } } None => {} }",
        &[("RK03", "matched value")],
    );
}

#[test]
fn a_commit_inside_while_let() {
    refused(
        "while let Some(k) = next() { #[commit] for i in 0..n { *s += 1; } }",
        &[("RK03", "while let")],
    );
}

#[test]
fn all_errors_at_once() {
    refused(
        "let mut a = 0; let b = random(); #[commit] for i in 0..n { a += 1; y.set(i, a + b); }",
        &[("RK02", "`a`"), ("RK03", "`b`")],
    );
}

#[test]
fn signatures_that_no_task_can_have() {
    for (source, part) in [
        ("async fn t() {}", "async"),
        ("unsafe fn t() {}", "unsafe"),
        ("fn t() -> u32 { 0 }", "returns nothing"),
        ("fn t(&mut self) {}", "&self"),
        ("fn t((mut a, b): (u8, u8)) { a = 1; }", "`a`"),
        ("fn t(x: u32) { g()?; }", "`?`"),
        (
            "fn t(mut r: &[u8]) { #[commit] for i in 0..3 { r = &r[1..]; } }",
            "`r`",
        ),
    ] {
        let (_, _, diagnostics) = common::compile(source);
        assert!(
            diagnostics.iter().any(|d| d.text().contains(part)),
            "{source}: {diagnostics:?}"
        );
    }
}

#[test]
fn a_tile_moved_in_a_closure() {
    for (source, refused) in [
        (
            "fn t(x: TileInput<[i8; 8]>, y: TileOutput<[i8; 8]>) { #[commit] for i in 0..8 { y.set(i, x.tile(i)); } }",
            false,
        ),
        (
            "fn t(x: TileInput<[i8; 8]>, y: Output<[i8; 8]>) { #[commit] for i in 0..8 { let g = |k| x.tile(k); y.set(i, g(i)); } }",
            true,
        ),
        (
            "fn t(x: Input<[i8; 8]>, y: TileOutput<[i8; 8]>) { #[commit] for i in 0..8 { (0..2).for_each(|k| y.set(k, x[i])); } }",
            true,
        ),
    ] {
        let (_, _, diagnostics) = common::compile(source);
        assert_eq!(
            diagnostics
                .iter()
                .any(|d| d.text().contains("in a closure")),
            refused,
            "{source}: {diagnostics:?}"
        );
    }
}
