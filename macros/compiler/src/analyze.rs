//! Which locals survive an outage, and how: saved, recomputed, or dead.
//!
//! For every statement before a resume point of its block: a binding that is used at or after that point is either
//! *rematerialised* (it is evaluated again on resume, which [`crate::pure`] must show to give the same value) or
//! *saved* (its written type says how). Everything else is skipped on resume.

mod bounds;
mod calls;
mod env;
mod hazards;
mod progress;
mod types;
mod volatile;

use crate::diag::{Diagnostic, Diagnostics};
use crate::names::{Names, bound, of_expr};
use crate::pure;
use crate::task::{Body, Branch, Head, Loop, Match, Node, NodeKind, Role, Run, Site, SiteId, Task};
use env::{Class, Env};
use std::collections::{BTreeMap, BTreeSet};
use syn::spanned::Spanned;
use syn::{Expr, Ident, Local, Type};

pub use calls::{Use, uses_of_params};

/// What the analysis found.
#[derive(Debug, Default)]
pub struct Analysis {
    /// By node id, for each `let` in a block with a site.
    pub lets: BTreeMap<usize, LetClass>,
    /// By site: what its record holds besides the position, in saved order.
    pub saves: BTreeMap<SiteId, Vec<Save>>,
    /// By loop id: what a record at its entry holds.
    pub entry: BTreeMap<usize, Vec<Save>>,
    /// Parameters that a record holds, with their types.
    pub saved_params: Vec<(Ident, Type)>,
    /// By parameter name: how it is used.
    pub uses: BTreeMap<String, Use>,
}

/// How a `let` is treated on resume.
#[derive(Clone, Debug)]
pub enum LetClass {
    /// Skipped: not used at or after the resume point.
    Skipped,
    /// Evaluated again.
    Rematerialised,
    /// Restored from the record.
    Saved(Box<Type>),
}

/// One value of a record.
#[derive(Clone, Debug)]
pub enum Save {
    /// A local or parameter; whether it can change after its declaration.
    Local(Ident, bool),
    /// A `State` parameter.
    State(Ident),
    /// The index of a loop on the path.
    Index(usize),
}

/// Runs the analysis.
pub fn analyze(task: &Task, diagnostics: &mut Diagnostics) -> Analysis {
    let mut analysis = Analysis {
        uses: uses_of_params(task, diagnostics),
        ..Analysis::default()
    };
    let mut env = Env::default();
    let has_sites = !task.sites.is_empty();
    for p in &task.params {
        let class = match &p.role {
            Role::Input => Class::Fixed,
            Role::Output => Class::Output,
            Role::InPlace => Class::InPlace,
            Role::State(_)
                if analysis
                    .uses
                    .get(&p.name.to_string())
                    .is_some_and(|u| u.direct) =>
            {
                Class::State
            }
            Role::State(_) | Role::Exclusive => Class::Exclusive,
            Role::Value(ty) if p.mutable && has_sites => {
                if let Some(why) = types::unsavable(ty) {
                    diagnostics.push(types::cannot_save(&p.name, &why, true));
                }
                analysis.saved_params.push((p.name.clone(), (**ty).clone()));
                Class::Saved { mutable: true }
            }
            Role::Value(_) => Class::Fixed,
        };
        env.push(p.name.clone(), class);
    }
    let mut walker = Walker {
        sites: &task.sites,
        analysis,
        diagnostics,
    };
    walker.body(&task.body, &mut env);
    hazards::check(task, walker.diagnostics);
    volatile::check(task, walker.diagnostics);
    progress::check(task, walker.diagnostics);
    crate::tiles::check(task, walker.diagnostics);
    walker.analysis
}

struct Walker<'d> {
    sites: &'d [Site],
    analysis: Analysis,
    diagnostics: &'d mut Diagnostics,
}

/// How a `let` could survive.
enum Candidate {
    Rematerialised,
    Saved(Box<Type>),
    No(Diagnostic),
}

impl Walker<'_> {
    fn body(&mut self, body: &Body, env: &mut Env) {
        let depth = env.len();
        let Some(last) = body.nodes.iter().rposition(|n| n.range().is_some()) else {
            return;
        };
        let candidates = self.candidates(&body.nodes[..=last], env);
        env.truncate(depth);
        let kept = demanded(&body.nodes, last, &candidates);
        for (i, node) in body.nodes[..=last].iter().enumerate() {
            if let NodeKind::Let(local) = &node.kind {
                let behind = &body.nodes[i + 1..];
                let local = (node.id, &**local);
                self.settle(local, candidates.get(&i), kept.contains(&i), behind, env);
            } else {
                self.node(node, env);
            }
        }
        env.truncate(depth);
    }

    /// The forward pass: what each `let` could be if all before it were kept.
    fn candidates(&mut self, nodes: &[Node], env: &mut Env) -> BTreeMap<usize, Candidate> {
        let mut candidates = BTreeMap::new();
        for (i, node) in nodes.iter().enumerate() {
            let NodeKind::Let(local) = &node.kind else {
                continue;
            };
            let candidate = candidate(local, env);
            for (name, mutable) in bound(&local.pat) {
                let class = match &candidate {
                    Candidate::Rematerialised => Class::Fixed,
                    Candidate::Saved(_) => Class::Saved { mutable },
                    Candidate::No(_) => Class::Lost,
                };
                env.push(name, class);
            }
            candidates.insert(i, candidate);
        }
        candidates
    }

    fn settle(
        &mut self,
        local: (usize, &Local),
        candidate: Option<&Candidate>,
        kept: bool,
        behind: &[Node],
        env: &mut Env,
    ) {
        let (id, local) = local;
        let (class, seen) = match (candidate, kept) {
            (Some(Candidate::Rematerialised), true) => (LetClass::Rematerialised, Class::Fixed),
            (Some(Candidate::Saved(ty)), true) => {
                let mutable = bound(&local.pat).iter().any(|(_, m)| *m);
                (LetClass::Saved(ty.clone()), Class::Saved { mutable })
            }
            // With its rule off: lost, and made again with the value that it began with.
            (Some(Candidate::No(diagnostic)), true) if self.diagnostics.is_off(diagnostic.code) => {
                (LetClass::Rematerialised, Class::Fixed)
            }
            (Some(Candidate::No(diagnostic)), true) => {
                let diagnostic = self.with_places(diagnostic.clone(), local, behind);
                self.diagnostics.push(diagnostic);
                (LetClass::Skipped, Class::Fixed)
            }
            _ => (LetClass::Skipped, Class::Lost),
        };
        self.analysis.lets.insert(id, class);
        for (name, _) in bound(&local.pat) {
            env.push(name, seen.clone());
        }
    }

    /// Says across which commit a local has to live, and where it is used.
    fn with_places(&self, d: Diagnostic, local: &Local, behind: &[Node]) -> Diagnostic {
        let Some(first) = behind.iter().find_map(Node::range) else {
            return d;
        };
        let site = self.sites.get(usize::from(first.first).wrapping_sub(1));
        let d = match site {
            Some(site) => d.note(site.span, "the commit"),
            None => d,
        };
        for (name, _) in bound(&local.pat) {
            let name = name.to_string();
            let mut uses = behind
                .iter()
                .filter_map(|n| calls::names_of_node(n, false).get(&name).copied());
            // In a loop, what stands before its commit is used again behind it.
            if let Some(at) = uses.next() {
                return d.note(at, format!("`{name}` is used"));
            }
        }
        d
    }

    fn node(&mut self, node: &Node, env: &mut Env) {
        match &node.kind {
            NodeKind::Plain | NodeKind::Item | NodeKind::Let(_) => {}
            NodeKind::Point(site) => self.site(*site, node, env),
            NodeKind::Run(run) => self.run(run, node, env),
            NodeKind::Block(_, body) => self.body(body, env),
            NodeKind::If(i) => {
                let lets = has_let(&i.cond);
                if lets {
                    self.repeatable(&i.cond, env, "the condition");
                }
                self.branch(&i.then, &let_names(&i.cond), env);
                if let Some(otherwise) = &i.otherwise {
                    self.branch(otherwise, &[], env);
                }
            }
            NodeKind::Match(m) => self.arms(m, env),
            NodeKind::Loop(l) => self.any_loop(l, node, env),
        }
    }

    fn branch(&mut self, branch: &Branch, names: &[Ident], env: &mut Env) {
        let depth = env.len();
        for name in names {
            env.push(name.clone(), Class::Fixed);
        }
        self.body(&branch.body, env);
        env.truncate(depth);
    }

    fn arms(&mut self, m: &Match, env: &mut Env) {
        if m.arms
            .iter()
            .any(|(pat, b)| b.range.is_some() && !bound(pat).is_empty())
        {
            self.repeatable(&m.scrutinee, env, "the matched value");
        }
        for (pat, branch) in &m.arms {
            let names: Vec<Ident> = bound(pat).into_iter().map(|(n, _)| n).collect();
            self.branch(branch, &names, env);
        }
    }

    fn any_loop(&mut self, l: &Loop, node: &Node, env: &mut Env) {
        self.analysis.entry.insert(l.id, saves(env));
        let depth = env.len();
        match &l.head {
            Head::For(pat, iter) => {
                self.repeatable(iter, env, "the range of this loop");
                env.push_index(l.id);
                for (name, mutable) in bound(pat) {
                    if mutable {
                        self.diagnostics.push(
                            Diagnostic::new(
                                name.span(),
                                format!("the loop variable `{name}` is `mut`"),
                            )
                            .code("RK02")
                            .outage("its change would be lost: it is recomputed from the position")
                            .help(format!(
                                "write `let mut {name}: Type = {name};` in the body"
                            )),
                        );
                    }
                    env.push(name, Class::Fixed);
                }
            }
            Head::While(cond) if has_let(cond) => {
                if l.counts() {
                    env.push_index(l.id);
                }
                if l.body.range().is_some() {
                    self.diagnostics.push(
                        Diagnostic::new(cond.span(), "a commit inside a `while let`")
                            .code("RK03")
                            .outage("what the pattern bound would be gone")
                            .help("write `loop { … }` with a `match` inside"),
                    );
                }
            }
            Head::While(_) | Head::Loop if l.counts() => env.push_index(l.id),
            Head::While(_) | Head::Loop => {}
        }
        self.body(&l.body, env);
        if let Some(commit) = &l.commit {
            // At the loop's own commit the loop variable is out of scope; its index is not.
            env.truncate(depth);
            if l.counts() {
                env.push_index(l.id);
            }
            self.site(commit.site, node, env);
        }
        env.truncate(depth);
    }

    fn run(&mut self, run: &Run, node: &Node, env: &mut Env) {
        calls::arguments(run, env, self.diagnostics);
        self.site(run.site, node, env);
    }

    fn site(&mut self, site: SiteId, node: &Node, env: &Env) {
        for (hidden, by) in env.hidden_saved() {
            self.diagnostics.push(
                Diagnostic::new(
                    hidden.span(),
                    format!("`{hidden}` is hidden by another `{hidden}` at a commit"),
                )
                .code("RK02")
                .note(by, "the other")
                .outage("its value would be lost: a commit cannot name it")
                .help("give one of the two another name"),
            );
        }
        let _ = node;
        self.analysis.saves.insert(site, saves(env));
    }

    fn repeatable(&mut self, e: &Expr, env: &Env, what: &str) {
        if let Err(impure) = pure::check(e, env) {
            let mut d = Diagnostic::new(impure.span, format!("{what} is evaluated again after an outage, but {}", impure.why))
                .code("RK03")
                .outage("execution would be taken up at another place than it was left")
                .help("compute it before, into an immutable variable with a written type: `let n: usize = …;`");
            // What changes, if it is a variable.
            let name = env.changing(e);
            if let Some(name) = name {
                d = d.note(name.span(), format!("`{name}` is declared here"));
            }
            self.diagnostics.push(d);
        }
    }
}

fn saves(env: &Env) -> Vec<Save> {
    env.saved()
}

/// How `local` could survive an outage.
fn candidate(local: &Local, env: &Env) -> Candidate {
    let names = bound(&local.pat);
    let mutable = names.iter().any(|(_, m)| *m);
    let name = names
        .first()
        .map_or_else(|| "_".to_owned(), |(n, _)| n.to_string());
    let span = names
        .first()
        .map_or_else(|| local.span(), |(n, _)| n.span());
    let Some(init) = &local.init else {
        return Candidate::No(
            Diagnostic::new(
                span,
                format!("`{name}` is used after a commit, but is assigned after its declaration"),
            )
            .code("RK02")
            .outage("its value would be lost")
            .help("declare it with its value"),
        );
    };
    let checked = if crate::effects::from_outside(local) {
        // Whatever it looks like: its author says that it is not a function of its arguments.
        Err(pure::Impure {
            span: init.expr.span(),
            why: "comes from outside".to_owned(),
        })
    } else {
        pure::check(&init.expr, env)
    };
    let impure = match checked {
        Ok(()) if !mutable => return Candidate::Rematerialised,
        Ok(()) => None,
        Err(impure) => Some(impure),
    };
    match types::written(local) {
        types::Written::Savable(ty) if init.diverge.is_none() => Candidate::Saved(ty),
        types::Written::Unsavable(ident, why) => {
            let mut d = types::cannot_save(&ident, &why, mutable);
            if let Some(impure) = impure {
                d.message = format!(
                    "{} (nor can it be recomputed: it {})",
                    d.message, impure.why
                );
            }
            Candidate::No(d)
        }
        _ => {
            let message = match &impure {
                Some(i) => format!(
                    "`{name}` is used after a commit, but it has no written type and cannot be recomputed: it {}",
                    i.why
                ),
                None => format!(
                    "`{name}` changes and is used after a commit, but it has no written type"
                ),
            };
            let code = if impure.is_some() && !mutable {
                "RK03"
            } else {
                "RK02"
            };
            Candidate::No(
                Diagnostic::new(span, message)
                    .code(code)
                    .outage(format!("`{name}` would be lost: SRAM is empty after it"))
                    .help(format!(
                        "write its type, so that a commit saves it: `let {}{name}: Type = …;`",
                        if mutable { "mut " } else { "" }
                    )),
            )
        }
    }
}

/// The backward pass: which `let`s (by index) are used at or after a resume point behind them.
fn demanded(
    nodes: &[Node],
    last: usize,
    candidates: &BTreeMap<usize, Candidate>,
) -> BTreeSet<usize> {
    let mut kept = BTreeSet::new();
    let mut tail = Names::new();
    let mut demand = Names::new();
    for (i, node) in nodes.iter().enumerate().rev() {
        match &node.kind {
            NodeKind::Let(local) if i < last => {
                let names: Vec<String> = bound(&local.pat)
                    .into_iter()
                    .map(|(n, _)| n.to_string())
                    .collect();
                let wanted = names.iter().any(|n| demand.contains_key(n));
                for n in &names {
                    demand.remove(n);
                    tail.remove(n);
                }
                let uses = crate::names::of_stmt(&node.source);
                if wanted {
                    kept.insert(i);
                    if matches!(candidates.get(&i), Some(Candidate::Rematerialised)) {
                        demand.extend(uses.clone());
                    }
                }
                tail.extend(uses);
            }
            NodeKind::Let(local) => {
                for (n, _) in bound(&local.pat) {
                    tail.remove(&n.to_string());
                }
                tail.extend(crate::names::of_stmt(&node.source));
            }
            _ => {
                tail.extend(calls::names_of_node(node, false));
                if node.range().is_some() {
                    demand.extend(tail.clone());
                }
            }
        }
    }
    keep_groups_whole(nodes, last, &mut kept);
    kept
}

/// Skipped statements are emitted in groups; a skipped `let` that a later group still uses must be kept as well.
fn keep_groups_whole(nodes: &[Node], last: usize, kept: &mut BTreeSet<usize>) {
    loop {
        let before = kept.len();
        for (i, node) in nodes[..last].iter().enumerate() {
            let NodeKind::Let(local) = &node.kind else {
                continue;
            };
            if kept.contains(&i) {
                continue;
            }
            let ends = |(j, n): &(usize, &Node)| {
                kept.contains(j) || n.range().is_some() || matches!(n.kind, NodeKind::Item)
            };
            let Some((end, _)) = nodes.iter().enumerate().skip(i + 1).find(ends) else {
                continue;
            };
            let rest = nodes[end..].iter().map(|n| &n.source);
            let used = crate::names::of_stmts(rest);
            if bound(&local.pat)
                .iter()
                .any(|(n, _)| used.contains_key(&n.to_string()))
            {
                kept.insert(i);
            }
        }
        if kept.len() == before {
            return;
        }
    }
}

/// Whether a condition binds names (`if let`, `while let`, let chains).
pub fn has_let(cond: &Expr) -> bool {
    !let_names(cond).is_empty() || matches!(strip(cond), Expr::Let(_))
}

fn strip(e: &Expr) -> &Expr {
    match e {
        Expr::Paren(p) => strip(&p.expr),
        e => e,
    }
}

fn let_names(cond: &Expr) -> Vec<Ident> {
    match strip(cond) {
        Expr::Let(l) => bound(&l.pat).into_iter().map(|(n, _)| n).collect(),
        Expr::Binary(b) => let_names(&b.left)
            .into_iter()
            .chain(let_names(&b.right))
            .collect(),
        _ => Vec::new(),
    }
}

/// The names that `e` uses.
pub fn names_in(e: &Expr) -> Names {
    of_expr(e)
}
