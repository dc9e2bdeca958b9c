//! What statements and expressions without a commit take at most.

use super::code::{Code, Cost, Counts};
use super::trips::{Item, Items, Scope};
use crate::diag::{Diagnostic, Diagnostics};
use crate::names::macro_args;
use crate::pure::is_assignment;
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::spanned::Spanned;
use syn::{BinOp, Block, Expr, ExprMethodCall, Pat, Stmt};

/// Methods of numbers and the like that take one operation.
const SIMPLE: [&str; 46] = [
    "abs",
    "abs_diff",
    "unsigned_abs",
    "signum",
    "is_positive",
    "is_negative",
    "min",
    "max",
    "clamp",
    "count_ones",
    "count_zeros",
    "leading_zeros",
    "trailing_zeros",
    "rotate_left",
    "rotate_right",
    "swap_bytes",
    "to_le_bytes",
    "to_be_bytes",
    "to_ne_bytes",
    "into",
    "try_into",
    "unwrap_or",
    "unwrap_or_default",
    "is_some",
    "is_none",
    "is_ok",
    "is_err",
    "ok",
    "copied",
    "cloned",
    "as_ref",
    "as_slice",
    "as_mut",
    "len",
    "is_empty",
    "iter",
    "iter_mut",
    "not",
    "neg",
    "and",
    "or",
    "cmp",
    "partial_cmp",
    "eq",
    "is_power_of_two",
    "first_chunk",
];
/// Functions of one path segment behind a type that take one operation.
const FUNCTIONS: [&str; 12] = [
    "from",
    "try_from",
    "new",
    "from_le_bytes",
    "from_be_bytes",
    "from_ne_bytes",
    "size_of",
    "align_of",
    "min",
    "max",
    "default",
    "from_bits",
];
/// What consumes an iterator, a round at a time.
const CONSUMERS: [&str; 14] = [
    "sum",
    "product",
    "count",
    "fold",
    "for_each",
    "any",
    "all",
    "position",
    "find",
    "last",
    "max",
    "min",
    "max_by_key",
    "min_by_key",
];
/// What makes an iterator of another.
const ADAPTORS: [&str; 12] = [
    "map",
    "filter",
    "filter_map",
    "enumerate",
    "zip",
    "rev",
    "take",
    "skip",
    "step_by",
    "chain",
    "take_while",
    "inspect",
];

/// Counts what code takes.
pub struct Counter<'c, 'k> {
    /// The constants of the expansion.
    pub code: &'c mut Code<'k>,
    /// The variables in scope.
    pub scope: &'c mut Scope,
    /// What cannot be counted.
    pub diagnostics: &'c mut Diagnostics,
    /// Operations not yet made a constant.
    counts: Counts,
    /// The sum of what is.
    sum: Cost,
}

impl<'c, 'k> Counter<'c, 'k> {
    /// Counts from nothing.
    pub fn new(
        code: &'c mut Code<'k>,
        scope: &'c mut Scope,
        diagnostics: &'c mut Diagnostics,
    ) -> Self {
        Self {
            code,
            scope,
            diagnostics,
            counts: Counts::default(),
            sum: Cost::Zero,
        }
    }

    /// The sum.
    pub fn finish(mut self) -> Cost {
        self.flush();
        self.sum
    }

    fn flush(&mut self) {
        let counted = self.code.ops(std::mem::take(&mut self.counts));
        self.sum = self.code.add(&self.sum, &counted);
    }

    fn plus(&mut self, cost: &Cost) {
        self.sum = self.code.add(&self.sum, cost);
    }

    /// What `f` counts, apart.
    fn apart(&mut self, f: impl FnOnce(&mut Self)) -> Cost {
        self.flush();
        let before = std::mem::replace(&mut self.sum, Cost::Zero);
        f(self);
        self.flush();
        std::mem::replace(&mut self.sum, before)
    }

    fn dearer(&mut self, a: &Cost, b: &Cost) {
        let more = self.code.max(a, b);
        self.plus(&more);
    }

    fn unknown(&mut self, span: Span, what: &str) {
        self.diagnostics.push(
            Diagnostic::new(span, format!("what {what} costs is not known, so the region cannot be held against the budget"))
                .code("RK05")
                .outage("a region that takes more than a power cycle would begin again each time")
                .help("write `#[cost(N)]` on the statement: the most that it takes, in picojoules; or make it a task and `#[run]` it"),
        );
    }

    fn endless(&mut self, span: Span) {
        self.diagnostics.push(
            Diagnostic::new(span, "how often this goes round at most cannot be told, so the region cannot be held against the budget")
                .code("RK05")
                .outage("a region that takes more than a power cycle would begin again each time")
                .help("bound it by a constant (`0..n.min(MAX)`), an array's length, or a parameter of 8 or 16 bits; or write `#[cost(N)]` on the statement: the most that it takes, in picojoules"),
        );
    }

    /// A statement.
    pub fn stmt(&mut self, stmt: &Stmt) {
        if let Some(stated) = crate::effects::cost(stmt) {
            let krate = self.code.krate;
            let cost = self
                .code
                .name(&quote!(#krate::__private::count::energy((#stated) as u64)));
            self.plus(&cost);
            if let Stmt::Local(l) = stmt {
                self.scope.bind(&l.pat);
            }
            return;
        }
        match stmt {
            Stmt::Local(l) => {
                if let Some(init) = &l.init {
                    self.expr(&init.expr);
                    if let Some((_, e)) = &init.diverge {
                        self.counts.op += 1;
                        self.expr(e);
                    }
                }
                self.scope.local(l);
            }
            Stmt::Expr(e, _) => self.expr(e),
            Stmt::Macro(m) => self.mac(&m.mac),
            Stmt::Item(_) => {}
        }
    }

    fn block(&mut self, b: &Block) {
        let depth = self.scope.depth();
        for s in &b.stmts {
            self.stmt(s);
        }
        self.scope.leave(depth);
    }

    fn mac(&mut self, m: &syn::Macro) {
        let name = m.path.segments.last().map(|s| s.ident.to_string());
        match name.as_deref() {
            Some(
                "assert" | "assert_eq" | "assert_ne" | "debug_assert" | "debug_assert_eq"
                | "debug_assert_ne",
            ) => {
                self.counts.op += 2;
                match macro_args(m) {
                    Some(args) => args.iter().for_each(|a| self.expr(a)),
                    None => self.unknown(m.path.span(), "this macro"),
                }
            }
            // A pattern is a chain of comparisons at most as long as it is written.
            Some("matches") => {
                self.counts.op += m.tokens.clone().into_iter().count() as u64;
            }
            Some("unreachable" | "panic" | "todo" | "unimplemented" | "concat") => {}
            Some(name) => {
                let what = format!("`{name}!`");
                self.unknown(m.path.span(), &what);
            }
            None => {}
        }
    }

    /// An expression.
    #[allow(clippy::too_many_lines)]
    pub fn expr(&mut self, e: &Expr) {
        match e {
            Expr::Lit(_) | Expr::Path(_) | Expr::Const(_) | Expr::Infer(_) | Expr::Continue(_) => {}
            Expr::Paren(e) => self.expr(&e.expr),
            Expr::Group(e) => self.expr(&e.expr),
            Expr::Reference(e) => self.expr(&e.expr),
            Expr::Field(e) => self.expr(&e.base),
            Expr::Cast(e) => {
                self.counts.op += 1;
                self.expr(&e.expr);
            }
            Expr::Unary(e) => {
                self.counts.op += 1;
                self.expr(&e.expr);
            }
            Expr::Index(e) => {
                self.counts.op += 1;
                self.counts.load += 1;
                self.expr(&e.expr);
                self.expr(&e.index);
            }
            Expr::Binary(e) => {
                match e.op {
                    BinOp::Mul(_) | BinOp::MulAssign(_) => self.counts.mac += 1,
                    BinOp::Div(_) | BinOp::DivAssign(_) | BinOp::Rem(_) | BinOp::RemAssign(_) => {
                        self.counts.div += 1;
                    }
                    _ => self.counts.op += 1,
                }
                if is_assignment(e.op) && !matches!(&*e.left, Expr::Path(_)) {
                    self.counts.store += 1;
                }
                self.expr(&e.left);
                self.expr(&e.right);
            }
            Expr::Assign(e) => {
                if !matches!(&*e.left, Expr::Path(_) | Expr::Infer(_)) {
                    self.counts.store += 1;
                }
                self.counts.op += 1;
                self.expr(&e.left);
                self.expr(&e.right);
            }
            Expr::Tuple(e) => e.elems.iter().for_each(|e| self.expr(e)),
            Expr::Array(e) => {
                self.counts.store += e.elems.len() as u64;
                e.elems.iter().for_each(|e| self.expr(e));
            }
            Expr::Repeat(r) => {
                self.expr(&r.expr);
                let len = &r.len;
                let one = self.code.ops(Counts {
                    op: 1,
                    store: 1,
                    ..Counts::default()
                });
                let all = self.code.times(&quote!(((#len) as i64)), &one);
                self.plus(&all);
            }
            Expr::Range(r) => r.start.iter().chain(&r.end).for_each(|e| self.expr(e)),
            Expr::Struct(s) => {
                s.fields.iter().for_each(|f| self.expr(&f.expr));
                s.rest.iter().for_each(|r| self.expr(r));
            }
            Expr::Block(b) => self.block(&b.block),
            Expr::If(i) => {
                self.counts.op += 1;
                let depth = self.scope.depth();
                self.expr(&i.cond);
                let then = self.apart(|c| c.block(&i.then_branch));
                self.scope.leave(depth);
                let other = self.apart(|c| {
                    if let Some((_, e)) = &i.else_branch {
                        c.expr(e);
                    }
                });
                self.dearer(&then, &other);
            }
            Expr::Let(l) => {
                self.counts.op += 1;
                self.expr(&l.expr);
                self.scope.bind(&l.pat);
            }
            Expr::Match(m) => {
                self.expr(&m.expr);
                let mut most = Cost::Zero;
                for arm in &m.arms {
                    self.counts.op += 1;
                    let depth = self.scope.depth();
                    self.scope.bind(&arm.pat);
                    if let Pat::Guard(g) = &arm.pat {
                        self.expr(&g.guard);
                    }
                    let body = self.apart(|c| c.expr(&arm.body));
                    self.scope.leave(depth);
                    most = self.code.max(&most, &body);
                }
                self.plus(&most);
            }
            Expr::ForLoop(l) => self.for_loop(l),
            Expr::While(l) => self.endless(l.while_token.span),
            Expr::Loop(l) => self.endless(l.loop_token.span),
            Expr::Break(b) => b.expr.iter().for_each(|e| self.expr(e)),
            Expr::Return(r) => r.expr.iter().for_each(|e| self.expr(e)),
            Expr::Macro(m) => self.mac(&m.mac),
            Expr::Call(c) => self.call(c),
            Expr::MethodCall(m) => self.method(m),
            Expr::Closure(c) => self.unknown(c.span(), "a closure"),
            other => self.unknown(other.span(), "this"),
        }
    }

    fn for_loop(&mut self, l: &syn::ExprForLoop) {
        self.iterated(&l.expr);
        let Some(items) = self.scope.items(&l.expr) else {
            self.endless(l.expr.span());
            return;
        };
        self.rounds(&items, &l.expr, |c| {
            c.scope.item(&l.pat, &items.item);
            c.block(&l.body);
        });
    }

    /// `items.most` rounds of `body`, and of the closures in the chain that gives the items.
    fn rounds(&mut self, items: &Items, chain: &Expr, body: impl FnOnce(&mut Self)) {
        let round = self.apart(|c| {
            let depth = c.scope.depth();
            c.counts.op += 2;
            c.chain(chain);
            body(c);
            c.scope.leave(depth);
        });
        let all = self.code.times(&items.most, &round);
        self.plus(&all);
    }

    /// What it takes to set an iterator up: its plain operands.
    fn iterated(&mut self, e: &Expr) {
        match e {
            Expr::MethodCall(m) if is_link(m) => {
                self.counts.op += 1;
                self.iterated(&m.receiver);
                for a in &m.args {
                    if !matches!(a, Expr::Closure(_)) {
                        self.iterated(a);
                    }
                }
            }
            e => self.expr(e),
        }
    }

    /// What each round takes in the chain: an item is loaded, and each link does its part. A link behind `filter` may run
    /// less often; a zipped chain runs along.
    fn chain(&mut self, e: &Expr) {
        match e {
            Expr::Paren(p) => self.chain(&p.expr),
            Expr::MethodCall(m) if is_link(m) => {
                self.counts.op += 1;
                self.chain(&m.receiver);
                for a in &m.args {
                    match a {
                        Expr::Closure(c) => {
                            let item = self.scope.items(&m.receiver).map(|i| i.item);
                            self.closure(c, item.as_ref());
                        }
                        a if m.method == "zip" || m.method == "chain" => self.chain(a),
                        _ => {}
                    }
                }
            }
            Expr::Range(_) => {}
            _ => self.counts.load += 1,
        }
    }

    fn closure(&mut self, c: &syn::ExprClosure, item: Option<&Item>) {
        let depth = self.scope.depth();
        match (c.inputs.len(), c.inputs.last(), item) {
            (1, Some(pat), Some(item)) => self.scope.item(pat, item),
            _ => c.inputs.iter().for_each(|p| self.scope.bind(p)),
        }
        self.expr(&c.body);
        self.scope.leave(depth);
    }

    fn call(&mut self, c: &syn::ExprCall) {
        c.args.iter().for_each(|a| self.expr(a));
        let Expr::Path(p) = &*c.func else {
            self.unknown(c.func.span(), "this call");
            return;
        };
        let Some(last) = p.path.segments.last() else {
            return;
        };
        let name = last.ident.to_string();
        // `Some(x)`, a tuple struct: building a value.
        let builds = name.starts_with(char::is_uppercase);
        // `i32::from`, not a function of the user's that happens to be called `from`.
        let of_type = p.path.segments.len() == 2
            && (is_number(&p.path.segments[0].ident) || p.path.segments[0].ident == "mem");
        if builds || (of_type && FUNCTIONS.contains(&name.as_str())) {
            self.counts.op += 1;
        } else if of_type {
            self.arithmetic(&name, c.func.span());
        } else {
            let what = format!("`{name}(…)`");
            self.unknown(c.func.span(), &what);
        }
    }

    /// `wrapping_mul` and its kin.
    fn arithmetic(&mut self, name: &str, span: Span) {
        let kind = ["wrapping_", "saturating_", "checked_", "overflowing_"]
            .iter()
            .find_map(|p| name.strip_prefix(p))
            .unwrap_or(name);
        match kind {
            "add" | "sub" | "neg" | "shl" | "shr" | "abs" | "add_signed" | "sub_unsigned" => {
                self.counts.op += 2;
            }
            "mul" => self.counts.mac += 2,
            "div" | "rem" | "div_euclid" | "rem_euclid" | "div_ceil" | "next_multiple_of" => {
                self.counts.op += 2;
                self.counts.div += 1;
            }
            // By squaring, 32 bits of exponent.
            "pow" => self.counts.mac += 64,
            "isqrt" | "ilog2" | "ilog10" => self.counts.div += 16,
            _ => {
                let what = format!("`{name}`");
                self.unknown(span, &what);
            }
        }
    }

    fn method(&mut self, m: &ExprMethodCall) {
        let name = m.method.to_string();
        // Of an iterator, not `a.min(b)`.
        let consumes = CONSUMERS.contains(&name.as_str())
            && (m.args.is_empty() || !matches!(name.as_str(), "max" | "min"));
        if consumes {
            return self.consumer(m);
        }
        self.expr(&m.receiver);
        m.args.iter().for_each(|a| self.expr(a));
        match name.as_str() {
            "get" | "get_mut" | "first" | "last_mut" => {
                self.counts.op += 1;
                self.counts.load += 1;
            }
            "set" | "swap" | "replace" => {
                self.counts.op += 1;
                self.counts.load += 1;
                self.counts.store += 2;
            }
            "fill" | "copy_from_slice" | "clone_from_slice" => self.whole(m),
            n if SIMPLE.contains(&n) || ADAPTORS.contains(&n) => self.counts.op += 1,
            n => self.arithmetic(n, m.method.span()),
        }
    }

    fn whole(&mut self, m: &ExprMethodCall) {
        match self.scope.items(&m.receiver) {
            Some(items) => {
                let one = self.code.ops(Counts {
                    op: 2,
                    load: 1,
                    store: 1,
                    ..Counts::default()
                });
                let all = self.code.times(&items.most, &one);
                self.plus(&all);
            }
            None => self.endless(m.span()),
        }
    }

    fn consumer(&mut self, m: &ExprMethodCall) {
        self.iterated(&m.receiver);
        let Some(items) = self.scope.items(&m.receiver) else {
            self.endless(m.span());
            return;
        };
        let product = m.method == "product";
        let args: Vec<_> = m.args.iter().collect();
        self.rounds(&items, &m.receiver, |c| {
            if product {
                c.counts.mac += 1;
            } else {
                c.counts.op += 2;
            }
            for a in args {
                match a {
                    Expr::Closure(closure) => c.closure(closure, Some(&items.item)),
                    a => c.expr(a),
                }
            }
        });
    }
}

fn is_link(m: &ExprMethodCall) -> bool {
    let name = m.method.to_string();
    ADAPTORS.contains(&name.as_str())
        || [
            "iter",
            "into_iter",
            "iter_mut",
            "copied",
            "cloned",
            "chunks",
            "chunks_exact",
            "windows",
        ]
        .contains(&name.as_str())
}

fn is_number(i: &syn::Ident) -> bool {
    [
        "u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64", "usize", "isize", "bool", "char",
    ]
    .iter()
    .any(|n| i == n)
}

/// How often a loop of the task goes round: at least and at most, as far as can be told.
pub fn trips(items: Option<&Items>, krate: &syn::Path) -> (TokenStream, TokenStream) {
    match items {
        Some(i) => (i.least.clone(), i.most.clone()),
        None => (quote!(0_i64), quote!(#krate::__private::count::ENDLESS)),
    }
}
