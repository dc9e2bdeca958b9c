//! The resumable form: which loops share one position counter, and where a task can start without a record of its own.
//!
//! A nest of `for` loops around one committing loop, with nothing to save but the position, is counted by one linear
//! counter: position = ((i₀·(n₁+1) + i₁)·(n₂+1) + i₂)…, where `i_k` are iteration numbers and `n_k` the lengths of the
//! inner loops. The radix is `n+1`, so that "inner loop done" and "next outer iteration" stay different positions.

use crate::analyze::{Analysis, Save};
use crate::names::{bound, of_expr, of_stmt};
use crate::pure::is_assignment;
use crate::task::{Body, Head, Loop, Node, NodeKind, SiteId, Task};
use std::collections::{BTreeMap, BTreeSet};
use syn::visit::{self, Visit};
use syn::{Expr, UnOp};

/// The plan for a task.
#[derive(Debug, Default)]
pub struct Lowered {
    /// By loop id.
    pub loops: BTreeMap<usize, Form>,
    /// The site that the entry record names: 0, or that of a nest which needs no record at its entry.
    pub first: SiteId,
}

/// How a loop on the path is resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// Its index is part of the records made inside.
    Indexed,
    /// The outermost loop of a counted nest.
    Nest {
        /// The site of the innermost loop's commit.
        site: SiteId,
        /// Loop ids, outermost first.
        levels: Vec<usize>,
    },
    /// A loop further in.
    Inner {
        /// Its depth in the nest: 1 and up.
        level: usize,
        /// Whether it is the innermost one.
        innermost: bool,
    },
}

/// Decides the form of every loop.
pub fn lower(task: &Task, analysis: &Analysis) -> Lowered {
    let mut lowered = Lowered::default();
    body(&task.body, analysis, &mut lowered);
    lowered.first = first_site(&task.body, analysis, &lowered);
    lowered
}

fn body(b: &Body, analysis: &Analysis, lowered: &mut Lowered) {
    for node in &b.nodes {
        match &node.kind {
            NodeKind::Loop(l) => any_loop(l, node, analysis, lowered),
            NodeKind::Block(_, b) => body(b, analysis, lowered),
            NodeKind::If(i) => {
                body(&i.then.body, analysis, lowered);
                i.otherwise
                    .iter()
                    .for_each(|b| body(&b.body, analysis, lowered));
            }
            NodeKind::Match(m) => m
                .arms
                .iter()
                .for_each(|(_, b)| body(&b.body, analysis, lowered)),
            NodeKind::Plain
            | NodeKind::Item
            | NodeKind::Let(_)
            | NodeKind::Run(_)
            | NodeKind::Point(_) => {}
        }
    }
}

fn any_loop(l: &Loop, node: &Node, analysis: &Analysis, lowered: &mut Lowered) {
    if let Some((levels, site)) = nest(l, node, analysis) {
        let depth = levels.len();
        for (level, id) in levels.iter().enumerate().skip(1) {
            lowered.loops.insert(
                *id,
                Form::Inner {
                    level,
                    innermost: level + 1 == depth,
                },
            );
        }
        lowered.loops.insert(l.id, Form::Nest { site, levels });
        return;
    }
    lowered.loops.insert(l.id, Form::Indexed);
    body(&l.body, analysis, lowered);
}

/// The levels of the nest that starts at `l`, if it can be counted.
fn nest(l: &Loop, node: &Node, analysis: &Analysis) -> Option<(Vec<usize>, SiteId)> {
    let mut chain = vec![l];
    let mut names = BTreeSet::new();
    let site = loop {
        let last = *chain.last()?;
        let Head::For(pat, iter) = &last.head else {
            return None;
        };
        if chain.len() > 1 && (!is_range(iter) || of_expr(iter).keys().any(|n| names.contains(n))) {
            return None;
        }
        if let Some(commit) = &last.commit {
            if last.body.range().is_some() {
                return None;
            }
            break commit.site;
        }
        names.extend(bound(pat).into_iter().map(|(n, _)| n.to_string()));
        for n in &last.body.nodes {
            if let NodeKind::Let(local) = &n.kind {
                names.extend(bound(&local.pat).into_iter().map(|(n, _)| n.to_string()));
            }
        }
        let mut inner = last.body.nodes.iter().filter(|n| n.range().is_some());
        let (Some(only), None) = (inner.next(), inner.next()) else {
            return None;
        };
        let NodeKind::Loop(next) = &only.kind else {
            return None;
        };
        chain.push(next);
    };
    let entry = analysis.entry.get(&l.id)?;
    let locals = |saves: &[Save]| {
        saves
            .iter()
            .filter(|s| !matches!(s, Save::Index(_)))
            .count()
    };
    // A value saved inside the nest would differ from one outer iteration to the next.
    if locals(analysis.saves.get(&site)?) != locals(entry) {
        return None;
    }
    for save in entry {
        let changed = match save {
            Save::Local(name, true) | Save::State(name) => writes(node, &name.to_string()),
            Save::Local(..) | Save::Index(_) => false,
        };
        if changed {
            return None;
        }
    }
    Some((chain.iter().map(|l| l.id).collect(), site))
}

/// `a..b`, `a..=b`, with `.rev()` and `.step_by(n)`: iterators whose length is exact.
pub fn is_range(e: &Expr) -> bool {
    match e {
        Expr::Range(r) => r.start.is_some() && r.end.is_some(),
        Expr::Paren(p) => is_range(&p.expr),
        Expr::MethodCall(m) if m.method == "rev" => is_range(&m.receiver),
        Expr::MethodCall(m) if m.method == "step_by" => is_range(&m.receiver),
        _ => false,
    }
}

/// Whether a node may change the variable `name`.
fn writes(node: &Node, name: &str) -> bool {
    struct Writes<'n> {
        name: &'n str,
        found: bool,
    }
    impl Writes<'_> {
        fn names(&self, e: &Expr) -> bool {
            match e {
                Expr::Path(p) => p.path.is_ident(self.name),
                Expr::Field(f) => self.names(&f.base),
                Expr::Index(i) => self.names(&i.expr),
                Expr::Paren(p) => self.names(&p.expr),
                Expr::Unary(u) if matches!(u.op, UnOp::Deref(_)) => self.names(&u.expr),
                Expr::Tuple(t) => t.elems.iter().any(|e| self.names(e)),
                Expr::Array(t) => t.elems.iter().any(|e| self.names(e)),
                Expr::MethodCall(m) => self.names(&m.receiver),
                _ => false,
            }
        }
    }
    impl<'a> Visit<'a> for Writes<'_> {
        fn visit_expr(&mut self, e: &'a Expr) {
            self.found |= match e {
                Expr::Assign(a) => self.names(&a.left),
                Expr::Binary(b) if is_assignment(b.op) => self.names(&b.left),
                Expr::Reference(r) if r.mutability.is_some() => self.names(&r.expr),
                // A method may take `&mut self`.
                Expr::MethodCall(m) => self.names(&m.receiver),
                _ => false,
            };
            visit::visit_expr(self, e);
        }
        fn visit_macro(&mut self, m: &'a syn::Macro) {
            let mut names = crate::names::Names::new();
            crate::names::idents_of(m.tokens.clone(), &mut names);
            self.found |= names.contains_key(self.name);
        }
    }
    let mut v = Writes { name, found: false };
    v.visit_stmt(&node.source);
    v.found
}

/// The first node with a site, if it is a nest whose record would hold nothing: the task's entry record serves it.
fn first_site(b: &Body, analysis: &Analysis, lowered: &Lowered) -> SiteId {
    let Some(node) = b.nodes.iter().find(|n| n.range().is_some()) else {
        return 0;
    };
    let NodeKind::Loop(l) = &node.kind else {
        return 0;
    };
    match (lowered.loops.get(&l.id), analysis.entry.get(&l.id)) {
        (Some(Form::Nest { site, .. }), Some(saves)) if saves.is_empty() => *site,
        _ => 0,
    }
}

/// Whether a node uses `name`.
pub fn uses(node: &Node, name: &str) -> bool {
    of_stmt(&node.source).contains_key(name)
}
