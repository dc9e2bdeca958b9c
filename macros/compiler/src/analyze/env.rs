//! What is in scope at a place of the body.

use super::Save;
use crate::pure::Lookup;
use proc_macro2::Span;
use syn::Ident;

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Class {
    /// The same after an outage: an input, an immutable parameter, a recomputed binding, a loop variable.
    Fixed,
    /// Part of the record.
    Saved {
        /// Declared `mut`.
        mutable: bool,
    },
    /// A `State` parameter that the body uses.
    State,
    /// An `Output` parameter.
    Output,
    /// An `InPlace` parameter.
    InPlace,
    /// A `&mut` parameter.
    Exclusive,
    /// Not there after an outage.
    Lost,
}

#[derive(Clone, Debug)]
enum Entry {
    Name(Ident, Class),
    Index(usize),
}

/// Scopes, innermost last.
#[derive(Debug, Default)]
pub struct Env(Vec<Entry>);

impl Env {
    /// Number of entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Leaves scopes.
    pub fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// A name comes into scope.
    pub fn push(&mut self, name: Ident, class: Class) {
        self.0.push(Entry::Name(name, class));
    }

    /// A `for` loop on the path is entered.
    pub fn push_index(&mut self, id: usize) {
        self.0.push(Entry::Index(id));
    }

    /// What `name` stands for here.
    pub fn class(&self, name: &str) -> Option<&Class> {
        self.0.iter().rev().find_map(|e| match e {
            Entry::Name(n, class) if n == name => Some(class),
            _ => None,
        })
    }

    /// The first variable in `e` that may have changed after an outage.
    pub fn changing(&self, e: &syn::Expr) -> Option<&Ident> {
        crate::names::of_expr(e).into_keys().find_map(|name| {
            self.changes(&name)?;
            self.0.iter().rev().find_map(|entry| match entry {
                Entry::Name(n, _) if *n == name => Some(n),
                _ => None,
            })
        })
    }

    /// What a record made here holds.
    pub fn saved(&self) -> Vec<Save> {
        self.0
            .iter()
            .filter_map(|e| match e {
                Entry::Name(n, Class::Saved { mutable }) => Some(Save::Local(n.clone(), *mutable)),
                Entry::Name(n, Class::State) => Some(Save::State(n.clone())),
                Entry::Index(id) => Some(Save::Index(*id)),
                Entry::Name(..) => None,
            })
            .collect()
    }

    /// Saved names that cannot be named here, because an inner one hides them.
    pub fn hidden_saved(&self) -> Vec<(Ident, Span)> {
        let hidden = |i: usize, name: &Ident| {
            self.0[i + 1..].iter().find_map(|later| match later {
                Entry::Name(n, _) if n == name => Some(n.span()),
                _ => None,
            })
        };
        self.0
            .iter()
            .enumerate()
            .filter_map(|(i, e)| match e {
                Entry::Name(n, Class::Saved { .. } | Class::State) => {
                    Some((n.clone(), hidden(i, n)?))
                }
                _ => None,
            })
            .collect()
    }
}

impl Lookup for Env {
    fn changes(&self, name: &str) -> Option<String> {
        match self.class(name)? {
            Class::Fixed | Class::Saved { mutable: false } => None,
            Class::Saved { mutable: true } => Some(format!("depends on `{name}`, which changes")),
            Class::State => Some(format!("reads the state `{name}`, which changes")),
            Class::Output => Some(format!("uses `{name}`, an `Output`")),
            Class::InPlace => Some(format!("reads the in-place buffer `{name}`, which changes")),
            Class::Exclusive => Some(format!("uses `{name}`, a `&mut` reference")),
            Class::Lost => Some(format!(
                "depends on `{name}`, which is not there after an outage"
            )),
        }
    }
}
