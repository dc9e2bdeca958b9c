//! Index expressions: linear forms over names that do not change.

use std::collections::BTreeMap;
use syn::{BinOp, Expr, Ident, Lit};

/// An index: one linear form per dimension; none for the whole value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index(Vec<Linear>);

/// A sum of names (by number) and a constant; wraps, as `usize` does, which keeps different constants different.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Linear {
    terms: BTreeMap<usize, i64>,
    constant: i64,
}

impl Index {
    /// Whether the two are items that do not overlap, whatever the names stand for.
    pub fn differs(&self, other: &Self) -> bool {
        self.0
            .iter()
            .zip(&other.0)
            .any(|(a, b)| a.terms == b.terms && a.constant != b.constant)
    }

    /// Whether this item contains the other.
    pub fn covers(&self, other: &Self) -> bool {
        self.0.len() <= other.0.len() && self.0.iter().zip(&other.0).all(|(a, b)| a == b)
    }

    /// Whether it names something that came into being after `mark`.
    pub fn newer_than(&self, mark: usize) -> bool {
        self.0.iter().any(|l| l.terms.keys().any(|&k| k >= mark))
    }
}

#[derive(Clone, Debug)]
enum What {
    Buffer,
    Fixed(usize),
    Changing,
}

/// The names in scope, innermost last.
#[derive(Debug, Default)]
pub struct Scope {
    names: Vec<(String, What)>,
    next: usize,
    jumps: Vec<usize>,
}

impl Scope {
    /// An in-place buffer.
    pub fn buffer(&mut self, name: &Ident) {
        self.names.push((name.to_string(), What::Buffer));
    }

    /// A local; its number is new each time it is bound.
    pub fn bind(&mut self, name: &Ident, mutable: bool) {
        self.next += 1;
        let what = if mutable {
            What::Changing
        } else {
            What::Fixed(self.next)
        };
        self.names.push((name.to_string(), what));
    }

    /// Whether `name` is an in-place buffer here.
    pub fn is_buffer(&self, name: &str) -> bool {
        matches!(self.find(name), Some(What::Buffer))
    }

    fn find(&self, name: &str) -> Option<&What> {
        self.names
            .iter()
            .rev()
            .find(|(n, _)| n == name)
            .map(|(_, w)| w)
    }

    /// How many names are in scope.
    pub fn depth(&self) -> usize {
        self.names.len()
    }

    /// Leaves scopes.
    pub fn leave(&mut self, depth: usize) {
        self.names.truncate(depth);
    }

    /// The number of the next name.
    pub fn mark(&mut self) -> usize {
        self.next += 1;
        self.next
    }

    /// A `break` or `continue`.
    pub fn jump(&mut self) {
        self.next += 1;
        self.jumps.push(self.next);
    }

    /// Whether there was a jump after `mark`.
    pub fn jumps_since(&self, mark: usize) -> bool {
        self.jumps.last().is_some_and(|&j| j > mark)
    }

    /// The linear form of an index expression, if it has one.
    pub fn index(&self, e: &Expr) -> Option<Index> {
        match e {
            Expr::Array(a) => a
                .elems
                .iter()
                .map(|e| self.linear(e))
                .collect::<Option<_>>()
                .map(Index),
            Expr::Tuple(t) if t.elems.is_empty() => Some(Index(Vec::new())),
            e => self.linear(e).map(|l| Index(vec![l])),
        }
    }

    fn linear(&self, e: &Expr) -> Option<Linear> {
        match e {
            Expr::Paren(p) => self.linear(&p.expr),
            Expr::Group(g) => self.linear(&g.expr),
            Expr::Lit(l) => match &l.lit {
                Lit::Int(i) => Some(Linear {
                    terms: BTreeMap::new(),
                    constant: i.base10_parse().ok()?,
                }),
                _ => None,
            },
            Expr::Path(p) => match self.find(&p.path.get_ident()?.to_string())? {
                What::Fixed(n) => Some(Linear {
                    terms: BTreeMap::from([(*n, 1)]),
                    constant: 0,
                }),
                What::Buffer | What::Changing => None,
            },
            Expr::Binary(b) => {
                let (l, r) = (self.linear(&b.left)?, self.linear(&b.right)?);
                match b.op {
                    BinOp::Add(_) => l.plus(&r, 1),
                    BinOp::Sub(_) => l.plus(&r, -1),
                    BinOp::Mul(_) if l.terms.is_empty() => Linear::default().plus(&r, l.constant),
                    BinOp::Mul(_) if r.terms.is_empty() => Linear::default().plus(&l, r.constant),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

impl Linear {
    fn plus(mut self, other: &Self, times: i64) -> Option<Self> {
        for (&name, &n) in &other.terms {
            let sum = self
                .terms
                .get(&name)
                .unwrap_or(&0)
                .checked_add(n.checked_mul(times)?)?;
            if sum == 0 {
                self.terms.remove(&name)
            } else {
                self.terms.insert(name, sum)
            };
        }
        self.constant = self
            .constant
            .checked_add(other.constant.checked_mul(times)?)?;
        Some(self)
    }
}
