//! `TileInput`, `RollingInput` and so on: buffers that stay in the store. Each access is handed the store, and its error is
//! the task's; the user writes neither.

use crate::diag::{Diagnostic, Diagnostics};
use crate::hygiene::local;
use crate::task::{Body, Branch, Head, Node, NodeKind, Task};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprMethodCall, Ident, Stmt, parse_quote_spanned};

/// Methods that move a tile or rows.
const MOVES: [&str; 6] = ["tile", "fetch", "set", "store", "row", "rows"];

/// The names of the parameters that stay in the store.
fn names(task: &Task) -> Vec<&Ident> {
    let tiles = task.params.iter().filter(|p| p.moves());
    tiles.map(|p| &p.name).collect()
}

fn moves(m: &ExprMethodCall, names: &[impl PartialEq<Ident>]) -> bool {
    let Expr::Path(p) = &*m.receiver else {
        return false;
    };
    let receiver = p.path.get_ident();
    receiver.is_some_and(|i| names.iter().any(|name| name == i))
        && MOVES.iter().any(|n| m.method == n)
}

/// Refuses accesses where the store cannot be handed over.
pub fn check(task: &Task, diagnostics: &mut Diagnostics) {
    struct Closures<'t, 'd> {
        names: Vec<&'t Ident>,
        inside: bool,
        diagnostics: &'d mut Diagnostics,
    }
    impl<'a> Visit<'a> for Closures<'_, '_> {
        fn visit_expr_closure(&mut self, c: &'a syn::ExprClosure) {
            let outside = std::mem::replace(&mut self.inside, true);
            visit::visit_expr_closure(self, c);
            self.inside = outside;
        }
        fn visit_expr_method_call(&mut self, m: &'a ExprMethodCall) {
            let names: Vec<Ident> = self.names.iter().map(|n| (*n).clone()).collect();
            if self.inside && moves(m, &names) {
                self.diagnostics.push(
                    Diagnostic::new(m.span(), "what stays in the store cannot be moved in a closure")
                        .outage("an error of the store could not end the task, which would commit what it has not read or written")
                        .help("move it outside, in a loop for example, and hand the values in"),
                );
            }
            visit::visit_expr_method_call(self, m);
        }
        fn visit_item(&mut self, _: &'a syn::Item) {}
    }
    let names = names(task);
    if names.is_empty() {
        return;
    }
    let mut closures = Closures {
        names,
        inside: false,
        diagnostics,
    };
    for node in &task.body.nodes {
        closures.visit_stmt(&node.source);
    }
}

/// Hands the store to each access.
pub fn expand(task: &mut Task) {
    let names: Vec<Ident> = names(task).into_iter().cloned().collect();
    if !names.is_empty() {
        body(&mut task.body, &mut Moves(names));
    }
}

struct Moves(Vec<Ident>);

impl VisitMut for Moves {
    fn visit_expr_mut(&mut self, e: &mut Expr) {
        visit_mut::visit_expr_mut(self, e);
        let Expr::MethodCall(m) = e else { return };
        if moves(m, &self.0) {
            let core = local("core");
            let span = m.span();
            // Behind the others, which may move tiles themselves.
            m.args.push(parse_quote_spanned!(span=> &mut *#core));
            *e = parse_quote_spanned!(span=> #m?);
        }
    }
    fn visit_item_mut(&mut self, _: &mut syn::Item) {}
}

fn body(b: &mut Body, change: &mut Moves) {
    for n in &mut b.nodes {
        node(n, change);
    }
}

fn branch(b: &mut Branch, change: &mut Moves) {
    body(&mut b.body, change);
}

fn node(n: &mut Node, change: &mut Moves) {
    change.visit_stmt_mut(&mut n.source);
    match &mut n.kind {
        NodeKind::Plain | NodeKind::Item | NodeKind::Point(_) | NodeKind::Run(_) => {}
        NodeKind::Let(_) => {
            if let Stmt::Local(l) = &n.source {
                n.kind = NodeKind::Let(Box::new(l.clone()));
            }
        }
        NodeKind::Block(_, b) => body(b, change),
        NodeKind::Loop(l) => {
            match &mut l.head {
                Head::For(_, e) | Head::While(e) => change.visit_expr_mut(e),
                Head::Loop => {}
            }
            body(&mut l.body, change);
        }
        NodeKind::If(i) => {
            change.visit_expr_mut(&mut i.cond);
            branch(&mut i.then, change);
            if let Some(otherwise) = &mut i.otherwise {
                branch(otherwise, change);
            }
        }
        NodeKind::Match(m) => {
            change.visit_expr_mut(&mut m.scrutinee);
            m.arms.iter_mut().for_each(|(_, b)| branch(b, change));
        }
    }
}
