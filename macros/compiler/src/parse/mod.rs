//! Tokens → task AST.

mod hidden;
mod markers;
mod redirect;
mod signature;

use crate::diag::{Diagnostic, Diagnostics};
use crate::task::{
    Body, Branch, Expires, Head, If, Loop, LoopCommit, Match, Node, NodeKind, Range, Run, Site,
    SiteId, SiteKind, Task, plain_kind,
};
use markers::{Marker, MarkerKind, take_markers};

pub use markers::attrs_mut;
use proc_macro2::Span;
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Block, Expr, ItemFn, Stmt};

/// The last site id that a record can name; the one above it is the write-back of `State` parameters.
pub const MAX_SITES: usize = 250;

/// Reads a function.
///
/// What is wrong goes to `diagnostics`; the task returned is then only good for more diagnostics.
pub fn parse(item: ItemFn, krate: &syn::Path, diagnostics: &mut Diagnostics) -> Task {
    let hash = hash_of(&item);
    let params = signature::params(&item.sig, diagnostics);
    let mut block = *item.block;
    redirect::refuse_unsafe(&block, diagnostics);
    crate::effects::check(&block, diagnostics);
    hidden::refuse(&item.sig, &block, diagnostics);
    redirect::returns(&mut block, diagnostics);
    let mut parser = Parser {
        krate,
        sites: Vec::new(),
        loops: 0,
        nodes: 0,
        diagnostics,
    };
    let body = parser.body(block);
    let sites = parser.sites;
    let assumed = crate::effects::assumptions(&body);
    if let Some(site) = sites.get(MAX_SITES) {
        let error = Diagnostic::new(
            site.span,
            format!("a task has at most {MAX_SITES} commits and sub-tasks"),
        )
        .help("move a part of it into a task of its own and `#[run]` it");
        diagnostics.push(error);
    }
    Task {
        attrs: item.attrs,
        vis: item.vis,
        sig: item.sig,
        params,
        body,
        sites,
        assumed,
        hash,
    }
}

/// FNV-1a over the source, folded to 16 bits: a changed task does not resume from the position of the old one.
fn hash_of(item: &ItemFn) -> u16 {
    let text = item.to_token_stream().to_string();
    let hash = text.bytes().fold(0x811c_9dc5_u32, |h, b| {
        (h ^ u32::from(b)).wrapping_mul(0x0100_0193)
    });
    (hash ^ (hash >> 16)) as u16
}

struct Parser<'d> {
    krate: &'d syn::Path,
    sites: Vec<Site>,
    loops: usize,
    nodes: usize,
    diagnostics: &'d mut Diagnostics,
}

impl Parser<'_> {
    fn site(&mut self, span: Span, kind: SiteKind) -> SiteId {
        self.sites.push(Site {
            span,
            kind,
            expires: None,
        });
        u8::try_from(self.sites.len()).unwrap_or(u8::MAX)
    }

    fn node(&mut self, kind: NodeKind, source: Stmt) -> Node {
        self.nodes += 1;
        Node {
            id: self.nodes,
            source,
            kind,
        }
    }

    fn body(&mut self, block: Block) -> Body {
        let mut nodes = Vec::new();
        for stmt in block.stmts {
            self.stmt(stmt, &mut nodes);
        }
        Body { nodes }
    }

    fn stmt(&mut self, mut stmt: Stmt, nodes: &mut Vec<Node>) {
        let markers = match &mut stmt {
            Stmt::Local(l) => take_markers(&mut l.attrs, self.diagnostics),
            Stmt::Macro(m) => take_markers(&mut m.attrs, self.diagnostics),
            Stmt::Expr(e, _) => markers::attrs_mut(e)
                .map(|a| take_markers(a, self.diagnostics))
                .unwrap_or_default(),
            Stmt::Item(_) => Vec::new(),
        };
        if let Some(second) = markers.get(1) {
            self.diagnostics.push(
                Diagnostic::new(second.span, "one `#[commit]` or `#[run]` per statement")
                    .help("`#[run]` commits by itself; remove the other attribute"),
            );
        }
        match markers.into_iter().next() {
            Some(Marker {
                kind: MarkerKind::Run,
                span,
                ..
            }) => self.run(stmt, span, nodes),
            Some(marker) if marker.kind == MarkerKind::Sense => self.sense(stmt, &marker, nodes),
            Some(marker) if marker.kind == MarkerKind::Once => self.once(stmt, &marker, nodes),
            Some(marker) => self.commit(stmt, marker, nodes),
            None => self.unmarked(stmt, nodes),
        }
    }

    fn run(&mut self, stmt: Stmt, span: Span, nodes: &mut Vec<Node>) {
        markers::refuse_inside(&stmt, self.diagnostics);
        match &stmt {
            Stmt::Expr(call @ (Expr::Call(_) | Expr::MethodCall(_)), _) => {
                let site = self.site(call.span(), SiteKind::Run);
                let run = Run { call: call.clone(), site };
                nodes.push(self.node(NodeKind::Run(Box::new(run)), stmt));
            }
            _ => self.diagnostics.push(
                Diagnostic::new(span, "`#[run]` goes before a call of another task, as a statement of its own")
                    .code("RK08")
                    .outage("only a plain call can be entered again in the middle")
                    .help("write `#[run] task(arguments);`, and let the task write its result to an `Output`"),
            ),
        }
    }

    fn commit(&mut self, stmt: Stmt, marker: Marker, nodes: &mut Vec<Node>) {
        match stmt {
            Stmt::Expr(e @ (Expr::ForLoop(_) | Expr::While(_) | Expr::Loop(_)), semi) => {
                self.any_loop(e, semi, Some(marker), nodes);
            }
            stmt => {
                if marker.paced.is_some() {
                    self.diagnostics.push(
                        Diagnostic::new(marker.span, "`paced` is for loops")
                            .help("a block or statement is committed once, when it is done: write `#[commit]`"),
                    );
                } else if let Some(every) = &marker.every {
                    self.diagnostics.push(
                        Diagnostic::new(every.span(), "`every = N` is for loops")
                            .help("a block or statement is committed once, when it is done: write `#[commit]`"),
                    );
                }
                let span = stmt.span();
                self.unmarked(stmt.clone(), nodes);
                let site = self.site(span, SiteKind::Point);
                nodes.push(self.node(
                    NodeKind::Point(site),
                    Stmt::Expr(syn::parse_quote!({}), None),
                ));
            }
        }
    }

    /// `#[sense] let v: T = …;`: durable before it is used.
    fn sense(&mut self, mut stmt: Stmt, marker: &Marker, nodes: &mut Vec<Node>) {
        markers::refuse_inside(&stmt, self.diagnostics);
        let span = stmt.span();
        let Stmt::Local(local) = &mut stmt else {
            self.diagnostics.push(
                Diagnostic::new(marker.span, "`#[sense]` goes before a `let`")
                    .code("RK07")
                    .outage("what was sensed could not be kept")
                    .help("write `#[sense] let value: Type = …;`"),
            );
            return;
        };
        let word: syn::Attribute = syn::parse_quote_spanned!(marker.span=> #[sense]);
        local.attrs.push(word.clone());
        let expires = self.expires(local, marker);
        let mut after = Stmt::Expr(syn::parse_quote!({}), None);
        if let Some(e) = &expires {
            let (stamp, clock, value, krate) = (&e.stamp, &e.clock, &e.value, self.krate);
            // When it is read, at the latest.
            let before = syn::parse_quote!(#word let #stamp: #krate::clock::Stamp = #krate::clock::Stamp::now(&#clock););
            nodes.push(self.node(plain_kind(&before), before));
            // What resuming at the commit may do, for the analysis.
            after = syn::parse_quote!(#word let _ = { let _ = (&#clock, &#stamp); #value };);
        }
        let kind = plain_kind(&stmt);
        nodes.push(self.node(kind, stmt));
        let site = self.site(span, SiteKind::Point);
        if let (Some(last), Some(expires)) = (self.sites.last_mut(), expires) {
            last.expires = Some(Box::new(expires));
        }
        nodes.push(self.node(NodeKind::Point(site), after));
    }

    /// Reads `expires = …`, which needs a variable with a name and a written type.
    fn expires(&mut self, local: &syn::Local, marker: &Marker) -> Option<Expires> {
        let (after, clock) = marker.expires.clone()?;
        let parts = match (&local.pat, &local.init) {
            (syn::Pat::Type(t), Some(init)) if init.diverge.is_none() => match &*t.pat {
                syn::Pat::Ident(p) if p.by_ref.is_none() && p.subpat.is_none() => {
                    Some((p, &t.ty, &init.expr))
                }
                _ => None,
            },
            _ => None,
        };
        let Some((name, ty, value)) = parts else {
            self.diagnostics.push(
                Diagnostic::new(
                    local.pat.span(),
                    "what can expire needs a name and a written type",
                )
                .code("RK07")
                .outage("it could not be read again")
                .help("write `#[sense(expires = …, clock = …)] let name: Type = …;`"),
            );
            return None;
        };
        Some(Expires {
            name: name.ident.clone(),
            mutable: name.mutability.is_some(),
            ty: (**ty).clone(),
            value: (**value).clone(),
            stamp: crate::hygiene::numbered("stamp", self.nodes),
            clock,
            after,
        })
    }

    /// `#[effect(at_most_once)] call(…);`: the commit comes first, and resuming there leaves the call out.
    fn once(&mut self, mut stmt: Stmt, marker: &Marker, nodes: &mut Vec<Node>) {
        markers::refuse_inside(&stmt, self.diagnostics);
        let span = stmt.span();
        let word = syn::parse_quote_spanned!(marker.span=> #[effect(at_most_once)]);
        match &mut stmt {
            Stmt::Expr(e @ (Expr::Call(_) | Expr::MethodCall(_)), Some(_)) => {
                if let Some(attrs) = attrs_mut(e) {
                    attrs.push(word);
                }
            }
            Stmt::Macro(m) => m.attrs.push(word),
            _ => {
                self.diagnostics.push(
                    Diagnostic::new(
                        marker.span,
                        "`#[effect(at_most_once)]` goes before a call, as a statement of its own",
                    )
                    .code("RK06")
                    .outage("what it gives would be missing when the effect is left out")
                    .help("write `#[effect(at_most_once)] call(arguments);`"),
                );
                return;
            }
        }
        let site = self.site(span, SiteKind::Once);
        nodes.push(self.node(NodeKind::Point(site), stmt));
    }

    fn unmarked(&mut self, stmt: Stmt, nodes: &mut Vec<Node>) {
        if !markers::contains(&stmt) {
            markers::refuse_inside(&stmt, self.diagnostics);
            let kind = plain_kind(&stmt);
            nodes.push(self.node(kind, stmt));
            return;
        }
        match stmt {
            Stmt::Expr(e @ (Expr::ForLoop(_) | Expr::While(_) | Expr::Loop(_)), semi) => {
                self.any_loop(e, semi, None, nodes);
            }
            Stmt::Expr(e @ (Expr::If(_) | Expr::Match(_) | Expr::Block(_)), _) => {
                let source = Stmt::Expr(e.clone(), None);
                let kind = self.construct(e);
                nodes.push(self.node(kind, source));
            }
            stmt => {
                markers::refuse_nested(&stmt, self.diagnostics);
                let kind = plain_kind(&stmt);
                nodes.push(self.node(kind, stmt));
            }
        }
    }

    fn construct(&mut self, e: Expr) -> NodeKind {
        match e {
            Expr::If(i) => {
                markers::refuse_inside(&Stmt::Expr((*i.cond).clone(), None), self.diagnostics);
                let then = self.branch(i.then_branch);
                let otherwise = i.else_branch.map(|(_, e)| match *e {
                    Expr::Block(b) if b.label.is_none() => self.branch(b.block),
                    other => self.branch(Block {
                        brace_token: syn::token::Brace::default(),
                        stmts: vec![Stmt::Expr(other, None)],
                    }),
                });
                NodeKind::If(Box::new(If {
                    cond: *i.cond,
                    then,
                    otherwise,
                }))
            }
            Expr::Match(m) => {
                markers::refuse_inside(&Stmt::Expr((*m.expr).clone(), None), self.diagnostics);
                let arms = m
                    .arms
                    .into_iter()
                    .map(|arm| {
                        let block = match *arm.body {
                            Expr::Block(b) if b.label.is_none() && b.attrs.is_empty() => b.block,
                            other => Block {
                                brace_token: syn::token::Brace::default(),
                                stmts: vec![Stmt::Expr(other, None)],
                            },
                        };
                        (arm.pat, self.branch(block))
                    })
                    .collect();
                NodeKind::Match(Box::new(Match {
                    scrutinee: *m.expr,
                    arms,
                }))
            }
            Expr::Block(b) => NodeKind::Block(b.label, self.body(b.block)),
            _ => NodeKind::Plain,
        }
    }

    fn branch(&mut self, block: Block) -> Branch {
        let body = self.body(block);
        Branch {
            range: body.range(),
            body,
        }
    }

    fn any_loop(
        &mut self,
        e: Expr,
        semi: Option<syn::Token![;]>,
        marker: Option<Marker>,
        nodes: &mut Vec<Node>,
    ) {
        self.loops += 1;
        let id = self.loops;
        let first = u8::try_from(self.sites.len() + 1).unwrap_or(u8::MAX);
        let mut e = e;
        if marker.is_some() {
            redirect::own_jumps(&mut e, id);
        }
        let source = Stmt::Expr(e.clone(), semi);
        let span = e.span();
        let (label, head, block) = match e {
            Expr::ForLoop(l) => (l.label, Head::For(l.pat, l.expr), l.body),
            Expr::While(l) => (l.label, Head::While(l.cond), l.body),
            Expr::Loop(l) => (l.label, Head::Loop, l.body),
            _ => return,
        };
        if let Head::For(_, e) | Head::While(e) = &head {
            markers::refuse_inside(&Stmt::Expr((**e).clone(), None), self.diagnostics);
        }
        let body = self.body(block);
        let commit = marker.map(|m| LoopCommit {
            site: self.site(m.span.join(span).unwrap_or(span), SiteKind::Loop),
            every: m.every,
            paced: m.paced,
        });
        let last = u8::try_from(self.sites.len()).unwrap_or(u8::MAX);
        let node = Loop {
            id,
            label,
            head,
            commit,
            body,
            range: Range { first, last },
        };
        nodes.push(self.node(NodeKind::Loop(Box::new(node)), source));
    }
}
