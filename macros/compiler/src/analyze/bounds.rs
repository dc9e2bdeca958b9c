//! Which iterators end after a number of rounds that is known when the code is built.
//!
//! A name is *fixed* if every binding of it in the task is: a constant or const generic, a parameter of 8 or 16 bits,
//! an immutable variable made of such, or the variable of a loop over such a range. Two bindings of one name in
//! different scopes are not told apart, which errs on the safe side.

use crate::names::bound;
use crate::task::{Body, Head, NodeKind, Role, Task};
use std::collections::BTreeSet;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, ExprMethodCall, GenericParam, Local, Pat, Type};

/// What is known of the names of a task.
#[derive(Debug, Default)]
pub struct Bounds {
    /// Names that may stand for any number.
    varying: BTreeSet<String>,
    /// Names of iterators that may not end.
    endless: BTreeSet<String>,
}

impl Bounds {
    /// Reads a task.
    pub fn of(task: &Task) -> Self {
        let mut bounds = Self::default();
        let generics: BTreeSet<String> = task
            .sig
            .generics
            .params
            .iter()
            .filter_map(|p| match p {
                GenericParam::Type(t) => Some(t.ident.to_string()),
                _ => None,
            })
            .collect();
        for p in &task.params {
            let narrow = matches!(&p.role, Role::Value(ty) if is_narrow(ty));
            if !narrow || p.mutable {
                bounds.varying.insert(p.name.to_string());
            }
            let unknown = match &p.role {
                Role::Value(ty) => match &**ty {
                    Type::ImplTrait(_) => true,
                    Type::Path(t) => t
                        .path
                        .get_ident()
                        .is_some_and(|i| generics.contains(&i.to_string())),
                    _ => false,
                },
                _ => false,
            };
            if unknown {
                bounds.endless.insert(p.name.to_string());
            }
        }
        // A name that turns out to vary can make others vary.
        loop {
            let before = (bounds.varying.len(), bounds.endless.len());
            bounds.body(&task.body);
            if before == (bounds.varying.len(), bounds.endless.len()) {
                return bounds;
            }
        }
    }

    fn body(&mut self, body: &Body) {
        for node in &body.nodes {
            match &node.kind {
                NodeKind::Plain | NodeKind::Item | NodeKind::Let(_) => {
                    Reader(self).visit_stmt(&node.source);
                }
                NodeKind::Run(_) | NodeKind::Point(_) => {}
                NodeKind::Block(_, inner) => self.body(inner),
                NodeKind::If(i) => {
                    Reader(self).visit_expr(&i.cond);
                    self.body(&i.then.body);
                    if let Some(b) = &i.otherwise {
                        self.body(&b.body);
                    }
                }
                NodeKind::Match(m) => {
                    Reader(self).visit_expr(&m.scrutinee);
                    for (pat, b) in &m.arms {
                        self.vary(pat);
                        self.body(&b.body);
                    }
                }
                NodeKind::Loop(l) => {
                    match &l.head {
                        Head::For(pat, iter) => self.head(pat, iter),
                        Head::While(cond) => Reader(self).visit_expr(cond),
                        Head::Loop => {}
                    }
                    self.body(&l.body);
                }
            }
        }
    }

    fn vary(&mut self, pat: &Pat) {
        self.varying
            .extend(bound(pat).into_iter().map(|(n, _)| n.to_string()));
    }

    fn head(&mut self, pat: &Pat, iter: &Expr) {
        Reader(self).visit_expr(iter);
        if !(matches!(pat, Pat::Ident(p) if p.mutability.is_none()) && self.numbers(iter)) {
            self.vary(pat);
        }
    }

    fn binding(&mut self, local: &Local) {
        let init = local.init.as_ref().map(|i| &*i.expr);
        if init.is_some_and(|e| !self.ends(e)) {
            self.endless
                .extend(bound(&local.pat).into_iter().map(|(n, _)| n.to_string()));
        }
        let (plain, narrow) = match &local.pat {
            Pat::Ident(p) => (p.mutability.is_none(), false),
            Pat::Type(t) => (
                matches!(&*t.pat, Pat::Ident(p) if p.mutability.is_none()),
                is_narrow(&t.ty),
            ),
            _ => (false, false),
        };
        if !(plain && (narrow || init.is_some_and(|e| self.is_fixed(e)))) {
            self.vary(&local.pat);
        }
    }

    /// A range of fixed numbers, in any direction and step.
    fn numbers(&self, e: &Expr) -> bool {
        match e {
            Expr::Paren(p) => self.numbers(&p.expr),
            Expr::Group(p) => self.numbers(&p.expr),
            Expr::Range(r) => {
                r.end.as_ref().is_some_and(|e| self.is_fixed(e))
                    && r.start.as_ref().is_some_and(|e| self.is_fixed(e))
            }
            Expr::MethodCall(m) => {
                ["rev", "step_by", "skip"].iter().any(|n| m.method == n)
                    && self.numbers(&m.receiver)
            }
            _ => false,
        }
    }

    /// Whether `e`, as an iterator, certainly ends after a fixed number of items. Functions of the user's own that
    /// return iterators are taken to return such that end, as every function that a task calls is taken to return.
    pub fn ends(&self, e: &Expr) -> bool {
        match e {
            Expr::Paren(p) => self.ends(&p.expr),
            Expr::Group(p) => self.ends(&p.expr),
            Expr::Reference(r) => self.ends(&r.expr),
            Expr::Range(_) => self.numbers(e),
            Expr::Path(p) => p
                .path
                .get_ident()
                .is_none_or(|i| !self.endless.contains(&i.to_string())),
            Expr::Call(c) => self.call_ends(c),
            Expr::MethodCall(m) => self.adaptor_ends(m),
            _ => true,
        }
    }

    fn call_ends(&self, c: &syn::ExprCall) -> bool {
        let Expr::Path(p) = &*c.func else { return true };
        let name = p.path.segments.last().map(|s| s.ident.to_string());
        match name.as_deref() {
            Some("repeat" | "repeat_with" | "successors" | "from_fn") => false,
            Some("repeat_n") => c.args.last().is_some_and(|n| self.is_fixed(n)),
            Some("zip") => c.args.iter().any(|a| self.ends(a)),
            _ => c.args.iter().all(|a| self.ends(a)),
        }
    }

    fn adaptor_ends(&self, m: &ExprMethodCall) -> bool {
        let arg = m.args.first();
        match m.method.to_string().as_str() {
            "cycle" => false,
            "take" => self.ends(&m.receiver) || arg.is_some_and(|n| self.is_fixed(n)),
            "zip" => self.ends(&m.receiver) || arg.is_some_and(|o| self.ends(o)),
            "chain" => self.ends(&m.receiver) && arg.is_some_and(|o| self.ends(o)),
            "flat_map" => {
                self.ends(&m.receiver)
                    && matches!(arg, Some(Expr::Closure(c)) if self.ends(&c.body))
            }
            _ => self.ends(&m.receiver),
        }
    }

    /// Whether `e`, as a number, has a bound that is known when the code is built.
    pub fn is_fixed(&self, e: &Expr) -> bool {
        match e {
            Expr::Lit(_) | Expr::Const(_) => true,
            Expr::Path(p) => p
                .path
                .get_ident()
                .is_none_or(|i| !self.varying.contains(&i.to_string())),
            Expr::Paren(p) => self.is_fixed(&p.expr),
            Expr::Group(p) => self.is_fixed(&p.expr),
            Expr::Cast(c) => is_narrow(&c.ty) || self.is_fixed(&c.expr),
            Expr::Unary(u) => !matches!(u.op, syn::UnOp::Deref(_)) && self.is_fixed(&u.expr),
            Expr::Binary(b) => match b.op {
                BinOp::Rem(_) => self.is_fixed(&b.right),
                BinOp::BitAnd(_) => self.is_fixed(&b.left) || self.is_fixed(&b.right),
                _ => self.is_fixed(&b.left) && self.is_fixed(&b.right),
            },
            Expr::If(i) => {
                let last = |b: &syn::Block| matches!(b.stmts.as_slice(), [syn::Stmt::Expr(e, None)] if self.is_fixed(e));
                last(&i.then_branch)
                    && i.else_branch.as_ref().is_some_and(|(_, e)| match &**e {
                        Expr::Block(b) => last(&b.block),
                        e => self.is_fixed(e),
                    })
            }
            Expr::Call(c) => {
                let named = matches!(&*c.func, Expr::Path(p) if p.path.segments.last().is_some_and(|s| {
                    s.ident == "size_of" || s.ident == "align_of"
                }));
                named || (!c.args.is_empty() && c.args.iter().all(|a| self.is_fixed(a)))
            }
            Expr::MethodCall(m) => match m.method.to_string().as_str() {
                // As long as the memory at most.
                "len" => true,
                "min" => {
                    self.is_fixed(&m.receiver) || m.args.first().is_some_and(|a| self.is_fixed(a))
                }
                "clamp" => m.args.iter().all(|a| self.is_fixed(a)),
                _ => self.is_fixed(&m.receiver) && m.args.iter().all(|a| self.is_fixed(a)),
            },
            _ => false,
        }
    }
}

/// At most 65,536 values.
fn is_narrow(ty: &Type) -> bool {
    matches!(ty, Type::Path(p) if ["u8", "i8", "u16", "i16", "bool"].iter().any(|n| p.path.is_ident(n)))
}

/// Reads the bindings inside a statement.
struct Reader<'b>(&'b mut Bounds);

impl<'a> Visit<'a> for Reader<'_> {
    fn visit_local(&mut self, l: &'a Local) {
        visit::visit_local(self, l);
        self.0.binding(l);
    }
    fn visit_expr_for_loop(&mut self, l: &'a syn::ExprForLoop) {
        self.0.head(&l.pat, &l.expr);
        self.visit_block(&l.body);
    }
    fn visit_expr_let(&mut self, l: &'a syn::ExprLet) {
        visit::visit_expr_let(self, l);
        self.0.vary(&l.pat);
    }
    fn visit_arm(&mut self, a: &'a syn::Arm) {
        self.0.vary(&a.pat);
        visit::visit_arm(self, a);
    }
    fn visit_expr_closure(&mut self, c: &'a syn::ExprClosure) {
        c.inputs.iter().for_each(|p| self.0.vary(p));
        visit::visit_expr_closure(self, c);
    }
    fn visit_item(&mut self, _: &'a syn::Item) {}
}
