//! Costs as code: each sum becomes a constant of the expansion, which the compiler evaluates.

use crate::hygiene::numbered;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Ident, Path};

/// A cost in picojoules, or that there is no such way (`rekindle::budget::count::NEVER`).
#[derive(Clone, Debug, PartialEq)]
pub enum Cost {
    /// Nothing.
    Zero,
    /// No such way.
    Never,
    /// A constant of the expansion.
    Named(Ident),
}

impl ToTokens for Cost {
    fn to_tokens(&self, out: &mut TokenStream) {
        out.extend(match self {
            Self::Zero => quote!(0_i64),
            Self::Never => quote!(-1_i64),
            Self::Named(name) => quote!(#name),
        });
    }
}

/// How many operations of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Additions and the like.
    pub op: u64,
    /// Multiplications.
    pub mac: u64,
    /// Divisions.
    pub div: u64,
    /// Items read.
    pub load: u64,
    /// Items written.
    pub store: u64,
}

/// The constants so far.
pub struct Code<'k> {
    /// Their definitions.
    pub lets: TokenStream,
    /// Where the runtime is.
    pub krate: &'k Path,
    count: usize,
}

impl<'k> Code<'k> {
    /// None yet.
    pub fn new(krate: &'k Path) -> Self {
        Self {
            lets: TokenStream::new(),
            krate,
            count: 0,
        }
    }

    /// Names a value.
    pub fn name(&mut self, value: &TokenStream) -> Cost {
        let name = numbered("cost", self.count);
        self.count += 1;
        self.lets.extend(quote!(let #name: i64 = #value;));
        Cost::Named(name)
    }

    /// Calls one of the runtime's functions.
    pub fn call(&mut self, function: &str, args: &TokenStream) -> Cost {
        let (krate, function) = (self.krate, quote::format_ident!("{function}"));
        self.name(&quote!(#krate::__private::count::#function(#args)))
    }

    /// Operations.
    pub fn ops(&mut self, n: Counts) -> Cost {
        if n == Counts::default() {
            return Cost::Zero;
        }
        let costs = crate::hygiene::local("costs");
        let Counts {
            op,
            mac,
            div,
            load,
            store,
        } = n;
        self.call("ops", &quote!(&#costs, #op, #mac, #div, #load, #store))
    }

    /// One after the other.
    pub fn add(&mut self, a: &Cost, b: &Cost) -> Cost {
        match (a, b) {
            (Cost::Never, _) | (_, Cost::Never) => Cost::Never,
            (Cost::Zero, c) | (c, Cost::Zero) => c.clone(),
            _ => self.call("add", &quote!(#a, #b)),
        }
    }

    /// The dearer one.
    pub fn max(&mut self, a: &Cost, b: &Cost) -> Cost {
        match (a, b) {
            (Cost::Never, c) | (c, Cost::Never) => c.clone(),
            _ if a == b => a.clone(),
            _ => self.call("max", &quote!(#a, #b)),
        }
    }

    /// `n` times over.
    pub fn times(&mut self, n: &TokenStream, cost: &Cost) -> Cost {
        match cost {
            Cost::Zero => Cost::Zero,
            _ => self.call("times", &quote!(#n, #cost)),
        }
    }
}
