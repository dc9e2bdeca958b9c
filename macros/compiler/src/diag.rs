//! Diagnostics: collected, so that one compile reports everything.

use proc_macro2::{Span, TokenStream};
use std::fmt::Write as _;

/// The rules, by code.
pub const RULES: [&str; 11] = [
    "RK01", "RK02", "RK03", "RK04", "RK05", "RK06", "RK07", "RK08", "RK09", "RK10", "RK11",
];

/// One error in the user's code: what is wrong, what an outage would do, and the fix.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Where in the user's code.
    pub span: Span,
    /// The rule (`RK02`), where one applies.
    pub code: Option<&'static str>,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Other places that have to do with it.
    pub notes: Vec<(Span, String)>,
    /// What would go wrong after an outage.
    pub outage: Option<String>,
    /// What to write instead.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at `span`.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            code: None,
            message: message.into(),
            notes: Vec::new(),
            outage: None,
            help: None,
        }
    }

    /// Names the rule that is broken.
    #[must_use]
    pub fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// Points at another place that has to do with it.
    #[must_use]
    pub fn note(mut self, span: Span, text: impl Into<String>) -> Self {
        self.notes.push((span, text.into()));
        self
    }

    /// Says what would go wrong after an outage.
    #[must_use]
    pub fn outage(mut self, text: impl Into<String>) -> Self {
        self.outage = Some(text.into());
        self
    }

    /// Says how to fix it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// The message as the compiler prints it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        if let Some(code) = self.code {
            let _ = write!(text, "[{code}] ");
        }
        text.push_str(&self.message);
        // A macro on the stable compiler has one span for an error; other places are named by their lines.
        for (span, note) in &self.notes {
            let at = span.start();
            if at.line > 0 {
                let _ = write!(text, "\nline {}, column {}: {note}", at.line, at.column + 1);
            }
        }
        if let Some(outage) = &self.outage {
            let _ = write!(text, "\nafter an outage: {outage}");
        }
        if let Some(help) = &self.help {
            let _ = write!(text, "\nhelp: {help}");
        }
        text
    }
}

/// The errors found so far.
#[derive(Debug, Default)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
    off: Vec<&'static str>,
}

impl Diagnostics {
    /// Leaves rules out, to see that a test notices. See [`Options::off`](crate::Options::off).
    pub fn switch_off(&mut self, rules: &[&'static str]) {
        self.off.extend(rules);
    }

    /// Whether a rule is left out.
    pub fn is_off(&self, rule: Option<&str>) -> bool {
        rule.is_some_and(|rule| self.off.contains(&rule))
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if !self.is_off(diagnostic.code) {
            self.found.push(diagnostic);
        }
    }

    /// Adds what `syn` found.
    pub fn push_syn(&mut self, error: &syn::Error) {
        for e in error.clone() {
            self.push(Diagnostic::new(e.span(), e.to_string()));
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All of them, in the order found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.found.iter()
    }

    /// A `compile_error!` per diagnostic.
    pub fn to_tokens(&self) -> TokenStream {
        self.found
            .iter()
            .map(|d| syn::Error::new(d.span, d.text()).to_compile_error())
            .collect()
    }
}
