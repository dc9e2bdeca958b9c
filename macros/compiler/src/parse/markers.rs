//! `#[commit]` and `#[run]`: finding them, reading them, and refusing them where they cannot work (RK08).

use crate::diag::{Diagnostic, Diagnostics};
use crate::effects::Word;
use crate::task::Paced;
use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Meta, Stmt};

/// One attribute of ours.
#[derive(Clone, Debug)]
pub struct Marker {
    /// Where.
    pub span: Span,
    /// Which.
    pub kind: MarkerKind,
    /// `every = N`.
    pub every: Option<Expr>,
    /// `paced`, `cost = N`.
    pub paced: Option<Paced>,
    /// `expires = N, clock = C`.
    pub expires: Option<(Expr, Expr)>,
}

/// Which attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerKind {
    /// `#[commit]`
    Commit,
    /// `#[run]`
    Run,
    /// `#[sense]`
    Sense,
    /// `#[effect(at_most_once)]`
    Once,
}

fn kind_of(attr: &Attribute) -> Option<MarkerKind> {
    let last = attr.path().segments.last()?;
    let ours = attr.path().segments.len() == 1 || attr.path().segments[0].ident == "rekindle";
    match last.ident.to_string().as_str() {
        "commit" if ours => Some(MarkerKind::Commit),
        "run" if ours => Some(MarkerKind::Run),
        "sense" if ours => Some(MarkerKind::Sense),
        "effect" if crate::effects::word(attr) == Some(Word::AtMostOnce) => Some(MarkerKind::Once),
        _ => None,
    }
}

/// Removes our attributes and reads them.
pub fn take_markers(attrs: &mut Vec<Attribute>, diagnostics: &mut Diagnostics) -> Vec<Marker> {
    let mut markers = Vec::new();
    attrs.retain(|attr| {
        let Some(kind) = kind_of(attr) else {
            return true;
        };
        let expires = match read_expires(attr, kind) {
            Ok(expires) => expires,
            Err(e) => {
                diagnostics.push_syn(&e);
                None
            }
        };
        let (every, paced) = match read_options(attr, kind) {
            Ok(options) => options,
            Err(e) => {
                diagnostics.push_syn(&e);
                (None, None)
            }
        };
        markers.push(Marker {
            span: attr.span(),
            kind,
            every,
            paced,
            expires,
        });
        false
    });
    markers
}

/// `#[sense(expires = N, clock = C)]`.
fn read_expires(attr: &Attribute, kind: MarkerKind) -> syn::Result<Option<(Expr, Expr)>> {
    if kind != MarkerKind::Sense || matches!(attr.meta, Meta::Path(_)) {
        return Ok(None);
    }
    let (mut expires, mut clock) = (None, None);
    attr.parse_nested_meta(|meta| {
        let place = if meta.path.is_ident("expires") {
            &mut expires
        } else if meta.path.is_ident("clock") {
            &mut clock
        } else {
            return Err(
                meta.error("unknown option: `#[sense]` takes `expires = MS` with `clock = EXPR`")
            );
        };
        *place = Some(meta.value()?.parse::<Expr>()?);
        Ok(())
    })?;
    match (expires, clock) {
        (Some(expires), Some(clock)) => Ok(Some((expires, clock))),
        (None, None) => Ok(None),
        _ => Err(syn::Error::new(
            attr.span(),
            "`expires = MS` and `clock = EXPR` go together: an age needs a clock (`rekindle::clock::Clock`)\n\
             help: write `#[sense(expires = 60_000, clock = clock)]`",
        )),
    }
}

fn read_options(attr: &Attribute, kind: MarkerKind) -> syn::Result<(Option<Expr>, Option<Paced>)> {
    if let Meta::Path(_) = &attr.meta {
        return Ok((None, None));
    }
    if matches!(kind, MarkerKind::Once | MarkerKind::Sense) {
        return Ok((None, None));
    }
    if kind == MarkerKind::Run {
        return Err(syn::Error::new(attr.span(), "`#[run]` takes no arguments"));
    }
    let (mut every, mut paced, mut cost) = (None, false, None);
    attr.parse_nested_meta(|meta| {
        if meta.path.is_ident("every") {
            every = Some(meta.value()?.parse::<Expr>()?);
            Ok(())
        } else if meta.path.is_ident("paced") {
            paced = true;
            Ok(())
        } else if meta.path.is_ident("cost") {
            cost = Some(meta.value()?.parse::<Expr>()?);
            Ok(())
        } else {
            Err(meta.error("unknown option: `#[commit]` takes `every = N`, `paced` and `cost = N`"))
        }
    })?;
    if let (Some(cost), false) = (&cost, paced) {
        return Err(syn::Error::new(
            cost.span(),
            "`cost = N` is what an iteration is worth to a pacer, but no pacer is asked here\n\
             help: write `#[commit(paced, cost = N)]`",
        ));
    }
    if let Some(Expr::Lit(syn::ExprLit {
        lit: syn::Lit::Int(n),
        ..
    })) = &every
        && n.base10_parse::<u32>()? == 0
    {
        return Err(syn::Error::new(
            n.span(),
            "`every = 0` would never commit\nhelp: write `every = 1` or more",
        ));
    }
    Ok((every, paced.then_some(Paced { cost })))
}

/// The attributes of an expression that can carry ours.
pub fn attrs_mut(e: &mut Expr) -> Option<&mut Vec<Attribute>> {
    Some(match e {
        Expr::ForLoop(e) => &mut e.attrs,
        Expr::While(e) => &mut e.attrs,
        Expr::Loop(e) => &mut e.attrs,
        Expr::If(e) => &mut e.attrs,
        Expr::Match(e) => &mut e.attrs,
        Expr::Block(e) => &mut e.attrs,
        Expr::Call(e) => &mut e.attrs,
        Expr::MethodCall(e) => &mut e.attrs,
        Expr::Macro(e) => &mut e.attrs,
        Expr::Paren(e) => &mut e.attrs,
        Expr::Unsafe(e) => &mut e.attrs,
        Expr::Closure(e) => &mut e.attrs,
        Expr::Async(e) => &mut e.attrs,
        Expr::Tuple(e) => &mut e.attrs,
        Expr::Path(e) => &mut e.attrs,
        Expr::Reference(e) => &mut e.attrs,
        Expr::Unary(e) => &mut e.attrs,
        // The attribute of an assignment is parsed onto its left side.
        Expr::Assign(e) => return first_attrs(&mut e.attrs, &mut e.left),
        Expr::Binary(e) => return first_attrs(&mut e.attrs, &mut e.left),
        Expr::Index(e) => return first_attrs(&mut e.attrs, &mut e.expr),
        Expr::Field(e) => return first_attrs(&mut e.attrs, &mut e.base),
        _ => return None,
    })
}

fn first_attrs<'e>(
    own: &'e mut Vec<Attribute>,
    left: &'e mut Expr,
) -> Option<&'e mut Vec<Attribute>> {
    if own.is_empty() {
        attrs_mut(left)
    } else {
        Some(own)
    }
}

/// Where a marker stands.
#[derive(Clone, Copy)]
enum Place {
    Reachable,
    Closure,
    Async,
    Item,
    Guard,
}

struct Find {
    place: Place,
    found: Vec<(Span, Place)>,
}

impl Find {
    fn inside(&mut self, place: Place, f: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.place, place);
        f(self);
        self.place = before;
    }
}

impl<'a> Visit<'a> for Find {
    fn visit_attribute(&mut self, attr: &'a Attribute) {
        if kind_of(attr).is_some() {
            self.found.push((attr.span(), self.place));
        }
    }
    fn visit_expr_closure(&mut self, c: &'a syn::ExprClosure) {
        self.inside(Place::Closure, |v| visit::visit_expr_closure(v, c));
    }
    fn visit_expr_async(&mut self, a: &'a syn::ExprAsync) {
        self.inside(Place::Async, |v| visit::visit_expr_async(v, a));
    }
    fn visit_item(&mut self, i: &'a syn::Item) {
        // A nested task is read when its own attribute is expanded.
        if let syn::Item::Fn(f) = i
            && f.attrs.iter().any(|a| {
                a.path()
                    .segments
                    .last()
                    .is_some_and(|s| s.ident == "intermittent_task")
            })
        {
            return;
        }
        self.inside(Place::Item, |v| visit::visit_item(v, i));
    }
    fn visit_pat_guard(&mut self, g: &'a syn::PatGuard) {
        self.inside(Place::Guard, |v| visit::visit_pat_guard(v, g));
    }
}

fn find(stmt: &Stmt) -> Vec<(Span, Place)> {
    let mut v = Find {
        place: Place::Reachable,
        found: Vec::new(),
    };
    v.visit_stmt(stmt);
    v.found
}

/// Whether a marker that can be honoured stands inside.
pub fn contains(stmt: &Stmt) -> bool {
    find(stmt)
        .iter()
        .any(|(_, p)| matches!(p, Place::Reachable))
}

/// Refuses every marker inside.
pub fn refuse_inside(stmt: &Stmt, diagnostics: &mut Diagnostics) {
    for (span, place) in find(stmt) {
        diagnostics.push(refusal(span, place));
    }
}

/// Refuses markers inside a statement that cannot be entered again in the middle.
pub fn refuse_nested(stmt: &Stmt, diagnostics: &mut Diagnostics) {
    refuse_inside(stmt, diagnostics);
}

fn refusal(span: Span, place: Place) -> Diagnostic {
    let (what, help) = match place {
        Place::Reachable => (
            "inside an expression",
            "make the loop or block a statement of its own; keep its result in a variable declared before it",
        ),
        Place::Closure => (
            "in a closure",
            "write the loop in the body of the task itself, or make it a task and `#[run]` it",
        ),
        Place::Async => (
            "in an `async` block",
            "tasks are not `async`: await outside the task, and hand the data in",
        ),
        Place::Item => (
            "in a nested item",
            "annotate the inner function with `#[intermittent_task]` and `#[run]` it",
        ),
        Place::Guard => ("in a match guard", "move the code into the arm"),
    };
    Diagnostic::new(span, format!("cannot commit {what}"))
        .code("RK08")
        .outage("execution could not be taken up again at this place")
        .help(help)
}
