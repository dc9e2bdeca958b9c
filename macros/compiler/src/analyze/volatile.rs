//! RK07: what comes from outside must not decide, before a commit, which NVM is written. RK06: effects that say
//! nothing of repetition.
//!
//! The body is executed abstractly. Known at a place: which locals may hold something from outside that no commit has
//! kept since, and whether it was such a value that led here. A commit ends both: it saves the locals and the way taken.
//! Where a value is *stored* does not matter less for its being volatile; only *where* it is stored does: a region that
//! runs again stores the new value over the old.

use crate::diag::{Diagnostic, Diagnostics};
use crate::effects::{self, Word};
use crate::names::{Names, bound, idents_of, macro_args, of_expr};
use crate::pure::{SENSES, is_assignment};
use crate::task::{Body, Head, Node, NodeKind, Param, Role, Site, Task};
use proc_macro2::Span;
use std::collections::BTreeSet;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Block, Expr, Pat, Stmt};

/// Functions without arguments that always give the same.
const CONSTANT: [&str; 9] = [
    "new",
    "default",
    "size_of",
    "align_of",
    "max_value",
    "min_value",
    "zero",
    "one",
    "empty",
];

/// Macros whose only use is what is seen outside.
const LOGS: [&str; 11] = [
    "print", "println", "eprint", "eprintln", "dbg", "trace", "debug", "info", "warn", "error",
    "log",
];

/// Methods of a buffer that do not write it.
const READS: [&str; 3] = ["get", "len", "is_empty"];

/// Runs the check.
pub fn check<'d>(task: &'d Task, diagnostics: &'d mut Diagnostics) {
    let mut walker = Walker {
        sites: &task.sites,
        params: &task.params,
        in_place: task
            .params
            .iter()
            .filter(|p| matches!(p.role, Role::InPlace))
            .map(|p| p.name.to_string())
            .collect(),
        locals: Vec::new(),
        steered: None,
        reported: BTreeSet::new(),
        diagnostics,
    };
    for p in &task.params {
        walker.locals.push(Name {
            text: p.name.to_string(),
            volatile: false,
            buffer: matches!(p.role, Role::Output | Role::InPlace),
            shared: matches!(p.role, Role::Value(_) | Role::Input) && !p.mutable,
            mutable: p.mutable || matches!(p.role, Role::State(_)),
            lent: false,
        });
    }
    walker.body(&task.body);
}

#[derive(Clone, Debug)]
// Independent of each other.
#[allow(clippy::struct_excessive_bools)]
struct Name {
    text: String,
    /// Holds something from outside.
    volatile: bool,
    /// A buffer that is written, or an alias of one.
    buffer: bool,
    /// Cannot be changed by who is handed it.
    shared: bool,
    /// Declared `mut`, or a `State`.
    mutable: bool,
    /// Something may change it through a reference.
    lent: bool,
}

struct Walker<'d> {
    sites: &'d [Site],
    params: &'d [Param],
    in_place: BTreeSet<String>,
    /// Innermost last.
    locals: Vec<Name>,
    /// What led here and may lead elsewhere the next time.
    steered: Option<Span>,
    reported: BTreeSet<String>,
    diagnostics: &'d mut Diagnostics,
}

impl Walker<'_> {
    fn commit(&mut self) {
        self.locals.iter_mut().for_each(|n| n.volatile = false);
        self.steered = None;
    }

    fn find(&self, name: &str) -> Option<&Name> {
        self.locals.iter().rev().find(|n| n.text == name)
    }

    fn is_buffer(&self, name: &str) -> bool {
        self.find(name).is_some_and(|n| n.buffer)
    }

    /// Where `e` gets something from outside, if it does.
    fn outside(&self, e: &Expr) -> Option<Span> {
        struct Calls<'w, 'd> {
            walker: &'w Walker<'d>,
            at: Option<Span>,
        }
        impl<'a> Visit<'a> for Calls<'_, '_> {
            fn visit_expr(&mut self, e: &'a Expr) {
                match e {
                    Expr::Call(c) if c.args.is_empty() && !is_constant(&c.func) => {
                        self.at = self.at.or(Some(c.span()));
                    }
                    Expr::MethodCall(m) => {
                        // On something that is no local, or that a parameter refers to.
                        let elsewhere = match &*m.receiver {
                            Expr::Path(p) => p.path.get_ident().is_none_or(|i| {
                                let found = self.walker.find(&i.to_string());
                                found.is_none_or(|n| n.shared && m.args.is_empty())
                            }),
                            _ => false,
                        };
                        if elsewhere && SENSES.iter().any(|s| m.method == s) {
                            self.at = self.at.or(Some(m.span()));
                        }
                    }
                    _ => {}
                }
                visit::visit_expr(self, e);
            }
            fn visit_macro(&mut self, m: &'a syn::Macro) {
                macro_args(m).iter().flatten().for_each(|e| {
                    self.at = self.at.or(self.walker.outside(e));
                });
            }
            fn visit_item(&mut self, _: &'a syn::Item) {}
        }
        let mut calls = Calls {
            walker: self,
            at: None,
        };
        calls.visit_expr(e);
        calls.at.or_else(|| {
            of_expr(e)
                .into_iter()
                .find(|(n, _)| self.find(n).is_some_and(|n| n.volatile))
                .map(|(_, span)| span)
        })
    }

    fn body(&mut self, body: &Body) {
        let depth = self.locals.len();
        for node in &body.nodes {
            self.node(node);
        }
        self.locals.truncate(depth);
    }

    fn node(&mut self, node: &Node) {
        match &node.kind {
            NodeKind::Plain | NodeKind::Item | NodeKind::Let(_) => self.stmt(&node.source),
            NodeKind::Run(_) => self.commit(),
            NodeKind::Point(site) => {
                self.commit();
                self.stmt(&node.source);
                // What may be read again on resuming here is as before the commit, up to the next one.
                let site = self.sites.get(usize::from(*site).wrapping_sub(1));
                if let Some(expires) = site.and_then(|s| s.expires.as_ref()) {
                    let name = expires.name.to_string();
                    if let Some(n) = self.locals.iter_mut().rev().find(|n| n.text == name) {
                        n.volatile = true;
                    }
                }
            }
            NodeKind::Block(_, b) => self.body(b),
            NodeKind::If(i) => {
                let depth = self.locals.len();
                self.expr(&i.cond);
                let led = self.outside(&i.cond);
                self.bind_lets(&i.cond, led);
                let otherwise = i.otherwise.as_ref();
                self.choose(
                    led,
                    &mut [
                        &mut |w: &mut Self| w.body(&i.then.body),
                        &mut |w: &mut Self| otherwise.into_iter().for_each(|b| w.body(&b.body)),
                    ],
                    jumps(&node.source),
                );
                self.locals.truncate(depth);
            }
            NodeKind::Match(m) => {
                self.expr(&m.scrutinee);
                let led = self.outside(&m.scrutinee);
                let mut arms: Vec<_> = m
                    .arms
                    .iter()
                    .map(|(pat, b)| {
                        move |w: &mut Self| {
                            let depth = w.locals.len();
                            w.bind(pat, led.is_some(), false);
                            w.body(&b.body);
                            w.locals.truncate(depth);
                        }
                    })
                    .collect();
                let mut arms: Vec<&mut dyn FnMut(&mut Self)> = arms
                    .iter_mut()
                    .map(|a| a as &mut dyn FnMut(&mut Self))
                    .collect();
                self.choose(led, &mut arms, jumps(&node.source));
            }
            NodeKind::Loop(l) => {
                let each = l.commit.as_ref().map(crate::task::LoopCommit::each);
                let run = |w: &mut Self| {
                    w.body(&l.body);
                    // Where it may not have come, what holds without it is the worse.
                    if each == Some(true) {
                        w.commit();
                    }
                };
                let jumps = jumps(&node.source);
                match &l.head {
                    Head::For(pat, iter) => self.repeat(Some((pat, iter)), None, jumps, run),
                    Head::While(cond) => self.repeat(None, Some(cond), jumps, run),
                    Head::Loop => self.repeat(None, None, jumps, run),
                }
            }
        }
    }

    /// Runs each of several ways; what any of them leaves holds behind them.
    fn choose(&mut self, led: Option<Span>, ways: &mut [&mut dyn FnMut(&mut Self)], jumps: bool) {
        let before = (self.locals.clone(), self.steered);
        let mut end: Option<(Vec<Name>, Option<Span>)> = None;
        for way in ways {
            self.locals.clone_from(&before.0);
            self.steered = before.1.or(led);
            way(self);
            // Behind the branch, only a jump makes a difference of the way taken.
            if led.is_some() && before.1.is_none() && !jumps {
                self.steered = None;
            }
            match &mut end {
                None => end = Some((self.locals.clone(), self.steered)),
                Some((locals, steered)) => {
                    for (a, b) in locals.iter_mut().zip(&self.locals) {
                        a.volatile |= b.volatile;
                        a.buffer |= b.buffer;
                    }
                    *steered = steered.or(self.steered);
                }
            }
        }
        (self.locals, self.steered) = end.unwrap_or(before);
    }

    fn repeat(
        &mut self,
        head: Option<(&Pat, &Expr)>,
        cond: Option<&Expr>,
        jumps: bool,
        run: impl Fn(&mut Self),
    ) {
        if let Some((_, iter)) = head {
            self.expr(iter);
        }
        for _ in 0..2 {
            let depth = self.locals.len();
            let led = cond.or(head.map(|h| h.1)).and_then(|e| self.outside(e));
            if let Some(cond) = cond {
                self.expr(cond);
                self.bind_lets(cond, led);
            }
            if let Some((pat, _)) = head {
                self.bind(pat, led.is_some(), false);
            }
            self.choose(
                led,
                &mut [&mut |w: &mut Self| run(w), &mut |_: &mut Self| ()],
                jumps,
            );
            self.locals.truncate(depth);
        }
    }

    fn bind(&mut self, pat: &Pat, volatile: bool, buffer: bool) {
        for (name, mutable) in bound(pat) {
            self.locals.push(Name {
                text: name.to_string(),
                volatile,
                buffer,
                shared: false,
                mutable,
                lent: false,
            });
        }
    }

    fn bind_lets(&mut self, cond: &Expr, led: Option<Span>) {
        match cond {
            Expr::Let(l) => self.bind(&l.pat, led.is_some(), false),
            Expr::Binary(b) => {
                self.bind_lets(&b.left, led);
                self.bind_lets(&b.right, led);
            }
            Expr::Paren(p) => self.bind_lets(&p.expr, led),
            _ => {}
        }
    }

    fn block(&mut self, block: &Block) {
        let depth = self.locals.len();
        block.stmts.iter().for_each(|s| self.stmt(s));
        self.locals.truncate(depth);
    }

    fn stmt(&mut self, stmt: &Stmt) {
        if effects::assumed(stmt) {
            if let Stmt::Local(l) = stmt {
                self.bind(&l.pat, false, false);
            }
            return;
        }
        let stated = effects::stated(stmt);
        match stmt {
            Stmt::Local(l) => {
                let (mut volatile, mut buffer) = (false, false);
                if let Some(init) = &l.init {
                    self.expr(&init.expr);
                    volatile = self.steered.is_some()
                        || self.outside(&init.expr).is_some()
                        || effects::words(stmt).any(|w| w == Word::AtLeastOnce);
                    buffer = self.alias(&init.expr);
                    if let Some((_, diverge)) = &init.diverge {
                        let led = self.outside(&init.expr);
                        self.choose(
                            led,
                            &mut [&mut |w: &mut Self| w.expr(diverge), &mut |_: &mut Self| ()],
                            true,
                        );
                    }
                }
                self.bind(&l.pat, volatile, buffer);
            }
            Stmt::Expr(e, semi) => {
                if semi.is_some() && !stated {
                    self.statement(e);
                }
                self.expr(e);
                // What an effect fills comes from outside, or is not filled when it is left out.
                if effects::words(stmt).any(|w| matches!(w, Word::AtLeastOnce | Word::AtMostOnce)) {
                    for name in lent_in(e) {
                        self.taint(&name);
                    }
                }
            }
            Stmt::Macro(m) => {
                if !stated {
                    self.log(&m.mac);
                }
                self.mac(&m.mac);
            }
            Stmt::Item(_) => {}
        }
    }

    /// Whether `e` is a buffer by another name.
    fn alias(&self, e: &Expr) -> bool {
        match e {
            Expr::Reference(r) => self.alias(&r.expr),
            Expr::Paren(p) => self.alias(&p.expr),
            Expr::Path(p) => p
                .path
                .get_ident()
                .is_some_and(|i| self.is_buffer(&i.to_string())),
            Expr::Tuple(t) => t.elems.iter().any(|e| self.alias(e)),
            Expr::Array(t) => t.elems.iter().any(|e| self.alias(e)),
            _ => false,
        }
    }

    /// A call whose result nobody takes, and that can change nothing here.
    fn statement(&mut self, e: &Expr) {
        let Expr::Call(c) = e else { return };
        let quiet = c.args.iter().all(|a| {
            struct Mut(bool);
            impl<'a> Visit<'a> for Mut {
                fn visit_expr_reference(&mut self, r: &'a syn::ExprReference) {
                    self.0 |= r.mutability.is_some();
                    visit::visit_expr_reference(self, r);
                }
            }
            let mut found = Mut(false);
            found.visit_expr(a);
            !found.0
                && of_expr(a)
                    .keys()
                    .all(|n| self.find(n).is_none_or(|n| n.shared))
        });
        let path = match &*c.func {
            Expr::Path(p) => p.path.segments.last().map(|s| s.ident.to_string()),
            _ => None,
        };
        if let (true, Some(name)) = (quiet, path)
            && !["drop", "black_box", "compiler_fence", "fence"].contains(&name.as_str())
        {
            self.effect(
                c.span(),
                &format!("`{name}` is called for what it does outside"),
            );
        }
    }

    fn log(&mut self, mac: &syn::Macro) {
        if let Some(last) = mac.path.segments.last()
            && LOGS.iter().any(|l| last.ident == l)
        {
            self.effect(
                mac.path.span(),
                &format!("`{}!` writes to the world outside", last.ident),
            );
        }
    }

    fn effect(&mut self, span: Span, what: &str) {
        if self.reported.insert(format!("{span:?}")) {
            self.diagnostics.push(
                Diagnostic::new(span, format!("{what}, and it is not said what an outage makes of it"))
                    .code("RK06")
                    .outage("it would happen a second time, unnoticed")
                    .help("write `#[effect(at_least_once)]` before it if it may happen again, `#[effect(at_most_once)]` if it may be left out"),
            );
        }
    }

    fn wrote(&mut self, span: Span, name: &str, by: Span, how: &str) {
        if self.reported.insert(format!("{span:?}")) {
            let at = by
                .source_text()
                .map_or_else(String::new, |t| format!(" (`{t}`)"));
            self.diagnostics.push(
                Diagnostic::new(
                    span,
                    format!(
                        "{how} comes from outside{at} and decides which NVM of `{name}` is written"
                    ),
                )
                .code("RK07")
                .note(by, "it comes from outside here")
                .outage("it could come out otherwise, and what the first attempt wrote would stay")
                .help("make it durable before it is used: `#[sense] let value: Type = …;`"),
            );
        }
    }

    fn mac(&mut self, mac: &syn::Macro) {
        self.hidden(mac);
        if let Some(args) = macro_args(mac) {
            args.iter().for_each(|a| self.expr(a));
            return;
        }
        let mut names = Names::new();
        idents_of(mac.tokens.clone(), &mut names);
        self.mentioned(names);
    }

    /// A macro of the user's may do anything with a buffer that it names; in-place buffers are RK01's.
    fn hidden(&mut self, mac: &syn::Macro) {
        let known = mac.path.segments.last().is_some_and(|s| {
            let name = s.ident.to_string();
            LOGS.contains(&name.as_str())
                || ["matches", "cfg"].contains(&name.as_str())
                || name.contains("assert")
        });
        if known {
            return;
        }
        let mut names = Names::new();
        idents_of(mac.tokens.clone(), &mut names);
        let named = names
            .into_iter()
            .find(|(n, _)| self.is_buffer(n) && !self.in_place.contains(n));
        if let Some((name, span)) = named
            && self.reported.insert(format!("{span:?}"))
        {
            self.diagnostics.push(
                Diagnostic::new(
                    span,
                    format!("it cannot be seen what the macro does with `{name}`, a buffer"),
                )
                .code("RK09")
                .note(self.declared(&name), format!("`{name}` is declared here"))
                .outage("it could write other items when it runs again, and what the first attempt wrote would stay")
                .help(format!("write `{name}.set(index, value)` in the task's own statements, or make it a function")),
            );
        }
    }

    fn declared(&self, name: &str) -> Span {
        self.params
            .iter()
            .find(|p| p.name == name)
            .map_or_else(Span::call_site, |p| p.name.span())
    }

    fn mentioned(&mut self, names: Names) {
        if let Some(by) = self.steered {
            for (name, span) in names {
                if self.is_buffer(&name) {
                    self.wrote(span, &name, by, "what led here");
                }
            }
        }
    }

    fn expr(&mut self, e: &Expr) {
        match e {
            Expr::If(i) => {
                let depth = self.locals.len();
                self.expr(&i.cond);
                let led = self.outside(&i.cond);
                self.bind_lets(&i.cond, led);
                let otherwise = i.else_branch.as_ref();
                self.choose(
                    led,
                    &mut [
                        &mut |w: &mut Self| w.block(&i.then_branch),
                        &mut |w: &mut Self| otherwise.into_iter().for_each(|(_, b)| w.expr(b)),
                    ],
                    jumps(&Stmt::Expr(e.clone(), None)),
                );
                self.locals.truncate(depth);
            }
            Expr::Match(m) => {
                self.expr(&m.expr);
                let led = self.outside(&m.expr);
                let mut arms: Vec<_> = m
                    .arms
                    .iter()
                    .map(|a| {
                        move |w: &mut Self| {
                            let depth = w.locals.len();
                            w.bind(&a.pat, led.is_some(), false);
                            w.expr(&a.body);
                            w.locals.truncate(depth);
                        }
                    })
                    .collect();
                let mut arms: Vec<&mut dyn FnMut(&mut Self)> = arms
                    .iter_mut()
                    .map(|a| a as &mut dyn FnMut(&mut Self))
                    .collect();
                self.choose(led, &mut arms, jumps(&Stmt::Expr(e.clone(), None)));
            }
            Expr::Block(b) => self.block(&b.block),
            Expr::ForLoop(l) => {
                self.repeat(Some((&l.pat, &l.expr)), None, left(&l.body), |w| {
                    w.block(&l.body);
                });
            }
            Expr::While(l) => self.repeat(None, Some(&l.cond), left(&l.body), |w| w.block(&l.body)),
            Expr::Loop(l) => self.repeat(None, None, left(&l.body), |w| w.block(&l.body)),
            Expr::Assign(a) => {
                self.expr(&a.right);
                self.assigned(&a.left, &a.right);
                self.place(&a.left);
            }
            Expr::Binary(b) if is_assignment(b.op) => {
                self.expr(&b.right);
                self.assigned(&b.left, &b.right);
                self.place(&b.left);
            }
            Expr::Binary(b) if matches!(b.op, syn::BinOp::And(_) | syn::BinOp::Or(_)) => {
                self.expr(&b.left);
                let led = self.outside(&b.left);
                self.choose(
                    led,
                    &mut [&mut |w: &mut Self| w.expr(&b.right), &mut |_: &mut Self| ()],
                    false,
                );
            }
            Expr::MethodCall(m) => {
                self.method(m);
                self.filled(Some(&m.receiver), m.args.iter());
            }
            Expr::Call(c) => {
                self.expr(&c.func);
                c.args.iter().for_each(|a| self.expr(a));
                self.filled(None, c.args.iter());
            }
            Expr::Reference(r) if r.mutability.is_some() => {
                self.expr(&r.expr);
                if let Some(name) = root(&r.expr)
                    && let Some(n) = self.locals.iter_mut().rev().find(|n| n.text == name)
                {
                    n.lent = true;
                }
            }
            Expr::Macro(m) => self.mac(&m.mac),
            Expr::Path(_) => self.mentioned(of_expr(e)),
            Expr::Closure(c) => self.mentioned(of_expr(&c.body)),
            other => {
                // What is inside is evaluated in some order; none of it leads elsewhere.
                struct Inside<'w, 'd>(&'w mut Walker<'d>, bool);
                impl<'a> Visit<'a> for Inside<'_, '_> {
                    fn visit_expr(&mut self, e: &'a Expr) {
                        if std::mem::take(&mut self.1) {
                            visit::visit_expr(self, e);
                        } else {
                            self.0.expr(e);
                        }
                    }
                    fn visit_item(&mut self, _: &'a syn::Item) {}
                }
                Inside(self, true).visit_expr(other);
            }
        }
    }

    /// The indices in a place.
    fn place(&mut self, e: &Expr) {
        match e {
            Expr::Index(i) => {
                self.place(&i.expr);
                self.expr(&i.index);
            }
            Expr::Field(f) => self.place(&f.base),
            Expr::Unary(u) => self.place(&u.expr),
            Expr::Path(_) => {}
            e => self.expr(e),
        }
    }

    fn assigned(&mut self, place: &Expr, value: &Expr) {
        let volatile = self.steered.is_some()
            || self.outside(value).is_some()
            || (matches!(place, Expr::Index(_)) && self.outside(place).is_some());
        if !volatile {
            return;
        }
        for name in of_expr(place).into_keys() {
            self.taint(&name);
        }
        self.taint_lent();
    }

    fn taint(&mut self, name: &str) {
        if let Some(n) = self.locals.iter_mut().rev().find(|n| n.text == name) {
            n.volatile = true;
        }
    }

    /// What was changed may have been one of these.
    fn taint_lent(&mut self) {
        for n in self.locals.iter_mut().filter(|n| n.lent) {
            n.volatile = true;
        }
    }

    /// A call with something from outside may hand it on to what it can change.
    fn filled<'a>(
        &mut self,
        receiver: Option<&Expr>,
        args: impl Iterator<Item = &'a Expr> + Clone,
    ) {
        let elsewhere = receiver
            .and_then(root)
            .is_some_and(|name| self.find(&name).is_none());
        let volatile = self.steered.is_some() || args.clone().any(|a| self.outside(a).is_some());
        if !volatile && !elsewhere {
            return;
        }
        for name in args.flat_map(lent_in) {
            self.taint(&name);
        }
        if !volatile {
            return;
        }
        if let Some(name) = receiver.and_then(root)
            && self.find(&name).is_some_and(|n| n.mutable && !n.buffer)
        {
            self.taint(&name);
        }
        self.taint_lent();
    }

    fn method(&mut self, m: &syn::ExprMethodCall) {
        let buffer = match &*m.receiver {
            Expr::Path(p) => p
                .path
                .get_ident()
                .map(ToString::to_string)
                .filter(|n| self.is_buffer(n)),
            _ => None,
        };
        m.args.iter().for_each(|a| self.expr(a));
        let Some(buffer) = buffer else {
            self.expr(&m.receiver);
            return;
        };
        if READS.iter().any(|r| m.method == r) {
            return;
        }
        if let Some(by) = self.steered {
            self.wrote(m.span(), &buffer, by, "what led here");
            return;
        }
        let index = m.args.len().saturating_sub(usize::from(m.method == "set"));
        if let Some(by) = m.args.iter().take(index).find_map(|a| self.outside(a)) {
            self.wrote(m.span(), &buffer, by, "this index");
        }
    }
}

/// The variable that a place is part of.
fn root(e: &Expr) -> Option<String> {
    match e {
        Expr::Path(p) => p.path.get_ident().map(ToString::to_string),
        Expr::Field(f) => root(&f.base),
        Expr::Index(i) => root(&i.expr),
        Expr::Paren(p) => root(&p.expr),
        Expr::Unary(u) => root(&u.expr),
        Expr::Reference(r) => root(&r.expr),
        Expr::MethodCall(m) => root(&m.receiver),
        _ => None,
    }
}

/// The variables that `e` hands out to be changed.
fn lent_in(e: &Expr) -> Vec<String> {
    struct Lent(Vec<String>);
    impl<'a> Visit<'a> for Lent {
        fn visit_expr_reference(&mut self, r: &'a syn::ExprReference) {
            if r.mutability.is_some() {
                self.0.extend(root(&r.expr));
            }
            visit::visit_expr_reference(self, r);
        }
        fn visit_item(&mut self, _: &'a syn::Item) {}
    }
    let mut lent = Lent(Vec::new());
    lent.visit_expr(e);
    lent.0
}

fn is_constant(func: &Expr) -> bool {
    matches!(func, Expr::Path(p) if p.path.segments.last().is_some_and(|s| {
        CONSTANT.iter().any(|c| s.ident == c)
    }))
}

fn left(block: &Block) -> bool {
    block.stmts.iter().any(jumps)
}

/// Whether a way through leaves it by a jump.
fn jumps(stmt: &Stmt) -> bool {
    struct Jumps(bool);
    impl<'a> Visit<'a> for Jumps {
        fn visit_expr(&mut self, e: &'a Expr) {
            self.0 |= matches!(e, Expr::Continue(_) | Expr::Break(_) | Expr::Return(_));
            visit::visit_expr(self, e);
        }
        fn visit_expr_closure(&mut self, _: &'a syn::ExprClosure) {}
        fn visit_item(&mut self, _: &'a syn::Item) {}
    }
    let mut found = Jumps(false);
    found.visit_stmt(stmt);
    found.0
}
