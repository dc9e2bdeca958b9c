//! RK09: what hides an access from the analysis. RK10: a task that calls itself.

use crate::diag::{Diagnostic, Diagnostics};
use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Block, Expr, FnArg, Signature, Type};

/// Types that are changed through a shared reference.
const CELLS: [&str; 12] = [
    "Cell",
    "RefCell",
    "UnsafeCell",
    "SyncUnsafeCell",
    "OnceCell",
    "OnceLock",
    "LazyCell",
    "Mutex",
    "RwLock",
    "NonNull",
    "AtomicPtr",
    "Volatile",
];

/// Methods that change what they are called on through a shared reference.
const CHANGES: [&str; 17] = [
    "fetch_add",
    "fetch_sub",
    "fetch_and",
    "fetch_nand",
    "fetch_or",
    "fetch_xor",
    "fetch_max",
    "fetch_min",
    "fetch_update",
    "fetch_not",
    "compare_exchange",
    "compare_exchange_weak",
    "borrow_mut",
    "lock",
    "get_or_init",
    "as_mut_ptr",
    "as_ptr",
];

/// Methods that do so on a static or in an atomic way only.
const ON_STATICS: [&str; 8] = [
    "store", "swap", "set", "replace", "take", "with", "update", "write",
];

/// Runs both checks.
pub fn refuse(sig: &Signature, block: &Block, diagnostics: &mut Diagnostics) {
    let mut hidden = Hidden { sig, diagnostics };
    for input in &sig.inputs {
        if let FnArg::Typed(p) = input {
            hidden.visit_type(&p.ty);
        }
    }
    hidden.visit_block(block);
}

struct Hidden<'d> {
    sig: &'d Signature,
    diagnostics: &'d mut Diagnostics,
}

impl Hidden<'_> {
    fn report(&mut self, span: Span, what: &str) {
        self.diagnostics.push(
            Diagnostic::new(span, format!("{what} in a task: what it changes is not seen by the analysis"))
                .code("RK09")
                .outage("the change would be lost with SRAM, or made twice")
                .help("keep what changes in a `State`, an `Output` or a local; use it behind a `&mut` parameter with `#[effect(…)]` if it is a device"),
        );
    }
}

impl<'a> Visit<'a> for Hidden<'_> {
    fn visit_type(&mut self, t: &'a Type) {
        match t {
            Type::Ptr(p) => self.report(p.span(), "a raw pointer"),
            Type::Path(p) => {
                if let Some(last) = p.path.segments.last() {
                    let name = last.ident.to_string();
                    let atomic = name.starts_with("Atomic") && name.len() > 6;
                    if atomic || CELLS.contains(&name.as_str()) {
                        self.report(
                            last.ident.span(),
                            &format!("interior mutability (`{name}`)"),
                        );
                    }
                }
            }
            _ => {}
        }
        visit::visit_type(self, t);
    }

    fn visit_expr(&mut self, e: &'a Expr) {
        match e {
            Expr::RawAddr(r) => self.report(r.span(), "a raw pointer"),
            Expr::MethodCall(m) => {
                let name = m.method.to_string();
                let on_static = matches!(&*m.receiver, Expr::Path(p) if is_static(&p.path));
                if CHANGES.contains(&name.as_str())
                    || (on_static && ON_STATICS.contains(&name.as_str()))
                {
                    self.report(m.method.span(), &format!("interior mutability (`{name}`)"));
                }
            }
            Expr::Call(c) => {
                if let Expr::Path(p) = &*c.func {
                    let path = &p.path;
                    let own = path.is_ident(&self.sig.ident)
                        || (path.segments.len() == 2
                            && path.segments[0].ident == "Self"
                            && path.segments[1].ident == self.sig.ident);
                    if own {
                        recursion(path.span(), self.sig, self.diagnostics);
                    }
                }
            }
            _ => {}
        }
        visit::visit_expr(self, e);
    }

    fn visit_expr_method_call(&mut self, m: &'a syn::ExprMethodCall) {
        if m.method == self.sig.ident
            && matches!(&*m.receiver, Expr::Path(p) if p.path.is_ident("self"))
        {
            recursion(m.method.span(), self.sig, self.diagnostics);
        }
        visit::visit_expr_method_call(self, m);
    }

    fn visit_attribute(&mut self, a: &'a syn::Attribute) {
        let name = a.path().get_ident().map(ToString::to_string);
        if let Some(name @ ("cfg" | "cfg_attr")) = name.as_deref() {
            self.diagnostics.push(
                Diagnostic::new(a.span(), format!("`#[{name}]` in a task: the analysis comes before it is decided"))
                    .code("RK09")
                    .outage("the analysis would answer for other code than what is built")
                    .help("write `if cfg!(…) { … }`, or put the attribute on the whole task and have one for each case"),
            );
        }
    }

    fn visit_item(&mut self, _: &'a syn::Item) {}
}

fn recursion(span: Span, sig: &Signature, diagnostics: &mut Diagnostics) {
    diagnostics.push(
        Diagnostic::new(span, format!("the task `{}` calls itself", sig.ident))
            .code("RK10")
            .outage("its frame would be live twice, and the position of one would be taken for the other's")
            .help("write a loop, and keep what the calls would have kept in a `State`"),
    );
}

/// A name in capitals that is not an associated constant.
fn is_static(path: &syn::Path) -> bool {
    path.segments.last().is_some_and(|s| {
        let name = s.ident.to_string();
        name.chars().any(char::is_uppercase) && !name.chars().any(char::is_lowercase)
    })
}
