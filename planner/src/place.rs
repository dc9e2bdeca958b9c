//! Where in a file something is wrong.

use std::fmt;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problem {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
    /// What.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: {}",
            self.line, self.column, self.what
        )
    }
}

/// A problem with a part of a text.
pub fn problem(text: &str, span: Range<usize>, what: impl Into<String>) -> Problem {
    let before = &text[..span.start.min(text.len())];
    Problem {
        line: before.matches('\n').count() + 1,
        column: before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1,
        what: what.into(),
    }
}

/// Reads TOML.
///
/// # Errors
///
/// The first place where it is not what is expected.
pub fn toml<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    toml::from_str(text)
        .map_err(|e| problem(text, e.span().unwrap_or(0..0), e.message().to_owned()))
}

/// Whether a number lies in a range; what it says otherwise.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// Finite and above zero.
    Positive,
    /// Finite and not below zero.
    NotNegative,
    /// Above zero, and one at most.
    Share,
}

impl Bound {
    /// What is wrong with the value of this name, if anything.
    pub fn check(self, text: &str, value: &Spanned<f64>, name: &str) -> Option<Problem> {
        let v = *value.get_ref();
        let (fine, what) = match self {
            Self::Positive => (v > 0.0, "above zero"),
            Self::NotNegative => (v >= 0.0, "not negative"),
            Self::Share => (v > 0.0 && v <= 1.0, "above zero, and 1 at most"),
        };
        let wrong = !(fine && v.is_finite());
        wrong.then(|| problem(text, value.span(), format!("`{name}` must be {what}")))
    }
}
