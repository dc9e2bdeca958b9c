//! Jumps out of rewritten constructs: `return` ends the task, `continue` of a committing loop goes to its commit.

use crate::diag::{Diagnostic, Diagnostics};
use crate::hygiene;
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::visit_mut::{self, VisitMut};
use syn::{Block, Expr, parse_quote};

/// Turns each `return` into a jump to the end of the task, and refuses `?` and `.await`.
pub fn returns(block: &mut Block, diagnostics: &mut Diagnostics) {
    struct Returns<'d>(&'d mut Diagnostics);
    impl VisitMut for Returns<'_> {
        fn visit_expr_mut(&mut self, e: &mut Expr) {
            visit_mut::visit_expr_mut(self, e);
            let end = hygiene::label("task", None);
            match e {
                Expr::Return(r) => {
                    *e = match r.expr.take() {
                        Some(value) => parse_quote!({ #value; break #end }),
                        None => parse_quote!(break #end),
                    }
                }
                Expr::Try(t) => self.0.push(
                    Diagnostic::new(t.question_token.span(), "a task cannot fail with `?`")
                        .help("handle the error here, or write it to an `Output`"),
                ),
                Expr::Await(a) => self.0.push(
                    Diagnostic::new(a.await_token.span(), "a task cannot `await`")
                        .code("RK08")
                        .outage("what a future holds would be lost")
                        .help("await outside the task, and hand the data in"),
                ),
                _ => {}
            }
        }
        fn visit_expr_closure_mut(&mut self, _: &mut syn::ExprClosure) {}
        fn visit_expr_async_mut(&mut self, _: &mut syn::ExprAsync) {}
        fn visit_item_mut(&mut self, _: &mut syn::Item) {}
    }
    Returns(diagnostics).visit_block_mut(block);
}

/// Refuses `unsafe` in the task's own code, closures and `async` blocks included; a nested item is its own business.
pub fn refuse_unsafe(block: &Block, diagnostics: &mut Diagnostics) {
    struct Unsafe<'d>(&'d mut Diagnostics);
    impl<'a> Visit<'a> for Unsafe<'_> {
        fn visit_expr_unsafe(&mut self, u: &'a syn::ExprUnsafe) {
            self.0.push(
                Diagnostic::new(u.unsafe_token.span(), "`unsafe` in a task")
                    .code("RK09")
                    .outage("a write that the analysis cannot see could be lost, or made twice")
                    .help("put it into a function with a safe interface, and call that"),
            );
        }
        fn visit_item(&mut self, _: &'a syn::Item) {}
    }
    Unsafe(diagnostics).visit_block(block);
}

/// In a loop that commits: `continue` ends the iteration (so that it is still committed), `break` names the loop.
pub fn own_jumps(e: &mut Expr, id: usize) {
    let own = match e {
        Expr::ForLoop(l) => l.label.clone(),
        Expr::While(l) => l.label.clone(),
        Expr::Loop(l) => l.label.clone(),
        _ => None,
    };
    let mut jumps = Jumps {
        id,
        own: own.map(|l| l.name),
        depth: 0,
    };
    match e {
        Expr::ForLoop(l) => jumps.visit_block_mut(&mut l.body),
        Expr::While(l) => jumps.visit_block_mut(&mut l.body),
        Expr::Loop(l) => jumps.visit_block_mut(&mut l.body),
        _ => {}
    }
}

struct Jumps {
    id: usize,
    own: Option<syn::Lifetime>,
    depth: usize,
}

impl Jumps {
    fn is_own(&self, label: Option<&syn::Lifetime>) -> bool {
        match label {
            None => self.depth == 0,
            Some(l) => self.own.as_ref().is_some_and(|o| o.ident == l.ident),
        }
    }

    fn nested(&mut self, f: impl FnOnce(&mut Self)) {
        self.depth += 1;
        f(self);
        self.depth -= 1;
    }
}

impl VisitMut for Jumps {
    fn visit_expr_mut(&mut self, e: &mut Expr) {
        let iteration = hygiene::label("iteration", Some(self.id));
        let whole = hygiene::label("loop", Some(self.id));
        match e {
            Expr::Continue(c) if self.is_own(c.label.as_ref()) => {
                *e = parse_quote!(break #iteration);
            }
            Expr::Break(b) if b.expr.is_none() && self.is_own(b.label.as_ref()) => {
                *e = parse_quote!(break #whole);
            }
            Expr::ForLoop(l) => {
                self.visit_expr_mut(&mut l.expr);
                self.nested(|v| v.visit_block_mut(&mut l.body));
            }
            Expr::While(l) => self.nested(|v| visit_mut::visit_expr_while_mut(v, l)),
            Expr::Loop(l) => self.nested(|v| visit_mut::visit_expr_loop_mut(v, l)),
            Expr::Closure(_) | Expr::Async(_) => {}
            other => visit_mut::visit_expr_mut(self, other),
        }
    }
    fn visit_item_mut(&mut self, _: &mut syn::Item) {}
}
