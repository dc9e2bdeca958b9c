//! The compiler behind Rekindle's macros.
//!
//! `parse` (tokens → task AST) → `analyze` (what survives an outage, and how) → `lower` (resumable form) → `emit`
//! (tokens). Each pass is a pure function of the one before and runs outside of a proc macro as well, so that it can be
//! tested and fuzzed as a plain library. No input panics: what cannot be read becomes a diagnostic.

pub mod analyze;
mod cost;
pub mod diag;
pub mod effects;
pub mod emit;
mod hygiene;
pub mod layout;
pub mod lower;
pub mod names;
pub mod parse;
pub mod pure;
pub mod task;
mod tiles;

use diag::Diagnostics;
use proc_macro2::TokenStream;
use syn::{ItemFn, Path, parse_quote};

/// Options of `#[intermittent_task(…)]`.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the runtime is (`crate = path`); `::rekindle` unless it is re-exported.
    pub krate: Path,
    /// Off: the body without any protection, for measuring what protection costs.
    pub protect: bool,
    /// What a power cycle can spend (`budget = PATH`): a constant `rekindle::budget::Budget`.
    pub budget: Option<syn::Expr>,
    /// Codes of rules that are not enforced. For tests of the rules alone: no argument of the attribute reaches it.
    pub off: Vec<&'static str>,
}

/// A task that was refused.
#[derive(Debug)]
pub struct Refused {
    /// Why, in the order found.
    pub diagnostics: Diagnostics,
    /// What stands in for the task, so that its callers compile, with the errors.
    pub stub: TokenStream,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            krate: parse_quote!(::rekindle),
            protect: true,
            budget: None,
            off: Vec::new(),
        }
    }
}

impl Options {
    /// Reads the arguments of the attribute.
    ///
    /// # Errors
    ///
    /// An unknown option.
    pub fn parse(args: TokenStream, protect: bool) -> syn::Result<Self> {
        use syn::parse::Parser;
        let mut options = Self {
            protect,
            ..Self::default()
        };
        let parser = syn::meta::parser(|meta| {
            if meta.path.is_ident("crate") {
                options.krate = meta.value()?.call(Path::parse_mod_style)?;
                return Ok(());
            }
            if meta.path.is_ident("budget") {
                options.budget = Some(meta.value()?.parse()?);
                return Ok(());
            }
            Err(meta.error(
                "unknown option: `#[intermittent_task]` takes `crate = path` and `budget = PATH`",
            ))
        });
        parser.parse2(args)?;
        Ok(options)
    }
}

/// Expands `#[intermittent_task(args)] item`.
pub fn intermittent_task(args: TokenStream, item: TokenStream, protect: bool) -> TokenStream {
    let (options, bad_option) = match Options::parse(args, protect) {
        Ok(options) => (options, None),
        Err(e) => (Options::default(), Some(e)),
    };
    let function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(e) => {
            let error = e.to_compile_error();
            return quote::quote!(#item #error);
        }
    };
    let mut diagnostics = Diagnostics::default();
    if let Some(e) = bad_option {
        diagnostics.push_syn(&e);
    }
    expand_with(&options, function, diagnostics).unwrap_or_else(|refused| refused.stub)
}

/// Expands a task with options that are already read.
///
/// # Errors
///
/// What is wrong with it.
pub fn expand(options: &Options, function: ItemFn) -> Result<TokenStream, Refused> {
    expand_with(options, function, Diagnostics::default())
}

fn expand_with(
    options: &Options,
    function: ItemFn,
    mut diagnostics: Diagnostics,
) -> Result<TokenStream, Refused> {
    diagnostics.switch_off(&options.off);
    let mut task = parse::parse(function, &options.krate, &mut diagnostics);
    let analysis = analyze::analyze(&task, &mut diagnostics);
    let lowered = lower::lower(&task, &analysis);
    let checks = match &options.budget {
        Some(budget) if !diagnostics.is_off(Some("RK05")) => {
            let krate = &options.krate;
            cost::checks(&task, &analysis, &lowered, krate, budget, &mut diagnostics)
        }
        _ => TokenStream::new(),
    };
    if !diagnostics.is_empty() {
        let stub = emit::emit_stub(&task, &options.krate, &diagnostics);
        return Err(Refused { diagnostics, stub });
    }
    effects::strip(&mut task);
    tiles::expand(&mut task);
    Ok(if options.protect {
        emit::emit(&task, &analysis, &lowered, &options.krate, &checks)
    } else {
        emit::emit_unprotected(&task, &analysis, &lowered, &options.krate)
    })
}

/// Expands `#[commit]` and `#[run]` where no `#[intermittent_task]` has read them: they protect nothing there.
pub fn outside_task(name: &str, item: TokenStream) -> TokenStream {
    let text = format!(
        "[RK08] `#[{name}]` outside of an `#[intermittent_task]`\nafter an outage: nothing would be resumed here\n\
         help: put `#[intermittent_task]` on the function around it"
    );
    let error = syn::Error::new(proc_macro2::Span::call_site(), text).to_compile_error();
    if syn::parse2::<syn::Item>(item.clone()).is_ok() {
        return quote::quote!(#item #error);
    }
    quote::quote!({ #error #item })
}
