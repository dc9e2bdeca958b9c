//! Every rule is needed: switched off, it no longer refuses what `tests/ui` pins as refused by it.

use std::collections::BTreeSet;
use std::fs;
use std::panic;

use quote::ToTokens;
use rekindle::plan::{Loop, Plan};
use rekindle_compiler::diag::RULES;
use rekindle_compiler::{Options, expand};
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItemFn, ItemFn};

/// A task of a ui case, and the arguments of its attribute.
struct Task {
    function: ItemFn,
    options: Options,
}

/// The tasks in the case that a rule refuses.
fn tasks(rule: &str) -> Vec<Task> {
    struct Find(Vec<Task>);
    impl Find {
        fn add(&mut self, function: ItemFn) {
            let marks = |a: &&Attribute| a.path().is_ident("intermittent_task");
            let Some(mark) = function.attrs.iter().find(marks) else {
                return;
            };
            let args = mark.meta.require_list().map(|l| l.tokens.clone());
            self.0.push(Task {
                function: ItemFn {
                    attrs: Vec::new(),
                    ..function
                },
                options: Options::parse(args.unwrap_or_default(), true).unwrap(),
            });
        }
    }
    impl<'a> Visit<'a> for Find {
        fn visit_item_fn(&mut self, f: &'a ItemFn) {
            self.add(f.clone());
            visit::visit_item_fn(self, f);
        }
        fn visit_impl_item_fn(&mut self, f: &'a ImplItemFn) {
            self.add(ItemFn {
                attrs: f.attrs.clone(),
                vis: f.vis.clone(),
                modifiers: f.modifiers.clone(),
                sig: f.sig.clone(),
                block: Box::new(f.block.clone()),
            });
            visit::visit_impl_item_fn(self, f);
        }
    }
    let path = format!(
        "{}/ui/{}.rs",
        env!("CARGO_MANIFEST_DIR"),
        rule.to_lowercase()
    );
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut find = Find(Vec::new());
    find.visit_file(&syn::parse_file(&text).unwrap());
    find.0
}

impl Task {
    /// What it becomes without some rules, or the rules that refuse it.
    fn without(&self, off: &[&'static str]) -> Result<String, BTreeSet<Option<&'static str>>> {
        let options = Options {
            off: off.to_vec(),
            ..self.options.clone()
        };
        expand(&options, self.function.clone())
            .map(|tokens| tokens.to_string())
            .map_err(|refused| refused.diagnostics.iter().map(|d| d.code).collect())
    }
}

#[test]
fn each_rule_refuses_what_nothing_else_does() {
    for rule in RULES.into_iter().filter(|r| !["RK05", "RK11"].contains(r)) {
        let (mut refused, mut let_through) = (0, Vec::new());
        for task in tasks(rule) {
            let Err(by) = task.without(&[]) else { continue };
            if !by.contains(&Some(rule)) {
                continue;
            }
            refused += 1;
            match task.without(&[rule]) {
                Ok(_) => let_through.push(task.function.sig.ident.to_string()),
                Err(by) => assert!(!by.contains(&Some(rule)), "{rule} is off, and refuses"),
            }
        }
        println!("{rule}: refuses {refused} tasks; without it, these pass: {let_through:?}");
        assert!(
            refused >= 4,
            "{rule} refuses {refused} tasks of its own case"
        );
        assert!(
            !let_through.is_empty(),
            "without {rule}, nothing else passes"
        );
    }
}

/// RK05 is a constant that the compiler evaluates: without the rule it is not there, as without a budget.
#[test]
fn without_rk05_a_budget_changes_nothing() {
    let (mut evaluated, mut refused) = (0, 0);
    for mut task in tasks("RK05") {
        if task.options.budget.is_none() {
            continue;
        }
        let (with, without) = (task.without(&[]), task.without(&["RK05"]));
        task.options.budget = None;
        let none = task.without(&[]);
        assert_eq!(without, none, "{}", task.function.to_token_stream());
        // Another rule refuses it too.
        let Ok(none) = none else { continue };
        match with {
            Ok(text) => {
                assert_ne!(text, none, "its budget is not checked");
                evaluated += 1;
            }
            Err(by) => {
                assert_eq!(by, BTreeSet::from([Some("RK05")]));
                refused += 1;
            }
        }
    }
    assert!(
        evaluated >= 4 && refused >= 1,
        "{evaluated} checked, {refused} not countable"
    );
}

/// RK11 is an assertion of the plan, and refuses for its limits alone.
#[test]
fn rk11_refuses_for_the_memory_and_nothing_else() {
    const CONV: Loop = Loop {
        name: "conv",
        every: 1,
        iteration_nj: 0,
        commit_nj: 0,
        restart_nj: 0,
        sram_bytes: 2_048,
    };
    let refused = |sram_bytes: u64, nvm_bytes: u64| {
        panic::catch_unwind(|| {
            let plan = Plan {
                power_cycle_nj: 0,
                sram_bytes,
                nvm_bytes,
                loops: [CONV],
            };
            plan.check();
            plan.check_memory(4_096, 2_048);
        })
        .is_err()
    };
    assert!(refused(2_047, u64::MAX), "a tile and an arena too large");
    assert!(refused(u64::MAX, 4_095), "buffers too large");
    assert!(!refused(2_048, 4_096) && !refused(u64::MAX, u64::MAX));
}
