//! Blocks: what is skipped, recomputed, restored or entered on resume.

use super::{Emitter, tokens};
use crate::analyze::{LetClass, has_let};
use crate::hygiene::local;
use crate::names::bound;
use crate::task::{Body, Branch, Expires, If, Match, Node, NodeKind, Range, Run, SiteKind};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Local, Stmt, Type};

/// What the choice among the arms of a `match` gives when there is nothing left to do.
const NO_ARM: u16 = u16::MAX;

impl Emitter<'_> {
    /// The statements of a block.
    pub(super) fn body(&self, body: &Body) -> TokenStream {
        let Some(last) = body.nodes.iter().rposition(|n| n.range().is_some()) else {
            return body.nodes.iter().map(|n| tokens(&n.source)).collect();
        };
        let at = local("at");
        let mut out = TokenStream::new();
        let mut group = TokenStream::new();
        for node in &body.nodes[..=last] {
            if self.is_skipped(node) {
                group.extend(tokens(&node.source));
                continue;
            }
            if !group.is_empty() {
                let skipped = std::mem::take(&mut group);
                out.extend(quote!(if #at == 0 { #skipped }));
            }
            out.extend(self.node(node, node.id == body.nodes[last].id));
        }
        out.extend(body.nodes[last + 1..].iter().map(|n| tokens(&n.source)));
        out
    }

    fn is_skipped(&self, node: &Node) -> bool {
        match node.kind {
            NodeKind::Plain => true,
            NodeKind::Let(_) => matches!(
                self.analysis.lets.get(&node.id),
                Some(LetClass::Skipped) | None
            ),
            _ => false,
        }
    }

    fn node(&self, node: &Node, is_last: bool) -> TokenStream {
        let inner = match &node.kind {
            NodeKind::Plain | NodeKind::Item => return tokens(&node.source),
            NodeKind::Let(local) => return self.kept_let(node.id, local),
            NodeKind::Run(run) => self.run(run),
            NodeKind::Point(site) => match self.expires(*site) {
                // Binds its variable anew: not in a block of its own.
                Some(expires) => return self.sensed(*site, expires),
                None => self.point(*site, &node.source),
            },
            NodeKind::Block(label, body) => {
                let body = self.body(body);
                quote!(#label { #body })
            }
            NodeKind::If(i) => self.branches(i),
            NodeKind::Match(m) => self.arms(m),
            NodeKind::Loop(l) => self.any_loop(l),
        };
        let (at, range) = (local("at"), node.range());
        match range {
            // Nothing to resume behind it in this block.
            _ if is_last => inner,
            Some(Range { last, .. }) => quote!(if #at <= #last { #inner }),
            None => inner,
        }
    }

    fn kept_let(&self, id: usize, binding: &Local) -> TokenStream {
        let at = local("at");
        let Some(LetClass::Saved(ty)) = self.analysis.lets.get(&id) else {
            return tokens(binding);
        };
        let Some((name, mutable)) = bound(&binding.pat).into_iter().next() else {
            return tokens(binding);
        };
        let init = binding.init.as_ref().map(|i| &i.expr);
        let mutability = mutable.then(|| quote!(mut));
        let restore = self.restore(ty);
        quote!(let #mutability #name: #ty = if #at != 0 { #restore } else { #init };)
    }

    fn restore(&self, ty: &Type) -> TokenStream {
        let (rk, frame) = (local("core"), local("frame"));
        // The span of the type, so that "not plain data" points there.
        quote_spanned!(ty.span()=> #rk.restore::<#ty>(&mut #frame)?)
    }

    fn run(&self, run: &Run) -> TokenStream {
        let (rk, frame, at) = (local("core"), local("frame"), local("at"));
        let (site, flush) = (run.site, self.flush());
        let fill = self.frame(site, self.saves_at(site), &[]);
        let call = self.call(&run.call);
        debug_assert_eq!(self.kind_of(site), Some(SiteKind::Run));
        quote! {
            if #at == #site {
                #rk.resumed_into_child(&#frame)?;
                #at = 0;
            } else {
                #flush
                #fill
            }
            #call
        }
    }

    /// The call with the context in front and handles instead of views.
    pub(super) fn call(&self, call: &Expr) -> TokenStream {
        let (rk, arena, krate) = (local("core"), local("arena"), self.krate);
        let context = quote!(&mut #krate::Cx::new(&mut *#rk, &mut *#arena));
        let args = |args: &syn::punctuated::Punctuated<Expr, syn::Token![,]>| -> TokenStream {
            args.iter()
                .map(|a| {
                    let a = self.argument(a);
                    quote!(, #a)
                })
                .collect()
        };
        match call {
            Expr::Call(c) => {
                let (func, rest) = (&c.func, args(&c.args));
                quote_spanned!(call.span()=> #func(#context #rest)?;)
            }
            Expr::MethodCall(m) => {
                let (receiver, method, turbofish, rest) =
                    (&m.receiver, &m.method, &m.turbofish, args(&m.args));
                quote_spanned!(call.span()=> #receiver.#method #turbofish (#context #rest)?;)
            }
            other => tokens(other),
        }
    }

    fn argument(&self, arg: &Expr) -> TokenStream {
        if let Expr::Path(p) = arg
            && let Some(param) = self.task.params.iter().find(|q| p.path.is_ident(&q.name))
            && matches!(param.role, crate::task::Role::Input)
            && self.is_open(&param.name)
        {
            return tokens(&super::handle(&param.name));
        }
        tokens(arg)
    }

    fn point(&self, site: u8, after: &Stmt) -> TokenStream {
        let (rk, frame, at) = (local("core"), local("frame"), local("at"));
        let commit = self.record(site, self.saves_at(site), &[]);
        // An effect that must not happen twice: done after its commit, left out when that is where execution resumes.
        let once = (self.kind_of(site) == Some(SiteKind::Once)).then_some(after);
        quote! {
            if #at == #site {
                #rk.resumed(&mut #frame)?;
                #at = 0;
            } else {
                #commit
                #once
            }
        }
    }

    fn expires(&self, site: u8) -> Option<&Expires> {
        let site = self.task.sites.get(usize::from(site).checked_sub(1)?)?;
        site.expires.as_deref()
    }

    /// The commit of a reading that can expire: resuming here, before anything that uses it is committed, reads it again
    /// if it has.
    fn sensed(&self, site: u8, e: &Expires) -> TokenStream {
        let (rk, frame, at, krate) = (local("core"), local("frame"), local("at"), self.krate);
        let commit = self.record(site, self.saves_at(site), &[]);
        let (name, ty, value) = (&e.name, &e.ty, &e.value);
        let (stamp, clock, after) = (&e.stamp, &e.clock, &e.after);
        let mutability = e.mutable.then(|| quote!(mut));
        quote! {
            let (#mutability #name, #stamp): (#ty, #krate::clock::Stamp) = if #at == #site {
                #rk.resumed(&mut #frame)?;
                #at = 0;
                if #krate::clock::Stamp::is_older(&#stamp, &#clock, #after) {
                    let #stamp = #krate::clock::Stamp::now(&#clock);
                    let #name: #ty = #value;
                    #commit
                    (#name, #stamp)
                } else {
                    (#name, #stamp)
                }
            } else {
                if #at == 0 {
                    #commit
                }
                (#name, #stamp)
            };
        }
    }

    fn branches(&self, i: &If) -> TokenStream {
        let cond = &i.cond;
        let then = self.body(&i.then.body);
        let otherwise = i.otherwise.as_ref().map(|b| {
            let body = self.body(&b.body);
            quote!(else { #body })
        });
        if has_let(cond) {
            // Recomputed: the analysis has shown that it gives the same answer.
            return quote!(if #cond { #then } #otherwise);
        }
        let (at, inside) = (local("at"), within(&i.then));
        quote!(if (if #at == 0 { #cond } else { #inside }) { #then } #otherwise)
    }

    fn arms(&self, m: &Match) -> TokenStream {
        let (at, arm, scrutinee) = (local("at"), local("arm"), &m.scrutinee);
        if m.arms
            .iter()
            .any(|(pat, b)| b.range.is_some() && !bound(pat).is_empty())
        {
            let arms = m.arms.iter().map(|(pat, b)| {
                let body = self.body(&b.body);
                quote!(#pat => { #body })
            });
            return quote!(match #scrutinee { #(#arms)* });
        }
        // An arm without a site runs where it is chosen; one with a site can also be entered as the recorded one.
        let number = |i: usize| u16::try_from(i).unwrap_or(u16::MAX);
        let choose = m.arms.iter().enumerate().map(|(i, (pat, b))| {
            let (n, body) = (number(i), self.body(&b.body));
            if b.range.is_some() {
                quote!(#pat => #n,)
            } else {
                quote!(#pat => { { #body } #NO_ARM })
            }
        });
        let with_site = || {
            m.arms
                .iter()
                .enumerate()
                .filter_map(|(i, (_, b))| Some((number(i), b.range?, b)))
        };
        let recorded =
            with_site().map(|(n, Range { first, last }, _)| quote!(#first..=#last => #n,));
        let bodies = with_site().map(|(n, _, b)| {
            let body = self.body(&b.body);
            quote!(#n => { #body })
        });
        quote! {
            let #arm: u16 = if #at == 0 {
                match #scrutinee { #(#choose)* }
            } else {
                match #at { #(#recorded)* _ => #NO_ARM }
            };
            match #arm { #(#bodies)* _ => {} }
        }
    }

    /// A body without protection.
    pub(super) fn plain_body(&self, body: &Body) -> TokenStream {
        body.nodes
            .iter()
            .map(|node| match &node.kind {
                NodeKind::Run(run) => self.call(&run.call),
                NodeKind::Point(site) if self.kind_of(*site) == Some(SiteKind::Once) => {
                    statement(&node.source)
                }
                NodeKind::Point(_) => TokenStream::new(),
                NodeKind::Loop(l) => self.plain_loop(l),
                NodeKind::Block(label, b) => {
                    let b = self.plain_body(b);
                    quote!(#label { #b })
                }
                NodeKind::If(i) => {
                    let (cond, then) = (&i.cond, self.plain_body(&i.then.body));
                    let otherwise = i.otherwise.as_ref().map(|b| {
                        let b = self.plain_body(&b.body);
                        quote!(else { #b })
                    });
                    quote!(if #cond { #then } #otherwise)
                }
                NodeKind::Match(m) => {
                    let scrutinee = &m.scrutinee;
                    let arms = m.arms.iter().map(|(pat, b)| {
                        let b = self.plain_body(&b.body);
                        quote!(#pat => { #b })
                    });
                    quote!(match #scrutinee { #(#arms)* })
                }
                NodeKind::Plain | NodeKind::Item | NodeKind::Let(_) => statement(&node.source),
            })
            .collect()
    }
}

fn statement(stmt: &Stmt) -> TokenStream {
    tokens(stmt)
}

/// Whether the recorded site lies in a branch.
fn within(branch: &Branch) -> TokenStream {
    let at = local("at");
    match branch.range {
        Some(Range { first, last }) => quote!(#first <= #at && #at <= #last),
        None => quote!(false),
    }
}
