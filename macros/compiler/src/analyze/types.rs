//! Types written in the source: what a commit can save.

use crate::diag::Diagnostic;
use proc_macro2::Span;
use syn::visit::{self, Visit};
use syn::{Expr, Ident, Lit, Local, Pat, Type, UnOp, parse_quote};

/// The written type of a `let`.
pub enum Written {
    /// Plain data, as far as the source tells (the `Saved` trait decides).
    Savable(Box<Type>),
    /// Cannot be plain data: the name, and why.
    Unsavable(Ident, String),
    /// None.
    None,
}

/// Reads the type of a `let` with one name.
pub fn written(local: &Local) -> Written {
    match &local.pat {
        Pat::Type(t) => match &*t.pat {
            Pat::Ident(p) if p.by_ref.is_none() && p.subpat.is_none() => match unsavable(&t.ty) {
                None => Written::Savable(t.ty.clone()),
                Some(why) => Written::Unsavable(p.ident.clone(), why),
            },
            _ => Written::None,
        },
        Pat::Ident(p) if p.by_ref.is_none() && p.subpat.is_none() => {
            match local.init.as_ref().and_then(|i| of_value(&i.expr)) {
                Some(ty) => Written::Savable(Box::new(ty)),
                None => Written::None,
            }
        }
        _ => Written::None,
    }
}

/// A type that the value itself spells out: `0u32`, `x as i64`, `i8::MIN`, `[0i32; N]`.
fn of_value(e: &Expr) -> Option<Type> {
    match e {
        Expr::Lit(l) => match &l.lit {
            Lit::Int(i) if !i.suffix().is_empty() => primitive(i.suffix(), i.span()),
            Lit::Float(f) if !f.suffix().is_empty() => primitive(f.suffix(), f.span()),
            Lit::Bool(b) => primitive("bool", b.span()),
            Lit::Byte(b) => primitive("u8", b.span()),
            _ => None,
        },
        Expr::Unary(u) if matches!(u.op, UnOp::Neg(_) | UnOp::Not(_)) => of_value(&u.expr),
        Expr::Paren(p) => of_value(&p.expr),
        Expr::Cast(c) if unsavable(&c.ty).is_none() => Some((*c.ty).clone()),
        Expr::Path(p) if p.path.segments.len() == 2 => {
            let first = &p.path.segments[0].ident;
            primitive(&first.to_string(), first.span())
        }
        Expr::Call(c) => match &*c.func {
            Expr::Path(p) if p.path.segments.len() == 2 && p.path.segments[1].ident == "from" => {
                let first = &p.path.segments[0].ident;
                primitive(&first.to_string(), first.span())
            }
            _ => None,
        },
        Expr::Repeat(r) => {
            let (ty, len) = (of_value(&r.expr)?, &r.len);
            Some(parse_quote!([#ty; #len]))
        }
        _ => None,
    }
}

fn primitive(name: &str, span: Span) -> Option<Type> {
    const NAMES: [&str; 16] = [
        "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
        "f32", "f64", "bool", "char",
    ];
    NAMES.contains(&name).then(|| {
        let ident = Ident::new(name, span);
        parse_quote!(#ident)
    })
}

/// Why a type can never be saved, as far as the source tells.
pub fn unsavable(ty: &Type) -> Option<String> {
    struct Find(Option<&'static str>);
    impl<'a> Visit<'a> for Find {
        fn visit_type(&mut self, t: &'a Type) {
            let why = match t {
                Type::Reference(_) => {
                    Some("is a reference, and what it points to moves or is gone after an outage")
                }
                Type::Ptr(_) => {
                    Some("is a pointer, and what it points to moves or is gone after an outage")
                }
                Type::FnPtr(_) => {
                    Some("is a function pointer, and code moves when the firmware is updated")
                }
                Type::TraitObject(_) | Type::ImplTrait(_) => Some("has no known layout"),
                Type::Infer(_) => Some("has no written type"),
                _ => None,
            };
            self.0 = self.0.or(why);
            visit::visit_type(self, t);
        }
        fn visit_expr(&mut self, _: &'a Expr) {}
    }
    let mut find = Find(None);
    find.visit_type(ty);
    find.0.map(str::to_owned)
}

/// The error for a variable whose type cannot be saved.
pub fn cannot_save(name: &Ident, why: &str, mutable: bool) -> Diagnostic {
    let help = if mutable {
        "keep an index or a plain value instead, or declare it inside the loop that commits"
    } else {
        "bind it from values that do not change, so that it is recomputed; or declare it inside the loop that commits"
    };
    Diagnostic::new(
        name.span(),
        format!("`{name}` is used after a commit, but cannot be saved: it {why}"),
    )
    .code("RK02")
    .outage(format!("`{name}` would be lost: SRAM is empty after it"))
    .help(help)
}
