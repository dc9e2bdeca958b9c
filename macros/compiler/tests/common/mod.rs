//! Runs the compiler on source text.

use rekindle_compiler::diag::{Diagnostic, Diagnostics};
use rekindle_compiler::{analyze, lower, parse};

/// The task, its analysis and its plan, with the diagnostics.
#[allow(dead_code, reason = "each test file uses its own part")]
pub fn compile(source: &str) -> (analyze::Analysis, lower::Lowered, Vec<Diagnostic>) {
    compile_without(source, &[])
}

/// The same with some rules switched off.
#[allow(dead_code, reason = "each test file uses its own part")]
pub fn compile_without(
    source: &str,
    off: &[&'static str],
) -> (analyze::Analysis, lower::Lowered, Vec<Diagnostic>) {
    let item = syn::parse_str(source).expect("the test's own source is Rust");
    let mut diagnostics = Diagnostics::default();
    diagnostics.switch_off(off);
    let task = parse::parse(item, &syn::parse_quote!(::rekindle), &mut diagnostics);
    let analysis = analyze::analyze(&task, &mut diagnostics);
    let lowered = lower::lower(&task, &analysis);
    (analysis, lowered, diagnostics.iter().cloned().collect())
}
