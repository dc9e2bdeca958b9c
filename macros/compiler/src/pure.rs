//! Whether an expression can be evaluated again after an outage with the same result.
//!
//! A function that is called without `#[effect]` is taken to be a function of its arguments (the crate documentation
//! states this assumption); everything else is shown here, or refused.

use crate::names::{bound, macro_args};
use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Block, Expr, Pat, Stmt, UnOp};

/// Why an expression cannot be recomputed.
#[derive(Clone, Debug)]
pub struct Impure {
    /// Where.
    pub span: Span,
    /// Why, as the end of a sentence "it cannot be recomputed because it …".
    pub why: String,
}

/// What the surrounding code knows of a name: `None` for names that are no locals (constants, functions).
pub trait Lookup {
    /// Why `name` may have changed before the resume point, if it may.
    fn changes(&self, name: &str) -> Option<String>;
}

/// Macros whose result depends on their arguments alone.
const PURE_MACROS: [&str; 9] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "matches",
    "concat",
    "size_of",
];

/// Methods without arguments that give what is outside.
pub const SENSES: [&str; 9] = [
    "now", "now_ms", "elapsed", "read", "poll", "sample", "measure", "random", "is_ready",
];

/// Checks `expr`.
///
/// # Errors
///
/// The first place that cannot be recomputed.
pub fn check(expr: &Expr, lookup: &dyn Lookup) -> Result<(), Impure> {
    Checker {
        lookup,
        local: Vec::new(),
    }
    .expr(expr)
}

struct Checker<'l> {
    lookup: &'l dyn Lookup,
    local: Vec<String>,
}

impl Checker<'_> {
    fn fail<T>(&self, at: &impl Spanned, why: impl Into<String>) -> Result<T, Impure> {
        Err(Impure {
            span: at.span(),
            why: why.into(),
        })
    }

    fn all<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) -> Result<(), Impure> {
        exprs.into_iter().try_for_each(|e| self.expr(e))
    }

    fn bind(&mut self, pat: &Pat) {
        self.local
            .extend(bound(pat).into_iter().map(|(i, _)| i.to_string()));
    }

    fn scoped<T>(&mut self, f: impl FnOnce(&mut Self) -> T) -> T {
        let depth = self.local.len();
        let result = f(self);
        self.local.truncate(depth);
        result
    }

    fn block(&mut self, block: &Block) -> Result<(), Impure> {
        self.scoped(|c| {
            for stmt in &block.stmts {
                match stmt {
                    Stmt::Local(l) => {
                        if let Some(init) = &l.init {
                            c.expr(&init.expr)?;
                            if let Some((_, diverge)) = &init.diverge {
                                c.expr(diverge)?;
                            }
                        }
                        c.bind(&l.pat);
                    }
                    Stmt::Expr(e, _) => c.expr(e)?,
                    Stmt::Macro(m) => c.mac(&m.mac)?,
                    Stmt::Item(_) => {}
                }
            }
            Ok(())
        })
    }

    fn mac(&mut self, mac: &syn::Macro) -> Result<(), Impure> {
        let name = mac
            .path
            .segments
            .last()
            .map(|s| s.ident.to_string())
            .unwrap_or_default();
        if !PURE_MACROS.contains(&name.as_str()) {
            return self.fail(
                &mac.path,
                format!("calls the macro `{name}!`, which may do anything"),
            );
        }
        if name == "matches" {
            // The second argument is a pattern: names bound there are its own.
            let mut names = crate::names::Names::new();
            crate::names::idents_of(mac.tokens.clone(), &mut names);
            return names.iter().try_for_each(|(n, s)| self.name(n, *s));
        }
        match macro_args(mac) {
            Some(args) => self.all(&args),
            None => self.fail(
                &mac.path,
                format!("calls `{name}!` with arguments that cannot be read"),
            ),
        }
    }

    fn name(&self, name: &str, span: Span) -> Result<(), Impure> {
        if self.local.iter().any(|n| n == name) {
            return Ok(());
        }
        match self.lookup.changes(name) {
            Some(why) => Err(Impure { span, why }),
            None => Ok(()),
        }
    }

    #[allow(clippy::too_many_lines)]
    fn expr(&mut self, expr: &Expr) -> Result<(), Impure> {
        match expr {
            Expr::Lit(_) | Expr::Infer(_) | Expr::Const(_) => Ok(()),
            Expr::Path(p) => match p.path.get_ident() {
                Some(i) => self.name(&i.to_string(), i.span()),
                None => Ok(()),
            },
            Expr::Paren(e) => self.expr(&e.expr),
            Expr::Group(e) => self.expr(&e.expr),
            Expr::Field(e) => self.expr(&e.base),
            Expr::Cast(e) => self.expr(&e.expr),
            Expr::Index(e) => self.all([&*e.expr, &*e.index]),
            Expr::Binary(e) => {
                if is_assignment(e.op) {
                    return self.local_place(&e.left).and_then(|()| self.expr(&e.right));
                }
                self.all([&*e.left, &*e.right])
            }
            Expr::Unary(e) => match e.op {
                UnOp::Deref(_) | UnOp::Not(_) | UnOp::Neg(_) => self.expr(&e.expr),
                _ => self.fail(e, "uses an operator that is not known"),
            },
            Expr::Reference(e) if e.mutability.is_some() => self.local_place(&e.expr),
            Expr::Reference(e) => self.expr(&e.expr),
            Expr::Assign(e) => self.local_place(&e.left).and_then(|()| self.expr(&e.right)),
            Expr::Tuple(e) => self.all(&e.elems),
            Expr::Array(e) => self.all(&e.elems),
            Expr::Repeat(e) => self.all([&*e.expr, &*e.len]),
            Expr::Range(e) => self.all(e.start.iter().chain(&e.end).map(|b| &**b)),
            Expr::Struct(e) => {
                self.all(e.fields.iter().map(|f| &f.expr))?;
                e.rest.iter().try_for_each(|r| self.expr(r))
            }
            Expr::Call(e) => {
                if e.args.is_empty() {
                    return self.fail(e, "calls a function without arguments: its result can only come from outside or be a constant");
                }
                self.expr(&e.func)?;
                self.all(&e.args)
            }
            Expr::MethodCall(e) => {
                if e.args.is_empty() && SENSES.iter().any(|s| e.method == s) {
                    let why = format!(
                        "calls `{}`, which by its name tells of the world outside",
                        e.method
                    );
                    return self.fail(&e.method, why);
                }
                self.expr(&e.receiver)?;
                self.all(&e.args)
            }
            Expr::Block(e) => self.block(&e.block),
            Expr::If(e) => self.scoped(|c| {
                c.expr(&e.cond)?;
                c.block(&e.then_branch)?;
                e.else_branch.iter().try_for_each(|(_, b)| c.expr(b))
            }),
            Expr::Let(e) => {
                self.expr(&e.expr)?;
                self.bind(&e.pat);
                Ok(())
            }
            Expr::Match(e) => {
                self.expr(&e.expr)?;
                for arm in &e.arms {
                    self.scoped(|c| {
                        c.bind(&arm.pat);
                        if let Pat::Guard(g) = &arm.pat {
                            c.expr(&g.guard)?;
                        }
                        c.expr(&arm.body)
                    })?;
                }
                Ok(())
            }
            Expr::Closure(e) => self.scoped(|c| {
                e.inputs.iter().for_each(|p| c.bind(p));
                c.expr(&e.body)
            }),
            Expr::ForLoop(e) => self.scoped(|c| {
                c.expr(&e.expr)?;
                c.bind(&e.pat);
                c.block(&e.body)
            }),
            Expr::While(e) => self.scoped(|c| {
                c.expr(&e.cond)?;
                c.block(&e.body)
            }),
            Expr::Loop(e) => self.block(&e.body),
            Expr::Break(e) => e.expr.iter().try_for_each(|e| self.expr(e)),
            Expr::Continue(_) => Ok(()),
            Expr::Macro(e) => self.mac(&e.mac),
            Expr::Unsafe(e) => self.fail(e, "is `unsafe`, which may hide anything"),
            other => self.fail(other, "is of a kind that is not known to be repeatable"),
        }
    }

    /// A place that is written: only names bound inside the expression itself may be.
    fn local_place(&self, place: &Expr) -> Result<(), Impure> {
        match place {
            Expr::Path(p)
                if p.path
                    .get_ident()
                    .is_some_and(|i| self.local.iter().any(|n| i == n)) =>
            {
                Ok(())
            }
            Expr::Index(e) => self.local_place(&e.expr),
            Expr::Field(e) => self.local_place(&e.base),
            Expr::Paren(e) => self.local_place(&e.expr),
            Expr::Unary(e) if matches!(e.op, UnOp::Deref(_)) => self.local_place(&e.expr),
            Expr::Infer(_) => Ok(()),
            _ => self.fail(place, "changes something outside itself"),
        }
    }
}

/// `+=` and its kin.
pub fn is_assignment(op: syn::BinOp) -> bool {
    use syn::BinOp as B;
    matches!(
        op,
        B::AddAssign(_)
            | B::SubAssign(_)
            | B::MulAssign(_)
            | B::DivAssign(_)
            | B::RemAssign(_)
            | B::BitXorAssign(_)
            | B::BitAndAssign(_)
            | B::BitOrAssign(_)
            | B::ShlAssign(_)
            | B::ShrAssign(_)
    )
}
