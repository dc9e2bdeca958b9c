//! How parameters are used: in the task's own code, or handed on to a sub-task.

use super::env::{Class, Env};
use crate::diag::{Diagnostic, Diagnostics};
use crate::names::{Names, bound, of_expr, of_stmt};
use crate::pure::{self, Lookup};
use crate::task::{Body, Head, Node, NodeKind, Role, Run, Task};
use proc_macro2::Span;
use std::collections::BTreeMap;
use syn::spanned::Spanned;
use syn::{Expr, UnOp};

/// How a parameter is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Use {
    /// In the task's own code.
    pub direct: bool,
    /// As an argument of a sub-task.
    pub passed: bool,
}

/// The free names of a node; without those of sub-task calls if `own`.
pub fn names_of_node(node: &Node, own: bool) -> Names {
    match &node.kind {
        NodeKind::Run(_) if own => Names::new(),
        NodeKind::Plain
        | NodeKind::Item
        | NodeKind::Let(_)
        | NodeKind::Run(_)
        | NodeKind::Point(_) => of_stmt(&node.source),
        NodeKind::Block(_, body) => names_of_body(body, own),
        NodeKind::If(i) => {
            let mut names = of_expr(&i.cond);
            names.extend(names_of_body(&i.then.body, own));
            if let Some(b) = &i.otherwise {
                names.extend(names_of_body(&b.body, own));
            }
            names
        }
        NodeKind::Match(m) => {
            let mut names = of_expr(&m.scrutinee);
            for (pat, branch) in &m.arms {
                let mut inner = names_of_body(&branch.body, own);
                if let syn::Pat::Guard(g) = pat {
                    inner.extend(of_expr(&g.guard));
                }
                without(&mut inner, pat);
                names.extend(inner);
            }
            names
        }
        NodeKind::Loop(l) => {
            let mut names = names_of_body(&l.body, own);
            match &l.head {
                Head::For(pat, iter) => {
                    without(&mut names, pat);
                    names.extend(of_expr(iter));
                }
                Head::While(cond) => names.extend(of_expr(cond)),
                Head::Loop => {}
            }
            names
        }
    }
}

fn without(names: &mut Names, pat: &syn::Pat) {
    for (n, _) in bound(pat) {
        names.remove(&n.to_string());
    }
}

/// The free names of a body.
pub fn names_of_body(body: &Body, own: bool) -> Names {
    let mut names = Names::new();
    for node in body.nodes.iter().rev() {
        if let NodeKind::Let(local) = &node.kind {
            without(&mut names, &local.pat);
        }
        names.extend(names_of_node(node, own));
    }
    names
}

/// How each parameter is used; refuses what no role allows.
pub fn uses_of_params(task: &Task, diagnostics: &mut Diagnostics) -> BTreeMap<String, Use> {
    let own = names_of_body(&task.body, true);
    let unstated = names_of_body(&crate::effects::unstated(&task.body), true);
    let mut handed = Names::new();
    passed(&task.body, &mut handed);
    let mut uses = BTreeMap::new();
    for p in &task.params {
        let name = p.name.to_string();
        let (direct, passed) = (own.get(&name).copied(), handed.get(&name).copied());
        uses.insert(
            name,
            Use {
                direct: direct.is_some(),
                passed: passed.is_some(),
            },
        );
        let unstated = unstated.get(&p.name.to_string()).copied();
        match (&p.role, direct, passed) {
            (Role::Exclusive, Some(_), _) if unstated.is_none() => {}
            (Role::Exclusive, Some(at), _) => diagnostics.push(
                Diagnostic::new(at, format!("`{}` is a `&mut` reference: its changes are not committed", p.name))
                    .code("RK06")
                    .outage("the change would be lost with SRAM, or made twice")
                    .help("take an `Output` or a `State` for data; hand the parts of a buffer struct to `#[run]` tasks; a device is used with `#[effect(at_least_once)]`, `#[effect(at_most_once)]` or `#[sense]`"),
            ),
            (Role::Output | Role::InPlace | Role::State(_), Some(at), Some(_)) => diagnostics.push(
                Diagnostic::new(at, format!("`{}` is used here and handed to a sub-task", p.name))
                    .code("RK01")
                    .outage("two pending copies of the same data would overwrite each other")
                    .help("write it in one of the two: move this code into a task of its own"),
            ),
            _ => {}
        }
    }
    uses
}

fn passed(body: &Body, out: &mut Names) {
    for node in &body.nodes {
        match &node.kind {
            NodeKind::Run(_) => out.extend(of_stmt(&node.source)),
            NodeKind::Block(_, b) => passed(b, out),
            NodeKind::Loop(l) => passed(&l.body, out),
            NodeKind::If(i) => {
                passed(&i.then.body, out);
                i.otherwise.iter().for_each(|b| passed(&b.body, out));
            }
            NodeKind::Match(m) => m.arms.iter().for_each(|(_, b)| passed(&b.body, out)),
            NodeKind::Plain | NodeKind::Item | NodeKind::Let(_) | NodeKind::Point(_) => {}
        }
    }
}

/// At the call, saved values are those of the record; everything else must be as before.
struct AtCall<'e>(&'e Env);

impl Lookup for AtCall<'_> {
    fn changes(&self, name: &str) -> Option<String> {
        match self.0.class(name)? {
            Class::Saved { .. } | Class::State => None,
            _ => self.0.changes(name),
        }
    }
}

/// Checks the arguments of a sub-task: on resume they are evaluated again.
pub fn arguments(run: &Run, env: &Env, diagnostics: &mut Diagnostics) {
    let args: Vec<&Expr> = match &run.call {
        Expr::Call(c) => c.args.iter().collect(),
        Expr::MethodCall(m) => std::iter::once(&*m.receiver).chain(&m.args).collect(),
        _ => Vec::new(),
    };
    for arg in args {
        if is_buffer(arg, env) {
            continue;
        }
        if let Err(impure) = pure::check(arg, &AtCall(env)) {
            diagnostics.push(argument(impure.span, &impure.why));
        }
    }
}

fn argument(span: Span, why: &str) -> Diagnostic {
    Diagnostic::new(span, format!("this argument is evaluated again when the sub-task is resumed, but it {why}"))
        .code("RK03")
        .outage("the sub-task would go on with other data than it began with")
        .help("hand over a buffer (`&mem.x`, `&mut mem.y`), or a value kept in an immutable variable with a written type")
}

/// A buffer handed on: a buffer parameter, or a part of a `&mut` parameter.
fn is_buffer(arg: &Expr, env: &Env) -> bool {
    match arg {
        Expr::Reference(r) => place(&r.expr, env),
        e => place(e, env),
    }
}

fn place(e: &Expr, env: &Env) -> bool {
    match e {
        Expr::Path(p) => p.path.get_ident().is_some_and(|i| {
            matches!(
                env.class(&i.to_string()),
                Some(Class::Output | Class::InPlace | Class::Exclusive | Class::State)
            )
        }),
        Expr::Field(f) => place(&f.base, env),
        Expr::Index(i) => place(&i.expr, env) && pure::check(&i.index, &AtCall(env)).is_ok(),
        Expr::Paren(p) => place(&p.expr, env),
        Expr::Unary(u) if matches!(u.op, UnOp::Deref(_)) => place(&u.expr, env),
        _ => {
            let _ = e.span();
            false
        }
    }
}
