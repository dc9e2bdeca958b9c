//! RK04: a loop must commit on its way round, or end after a number of rounds that is known when the code is built.

use super::bounds::Bounds;
use crate::diag::{Diagnostic, Diagnostics};
use crate::task::{Body, Head, NodeKind, Task};
use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Expr, Stmt};

/// Runs the check.
pub fn check(task: &Task, diagnostics: &mut Diagnostics) {
    let mut found = Found {
        loops: Vec::new(),
        bounds: Bounds::of(task),
    };
    body(&task.body, &mut found);
    for (span, what) in found.loops {
        let counts = what.ends_with("`for`");
        let paced = what.starts_with("paced");
        let problem = if paced {
            "may go round without a commit for as long as its pacer likes"
        } else if counts {
            "may go round any number of times without a commit: its range is not known when the code is built"
        } else {
            "has no bound, and may go round without a commit"
        };
        let help = if paced {
            "write `#[commit(paced, every = N)]`: a commit after N rounds whatever the pacer says"
        } else if counts {
            "put `#[commit]` on it, or bound it by a constant: `0..n.min(MAX)`"
        } else {
            "put `#[commit]` on it, or write a `for` over a range"
        };
        diagnostics.push(
            Diagnostic::new(span, format!("this {what} {problem}"))
                .code("RK04")
                .outage(
                    "it would begin again each time, and might never end within one power cycle",
                )
                .help(help),
        );
    }
}

struct Found {
    loops: Vec<(Span, &'static str)>,
    bounds: Bounds,
}

impl<'a> Visit<'a> for Found {
    fn visit_expr(&mut self, e: &'a Expr) {
        match e {
            // Its commit is refused where it stands (RK08); one error is enough.
            Expr::While(syn::ExprWhile { attrs, .. })
            | Expr::Loop(syn::ExprLoop { attrs, .. })
            | Expr::ForLoop(syn::ExprForLoop { attrs, .. })
                if attrs.iter().any(|a| {
                    a.path()
                        .segments
                        .last()
                        .is_some_and(|s| s.ident == "commit")
                }) => {}
            Expr::While(l) if counted(l) && fixed_end(l, &self.bounds) => {}
            Expr::ForLoop(l) if !self.bounds.ends(&l.expr) => {
                self.loops.push((l.expr.span(), "`for`"));
            }
            Expr::While(l) => self.loops.push((l.while_token.span, "`while`")),
            Expr::Loop(l) => self.loops.push((l.loop_token.span, "`loop`")),
            _ => {}
        }
        visit::visit_expr(self, e);
    }
    fn visit_item(&mut self, _: &'a syn::Item) {}
}

/// Whether every way through ends behind a commit; looks for unbounded loops on the way.
fn body(b: &Body, found: &mut Found) -> bool {
    let mut commits = false;
    // A jump before the first commit leads round without one.
    let mut jumps = false;
    for node in &b.nodes {
        let certain = match &node.kind {
            NodeKind::Plain | NodeKind::Item | NodeKind::Let(_) => {
                found.visit_stmt(&node.source);
                false
            }
            NodeKind::Run(_) | NodeKind::Point(_) => true,
            NodeKind::Block(_, inner) => body(inner, found),
            NodeKind::If(i) => {
                found.visit_expr(&i.cond);
                let then = body(&i.then.body, found);
                i.otherwise.as_ref().is_some_and(|o| body(&o.body, found)) && then
            }
            NodeKind::Match(m) => {
                found.visit_expr(&m.scrutinee);
                m.arms
                    .iter()
                    .map(|(_, a)| body(&a.body, found))
                    .fold(true, |every, one| every & one)
            }
            NodeKind::Loop(l) => {
                // A pacer may never ask for one.
                let own = l.commit.as_ref().is_some_and(|c| c.bounded());
                let round = body(&l.body, found) || own;
                match &l.head {
                    Head::While(cond) => {
                        found.visit_expr(cond);
                        // RK03 has refused a pattern with a commit inside.
                        if !round && !super::has_let(cond) {
                            let what = if l.commit.is_some() {
                                "paced `while`"
                            } else {
                                "`while`"
                            };
                            found.loops.push((cond.span(), what));
                        }
                    }
                    Head::Loop if !round => {
                        let what = if l.commit.is_some() {
                            "paced `loop`"
                        } else {
                            "`loop`"
                        };
                        found.loops.push((at(&node.source), what));
                    }
                    Head::For(_, iter) => {
                        found.visit_expr(iter);
                        if !round && !found.bounds.ends(iter) {
                            let what = if l.commit.is_some() {
                                "paced `for`"
                            } else {
                                "`for`"
                            };
                            found.loops.push((iter.span(), what));
                        }
                    }
                    Head::Loop => {}
                }
                // It may be left before its first commit.
                false
            }
        };
        commits |= certain && !jumps;
        jumps |= continues(&node.source);
    }
    commits
}

fn at(stmt: &Stmt) -> Span {
    match stmt {
        Stmt::Expr(Expr::Loop(l), _) => l.loop_token.span,
        other => other.span(),
    }
}

/// Whether a `continue` or a `break` stands anywhere inside.
fn continues(stmt: &Stmt) -> bool {
    struct Jumps(bool);
    impl<'a> Visit<'a> for Jumps {
        fn visit_expr(&mut self, e: &'a Expr) {
            self.0 |=
                matches!(e, Expr::Continue(_)) || matches!(e, Expr::Break(b) if b.label.is_some());
            visit::visit_expr(self, e);
        }
    }
    let mut jumps = Jumps(false);
    jumps.visit_stmt(stmt);
    jumps.0
}

/// `while k < end`, `while k + STEP <= end` with `k += STEP` as a statement of the body and nothing else that changes
/// `k` or `end`: as bounded as a `for`. A named step is taken to be above zero.
fn counted(l: &syn::ExprWhile) -> bool {
    let Expr::Binary(cond) = &*l.cond else {
        return false;
    };
    if !matches!(cond.op, syn::BinOp::Lt(_) | syn::BinOp::Le(_)) {
        return false;
    }
    let (mut left, mut bounds) = (&*cond.left, crate::names::of_expr(&cond.right));
    if let Expr::Binary(sum) = left
        && matches!(sum.op, syn::BinOp::Add(_))
        && step(&sum.right)
    {
        left = &sum.left;
    }
    let Expr::Path(k) = left else { return false };
    let Some(k) = k.path.get_ident() else {
        return false;
    };
    let steps = l.body.stmts.iter().filter(|s| advances(s, k)).count();
    // A method, a call or a mutable borrow in the bound may give another value each time.
    let plain = matches!(&*cond.right, Expr::Path(_) | Expr::Lit(_));
    bounds.insert(k.to_string(), k.span());
    let mut changes = Changes {
        names: &bounds,
        count: 0,
        jumps: false,
    };
    changes.visit_block(&l.body);
    plain && steps == 1 && changes.count == 1 && !changes.jumps
}

fn fixed_end(l: &syn::ExprWhile, bounds: &Bounds) -> bool {
    matches!(&*l.cond, Expr::Binary(cond) if bounds.is_fixed(&cond.right))
}

/// A positive literal or a named constant.
fn step(e: &Expr) -> bool {
    match e {
        Expr::Lit(l) => {
            matches!(&l.lit, syn::Lit::Int(i) if i.base10_parse::<u64>().is_ok_and(|n| n > 0))
        }
        Expr::Path(p) => p
            .path
            .get_ident()
            .is_some_and(|i| i.to_string().starts_with(char::is_uppercase)),
        _ => false,
    }
}

fn advances(s: &Stmt, k: &syn::Ident) -> bool {
    let Stmt::Expr(Expr::Binary(b), _) = s else {
        return false;
    };
    matches!(b.op, syn::BinOp::AddAssign(_))
        && matches!(&*b.left, Expr::Path(p) if p.path.is_ident(k))
        && step(&b.right)
}

/// Counts what may change any of some names; a macro that mentions one counts too.
struct Changes<'n> {
    names: &'n crate::names::Names,
    count: usize,
    jumps: bool,
}

impl Changes<'_> {
    fn place(&mut self, e: &Expr) {
        self.count += crate::names::of_expr(e)
            .keys()
            .filter(|n| self.names.contains_key(*n))
            .count();
    }
}

impl<'a> Visit<'a> for Changes<'_> {
    fn visit_expr(&mut self, e: &'a Expr) {
        match e {
            // An index in the place only reads the name.
            Expr::Assign(a) if !matches!(&*a.left, Expr::Index(_)) => self.place(&a.left),
            Expr::Binary(b)
                if crate::pure::is_assignment(b.op) && !matches!(&*b.left, Expr::Index(_)) =>
            {
                self.place(&b.left);
            }
            Expr::Reference(r) if r.mutability.is_some() => self.place(&r.expr),
            Expr::MethodCall(m) if m.method.to_string().ends_with("_assign") => {
                self.place(&m.receiver);
            }
            Expr::Continue(_) => self.jumps = true,
            Expr::Break(b) if b.label.is_some() => self.jumps = true,
            _ => {}
        }
        visit::visit_expr(self, e);
    }
    fn visit_pat_ident(&mut self, p: &'a syn::PatIdent) {
        // Hidden by a local of the same name: no longer the counter.
        if self.names.contains_key(&p.ident.to_string()) {
            self.jumps = true;
        }
    }
    fn visit_macro(&mut self, m: &'a syn::Macro) {
        let mut names = crate::names::Names::new();
        crate::names::idents_of(m.tokens.clone(), &mut names);
        self.count += names.keys().filter(|n| self.names.contains_key(*n)).count();
    }
}
