//! RK05: what each region takes at most, as constants that the compiler holds against the task's budget.
//!
//! Every piece of the body is summed up by the dearest way through it without a commit, to its first commit, and from its
//! last one ([`Summary`]); a region ends where a way from a last commit meets a first one. Sums are constant expressions,
//! so that they are those of the instance that is built. Where a commit may be passed by, both ways are followed.

mod code;
mod expr;
mod trips;

use crate::analyze::{Analysis, LetClass};
use crate::diag::Diagnostics;
use crate::hygiene::local;
use crate::lower::{Form, Lowered};
use crate::task::{
    Body, Branch, Head, Loop, LoopCommit, Node, NodeKind, Role, Site, SiteId, SiteKind, Task,
};
use code::{Code, Cost};
use expr::{Counter, trips};
use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Expr, Path, Type};
use trips::Scope;

/// Stands for the commit at the end of a task with states.
const END: SiteId = SiteId::MAX;

/// A way from the beginning of a piece to a commit in it.
#[derive(Clone, Debug)]
struct Reach {
    site: SiteId,
    span: Span,
    cost: Cost,
    /// Of the loop that commits here: what a round takes, and how many there are between commits.
    round: Option<(Cost, TokenStream)>,
}

/// A piece of the body.
#[derive(Clone, Debug)]
struct Summary {
    /// Through it without a commit.
    through: Cost,
    /// To the commits that can come first.
    heads: Vec<Reach>,
    /// From a commit of the task's own that can be the last.
    tail: Cost,
    /// From a sub-task that can be the last.
    behind: Cost,
    /// Through all of it as if nothing were committed, for ways that leave it early.
    total: Cost,
}

impl Summary {
    fn plain(cost: Cost) -> Self {
        Self {
            total: cost.clone(),
            through: cost,
            heads: Vec::new(),
            tail: Cost::Never,
            behind: Cost::Never,
        }
    }
}

/// A region that ends at a commit.
struct Region {
    reach: Reach,
    /// It begins behind a sub-task.
    behind: bool,
}

struct Regions<'c, 'k> {
    task: &'c Task,
    analysis: &'c Analysis,
    lowered: &'c Lowered,
    code: Code<'k>,
    scope: Scope,
    diagnostics: &'c mut Diagnostics,
    found: Vec<Region>,
    /// What is computed again on the way to a resume point.
    again: Cost,
    /// Bytes that a record may hold, as terms of a sum.
    frame: TokenStream,
}

/// The checks of a task with a budget.
///
/// What cannot be counted goes to `diagnostics`.
pub fn checks(
    task: &Task,
    analysis: &Analysis,
    lowered: &Lowered,
    krate: &Path,
    budget: &Expr,
    diagnostics: &mut Diagnostics,
) -> TokenStream {
    let mut scope = Scope::default();
    for p in &task.params {
        match &p.role {
            Role::Value(ty) => scope.typed(p.name.to_string(), ty, p.mutable),
            Role::State(ty) => scope.typed(p.name.to_string(), ty, true),
            Role::Input | Role::Output | Role::InPlace => {
                let ty = data_of(task, &p.name);
                scope.push(
                    p.name.to_string(),
                    trips::Known {
                        ty,
                        ..trips::Known::default()
                    },
                );
            }
            Role::Exclusive => scope.push(p.name.to_string(), trips::Known::default()),
        }
    }
    let mut regions = Regions {
        task,
        analysis,
        lowered,
        code: Code::new(krate),
        scope,
        diagnostics,
        found: Vec::new(),
        again: Cost::Zero,
        frame: quote!(3_usize),
    };
    regions.record();
    let entry = Summary {
        through: Cost::Never,
        heads: Vec::new(),
        tail: Cost::Zero,
        behind: Cost::Never,
        total: Cost::Zero,
    };
    let body = regions.body(&task.body);
    let body = regions.seq(entry, body);
    let end = regions.end(body);
    regions.emit(&end, budget)
}

impl Regions<'_, '_> {
    /// What a record may hold: everything saved anywhere in the task.
    fn record(&mut self) {
        let mut sizes = TokenStream::new();
        let mut add = |ty: &Type| sizes.extend(quote!(+ ::core::mem::size_of::<#ty>()));
        for class in self.analysis.lets.values() {
            if let LetClass::Saved(ty) = class {
                add(ty);
            }
        }
        self.analysis
            .saved_params
            .iter()
            .for_each(|(_, ty)| add(ty));
        for p in &self.task.params {
            if let Role::State(ty) = &p.role {
                add(ty);
            }
        }
        let loops = self.lowered.loops.len() * 4;
        self.frame = quote!(3_usize + #loops #sizes);
    }

    fn count(&mut self, f: impl FnOnce(&mut Counter<'_, '_>)) -> Cost {
        // `Counter` borrows its parts for as long as it counts.
        let mut counter = Counter::new(&mut self.code, &mut self.scope, self.diagnostics);
        f(&mut counter);
        counter.finish()
    }

    fn seq(&mut self, a: Summary, b: Summary) -> Summary {
        for reach in &b.heads {
            for (tail, behind) in [(&a.tail, false), (&a.behind, true)] {
                let cost = self.code.add(tail, &reach.cost);
                self.region(reach, cost, behind);
            }
        }
        let mut heads = a.heads;
        for reach in b.heads {
            let cost = self.code.add(&a.through, &reach.cost);
            if cost != Cost::Never {
                heads.push(Reach { cost, ..reach });
            }
        }
        let (tail, behind) = (
            self.code.add(&a.tail, &b.through),
            self.code.add(&a.behind, &b.through),
        );
        Summary {
            through: self.code.add(&a.through, &b.through),
            heads,
            tail: self.code.max(&b.tail, &tail),
            behind: self.code.max(&b.behind, &behind),
            total: self.code.add(&a.total, &b.total),
        }
    }

    fn region(&mut self, reach: &Reach, cost: Cost, behind: bool) {
        if cost == Cost::Never {
            return;
        }
        // One check for a commit, of the dearest way to it.
        let same = |r: &Region| r.behind == behind && r.reach.site == reach.site;
        if let Some(i) = self.found.iter().position(same) {
            let dearest = self.code.max(&self.found[i].reach.cost, &cost);
            self.found[i].reach.cost = dearest;
            if self.found[i].reach.round.is_none() {
                self.found[i].reach.round.clone_from(&reach.round);
            }
        } else {
            let reach = Reach {
                cost,
                ..reach.clone()
            };
            self.found.push(Region { reach, behind });
        }
    }

    fn either(&mut self, a: Summary, b: Summary) -> Summary {
        let mut heads = a.heads;
        heads.extend(b.heads);
        Summary {
            through: self.code.max(&a.through, &b.through),
            heads,
            tail: self.code.max(&a.tail, &b.tail),
            behind: self.code.max(&a.behind, &b.behind),
            total: self.code.max(&a.total, &b.total),
        }
    }

    fn body(&mut self, body: &Body) -> Summary {
        let depth = self.scope.depth();
        let mut all = Summary::plain(Cost::Zero);
        let mut jumps = false;
        for node in &body.nodes {
            let next = self.node(node);
            all = self.seq(all, next);
            jumps |= jumps_in(node);
        }
        self.scope.leave(depth);
        if jumps {
            // From anywhere inside to the end, and on.
            all.through = all.total.clone();
            if all.tail != Cost::Never {
                all.tail = all.total.clone();
            }
            if all.behind != Cost::Never {
                all.behind = all.total.clone();
            }
        }
        all
    }

    fn branch(&mut self, branch: &Branch) -> Summary {
        self.body(&branch.body)
    }

    fn node(&mut self, node: &Node) -> Summary {
        match &node.kind {
            NodeKind::Plain | NodeKind::Item => {
                Summary::plain(self.count(|c| c.stmt(&node.source)))
            }
            NodeKind::Let(_) => {
                let cost = self.count(|c| c.stmt(&node.source));
                if matches!(
                    self.analysis.lets.get(&node.id),
                    Some(LetClass::Rematerialised)
                ) {
                    self.again = self.code.add(&self.again, &cost);
                }
                Summary::plain(cost)
            }
            NodeKind::Run(run) => {
                let args: Vec<&Expr> = match &run.call {
                    Expr::Call(c) => c.args.iter().collect(),
                    Expr::MethodCall(m) => m.args.iter().collect(),
                    _ => Vec::new(),
                };
                let args = self.count(|c| args.into_iter().for_each(|a| c.expr(a)));
                let mut entered = self.commit(run.site);
                entered.behind = std::mem::replace(&mut entered.tail, Cost::Never);
                self.seq(Summary::plain(args), entered)
            }
            NodeKind::Point(site) => {
                let commit = self.commit(*site);
                let once = self.site(*site).is_some_and(|s| s.kind == SiteKind::Once);
                let after = if once {
                    self.count(|c| c.stmt(&node.source))
                } else {
                    Cost::Zero
                };
                self.seq(commit, Summary::plain(after))
            }
            NodeKind::Block(_, body) => self.body(body),
            NodeKind::If(i) => {
                let depth = self.scope.depth();
                let cond = self.count(|c| c.expr(&i.cond));
                let then = self.branch(&i.then);
                self.scope.leave(depth);
                let other = match &i.otherwise {
                    Some(b) => self.branch(b),
                    None => Summary::plain(Cost::Zero),
                };
                let both = self.either(then, other);
                self.seq(Summary::plain(cond), both)
            }
            NodeKind::Match(m) => {
                let head = self.count(|c| c.expr(&m.scrutinee));
                let mut arms: Option<Summary> = None;
                for (pat, b) in &m.arms {
                    let depth = self.scope.depth();
                    self.scope.bind(pat);
                    let arm = self.branch(b);
                    self.scope.leave(depth);
                    arms = Some(match arms {
                        Some(a) => self.either(a, arm),
                        None => arm,
                    });
                }
                let arms = arms.unwrap_or_else(|| Summary::plain(Cost::Zero));
                self.seq(Summary::plain(head), arms)
            }
            NodeKind::Loop(l) => self.any_loop(l),
        }
    }

    fn site(&self, site: SiteId) -> Option<&Site> {
        self.task.sites.get(usize::from(site).checked_sub(1)?)
    }

    fn span(&self, site: SiteId) -> Span {
        self.site(site)
            .map_or_else(|| last_span(self.task), |s| s.span)
    }

    /// A commit by a record.
    fn commit(&mut self, site: SiteId) -> Summary {
        let span = self.span(site);
        let (costs, frame) = (local("costs"), &self.frame);
        let cost = self.code.call("commit", &quote!(&#costs, #frame));
        Summary {
            through: Cost::Never,
            heads: vec![Reach {
                site,
                span,
                cost: cost.clone(),
                round: None,
            }],
            tail: Cost::Zero,
            behind: Cost::Never,
            total: cost,
        }
    }

    fn any_loop(&mut self, l: &Loop) -> Summary {
        if let Some(Form::Nest { levels, .. }) = self.lowered.loops.get(&l.id)
            && levels.len() > 1
            && innermost(l).is_some_and(|(_, c)| !c.each())
        {
            return self.counted(l, levels.len());
        }
        let depth = self.scope.depth();
        let (mut setup, mut head) = (Cost::Zero, Cost::Zero);
        let mut items = None;
        match &l.head {
            Head::For(pat, iter) => {
                setup = self.count(|c| c.expr(iter));
                // The range is evaluated again on the way to a resume point.
                self.again = self.code.add(&self.again, &setup);
                items = self.scope.items(iter);
                match &items {
                    Some(i) => self.scope.item(pat, &i.item),
                    None => self.scope.bind(pat),
                }
            }
            Head::While(cond) => head = self.count(|c| c.expr(cond)),
            Head::Loop => {}
        }
        let turn = self.code.ops(code::Counts {
            op: 3,
            ..code::Counts::default()
        });
        let head = self.code.add(&head, &turn);
        let (least, most) = trips(items.as_ref(), self.code.krate);
        let body = self.body(&l.body);
        self.scope.leave(depth);
        let round = self.seq(Summary::plain(head), body);
        let (least, most) = (named(&mut self.code, &least), named(&mut self.code, &most));
        let all = match &l.commit {
            Some(c) => self.committing(l, c, &round, &least, &most),
            None => self.repeated(&round, &least, &most),
        };
        self.seq(Summary::plain(setup), all)
    }

    /// A loop without a commit of its own.
    fn repeated(&mut self, round: &Summary, least: &TokenStream, most: &TokenStream) -> Summary {
        let t = &round.through;
        let through = self.code.call("around", &quote!(#least, #most, #t));
        let more = self.code.call("more", &quote!(#most - 1, #t));
        for reach in &round.heads {
            for (tail, behind) in [(&round.tail, false), (&round.behind, true)] {
                let cost = self.code.add(tail, &more);
                let cost = self.code.add(&cost, &reach.cost);
                self.region(reach, cost, behind);
            }
        }
        let mut heads = Vec::new();
        for reach in &round.heads {
            let cost = self.code.add(&more, &reach.cost);
            heads.push(Reach {
                cost,
                ..reach.clone()
            });
        }
        Summary {
            through,
            heads,
            tail: self.code.add(&round.tail, &more),
            behind: self.code.add(&round.behind, &more),
            total: self.code.times(most, &round.total),
        }
    }

    /// A loop that commits after `every` rounds.
    fn committing(
        &mut self,
        l: &Loop,
        commit: &LoopCommit,
        round: &Summary,
        least: &TokenStream,
        most: &TokenStream,
    ) -> Summary {
        let every = match (&commit.every, commit.each()) {
            (_, true) => quote!(1_i64),
            (Some(n), false) => named(&mut self.code, &quote!((#n) as i64)),
            // A pacer may wait to the end.
            (None, false) => most.clone(),
        };
        let span = self.span(commit.site);
        let record = self.commit(commit.site);
        let t = &round.through;
        let rounds = self.code.times(&every, t);
        let due = match record.heads.first() {
            Some(reach) => self.code.add(&rounds, &reach.cost),
            None => rounds.clone(),
        };
        let own = Reach {
            site: commit.site,
            span,
            cost: due,
            round: Some((t.clone(), every.clone())),
        };
        let before = self.code.call("more", &quote!(#every - 1, #t));
        let mut heads = vec![own.clone()];
        // The next commit of this loop, after its last one.
        self.region(&own, own.cost.clone(), false);
        for reach in &round.heads {
            let cost = self.code.add(&before, &reach.cost);
            // Behind this loop's commit, and behind commits inside the rounds.
            self.region(reach, cost.clone(), false);
            for (tail, behind) in [(&round.tail, false), (&round.behind, true)] {
                let cost = self.code.add(tail, &cost);
                self.region(reach, cost, behind);
            }
            heads.push(Reach {
                cost,
                ..reach.clone()
            });
        }
        for (tail, behind) in [(&round.tail, false), (&round.behind, true)] {
            let cost = self.code.add(tail, &before);
            let cost = match record.heads.first() {
                Some(reach) => self.code.add(&cost, &reach.cost),
                None => cost,
            };
            self.region(&own, cost, behind);
        }
        let left_early = l.body.nodes.iter().any(leaves);
        let mut through = self
            .code
            .call("short_of", &quote!(#least, #most, #every, #t));
        let mut tail = self.code.call("rest", &quote!(#least, #most, #every, #t));
        if left_early {
            let total = self.code.times(&every, &round.total);
            through = self.code.max(&through, &total);
            tail = total;
        }
        let inner = self.code.add(&round.tail, &before);
        let each = self.code.add(&round.total, &record.total);
        Summary {
            through,
            heads,
            tail: self.code.max(&tail, &inner),
            behind: self.code.add(&round.behind, &before),
            total: self.code.times(most, &each),
        }
    }

    /// A nest whose innermost loop commits after `every` of its rounds, counted across the rounds of the outer ones.
    fn counted(&mut self, l: &Loop, levels: usize) -> Summary {
        let depth = self.scope.depth();
        let (mut setup, mut loops, mut at) = (Cost::Zero, Vec::new(), l);
        let mut jumps = false;
        while let Head::For(pat, iter) = &at.head {
            let once = self.count(|c| c.expr(iter));
            self.again = self.code.add(&self.again, &once);
            setup = self.code.add(&setup, &once);
            let items = self.scope.items(iter);
            match &items {
                Some(i) => self.scope.item(pat, &i.item),
                None => self.scope.bind(pat),
            }
            let (least, most) = trips(items.as_ref(), self.code.krate);
            let (least, most) = (named(&mut self.code, &least), named(&mut self.code, &most));
            let mut inner = None;
            // The range of an inner loop is evaluated in each round.
            let mut extra = self.code.ops(code::Counts {
                op: 3,
                ..code::Counts::default()
            });
            if !loops.is_empty() {
                extra = self.code.add(&extra, &once);
            }
            for node in &at.body.nodes {
                jumps |= leaves(node);
                match &node.kind {
                    NodeKind::Loop(next) => inner = Some(&**next),
                    _ => {
                        let cost = self.node(node).total;
                        extra = self.code.add(&extra, &cost);
                    }
                }
            }
            loops.push((least, most, extra));
            match inner {
                Some(next) if loops.len() < levels => at = next,
                _ => break,
            }
        }
        self.scope.leave(depth);
        let counts = |code: &mut Code<'_>, f: &str, args: TokenStream| {
            let cost = code.call(f, &args);
            quote!(#cost)
        };
        // Rounds of each level in the whole nest, at least and at most.
        let (mut fewest, mut rounds) = (quote!(1_i64), Vec::new());
        let mut all = quote!(1_i64);
        for (least, most, _) in &loops {
            fewest = counts(&mut self.code, "times", quote!(#least, #fewest));
            all = counts(&mut self.code, "times", quote!(#most, #all));
            rounds.push(all.clone());
        }
        let every = match innermost(l).and_then(|(_, c)| c.every.as_ref()) {
            Some(n) => named(&mut self.code, &quote!((#n) as i64)),
            None => all.clone(),
        };
        let t = loops.last().map_or(Cost::Zero, |(_, _, t)| t.clone());
        let extras = self.touched(&loops, &rounds, every.clone());
        let mut total = Cost::Zero;
        for ((_, _, extra), rounds) in loops.iter().zip(&rounds).take(loops.len() - 1) {
            let cost = self.code.times(rounds, extra);
            total = self.code.add(&total, &cost);
        }
        let site = innermost(l).map_or(0, |(_, c)| c.site);
        let span = self.span(site);
        let record = self.commit(site);
        let work = self.code.times(&every, &t);
        let region = self.code.add(&work, &extras);
        let region = self.code.add(&region, &record.total);
        let own = Reach {
            site,
            span,
            cost: region.clone(),
            round: Some((t.clone(), every.clone())),
        };
        self.region(&own, region, false);
        let short = self
            .code
            .call("short_of", &quote!(#fewest, #all, #every, #t));
        let mut through = self.code.add(&short, &total);
        let left = counts(&mut self.code, "rest", quote!(#fewest, #all, #every, 1));
        let rest = self.code.times(&left, &t);
        let after = self.touched(&loops, &rounds, left);
        let mut tail = self.code.add(&rest, &after);
        let inner = self.code.add(&t, &record.total);
        let inner = self.code.times(&all, &inner);
        let total = self.code.add(&total, &inner);
        if jumps {
            through = total.clone();
            tail = total.clone();
        }
        let nest = Summary {
            through,
            heads: vec![own],
            tail,
            behind: Cost::Never,
            total,
        };
        self.seq(Summary::plain(setup), nest)
    }

    /// What the outer loops of a nest add to `inner` rounds of its innermost one.
    fn touched(
        &mut self,
        loops: &[(TokenStream, TokenStream, Cost)],
        rounds: &[TokenStream],
        inner: TokenStream,
    ) -> Cost {
        let (mut touched, mut sum) = (inner, Cost::Zero);
        let krate = self.code.krate;
        for level in (0..loops.len().saturating_sub(1)).rev() {
            let ((least, _, _), (_, _, extra)) = (&loops[level + 1], &loops[level]);
            let (most, of_inner) = (
                &rounds[level],
                self.code.call("div_ceil", &quote!(#touched, #least)),
            );
            // One more, as a region can begin and end within rounds; all of them, if inner loops may have none.
            let rounds =
                quote!(if #least < 1 { #krate::__private::count::ENDLESS } else { #of_inner + 1 });
            let fewer = self.code.call("min", &quote!(#most, #rounds));
            touched = quote!(#fewer);
            let cost = self.code.times(&touched, extra);
            sum = self.code.add(&sum, &cost);
        }
        sum
    }

    /// The end of the task: states go home behind a commit.
    fn end(&mut self, body: Summary) -> Summary {
        let states: Vec<_> = self
            .task
            .params
            .iter()
            .filter_map(|p| match &p.role {
                Role::State(ty) => Some(ty),
                _ => None,
            })
            .collect();
        if states.is_empty() {
            return body;
        }
        let (costs, sizes) = (
            local("costs"),
            quote!(0_usize #(+ ::core::mem::size_of::<#states>())*),
        );
        let home = self.code.call("commit", &quote!(&#costs, #sizes));
        let commit = self.commit(END);
        let end = self.seq(commit, Summary::plain(home));
        self.seq(body, end)
    }

    fn emit(self, end: &Summary, budget: &Expr) -> TokenStream {
        let krate = self.code.krate;
        let (costs, cycle, lets) = (local("costs"), local("budget"), &self.code.lets);
        let fetched = self.fetched();
        let again = &self.again;
        let name = self.task.sig.ident.to_string();
        let (tail, behind) = (&end.tail, &end.behind);
        let prelude = quote! {
            let #cycle: #krate::budget::Budget = #budget;
            let #costs = #cycle.costs;
            #lets
            let __rk_restart = #krate::__private::count::add(
                #krate::__private::count::restart(&#costs, #fetched), #again,
            );
        };
        // Constants of an item cannot name the generics around it; an inline one is evaluated where the task is used.
        let generic = !self.task.sig.generics.params.is_empty()
            || names_self(&prelude)
            || self.task.params.iter().any(|p| p.name == "self");
        let mut values = Vec::new();
        let mut calls: Vec<(Span, TokenStream)> = Vec::new();
        for region in &self.found {
            let Reach {
                span, cost, round, ..
            } = &region.reach;
            let share: u64 = if region.behind { 2 } else { 1 };
            let (round, every) = match round {
                Some((round, every)) => (quote!(#round), every.clone()),
                None => (quote!(0_i64), quote!(0_i64)),
            };
            let n = values.len();
            values.push(quote!((__rk_restart, #cost, #round, #every)));
            let v = quote!(__RK_COSTS[#n]);
            // Spanned at the user's code: that is where the error points.
            calls.push((
                *span,
                quote!(#krate::__private::count::region(&(#budget), #v.0, #v.1, #share, #name, #v.2, #v.3)),
            ));
        }
        let (span, n) = (last_span(self.task), values.len());
        values.push(quote!((0_i64, #tail, #behind, 0_i64)));
        let v = quote!(__RK_COSTS[#n]);
        calls.push((
            span,
            quote!(#krate::__private::count::end(&(#budget), #v.1, #v.2, #name)),
        ));
        let n = values.len();
        let costs = quote!(__RK_COSTS: [(i64, i64, i64, i64); #n]);
        if generic {
            // One call at a time, so that each error has its own place.
            return calls
                .iter()
                .map(|(span, call)| {
                    let call = respanned(call.clone(), *span);
                    quote_spanned!(*span=> const { #prelude let #costs = [#(#values),*]; #call; };)
                })
                .collect();
        }
        let calls = calls
            .iter()
            .map(|(span, call)| respanned(quote!(const _: () = #call;), *span));
        quote! {
            const #costs = { #prelude [#(#values),*] };
            #(#calls)*
        }
    }

    /// Bytes of the inputs that are fetched where NVM is not mapped.
    fn fetched(&self) -> TokenStream {
        let mut sum = quote!(0_usize);
        for p in &self.task.params {
            let direct = self
                .analysis
                .uses
                .get(&p.name.to_string())
                .is_some_and(|u| u.direct);
            if direct
                && matches!(p.role, Role::Input | Role::InPlace)
                && let Some(ty) = data_of(self.task, &p.name)
            {
                sum.extend(quote!(+ ::core::mem::size_of::<#ty>()));
            }
        }
        sum
    }
}

/// A number as a constant of the expansion.
fn named(code: &mut Code<'_>, value: &TokenStream) -> TokenStream {
    let name = code.name(value);
    quote!(#name)
}

/// The data of a buffer parameter: `T` of `Input<T>`.
fn data_of(task: &Task, name: &syn::Ident) -> Option<Type> {
    task.sig.inputs.iter().find_map(|input| {
        let syn::FnArg::Typed(t) = input else {
            return None;
        };
        let syn::Pat::Ident(p) = &*t.pat else {
            return None;
        };
        if p.ident != *name {
            return None;
        }
        let Type::Path(path) = &*t.ty else {
            return None;
        };
        match &path.path.segments.last()?.arguments {
            syn::PathArguments::AngleBracketed(a) => a.args.iter().find_map(|a| match a {
                syn::GenericArgument::Type(t) => Some(t.clone()),
                _ => None,
            }),
            _ => None,
        }
    })
}

/// Whether a way leaves a statement other than by its end.
fn jumps_in(node: &Node) -> bool {
    struct Jumps(bool);
    impl<'a> Visit<'a> for Jumps {
        fn visit_expr(&mut self, e: &'a Expr) {
            self.0 |= matches!(
                e,
                Expr::Break(_) | Expr::Continue(_) | Expr::Return(_) | Expr::Try(_)
            );
            visit::visit_expr(self, e);
        }
        fn visit_expr_closure(&mut self, _: &'a syn::ExprClosure) {}
        fn visit_item(&mut self, _: &'a syn::Item) {}
    }
    let mut jumps = Jumps(false);
    jumps.visit_stmt(&node.source);
    jumps.0
}

/// Whether a way leaves the loop around a statement, or an outer one: `continue` of a committing loop goes to its commit.
fn leaves(node: &Node) -> bool {
    struct Leaves(bool);
    impl<'a> Visit<'a> for Leaves {
        fn visit_expr(&mut self, e: &'a Expr) {
            self.0 |= match e {
                Expr::Break(b) => b
                    .label
                    .as_ref()
                    .is_none_or(|l| !l.ident.to_string().starts_with("__rk_iteration")),
                Expr::Continue(_) | Expr::Return(_) | Expr::Try(_) => true,
                _ => false,
            };
            visit::visit_expr(self, e);
        }
        fn visit_expr_closure(&mut self, _: &'a syn::ExprClosure) {}
        fn visit_item(&mut self, _: &'a syn::Item) {}
    }
    let mut leaves = Leaves(false);
    leaves.visit_stmt(&node.source);
    leaves.0
}

/// The loop of a nest that commits.
fn innermost(l: &Loop) -> Option<(usize, &LoopCommit)> {
    if let Some(c) = &l.commit {
        return Some((l.id, c));
    }
    l.body.nodes.iter().find_map(|n| match &n.kind {
        NodeKind::Loop(inner) => innermost(inner),
        _ => None,
    })
}

/// All of it at one place: an error in a constant is shown where its call is, if every token of that is there.
fn respanned(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|tree| match tree {
            TokenTree::Group(g) => {
                let mut group = Group::new(g.delimiter(), respanned(g.stream(), span));
                group.set_span(span);
                TokenTree::Group(group)
            }
            mut tree => {
                tree.set_span(span);
                tree
            }
        })
        .collect()
}

fn last_span(task: &Task) -> Span {
    let Some(last) = task.body.nodes.last() else {
        return task.sig.ident.span();
    };
    last.range()
        .and_then(|r| task.sites.get(usize::from(r.last).wrapping_sub(1)))
        .map_or_else(|| last.source.span(), |site| site.span)
}

fn names_self(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|t| match t {
        TokenTree::Ident(i) => i == "Self" || i == "self",
        TokenTree::Group(g) => names_self(&g.stream()),
        _ => false,
    })
}
