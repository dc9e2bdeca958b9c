//! What is accepted, and in which form.

mod common;

use rekindle_compiler::analyze::{LetClass, Save};
use rekindle_compiler::lower::Form;

fn accepted(
    body: &str,
) -> (
    rekindle_compiler::analyze::Analysis,
    rekindle_compiler::lower::Lowered,
) {
    let source = format!(
        "fn task(x: Input<[i8; 8]>, y: Output<[i8; 8]>, s: State<u32>, mem: &mut Memory, n: usize) {{ {body} }}"
    );
    let (analysis, lowered, diagnostics) = common::compile(&source);
    assert!(
        diagnostics.is_empty(),
        "{:#?}",
        diagnostics.iter().map(|d| d.text()).collect::<Vec<_>>()
    );
    (analysis, lowered)
}

fn saved(analysis: &rekindle_compiler::analyze::Analysis, site: u8) -> Vec<String> {
    analysis.saves[&site]
        .iter()
        .map(|s| match s {
            Save::Local(n, _) => n.to_string(),
            Save::State(n) => format!("state {n}"),
            Save::Index(i) => format!("index {i}"),
        })
        .collect()
}

#[test]
fn a_plain_loop_is_a_counter_and_needs_no_entry_record() {
    let (_, lowered) = accepted("#[commit] for i in 0..n { y.set(i, x[i]); }");
    assert_eq!(
        lowered.loops[&1],
        Form::Nest {
            site: 1,
            levels: vec![1]
        }
    );
    assert_eq!(lowered.first, 1);
}

#[test]
fn a_nest_is_one_counter() {
    let (_, lowered) = accepted(
        "for a in 0..2 { let row = &x[a]; for b in (0..3).rev() { y.set(0, 1); #[commit(every = 4)] for c in (0..=n).step_by(2) { y.set(c, row[b]); } } y.set(a, 1); }",
    );
    assert_eq!(
        lowered.loops[&1],
        Form::Nest {
            site: 1,
            levels: vec![1, 2, 3]
        }
    );
    assert_eq!(
        lowered.loops[&2],
        Form::Inner {
            level: 1,
            innermost: false
        }
    );
    assert_eq!(
        lowered.loops[&3],
        Form::Inner {
            level: 2,
            innermost: true
        }
    );
}

#[test]
fn a_triangular_nest_is_not_one_counter() {
    let (_, lowered) = accepted("for a in 0..8 { #[commit] for b in 0..a { y.set(b, x[a]); } }");
    assert_eq!(lowered.loops[&1], Form::Indexed);
    assert_eq!(
        lowered.loops[&2],
        Form::Nest {
            site: 1,
            levels: vec![2]
        }
    );
    assert_eq!(lowered.first, 0);
}

#[test]
fn a_running_sum_is_saved_at_each_commit() {
    let (analysis, lowered) =
        accepted("let mut sum: i32 = 0; #[commit] for i in 0..n { sum += 1; y.set(i, sum); }");
    assert_eq!(lowered.loops[&1], Form::Indexed);
    assert_eq!(saved(&analysis, 1), ["sum", "index 1"]);
}

#[test]
fn a_local_that_a_nest_only_reads_is_saved_once_at_its_entry() {
    let (analysis, lowered) = accepted(
        "let mut best: i8 = 0; for i in 0..8 { best = best.max(x[i]); } #[commit] for i in 0..n { y.set(i, x[i] - best); }",
    );
    assert_eq!(saved(&analysis, 1), ["best", "index 1"]);
    assert_eq!(
        lowered.loops[&1],
        Form::Nest {
            site: 1,
            levels: vec![1]
        }
    );
    assert_eq!(
        lowered.first, 0,
        "its value has to be recorded before the first position"
    );
}

#[test]
fn bindings_are_recomputed_saved_or_dead() {
    let (analysis, _) = accepted(
        "let half = n / 2; let dead = read(); y.set(0, dead); #[sense] let limit: usize = poll(); \
         #[commit] for i in 0..limit { y.set(i, x[half]); }",
    );
    let classes: Vec<&str> = analysis
        .lets
        .values()
        .map(|c| match c {
            LetClass::Skipped => "skipped",
            LetClass::Rematerialised => "rematerialised",
            LetClass::Saved(_) => "saved",
        })
        .collect();
    assert_eq!(classes, ["rematerialised", "skipped", "saved"]);
}

#[test]
fn what_a_recomputed_binding_depends_on_is_recomputed_too() {
    let (analysis, _) =
        accepted("let a = n + 1; let b = a * 2; #[commit] for i in 0..n { y.set(b, x[i]); }");
    assert!(
        analysis
            .lets
            .values()
            .all(|c| matches!(c, LetClass::Rematerialised))
    );
}

#[test]
fn a_shadowing_local_does_not_keep_the_shadowed_one_alive() {
    accepted(
        "let mut t = 0; t += 1; y.set(0, t); #[commit] for i in 0..n { let t = x[i]; y.set(i, t); }",
    );
}

#[test]
fn types_that_the_value_spells_out() {
    let (analysis, _) = accepted(
        "let mut a = 0u32; let mut b = i8::MIN; let mut c = [0i16; 4]; let mut d = -1_i64; let mut e = false; let mut f = n as u16;\
         #[commit] for i in 0..n { a += 1; b += 1; c[0] += 1; d += 1; e = !e; f += 1; }",
    );
    assert_eq!(
        saved(&analysis, 1),
        ["a", "b", "c", "d", "e", "f", "index 1"]
    );
}

#[test]
fn sub_tasks_in_loops_and_branches() {
    let (analysis, lowered) = accepted(
        "for i in 0..n { if i > 2 { #[run] a(&mem.x, i, &mut mem.y); } else { #[run] b(&mem.y, &mut mem.x); } } match n { 0 => { #[run] c(y); } _ => {} }",
    );
    assert_eq!(saved(&analysis, 1), ["index 1"]);
    assert_eq!(saved(&analysis, 3), Vec::<String>::new());
    assert_eq!(lowered.loops[&1], Form::Indexed);
}

#[test]
fn jumps_labels_and_blocks() {
    accepted(
        "'a: for i in 0..8 { #[commit] for j in 0..n { if j == 3 { continue; } if j == 4 { break; } if i == 5 { continue 'a; } if i == 6 { break 'a; } \
         for k in 0..3 { if k == 1 { continue; } break; } } } 'b: { #[commit] { y.set(0, 1); } if n == 3 { break 'b; } #[commit] y.set(1, 2); } \
         loop { #[commit] { y.set(2, 3); } if n > 1 { return; } }",
    );
}

#[test]
fn while_loops_with_saved_conditions() {
    let (analysis, _) =
        accepted("let mut k: usize = 0; #[commit] while k < n { y.set(k, x[k]); k += 1; }");
    assert_eq!(saved(&analysis, 1), ["k"]);
}

#[test]
fn states_are_part_of_every_record() {
    let (analysis, lowered) = accepted("#[commit] for i in 0..n { *s += 1; y.set(i, 1); }");
    assert_eq!(saved(&analysis, 1), ["state s", "index 1"]);
    assert_eq!(lowered.loops[&1], Form::Indexed);
}
