//! What a statement says of the world outside: `#[effect(…)]`, `#[sense]`, `#[assume_idempotent("…")]`.
//!
//! The attributes stay on the statements through the analysis, and are stripped before the task is emitted.

use crate::diag::{Diagnostic, Diagnostics};
use crate::parse::attrs_mut;
use crate::task::{Body, Node, NodeKind, Task};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Expr, Stmt, parse_quote};

/// A word on a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// `#[effect(at_least_once)]`: may happen again after an outage.
    AtLeastOnce,
    /// `#[effect(at_most_once)]`: committed before it happens, so that it never happens again.
    AtMostOnce,
    /// `#[sense]`: a value from outside, durable before it is used.
    Sense,
    /// `#[assume_idempotent("why")]`: the author answers for it.
    Assumed,
    /// `#[cost(N)]`: what it takes at most, in picojoules.
    Cost,
}

/// The word that an attribute is, if it is one and reads as one.
pub fn word(attr: &Attribute) -> Option<Word> {
    let path = attr.path();
    let last = path.segments.last()?;
    if path.segments.len() > 1 && path.segments[0].ident != "rekindle" {
        return None;
    }
    match last.ident.to_string().as_str() {
        "sense" => Some(Word::Sense),
        "assume_idempotent" => Some(Word::Assumed),
        "cost" => Some(Word::Cost),
        "effect" => {
            let kind = attr.parse_args::<syn::Ident>().ok()?;
            if kind == "at_least_once" {
                Some(Word::AtLeastOnce)
            } else if kind == "at_most_once" {
                Some(Word::AtMostOnce)
            } else {
                None
            }
        }
        _ => None,
    }
}

/// The attributes of a statement.
fn attrs(stmt: &Stmt) -> &[Attribute] {
    match stmt {
        Stmt::Local(l) => &l.attrs,
        Stmt::Macro(m) => &m.attrs,
        Stmt::Expr(e, _) => attrs_of(e),
        Stmt::Item(_) => &[],
    }
}

fn attrs_of(e: &Expr) -> &[Attribute] {
    match e {
        Expr::ForLoop(e) => &e.attrs,
        Expr::While(e) => &e.attrs,
        Expr::Loop(e) => &e.attrs,
        Expr::If(e) => &e.attrs,
        Expr::Match(e) => &e.attrs,
        Expr::Block(e) => &e.attrs,
        Expr::Call(e) => &e.attrs,
        Expr::MethodCall(e) => &e.attrs,
        Expr::Macro(e) => &e.attrs,
        Expr::Paren(e) => &e.attrs,
        Expr::Path(e) => &e.attrs,
        Expr::Unary(e) => &e.attrs,
        Expr::Assign(e) if e.attrs.is_empty() => attrs_of(&e.left),
        Expr::Binary(e) if e.attrs.is_empty() => attrs_of(&e.left),
        Expr::Index(e) if e.attrs.is_empty() => attrs_of(&e.expr),
        Expr::Field(e) if e.attrs.is_empty() => attrs_of(&e.base),
        _ => &[],
    }
}

/// What a statement says of itself.
pub fn words(stmt: &Stmt) -> impl Iterator<Item = Word> {
    attrs(stmt).iter().filter_map(word)
}

/// Whether a variable is said to come from outside.
pub fn from_outside(local: &syn::Local) -> bool {
    local
        .attrs
        .iter()
        .filter_map(word)
        .any(|w| matches!(w, Word::Sense | Word::AtLeastOnce | Word::AtMostOnce))
}

/// Whether its author answers for a statement.
pub fn assumed(stmt: &Stmt) -> bool {
    words(stmt).any(|w| w == Word::Assumed)
}

/// Whether a statement says what may become of its effect.
pub fn stated(stmt: &Stmt) -> bool {
    words(stmt).any(|w| w != Word::Cost)
}

/// What a statement says that it takes at most, in picojoules.
pub fn cost(stmt: &Stmt) -> Option<Expr> {
    attrs(stmt)
        .iter()
        .find(|a| word(a) == Some(Word::Cost))
        .and_then(|a| a.parse_args().ok())
}

/// Refuses words that do not read as one, or have no reason.
pub fn check(block: &syn::Block, diagnostics: &mut Diagnostics) {
    struct Read<'d>(&'d mut Diagnostics);
    impl<'a> Visit<'a> for Read<'_> {
        fn visit_attribute(&mut self, attr: &'a Attribute) {
            if attr.path().is_ident("effect") && word(attr).is_none() {
                self.0.push(
                    Diagnostic::new(attr.span(), "`#[effect]` does not say how often it may happen")
                        .code("RK06")
                        .outage("the statement would be repeated, or left out")
                        .help("write `#[effect(at_least_once)]` if it may happen again, `#[effect(at_most_once)]` if it may be left out"),
                );
            }
            if word(attr) == Some(Word::Cost) && attr.parse_args::<Expr>().is_err() {
                self.0.push(
                    Diagnostic::new(attr.span(), "`#[cost]` without a figure")
                        .code("RK05")
                        .help("write the most that the statement takes, in picojoules: `#[cost(120_000)]`"),
                );
            }
            if attr.path().is_ident("assume_idempotent")
                && !attr
                    .parse_args::<syn::LitStr>()
                    .is_ok_and(|s| !s.value().trim().is_empty())
            {
                self.0.push(
                    Diagnostic::new(attr.span(), "`#[assume_idempotent]` without a reason")
                        .help("say why running it twice is the same as once: `#[assume_idempotent(\"why\")]`"),
                );
            }
        }
        fn visit_item(&mut self, _: &'a syn::Item) {}
    }
    Read(diagnostics).visit_block(block);
}

/// The statements whose author answers for them, with the reasons.
pub fn assumptions(task_body: &Body) -> Vec<(proc_macro2::Span, String)> {
    struct Find(Vec<(proc_macro2::Span, String)>);
    impl<'a> Visit<'a> for Find {
        fn visit_attribute(&mut self, attr: &'a Attribute) {
            if word(attr) == Some(Word::Assumed)
                && let Ok(why) = attr.parse_args::<syn::LitStr>()
            {
                self.0.push((attr.span(), why.value()));
            }
        }
        fn visit_item(&mut self, _: &'a syn::Item) {}
    }
    let mut find = Find(Vec::new());
    for node in &task_body.nodes {
        find.visit_stmt(&node.source);
    }
    find.0
}

/// A task without its words.
pub fn strip(task: &mut Task) {
    if has_words(&task.body) {
        body(&mut task.body, &mut Strip);
    }
}

fn has_words(body: &Body) -> bool {
    struct Has(bool);
    impl<'a> Visit<'a> for Has {
        fn visit_attribute(&mut self, attr: &'a Attribute) {
            self.0 |= word(attr).is_some();
        }
    }
    let mut has = Has(false);
    for node in &body.nodes {
        has.visit_stmt(&node.source);
    }
    has.0
}

/// The statements that say nothing of the world, for a look at what the others do not cover.
pub fn unstated(task_body: &Body) -> Body {
    let mut copy = task_body.clone();
    if has_words(&copy) {
        body(&mut copy, &mut Leave);
    }
    copy
}

fn body(b: &mut Body, change: &mut impl VisitMut) {
    for n in &mut b.nodes {
        node(n, change);
    }
}

fn node(n: &mut Node, change: &mut impl VisitMut) {
    change.visit_stmt_mut(&mut n.source);
    match &mut n.kind {
        NodeKind::Plain | NodeKind::Item | NodeKind::Point(_) => {}
        NodeKind::Let(_) => match &n.source {
            Stmt::Local(l) => n.kind = NodeKind::Let(Box::new(l.clone())),
            _ => n.kind = NodeKind::Plain,
        },
        NodeKind::Run(r) => change.visit_expr_mut(&mut r.call),
        NodeKind::Block(_, b) => body(b, change),
        NodeKind::Loop(l) => body(&mut l.body, change),
        NodeKind::If(i) => {
            body(&mut i.then.body, change);
            if let Some(o) = &mut i.otherwise {
                body(&mut o.body, change);
            }
        }
        NodeKind::Match(m) => m
            .arms
            .iter_mut()
            .for_each(|(_, b)| body(&mut b.body, change)),
    }
}

struct Strip;

impl VisitMut for Strip {
    fn visit_local_mut(&mut self, l: &mut syn::Local) {
        l.attrs.retain(|a| word(a).is_none());
        visit_mut::visit_local_mut(self, l);
    }
    fn visit_stmt_macro_mut(&mut self, m: &mut syn::StmtMacro) {
        m.attrs.retain(|a| word(a).is_none());
    }
    fn visit_expr_mut(&mut self, e: &mut Expr) {
        if let Some(attrs) = attrs_mut(e) {
            attrs.retain(|a| word(a).is_none());
        }
        visit_mut::visit_expr_mut(self, e);
    }
    fn visit_item_mut(&mut self, _: &mut syn::Item) {}
}

struct Leave;

impl VisitMut for Leave {
    fn visit_stmt_mut(&mut self, s: &mut Stmt) {
        if !stated(s) {
            visit_mut::visit_stmt_mut(self, s);
            return;
        }
        match s {
            // What it binds is still bound.
            Stmt::Local(l) => l.init = None,
            _ => *s = parse_quote!({}),
        }
    }
}
