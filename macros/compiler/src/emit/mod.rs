//! Resumable form → tokens.
//!
//! The body stays nested (*guarded re-entry*): `__rk_at` is 0 in ordinary execution and the site to resume at
//! otherwise. A statement before the path is skipped unless it is a binding to recompute; a construct on the path is
//! entered without evaluating its condition; at the site `__rk_at` falls to 0.

mod body;
mod loops;

use crate::analyze::{Analysis, Save};
use crate::diag::Diagnostics;
use crate::hygiene::{label, local};
use crate::lower::Lowered;
use crate::task::{NodeKind, Residency, Role, SiteId, SiteKind, Task};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::punctuated::Punctuated;
use syn::{FnArg, Ident, Path, Token};

/// What surrounds a piece of the expansion.
pub struct Emitter<'t> {
    task: &'t Task,
    analysis: &'t Analysis,
    lowered: &'t Lowered,
    krate: &'t Path,
    /// The site of the write-back of `State` parameters, above all others.
    write_back: SiteId,
    /// Constants that hold the task against its budget.
    checks: TokenStream,
}

/// The whole function, protected.
pub fn emit(
    task: &Task,
    analysis: &Analysis,
    lowered: &Lowered,
    krate: &Path,
    checks: &TokenStream,
) -> TokenStream {
    let write_back = u8::try_from(task.sites.len() + 1).unwrap_or(u8::MAX);
    Emitter {
        task,
        analysis,
        lowered,
        krate,
        write_back,
        checks: checks.clone(),
    }
    .function()
}

/// The function on an error: the signature stays, so that callers see no follow-up errors.
pub fn emit_stub(task: &Task, krate: &Path, diagnostics: &Diagnostics) -> TokenStream {
    let (attrs, signature) = (&task.attrs, signature(task, krate));
    let vis = &task.vis;
    let errors = diagnostics.to_tokens();
    quote! {
        #(#attrs)*
        #[allow(unused_variables, unused_mut, clippy::missing_errors_doc)]
        #vis #signature { ::core::unreachable!() }
        #errors
    }
}

/// The signature with the context in front and the runtime's result.
fn signature(task: &Task, krate: &Path) -> TokenStream {
    let sig = &task.sig;
    let cx = local("cx");
    let context: FnArg = syn::parse_quote!(#cx: &mut #krate::Cx<'_, impl #krate::Store>);
    let mut inputs: Punctuated<FnArg, Token![,]> = Punctuated::new();
    let mut rest = sig.inputs.iter().peekable();
    if let Some(FnArg::Receiver(_)) = rest.peek() {
        inputs.extend(rest.next().cloned());
    }
    inputs.push(context);
    inputs.extend(rest.cloned());
    let name = &sig.ident;
    let (params, bounds) = (&sig.generics.params, &sig.generics.where_clause);
    quote! {
        fn #name <#params> (#inputs) -> ::core::result::Result<(), #krate::Error> #bounds
    }
}

impl Emitter<'_> {
    fn function(&self) -> TokenStream {
        let (attrs, vis, signature) = (
            &self.task.attrs,
            &self.task.vis,
            signature(self.task, self.krate),
        );
        let (rk, arena, frame, at, cx) = (
            local("core"),
            local("arena"),
            local("frame"),
            local("at"),
            local("cx"),
        );
        let info = self.info();
        let open = self.open();
        let restore = self.restore_params();
        let body = self.body_of_task();
        let close = self.close();
        quote! {
            #(#attrs)*
            #[allow(unused_mut, unused_variables, unused_assignments, unused_labels, unreachable_code)]
            #[allow(clippy::missing_errors_doc, clippy::needless_pass_by_value, clippy::too_many_arguments, clippy::unnecessary_cast)]
            // Guards compare sites; index loops are what a position can count.
            #[allow(clippy::manual_range_contains, clippy::needless_range_loop)]
            #vis #signature {
                #info
                let (#rk, #arena) = #cx.parts();
                let mut #frame = #rk.enter(&__RK_TASK)?;
                let mut #at: u8 = #frame.site();
                #open
                #restore
                #body
                #close
                #rk.leave(#frame);
                ::core::result::Result::Ok(())
            }
        }
    }

    fn info(&self) -> TokenStream {
        let krate = self.krate;
        let name = self.task.sig.ident.to_string();
        let (hash, first) = (self.task.hash, self.lowered.first);
        let leads = self.leads();
        // `line!()` takes the span of the user's code.
        let own = self.task.sig.ident.span();
        let lines = std::iter::once(own)
            .chain(self.task.sites.iter().map(|site| site.span))
            .map(|span| quote_spanned!(span=> ::core::line!()));
        let assumed = self.task.assumed.iter().map(|(span, why)| {
            let line = quote_spanned!(*span=> ::core::line!());
            quote!((#line, #why))
        });
        quote! {
            const __RK_TASK: #krate::__private::TaskInfo = #krate::__private::TaskInfo {
                name: #name,
                hash: #hash,
                first: #first,
                leads: #leads,
                file: ::core::file!(),
                lines: &[#(#lines),*],
                assumed: &[#(#assumed),*],
            };
        }
    }

    /// Whether a `#[run]` comes first of all, and nothing is to be saved there: nothing is read or written before it.
    fn leads(&self) -> bool {
        let first = self
            .task
            .body
            .nodes
            .iter()
            .find(|n| !matches!(n.kind, NodeKind::Item));
        let Some(NodeKind::Run(run)) = first.map(|n| &n.kind) else {
            return false;
        };
        self.param_saves().is_empty() && self.saves_at(run.site).is_empty()
    }

    /// Turns the buffer parameters that the body uses into views.
    fn open(&self) -> TokenStream {
        let (rk, arena) = (local("core"), local("arena"));
        let mut out = TokenStream::new();
        for p in &self.task.params {
            let used = self
                .analysis
                .uses
                .get(&p.name.to_string())
                .copied()
                .unwrap_or_default();
            let name = &p.name;
            if !used.direct {
                continue;
            }
            let handle = handle(name);
            match (&p.role, &p.residency) {
                (Role::Input, Residency::Tiles) => out.extend(quote! {
                    let #handle = #name;
                    let #name = #rk.tile_input(#handle)?;
                }),
                (Role::Output, Residency::Tiles) => out.extend(quote! {
                    let mut #name = #rk.tile_output(&mut *#name)?;
                }),
                (Role::Input, Residency::Rolling(rows)) => {
                    let krate = self.krate;
                    // Without a number the alias of the parameter's type is an error of its own.
                    let rows = rows
                        .as_ref()
                        .map_or_else(|| quote!(1), |rows| quote!(#rows));
                    out.extend(quote! {
                        let #handle = #name;
                        let (mut #name, #arena) = #rk.rolling_input(
                            #handle,
                            #krate::__private::Rows::<#rows>,
                            #arena,
                        )?;
                    });
                }
                (Role::Output, Residency::Rolling(_)) => out.extend(quote! {
                    let (mut #name, #arena) = #rk.rolling_output(&mut *#name, #arena)?;
                }),
                (Role::Input, Residency::Whole) => out.extend(quote! {
                    let #handle = #name;
                    let (#name, #arena) = #rk.input(#handle, #arena)?;
                }),
                (Role::Output, Residency::Whole) => out.extend(quote! {
                    let (mut #name, #arena) = #rk.output(&mut *#name, #arena)?;
                }),
                (Role::InPlace, _) => out.extend(quote! {
                    let (mut #name, #arena) = #rk.in_place(&mut *#name, #arena)?;
                }),
                (Role::State(_), _) => out.extend(quote!(let #handle = #name;)),
                (Role::Value(_) | Role::Exclusive, _) => {}
            }
        }
        out
    }

    fn restore_params(&self) -> TokenStream {
        let (rk, frame, at) = (local("core"), local("frame"), local("at"));
        let krate = self.krate;
        let mut out = TokenStream::new();
        for p in &self.task.params {
            let name = &p.name;
            match &p.role {
                Role::State(ty) if self.is_open(name) => {
                    let handle = handle(name);
                    out.extend(quote! {
                        let mut #name = #krate::__private::StateView::<#ty>::new(
                            if #at != 0 && #at != __RK_TASK.first { #rk.restore::<#ty>(&mut #frame)? } else { #rk.state::<#ty>(&*#handle)? }
                        );
                    });
                }
                Role::Value(ty) if self.analysis.saved_params.iter().any(|(n, _)| n == name) => out.extend(quote! {
                    let mut #name: #ty = if #at != 0 { #rk.restore::<#ty>(&mut #frame)? } else { #name };
                }),
                _ => {}
            }
        }
        if self.lowered.first != 0 {
            let first = self.lowered.first;
            // Position 0 of the first nest is the start of the body.
            out.extend(quote! {
                if #at == #first && #rk.position() == 0 {
                    #rk.resumed(&mut #frame)?;
                    #at = 0;
                }
            });
        }
        out
    }

    fn body_of_task(&self) -> TokenStream {
        let end = label("task", None);
        let (checks, body) = (&self.checks, self.body(&self.task.body));
        // In the block, so that they see its constants.
        let body = quote!(#checks #body);
        let at = local("at");
        if self.states().next().is_none() {
            return quote!(#end: { #body });
        }
        let write_back = self.write_back;
        quote!(if #at != #write_back { #end: { #body } })
    }

    /// The end of the task: states go home behind a commit, outputs reach the store.
    fn close(&self) -> TokenStream {
        let (rk, frame, at) = (local("core"), local("frame"), local("at"));
        let mut out = TokenStream::new();
        if self.states().next().is_some() {
            let site = self.write_back;
            let saves: Vec<Save> = self.param_saves();
            let commit = self.record(site, &saves, &[]);
            out.extend(quote! {
                if #at == #site {
                    #rk.resumed(&mut #frame)?;
                    #at = 0;
                } else {
                    #commit
                }
            });
            for (name, ty) in self.states() {
                let handle = handle(name);
                out.extend(quote!(#rk.write_back::<#ty>(&mut *#handle, &*#name)?;));
            }
        } else {
            out.extend(self.flush());
        }
        out
    }

    fn states(&self) -> impl Iterator<Item = (&Ident, &syn::Type)> {
        self.task.params.iter().filter_map(|p| match &p.role {
            Role::State(ty) if self.is_open(&p.name) => Some((&p.name, &**ty)),
            _ => None,
        })
    }

    fn param_saves(&self) -> Vec<Save> {
        let mut saves = Vec::new();
        for p in &self.task.params {
            match &p.role {
                Role::State(_) if self.is_open(&p.name) => saves.push(Save::State(p.name.clone())),
                Role::Value(_) if self.analysis.saved_params.iter().any(|(n, _)| *n == p.name) => {
                    saves.push(Save::Local(p.name.clone(), true));
                }
                _ => {}
            }
        }
        saves
    }

    fn is_open(&self, name: &Ident) -> bool {
        self.analysis
            .uses
            .get(&name.to_string())
            .is_some_and(|u| u.direct)
    }

    /// Pending output writes reach the store.
    fn flush(&self) -> TokenStream {
        let rk = local("core");
        let outputs =
            self.task.params.iter().filter(|p| {
                matches!(p.role, Role::Output | Role::InPlace) && self.is_open(&p.name)
            });
        outputs
            .map(|p| {
                let name = &p.name;
                quote!(#name.flush(#rk)?;)
            })
            .collect()
    }

    /// Fills this task's frame; `done` are loops whose index counts finished iterations.
    fn frame(&self, site: SiteId, saves: &[Save], done: &[usize]) -> TokenStream {
        let (rk, frame) = (local("core"), local("frame"));
        let values = saves.iter().map(|save| match save {
            // The span of the declaration, so that "not plain data" points there.
            Save::Local(name, _) => quote_spanned!(name.span()=> #rk.save(&#name)?;),
            Save::State(name) => quote!(#rk.save(&*#name)?;),
            Save::Index(id) if done.contains(id) => {
                let next = loops::next(*id);
                quote!(#rk.save(&#next)?;)
            }
            Save::Index(id) => {
                let current = loops::current(*id);
                quote!(#rk.save(&#current)?;)
            }
        });
        quote! {
            #rk.begin(&#frame, #site)?;
            #(#values)*
        }
    }

    /// A commit by a record.
    fn record(&self, site: SiteId, saves: &[Save], done: &[usize]) -> TokenStream {
        let rk = local("core");
        let (flush, frame) = (self.flush(), self.frame(site, saves, done));
        quote! {
            #flush
            #frame
            #rk.commit()?;
        }
    }

    fn saves_at(&self, site: SiteId) -> &[Save] {
        self.analysis.saves.get(&site).map_or(&[], Vec::as_slice)
    }

    fn kind_of(&self, site: SiteId) -> Option<SiteKind> {
        self.task
            .sites
            .get(usize::from(site).checked_sub(1)?)
            .map(|s| s.kind)
    }
}

/// The handle of a buffer parameter whose name the view has taken.
fn handle(name: &Ident) -> Ident {
    local(&format!("handle_{name}"))
}

/// The same function without protection, for measuring what protection costs.
pub fn emit_unprotected(
    task: &Task,
    analysis: &Analysis,
    lowered: &Lowered,
    krate: &Path,
) -> TokenStream {
    let e = Emitter {
        task,
        analysis,
        lowered,
        krate,
        write_back: 0,
        checks: TokenStream::new(),
    };
    let (attrs, vis, signature) = (&task.attrs, &task.vis, signature(task, krate));
    let (rk, arena, cx, end) = (
        local("core"),
        local("arena"),
        local("cx"),
        label("task", None),
    );
    let (open, flush, body) = (e.open(), e.flush(), e.plain_body(&task.body));
    let states: TokenStream = e
        .states()
        .map(|(name, ty)| {
            let handle = handle(name);
            quote!(let mut #name = #krate::__private::StateView::<#ty>::new(#rk.state::<#ty>(&*#handle)?);)
        })
        .collect();
    let write_back: TokenStream = e
        .states()
        .map(|(name, ty)| {
            let handle = handle(name);
            quote!(#rk.write_back::<#ty>(&mut *#handle, &*#name)?;)
        })
        .collect();
    quote! {
        #(#attrs)*
        #[allow(unused_mut, unused_variables, unused_labels, unreachable_code)]
        #[allow(clippy::missing_errors_doc, clippy::needless_pass_by_value, clippy::too_many_arguments)]
        #vis #signature {
            let (#rk, #arena) = #cx.parts();
            #open
            #states
            #end: { #body }
            #flush
            #write_back
            ::core::result::Result::Ok(())
        }
    }
}

/// Tokens of anything.
fn tokens(t: &impl ToTokens) -> TokenStream {
    t.to_token_stream()
}
