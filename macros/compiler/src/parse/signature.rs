//! The signature: what each parameter is to the analysis.

use crate::diag::{Diagnostic, Diagnostics};
use crate::names::bound;
use crate::task::{Param, Residency, Role};
use syn::spanned::Spanned;
use syn::{FnArg, GenericArgument, Pat, PathArguments, ReturnType, Safety, Signature, Type};

/// Reads the parameters, and refuses what a task cannot be.
pub fn params(sig: &Signature, diagnostics: &mut Diagnostics) -> Vec<Param> {
    refuse_kind(sig, diagnostics);
    let mut params = Vec::new();
    for input in &sig.inputs {
        match input {
            FnArg::Receiver(receiver) => {
                if receiver.mutability.is_some() || !is_shared(receiver) {
                    diagnostics.push(
                        Diagnostic::new(receiver.span(), "a task takes `&self`, or no `self`")
                            .code("RK02")
                            .outage(
                                "what is changed through `self` lives in SRAM and would be lost",
                            )
                            .help("keep what changes in a `State` or an `Output`"),
                    );
                }
                let ty = syn::parse_quote!(&Self);
                params.push(Param {
                    name: receiver.self_token.into(),
                    mutable: false,
                    role: Role::Value(Box::new(ty)),
                    residency: Residency::Whole,
                });
            }
            FnArg::Typed(typed) => typed_param(typed, &mut params, diagnostics),
        }
    }
    params
}

fn is_shared(receiver: &syn::Receiver) -> bool {
    use quote::ToTokens;
    let text = receiver.to_token_stream().to_string();
    text.starts_with('&') && !text.contains("mut")
}

fn typed_param(typed: &syn::PatType, params: &mut Vec<Param>, diagnostics: &mut Diagnostics) {
    let role = role_of(&typed.ty);
    let residency = residency(&typed.ty);
    if let Pat::Ident(p) = &*typed.pat {
        let nvm = matches!(
            role,
            Role::Input | Role::Output | Role::InPlace | Role::State(_)
        );
        if nvm && p.mutability.is_some() {
            diagnostics.push(
                Diagnostic::new(p.span(), "a buffer parameter is not `mut`")
                    .help("remove `mut`: its role says what can be done with it"),
            );
        }
        params.push(Param {
            name: p.ident.clone(),
            mutable: p.mutability.is_some(),
            role,
            residency,
        });
        return;
    }
    if !matches!(role, Role::Value(_)) {
        diagnostics.push(
            Diagnostic::new(typed.pat.span(), "a buffer parameter needs a plain name")
                .help("name it, and destructure in the body"),
        );
    }
    for (name, mutable) in bound(&typed.pat) {
        if mutable {
            diagnostics.push(
                Diagnostic::new(
                    name.span(),
                    format!("`{name}` cannot be saved: it has no written type of its own"),
                )
                .code("RK02")
                .outage("its changes would be lost")
                .help(format!(
                    "take the parameter by name, and write `let mut {name}: Type = …;` in the body"
                )),
            );
        }
        // A part of a parameter has no written type of its own, so it must not change.
        params.push(Param {
            name,
            mutable: false,
            role: role.clone(),
            residency: residency.clone(),
        });
    }
}

/// How much of the buffer is in SRAM where the store is not mapped.
fn residency(ty: &Type) -> Residency {
    match ty {
        Type::Paren(p) => residency(&p.elem),
        Type::Group(g) => residency(&g.elem),
        Type::Path(p) => {
            let Some(last) = p.path.segments.last() else {
                return Residency::Whole;
            };
            let PathArguments::AngleBracketed(arguments) = &last.arguments else {
                return Residency::Whole;
            };
            match last.ident.to_string().as_str() {
                "TileInput" | "TileOutput" => Residency::Tiles,
                "RollingInput" => {
                    let mut sizes = arguments
                        .args
                        .iter()
                        .filter(|a| !matches!(a, GenericArgument::Lifetime(_)));
                    Residency::Rolling(sizes.nth(1).cloned().map(Box::new))
                }
                "RollingOutput" => Residency::Rolling(None),
                _ => Residency::Whole,
            }
        }
        _ => Residency::Whole,
    }
}

fn role_of(ty: &Type) -> Role {
    match ty {
        Type::Reference(r) if r.mutability.is_some() => Role::Exclusive,
        Type::Paren(p) => role_of(&p.elem),
        Type::Group(g) => role_of(&g.elem),
        Type::Path(p) => {
            let Some(last) = p.path.segments.last() else {
                return Role::Value(Box::new(ty.clone()));
            };
            let data = match &last.arguments {
                PathArguments::AngleBracketed(a) => a.args.iter().find_map(|a| match a {
                    GenericArgument::Type(t) => Some(t.clone()),
                    _ => None,
                }),
                _ => None,
            };
            match (last.ident.to_string().as_str(), data) {
                ("Input" | "TileInput" | "RollingInput", Some(_)) => Role::Input,
                ("Output" | "TileOutput" | "RollingOutput", Some(_)) => Role::Output,
                ("InPlace", Some(_)) => Role::InPlace,
                ("State", Some(data)) => Role::State(Box::new(data)),
                _ => Role::Value(Box::new(ty.clone())),
            }
        }
        _ => Role::Value(Box::new(ty.clone())),
    }
}

fn refuse_kind(sig: &Signature, diagnostics: &mut Diagnostics) {
    if let Some(a) = &sig.asyncness {
        diagnostics.push(
            Diagnostic::new(a.span(), "a task cannot be `async`")
                .code("RK08")
                .outage("what a future holds would be lost")
                .help("await outside the task, and hand the data in"),
        );
    }
    if let Some(c) = &sig.constness {
        diagnostics.push(
            Diagnostic::new(c.span(), "a task cannot be `const`: it writes to memory")
                .help("remove `const`"),
        );
    }
    if !matches!(sig.safety, Safety::Default) {
        diagnostics.push(
            Diagnostic::new(sig.safety.span(), "a task cannot be `unsafe`")
                .code("RK09")
                .outage("the analysis could not vouch for what it does")
                .help("put the unsafe part into a function with a safe interface"),
        );
    }
    if let Some(abi) = &sig.abi {
        diagnostics
            .push(Diagnostic::new(abi.span(), "a task has the Rust ABI").help("remove `extern`"));
    }
    match &sig.output {
        ReturnType::Default => {}
        ReturnType::Type(_, ty) if matches!(&**ty, Type::Tuple(t) if t.elems.is_empty()) => {}
        ReturnType::Type(_, ty) => diagnostics.push(
            Diagnostic::new(ty.span(), "a task returns nothing")
                .code("RK02")
                .outage("a value handed back in SRAM would be lost")
                .help("write the result to an `Output` parameter"),
        ),
    }
}
