//! Loops: re-entered at the recorded iteration.

use super::Emitter;
use crate::hygiene::{label, local, numbered};
use crate::lower::Form;
use crate::task::{Head, Loop, LoopCommit, NodeKind, SiteId};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Ident, Pat};

/// The number of the iteration that runs.
pub(super) fn current(id: usize) -> Ident {
    numbered("current", id)
}

/// The number of the iteration that comes next: how many have begun.
pub(super) fn next(id: usize) -> Ident {
    numbered("next", id)
}

impl Emitter<'_> {
    pub(super) fn any_loop(&self, l: &Loop) -> TokenStream {
        match (self.lowered.loops.get(&l.id), &l.head) {
            (Some(Form::Nest { site, levels }), Head::For(pat, iter)) => {
                self.nest(l, pat, iter, *site, levels)
            }
            (Some(Form::Inner { level, innermost }), Head::For(pat, iter)) => {
                self.nest_level(l, pat, iter, *level, *innermost)
            }
            (_, Head::For(pat, iter)) => self.indexed(l, pat, iter),
            (_, Head::While(cond)) => self.conditional(l, Some(cond)),
            (_, Head::Loop) => self.conditional(l, None),
        }
    }

    /// A `for` loop whose index is part of the record.
    fn indexed(&self, l: &Loop, pat: &Pat, iter: &Expr) -> TokenStream {
        let (rk, frame, at, krate) = (local("core"), local("frame"), local("at"), self.krate);
        let (next, current, it) = (next(l.id), current(l.id), numbered("iter", l.id));
        let (first, last) = (l.range.first, l.range.last);
        let (name, body) = (self.label(l), self.body(&l.body));
        let own = self.resumed_here(l);
        let (setup, commit) = self.own_commit(l);
        let body = iteration(l, &body);
        quote! {
            let mut #next: u32 = if #first <= #at && #at <= #last { #rk.restore::<u32>(&mut #frame)? } else { 0 };
            #own
            let #it = #krate::__private::resume_iter(#iter, #next)?;
            #setup
            #name for #pat in #it {
                let #current: u32 = #next;
                #next += 1;
                #body
                #commit
            }
        }
    }

    /// `while` and `loop`: the recorded iteration is entered without evaluating the condition. Iterations are counted
    /// only where a commit after each N-th depends on it; the count wraps.
    fn conditional(&self, l: &Loop, cond: Option<&Expr>) -> TokenStream {
        let at = local("at");
        let (rk, frame) = (local("core"), local("frame"));
        let (first, last) = (l.range.first, l.range.last);
        let (name, body) = (self.label(l), self.body(&l.body));
        let own = self.resumed_here(l);
        let (setup, commit) = self.own_commit(l);
        let body = iteration(l, &body);
        let every = l.commit.as_ref().and_then(|c| c.every.as_ref());
        let (begun, count) = match every {
            Some(n) if l.counts_on() => {
                let (next, current) = (next(l.id), current(l.id));
                (
                    quote!(let mut #next: u32 = if #first <= #at && #at <= #last { #rk.restore::<u32>(&mut #frame)? } else { 0 };),
                    quote! {
                        let #current: u32 = #next;
                        #next = (#next + 1) % (#n) as u32;
                    },
                )
            }
            _ => Default::default(),
        };
        let head = match cond {
            None => quote!(loop),
            Some(cond) if l.body.range().is_none() => quote!(while #cond),
            Some(cond) => quote!(while #at != 0 || (#cond)),
        };
        quote! {
            #begun
            #own
            #setup
            #name #head {
                #count
                #body
                #commit
            }
        }
    }

    fn resumed_here(&self, l: &Loop) -> TokenStream {
        let (rk, frame, at) = (local("core"), local("frame"), local("at"));
        l.commit.as_ref().map_or_else(TokenStream::new, |c| {
            let site = c.site;
            quote! {
                if #at == #site {
                    #rk.resumed(&mut #frame)?;
                    #at = 0;
                }
            }
        })
    }

    /// A loop's own commit by a record: what stands before the loop, and at the end of an iteration.
    fn own_commit(&self, l: &Loop) -> (TokenStream, TokenStream) {
        let Some(c) = &l.commit else {
            return Default::default();
        };
        let record = self.record(c.site, self.saves_at(c.site), &[l.id]);
        when_due(c, l.id, l.counts_on(), &record)
    }

    /// The outermost loop of a counted nest.
    fn nest(
        &self,
        l: &Loop,
        pat: &Pat,
        iter: &Expr,
        site: SiteId,
        levels: &[usize],
    ) -> TokenStream {
        let (rk, frame, at, krate) = (local("core"), local("frame"), local("at"), self.krate);
        let entry = self
            .analysis
            .entry
            .get(&l.id)
            .map_or(&[][..], Vec::as_slice);
        let begin = if self.lowered.first == site {
            TokenStream::new()
        } else {
            self.record(site, entry, &[])
        };
        let inner = inner_loops(l);
        let rest = local("rest");
        let lengths = inner.iter().map(|(id, iter)| {
            let len = numbered("len", *id);
            quote!(let #len: u32 = #krate::__private::len_of(&::core::iter::IntoIterator::into_iter(#iter))?;)
        });
        // From the innermost loop outwards: index = rest % (n + 1), rest /= n + 1.
        let split = inner.iter().rev().map(|(id, _)| {
            let (next, len) = (next(*id), numbered("len", *id));
            quote! {
                #next = #rest % (#len + 1);
                #rest /= #len + 1;
            }
        });
        let zeros = inner.iter().map(|(id, _)| {
            let next = next(*id);
            quote!(let mut #next: u32 = 0;)
        });
        let strides = self.strides(l, levels);
        let outer = next(l.id);
        // Counted over the whole nest: `every = N` may be more than one pass of the innermost loop.
        let setup =
            innermost_commit(l).map(|(id, c)| when_due(c, id, false, &TokenStream::new()).0);
        let level = self.nest_level(l, pat, iter, 0, levels.len() == 1);
        let clear = if levels.len() == 1 {
            quote!(#at = 0;)
        } else {
            quote!()
        };
        quote! {
            #(#lengths)*
            #strides
            let mut #outer: u32 = 0;
            #(#zeros)*
            if #at == #site {
                #rk.resumed(&mut #frame)?;
                let mut #rest: u32 = #rk.position();
                if #rest == 0 { #at = 0; }
                #(#split)*
                #outer = #rest;
                #clear
            } else {
                #begin
            }
            #setup
            #level
        }
    }

    /// The weight of one iteration of each loop of a nest; checks that the last position fits the counter.
    fn strides(&self, l: &Loop, levels: &[usize]) -> TokenStream {
        if levels.len() == 1 {
            return TokenStream::new();
        }
        let krate = self.krate;
        let mut out = TokenStream::new();
        let mut below = quote!(1_u32);
        for id in levels.iter().skip(1).rev() {
            let (stride, len) = (numbered("stride", *id), numbered("len", *id));
            out.extend(quote!(let #stride: u32 = #below;));
            below = quote!(#krate::__private::stride(#stride, #len)?);
        }
        let stride = numbered("stride", l.id);
        out.extend(quote!(let #stride: u32 = #below;));
        out
    }

    /// One loop of a counted nest.
    fn nest_level(
        &self,
        l: &Loop,
        pat: &Pat,
        iter: &Expr,
        level: usize,
        innermost: bool,
    ) -> TokenStream {
        let (at, krate, rk) = (local("at"), self.krate, local("core"));
        let (next, it, name) = (next(l.id), numbered("iter", l.id), self.label(l));
        let base = |level: usize| numbered("base", level);
        let from = if level == 0 {
            quote!(0_u32)
        } else {
            base(level - 1).to_token_stream()
        };
        let start = quote!(let #it = #krate::__private::resume_iter(#iter, #next)?;);
        if !innermost {
            let (mine, stride, body) = (base(level), numbered("stride", l.id), self.body(&l.body));
            // An inner loop starts at its recorded iteration once, then at its first.
            return quote! {
                #start
                #name for #pat in #it {
                    let #mine: u32 = #krate::__private::base(#from, #next, #stride)?;
                    #next += 1;
                    #body
                }
                #next = 0;
            };
        }
        let position = local("position");
        let flush = self.flush();
        let commit = quote! {
            #flush
            #rk.commit_position(#position)?;
        };
        let Some(c) = &l.commit else {
            return TokenStream::new();
        };
        let (_, commit) = when_due(c, l.id, false, &commit);
        let body = self.body(&l.body);
        let body = iteration(l, &body);
        let reset = if level == 0 {
            quote!()
        } else {
            quote!(#at = 0;)
        };
        quote! {
            #reset
            #start
            let mut #position: u32 = #from + #next;
            #next = 0;
            #name for #pat in #it {
                #position += 1;
                #body
                #commit
            }
        }
    }

    fn label(&self, l: &Loop) -> TokenStream {
        match (&l.label, &l.commit) {
            (Some(label), None) => quote!(#label),
            (None, None) => TokenStream::new(),
            (_, Some(_)) => {
                let own = label("loop", Some(l.id));
                quote!(#own:)
            }
        }
    }

    pub(super) fn plain_loop(&self, l: &Loop) -> TokenStream {
        let (name, body) = (self.label(l), self.plain_body(&l.body));
        let body = iteration(l, &body);
        match &l.head {
            Head::For(pat, iter) => quote!(#name for #pat in #iter { #body }),
            Head::While(cond) => quote!(#name while #cond { #body }),
            Head::Loop => quote!(#name loop { #body }),
        }
    }
}

/// The body of one iteration: `continue` leaves it for the commit.
fn iteration(l: &Loop, body: &TokenStream) -> TokenStream {
    if l.commit.is_none() {
        return body.clone();
    }
    let own = label("iteration", Some(l.id));
    quote!(#own: { #body })
}

/// What stands before a loop, and at the end of an iteration, for a commit that is not made after each.
///
/// `every = N` counts down, from what is left after the iterations that have begun if it `counts_on`; `paced` asks the
/// pacer, which counts from nothing after every boot.
fn when_due(
    c: &LoopCommit,
    id: usize,
    counts_on: bool,
    commit: &TokenStream,
) -> (TokenStream, TokenStream) {
    let rk = local("core");
    let bounded = c.every.is_some();
    let asks = c.paced.as_ref().map(|paced| {
        let cost = paced.cost.as_ref().map_or_else(
            || quote!(1_u32),
            |cost| quote_spanned!(cost.span()=> const { (#cost) as u32 }),
        );
        quote!(#rk.due(#cost, #bounded))
    });
    let Some(n) = &c.every else {
        let end = match asks {
            Some(due) => quote!(if #due { #commit }),
            None => commit.clone(),
        };
        return (TokenStream::new(), end);
    };
    let left = numbered("left", id);
    let check = quote_spanned!(n.span()=> const { ::core::assert!((#n) as u64 > 0, "`every = 0` would never commit") };);
    let begun = counts_on.then(|| {
        let next = next(id);
        quote!(- #next % (#n) as u32)
    });
    let setup = quote! {
        #check
        let mut #left: u32 = (#n) as u32 #begun;
    };
    // The pacer hears of every iteration.
    let condition = match asks {
        Some(due) => quote!(#due | (#left == 0)),
        None => quote!(#left == 0),
    };
    let end = quote! {
        #left -= 1;
        if #condition {
            #left = (#n) as u32;
            #commit
        }
    };
    (setup, end)
}

/// The commit of the innermost loop of the nest that starts at `l`.
fn innermost_commit(l: &Loop) -> Option<(usize, &LoopCommit)> {
    if let Some(c) = &l.commit {
        return Some((l.id, c));
    }
    l.body.nodes.iter().find_map(|n| match &n.kind {
        NodeKind::Loop(inner) => innermost_commit(inner),
        _ => None,
    })
}

/// The loops inside `l` on the way to the innermost one, outermost first.
fn inner_loops(l: &Loop) -> Vec<(usize, &Expr)> {
    let mut found = Vec::new();
    let mut at = l;
    while let Some(next) = at.body.nodes.iter().find_map(|n| match &n.kind {
        NodeKind::Loop(inner) => Some(inner),
        _ => None,
    }) {
        if let Head::For(_, iter) = &next.head {
            found.push((next.id, &**iter));
        }
        at = next;
    }
    found
}
