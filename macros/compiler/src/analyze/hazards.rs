//! RK01: no region may read an item of an in-place buffer and write it later.
//!
//! The body is executed abstractly. The state at a place is what may have been read since the last commit on *some*
//! path, and what has been written since on *every* path (a read of that is harmless: it reads what the region itself
//! makes). Loops are run twice, the second time with all that an earlier iteration can have left; what an earlier
//! iteration called `i` is then an unknown index.

mod index;

use crate::diag::{Diagnostic, Diagnostics};
use crate::effects;
use crate::names::{Names, bound, idents_of, macro_args, of_expr};
use crate::pure::is_assignment;
use crate::task::{Body, Branch, Head, Loop, Node, NodeKind, Role, Task};
use index::{Index, Scope};
use proc_macro2::Span;
use quote::ToTokens;
use std::collections::BTreeSet;
use syn::spanned::Spanned;
use syn::{Block, Expr, Pat, Stmt};

/// An item of an in-place buffer that was read.
#[derive(Clone, Debug)]
struct Read {
    buffer: String,
    index: Option<Index>,
    text: String,
    span: Span,
}

impl PartialEq for Read {
    /// Two places that read the same are one.
    fn eq(&self, other: &Self) -> bool {
        (&self.buffer, &self.index, &self.text) == (&other.buffer, &other.index, &other.text)
    }
}

/// What a region has done so far.
#[derive(Clone, Debug, Default)]
struct Region {
    reads: Vec<Read>,
    written: Vec<(String, Index)>,
}

impl Region {
    fn join(&mut self, other: &Self) {
        for r in &other.reads {
            if !self.reads.contains(r) {
                self.reads.push(r.clone());
            }
        }
        self.written.retain(|w| other.written.contains(w));
    }

    /// Names made since `mark` go out of scope, or stand for something else from here on.
    fn forget(&mut self, mark: usize) {
        let mut reads: Vec<Read> = Vec::new();
        for mut r in self.reads.drain(..) {
            r.index = r.index.filter(|i| !i.newer_than(mark));
            if !reads.contains(&r) {
                reads.push(r);
            }
        }
        self.reads = reads;
        self.written.retain(|(_, i)| !i.newer_than(mark));
    }
}

/// Runs the check.
pub fn check<'d>(task: &'d Task, diagnostics: &'d mut Diagnostics) {
    let buffers: Vec<_> = task
        .params
        .iter()
        .filter(|p| matches!(p.role, Role::InPlace))
        .collect();
    if buffers.is_empty() {
        return;
    }
    let mut scope = Scope::default();
    for p in &task.params {
        if matches!(p.role, Role::InPlace) {
            scope.buffer(&p.name);
        } else {
            scope.bind(&p.name, p.mutable);
        }
    }
    let mut walker = Walker {
        task,
        scope,
        now: Region::default(),
        jumps: Vec::new(),
        reported: BTreeSet::new(),
        diagnostics,
    };
    walker.body(&task.body);
}

struct Walker<'d> {
    task: &'d Task,
    scope: Scope,
    now: Region,
    /// By enclosing loop or block: what may be so where a `break` or `continue` leaves it.
    jumps: Vec<Region>,
    reported: BTreeSet<String>,
    diagnostics: &'d mut Diagnostics,
}

impl Walker<'_> {
    fn body(&mut self, body: &Body) {
        let depth = self.scope.depth();
        for node in &body.nodes {
            self.node(node);
        }
        self.scope.leave(depth);
    }

    fn commit(&mut self) {
        self.now = Region::default();
    }

    fn node(&mut self, node: &Node) {
        match &node.kind {
            NodeKind::Plain | NodeKind::Item | NodeKind::Let(_) => self.stmt(&node.source),
            // Its arguments are places and repeatable values, checked elsewhere; entering it commits.
            NodeKind::Run(_) => self.commit(),
            NodeKind::Point(_) => {
                self.commit();
                self.stmt(&node.source);
            }
            NodeKind::Block(_, body) => self.jumped(|w| w.body(body)),
            NodeKind::If(i) => {
                let depth = self.scope.depth();
                self.expr(&i.cond);
                let otherwise = i.otherwise.as_ref();
                self.fork(
                    |w| w.branch(&i.then),
                    |w| otherwise.into_iter().for_each(|b| w.branch(b)),
                );
                self.scope.leave(depth);
            }
            NodeKind::Match(m) => {
                self.expr(&m.scrutinee);
                self.arms(m.arms.iter().map(|(pat, b)| (pat, b)), Self::branch);
            }
            NodeKind::Loop(l) => self.task_loop(l),
        }
    }

    fn branch(&mut self, branch: &Branch) {
        self.body(&branch.body);
    }

    fn task_loop(&mut self, l: &Loop) {
        let body = |w: &mut Self| {
            w.jumped(|w| w.body(&l.body));
            if let Some(commit) = &l.commit {
                let before = w.now.clone();
                w.commit();
                if !commit.each() {
                    w.now.join(&before);
                }
            }
        };
        match &l.head {
            Head::For(pat, iter) => self.repeat(Some((pat, iter)), None, true, body),
            Head::While(cond) => self.repeat(None, Some(cond), true, body),
            Head::Loop => self.repeat(None, None, true, body),
        }
    }

    /// Runs `f`; what a jump left inside joins behind it.
    fn jumped(&mut self, f: impl FnOnce(&mut Self)) {
        let mark = self.scope.mark();
        // Nothing jumps yet: whatever the first jump brings is all there is.
        self.jumps.push(Region {
            reads: Vec::new(),
            written: Vec::new(),
        });
        let (count, depth) = (self.jumps.len(), self.scope.depth());
        f(self);
        self.scope.leave(depth);
        self.jumps.truncate(count);
        if let Some(left) = self.jumps.pop() {
            for r in left.reads {
                if !self.now.reads.contains(&r) {
                    self.now.reads.push(r);
                }
            }
            // A jump may have come before any of the writes inside.
            if self.scope.jumps_since(mark) {
                self.now.written.clear();
            }
        }
    }

    fn jump(&mut self) {
        self.scope.jump();
        let now = self.now.clone();
        for j in &mut self.jumps {
            j.reads.extend(now.reads.iter().cloned());
        }
    }

    fn fork(&mut self, one: impl FnOnce(&mut Self), other: impl FnOnce(&mut Self)) {
        let before = self.now.clone();
        one(self);
        let end = std::mem::replace(&mut self.now, before);
        other(self);
        self.now.join(&end);
    }

    fn arms<'a, B: 'a>(
        &mut self,
        arms: impl Iterator<Item = (&'a Pat, &'a B)>,
        mut run: impl FnMut(&mut Self, &B),
    ) {
        let mut end: Option<Region> = None;
        for (pat, body) in arms {
            let depth = self.scope.depth();
            self.bind(pat);
            if let Pat::Guard(g) = pat {
                self.expr(&g.guard);
            }
            let before = self.now.clone();
            run(self, body);
            self.scope.leave(depth);
            match &mut end {
                Some(end) => end.join(&self.now),
                None => end = Some(self.now.clone()),
            }
            self.now = before;
        }
        if let Some(end) = end {
            self.now = end;
        }
    }

    fn repeat(
        &mut self,
        head: Option<(&Pat, &Expr)>,
        cond: Option<&Expr>,
        commits: bool,
        body: impl Fn(&mut Self),
    ) {
        if let Some((_, iter)) = head {
            self.expr(iter);
        }
        if commits {
            // A commit inside forgets what was written before, but not on every path.
            self.now.written.clear();
        }
        let skipped = self.now.clone();
        self.jumped(|w| {
            for _ in 0..2 {
                let (mark, depth) = (w.scope.mark(), w.scope.depth());
                if let Some(cond) = cond {
                    w.expr(cond);
                }
                if let Some((pat, _)) = head {
                    w.bind(pat);
                }
                body(w);
                w.scope.leave(depth);
                if let Some(left) = w.jumps.last().cloned() {
                    left.reads.into_iter().for_each(|r| w.now.reads.push(r));
                }
                w.now.forget(mark);
                w.now.join(&skipped);
            }
            if let Some(cond) = cond {
                w.expr(cond);
            }
        });
        self.now.join(&skipped);
    }

    fn bind(&mut self, pat: &Pat) {
        for (name, mutable) in bound(pat) {
            self.scope.bind(&name, mutable);
        }
    }

    fn block(&mut self, block: &Block) {
        let depth = self.scope.depth();
        block.stmts.iter().for_each(|s| self.stmt(s));
        self.scope.leave(depth);
    }

    fn stmt(&mut self, stmt: &Stmt) {
        if effects::assumed(stmt) {
            // What it binds is bound; of its reads and writes its author says that they can be repeated.
            if let Stmt::Local(l) = stmt {
                self.bind(&l.pat);
            }
            return;
        }
        match stmt {
            Stmt::Local(l) => {
                if let Some(init) = &l.init {
                    self.expr(&init.expr);
                    if let Some((_, diverge)) = &init.diverge {
                        self.fork(|w| w.expr(diverge), |_| ());
                    }
                }
                self.bind(&l.pat);
            }
            Stmt::Expr(e, _) => self.expr(e),
            Stmt::Macro(m) => self.mac(&m.mac),
            Stmt::Item(_) => {}
        }
    }

    fn mac(&mut self, mac: &syn::Macro) {
        let mut names = Names::new();
        idents_of(mac.tokens.clone(), &mut names);
        let Some((name, span)) = names.into_iter().find(|(n, _)| self.scope.is_buffer(n)) else {
            return;
        };
        let known = mac.path.segments.last().is_some_and(|s| {
            [
                "assert",
                "assert_eq",
                "assert_ne",
                "debug_assert",
                "debug_assert_eq",
                "debug_assert_ne",
            ]
            .iter()
            .any(|k| s.ident == k)
        });
        match macro_args(mac) {
            // Only reads are expected in there; a debug assertion may also be left out, so nothing in it is certain.
            Some(args) if known => {
                let before = self.now.clone();
                args.iter().for_each(|a| self.expr(a));
                self.now.join(&before);
            }
            _ => self.unseen(&name, span, "a macro"),
        }
    }

    fn expr(&mut self, e: &Expr) {
        match e {
            Expr::Path(p) => {
                if let Some(i) = p
                    .path
                    .get_ident()
                    .filter(|i| self.scope.is_buffer(&i.to_string()))
                {
                    self.unseen(&i.to_string(), i.span(), "an alias or another function");
                }
            }
            Expr::MethodCall(m) => self.method(m),
            Expr::If(i) => {
                let depth = self.scope.depth();
                self.expr(&i.cond);
                let otherwise = i.else_branch.as_ref();
                self.fork(
                    |w| w.block(&i.then_branch),
                    |w| otherwise.into_iter().for_each(|(_, b)| w.expr(b)),
                );
                self.scope.leave(depth);
            }
            Expr::Let(l) => {
                self.expr(&l.expr);
                self.bind(&l.pat);
            }
            Expr::Match(m) => {
                self.expr(&m.expr);
                self.arms(m.arms.iter().map(|a| (&a.pat, &*a.body)), Self::expr);
            }
            Expr::Block(b) => self.jumped(|w| w.block(&b.block)),
            Expr::ForLoop(l) => self.repeat(Some((&l.pat, &l.expr)), None, false, |w| {
                w.jumped(|w| w.block(&l.body));
            }),
            Expr::While(l) => self.repeat(None, Some(&l.cond), false, |w| {
                w.jumped(|w| w.block(&l.body));
            }),
            Expr::Loop(l) => self.repeat(None, None, false, |w| w.jumped(|w| w.block(&l.body))),
            Expr::Break(b) => {
                b.expr.iter().for_each(|e| self.expr(e));
                self.jump();
            }
            Expr::Continue(_) => self.jump(),
            Expr::Binary(b) if matches!(b.op, syn::BinOp::And(_) | syn::BinOp::Or(_)) => {
                self.expr(&b.left);
                self.fork(|w| w.expr(&b.right), |_| ());
            }
            Expr::Binary(b) => {
                let (first, second) = if is_assignment(b.op) {
                    (&b.right, &b.left)
                } else {
                    (&b.left, &b.right)
                };
                self.expr(first);
                self.expr(second);
            }
            Expr::Assign(a) => {
                self.expr(&a.right);
                self.expr(&a.left);
            }
            Expr::Call(c) => {
                self.expr(&c.func);
                c.args.iter().for_each(|a| self.expr(a));
            }
            Expr::Paren(e) => self.expr(&e.expr),
            Expr::Group(e) => self.expr(&e.expr),
            Expr::Field(e) => self.expr(&e.base),
            Expr::Cast(e) => self.expr(&e.expr),
            Expr::Unary(e) => self.expr(&e.expr),
            Expr::Reference(e) => self.expr(&e.expr),
            Expr::Index(e) => {
                self.expr(&e.expr);
                self.expr(&e.index);
            }
            Expr::Tuple(t) => t.elems.iter().for_each(|e| self.expr(e)),
            Expr::Array(t) => t.elems.iter().for_each(|e| self.expr(e)),
            Expr::Range(r) => r.start.iter().chain(&r.end).for_each(|e| self.expr(e)),
            Expr::Struct(s) => s
                .fields
                .iter()
                .map(|f| &f.expr)
                .chain(s.rest.as_deref())
                .for_each(|e| self.expr(e)),
            Expr::Macro(m) => self.mac(&m.mac),
            // Closures and everything else: when they run, and how often, is not known.
            other => {
                for (name, span) in of_expr(other) {
                    if self.scope.is_buffer(&name) {
                        self.unseen(&name, span, "a closure or another construct");
                    }
                }
            }
        }
    }

    fn method(&mut self, m: &syn::ExprMethodCall) {
        let buffer = match &*m.receiver {
            Expr::Path(p) => p
                .path
                .get_ident()
                .map(ToString::to_string)
                .filter(|n| self.scope.is_buffer(n)),
            _ => None,
        };
        let Some(buffer) = buffer else {
            self.expr(&m.receiver);
            m.args.iter().for_each(|a| self.expr(a));
            return;
        };
        m.args.iter().for_each(|a| self.expr(a));
        let index = m.args.first().and_then(|i| self.scope.index(i));
        match (m.method.to_string().as_str(), m.args.len()) {
            ("get", 1) => self.read(buffer, index, m),
            ("set", 2) => self.write(buffer, index, m),
            _ => self.unseen(&buffer, m.method.span(), "this method"),
        }
    }

    fn read(&mut self, buffer: String, index: Option<Index>, m: &syn::ExprMethodCall) {
        let own = index.as_ref().is_some_and(|i| {
            self.now
                .written
                .iter()
                .any(|(b, w)| *b == buffer && w.covers(i))
        });
        if !own {
            let read = Read {
                buffer,
                index,
                text: text(m),
                span: m.span(),
            };
            if !self.now.reads.contains(&read) {
                self.now.reads.push(read);
            }
        }
    }

    fn write(&mut self, buffer: String, index: Option<Index>, m: &syn::ExprMethodCall) {
        let distinct = |r: &Read| matches!((&r.index, &index), (Some(a), Some(b)) if a.differs(b));
        if let Some(r) = self
            .now
            .reads
            .iter()
            .find(|r| r.buffer == buffer && !distinct(r))
            .cloned()
            && self.reported.insert(text(m))
        {
            self.diagnostics.push(
                    Diagnostic::new(m.span(), format!("`{buffer}` is written here after `{}` read what may be the same item, with no commit in between", r.text))
                        .code("RK01")
                        .note(r.span, "the item is read here")
                        .note(self.declared(&buffer), format!("`{buffer}` is an in-place buffer"))
                        .outage(format!("`{}` would read what this has already written", r.text))
                        .help(format!("save what is read before it is overwritten: `#[commit] let v: Type = {};`; or use a `State` for small data", r.text)),
                );
        }
        if let Some(index) = index {
            self.now.written.push((buffer, index));
        }
    }

    fn declared(&self, buffer: &str) -> Span {
        self.task
            .params
            .iter()
            .find(|p| p.name == buffer)
            .map_or_else(Span::call_site, |p| p.name.span())
    }

    fn unseen(&mut self, buffer: &str, span: Span, by: &str) {
        if self.reported.insert(format!("{buffer} {by} {span:?}")) {
            self.diagnostics.push(
                Diagnostic::new(span, format!("it cannot be seen what {by} does with `{buffer}`, an in-place buffer"))
                    .code("RK01")
                    .note(self.declared(buffer), format!("`{buffer}` is declared here"))
                    .outage("an item may have been overwritten before it is read again")
                    .help(format!("use `{buffer}.get(index)` and `{buffer}.set(index, value)` in the task's own statements, or hand `{buffer}` to a `#[run]` task")),
            );
        }
    }
}

fn text(m: &syn::ExprMethodCall) -> String {
    let text = m.to_token_stream().to_string();
    text.replace(" . ", ".")
        .replace(" (", "(")
        .replace("( ", "(")
        .replace(" )", ")")
        .replace(" ,", ",")
}
