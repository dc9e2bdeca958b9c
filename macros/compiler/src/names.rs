//! Which names a piece of code uses, and which it binds.
//!
//! A use counts unless the piece itself binds the name first. Macros are read as expressions where they parse as
//! such; otherwise every identifier in them counts as used, which errs on the safe side.

use proc_macro2::{Span, TokenStream, TokenTree};
use std::collections::BTreeMap;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{
    Block, Expr, ExprClosure, ExprForLoop, ExprIf, ExprWhile, Local, Macro, Pat, Stmt, Token,
};

/// Names with the place of their first use.
pub type Names = BTreeMap<String, Span>;

/// The free names of an expression.
pub fn of_expr(expr: &Expr) -> Names {
    let mut v = Free::default();
    v.visit_expr(expr);
    v.used
}

/// The free names of a statement.
pub fn of_stmt(stmt: &Stmt) -> Names {
    let mut v = Free {
        scopes: vec![Vec::new()],
        ..Free::default()
    };
    v.visit_stmt(stmt);
    v.used
}

/// The free names of a sequence of statements of one block.
pub fn of_stmts<'a>(stmts: impl IntoIterator<Item = &'a Stmt>) -> Names {
    let mut v = Free {
        scopes: vec![Vec::new()],
        ..Free::default()
    };
    for s in stmts {
        v.visit_stmt(s);
    }
    v.used
}

/// The names that a pattern binds, and whether as `mut`.
pub fn bound(pat: &Pat) -> Vec<(syn::Ident, bool)> {
    struct Bound(Vec<(syn::Ident, bool)>);
    impl<'a> Visit<'a> for Bound {
        fn visit_pat_ident(&mut self, p: &'a syn::PatIdent) {
            // An upper-case name in a pattern is a constant or a unit struct.
            if p.subpat.is_some() || !p.ident.to_string().starts_with(char::is_uppercase) {
                self.0.push((p.ident.clone(), p.mutability.is_some()));
            }
            visit::visit_pat_ident(self, p);
        }
        fn visit_expr(&mut self, _: &'a Expr) {}
    }
    let mut v = Bound(Vec::new());
    v.visit_pat(pat);
    v.0
}

/// The arguments of a macro, where they read as expressions.
pub fn macro_args(mac: &Macro) -> Option<Punctuated<Expr, Token![,]>> {
    mac.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated)
        .ok()
}

/// Every identifier in `tokens`, those captured by format strings included.
pub fn idents_of(tokens: TokenStream, out: &mut Names) {
    for tree in tokens {
        match tree {
            TokenTree::Group(g) => idents_of(g.stream(), out),
            TokenTree::Ident(i) => {
                out.entry(i.to_string()).or_insert_with(|| i.span());
            }
            TokenTree::Literal(l) => captured(&l.to_string(), l.span(), out),
            TokenTree::Punct(_) => {}
        }
    }
}

fn captured(literal: &str, span: Span, out: &mut Names) {
    if !literal.starts_with(['"', 'r']) {
        return;
    }
    for part in literal.split('{').skip(1) {
        let name: String = part
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        if name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            out.entry(name).or_insert(span);
        }
    }
}

#[derive(Default)]
struct Free {
    used: Names,
    scopes: Vec<Vec<String>>,
}

impl Free {
    fn use_name(&mut self, name: String, span: Span) {
        if !self.scopes.iter().flatten().any(|n| *n == name) {
            self.used.entry(name).or_insert(span);
        }
    }

    fn bind(&mut self, pat: &Pat) {
        let names = bound(pat).into_iter().map(|(i, _)| i.to_string());
        match self.scopes.last_mut() {
            Some(scope) => scope.extend(names),
            None => self.scopes.push(names.collect()),
        }
    }

    fn scoped(&mut self, f: impl FnOnce(&mut Self)) {
        self.scopes.push(Vec::new());
        f(self);
        self.scopes.pop();
    }
}

impl<'a> Visit<'a> for Free {
    fn visit_block(&mut self, block: &'a Block) {
        self.scoped(|v| visit::visit_block(v, block));
    }

    fn visit_local(&mut self, local: &'a Local) {
        if let Some(init) = &local.init {
            self.visit_expr(&init.expr);
            if let Some((_, diverge)) = &init.diverge {
                self.visit_expr(diverge);
            }
        }
        self.visit_pat(&local.pat);
        self.bind(&local.pat);
    }

    fn visit_expr_for_loop(&mut self, l: &'a ExprForLoop) {
        self.visit_expr(&l.expr);
        self.scoped(|v| {
            v.bind(&l.pat);
            v.visit_block(&l.body);
        });
    }

    fn visit_expr_if(&mut self, i: &'a ExprIf) {
        self.scoped(|v| {
            v.visit_expr(&i.cond);
            v.visit_block(&i.then_branch);
        });
        if let Some((_, e)) = &i.else_branch {
            self.visit_expr(e);
        }
    }

    fn visit_expr_while(&mut self, w: &'a ExprWhile) {
        self.scoped(|v| {
            v.visit_expr(&w.cond);
            v.visit_block(&w.body);
        });
    }

    fn visit_expr_let(&mut self, l: &'a syn::ExprLet) {
        self.visit_expr(&l.expr);
        self.visit_pat(&l.pat);
        self.bind(&l.pat);
    }

    fn visit_arm(&mut self, arm: &'a syn::Arm) {
        self.scoped(|v| {
            v.bind(&arm.pat);
            v.visit_pat(&arm.pat);
            v.visit_expr(&arm.body);
        });
    }

    fn visit_expr_closure(&mut self, c: &'a ExprClosure) {
        self.scoped(|v| {
            for p in &c.inputs {
                v.bind(p);
            }
            v.visit_expr(&c.body);
        });
    }

    fn visit_expr_path(&mut self, p: &'a syn::ExprPath) {
        if let Some(ident) = p.path.get_ident() {
            self.use_name(ident.to_string(), ident.span());
        }
    }

    fn visit_macro(&mut self, mac: &'a Macro) {
        let mut names = Names::new();
        idents_of(mac.tokens.clone(), &mut names);
        for (name, span) in names {
            self.use_name(name, span);
        }
    }
}
