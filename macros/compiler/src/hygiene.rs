//! Names that the expansion introduces: one prefix, and hygiene that keeps them apart from the user's.

use proc_macro2::Span;
use quote::format_ident;
use syn::{Ident, Lifetime};

/// A local of the expansion.
pub fn local(name: &str) -> Ident {
    Ident::new(&format!("__rk_{name}"), Span::mixed_site())
}

/// A numbered local of the expansion.
pub fn numbered(name: &str, n: usize) -> Ident {
    format_ident!("__rk_{}_{}", name, n, span = Span::mixed_site())
}

/// A label of the expansion.
pub fn label(name: &str, n: Option<usize>) -> Lifetime {
    let text = match n {
        Some(n) => format!("'__rk_{name}_{n}"),
        None => format!("'__rk_{name}"),
    };
    Lifetime::new(&text, Span::mixed_site())
}
