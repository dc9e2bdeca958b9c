//! Dynamic programming over the points between layers.
//!
//! **States.** Time so far and level in the capacitor. More energy is never worse here, since a run may stop where one with
//! less would; so of two states the one that is later and emptier can go.
//!
//! **Stops within a choice.** With k₀ steps before the first stop and kₙ after the last, the cycles between do the rest. The
//! time to charge is concave in the level, hence in the steps of a cycle; with the sum given, the least is at a corner: all
//! cycles between are full or nothing, but for one, or all of them are and k₀ is what is left. So for each kₙ only
//! `k₀ ∈ {0, most}` and those that leave full cycles are tried, and this is exact.
//!
//! **Bound.** A power cycle that delivers d after its boot ends at the level F − d, and the stop after it takes
//! T(F − d) + boot. Let λ be the least of this per joule, over d. Then energy E that is still to be spent, with e in the
//! capacitor, takes at least λ·(E − e) of stops. Time plus λ times energy is additive over edges, so a shortest path
//! backwards bounds what follows a state, and states above the best known plan go.

use super::{Charge, Choice, Edge, Problem};
use crate::units::{Joules, Seconds};

/// How one edge is executed: in runs, with a stop before each but the first. The first may be empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Index into the problem's edges.
    pub edge: usize,
    /// Steps before the first stop, between stops, and after the last.
    pub steps: Vec<u64>,
}

/// A plan with all its stops.
pub type Execution = Vec<Run>;

/// Result of a search.
#[derive(Clone, Debug)]
pub struct Solved {
    /// Latency of the plan found, from the empty capacitor.
    pub latency: Seconds,
    /// No plan of the space is below this. Equal to the latency where the search was exhaustive.
    pub bound: Seconds,
    /// Bound that was known before the search: least time plus energy at its least price.
    pub relaxation: Seconds,
    /// The plan.
    pub plan: Execution,
    /// States kept at most at one node.
    pub states: usize,
}

impl Solved {
    /// Relative distance of the plan from the bound.
    pub fn gap(&self) -> f64 {
        (self.latency / self.bound - 1.0).max(0.0)
    }
}

/// Errors that the tests must notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// None.
    None,
    /// The bound takes energy to be dearer than it is.
    DearEnergy,
    /// Of two states the earlier is kept, whatever the levels.
    TimeOnly,
    /// Stops only where the level forbids to go on.
    GreedyOnly,
}

#[derive(Clone, Debug)]
struct State {
    time: f64,
    level: f64,
    from: Option<(usize, usize)>,
    edge: usize,
    steps: (u64, u64),
}

/// Steps that a level allows; at most all of them.
fn fit(choice: &Choice, level: f64) -> u64 {
    let (need, energy) = (choice.need.get(), choice.energy.get());
    let slack = 1e-12 * need;
    if level + slack < need {
        return 0;
    }
    let more = ((level + slack - need) / energy).floor();
    if more >= choice.steps as f64 {
        choice.steps
    } else {
        (more as u64 + 1).min(choice.steps)
    }
}

/// The least time of stops per joule delivered between them: over a grid of levels, each interval taken at its better end.
fn price(charge: &Charge, boot: f64, boot_time: f64) -> f64 {
    let full = charge.usable().get() - boot;
    if full <= 0.0 {
        return 0.0;
    }
    // The stop's time rises with what is delivered, so its value at the lower end over the amount at the upper is below
    // every ratio between.
    let count = 4096;
    (0..count)
        .map(|i| {
            let (low, high) = (
                full * i as f64 / count as f64,
                full * (i + 1) as f64 / count as f64,
            );
            (charge.time(Joules(full - low)).get() + boot_time) / high
        })
        .fold(f64::INFINITY, f64::min)
}

/// Searches; states at one node are thinned beyond `most`, and then the bound lies below the plan.
///
/// `None` where no plan of the space makes progress.
pub fn solve(problem: &Problem, most: usize, flaw: Flaw) -> Option<Solved> {
    // Boots at their cheapest, for the bound.
    let least = |f: &dyn Fn(&Choice) -> f64| {
        let all = problem.edges.iter().map(|e| f(&e.choice));
        all.fold(f64::INFINITY, f64::min)
    };
    let mut price = price(
        &problem.charge,
        least(&|c| c.boot.get()),
        least(&|c| c.boot_time.get()),
    );
    if flaw == Flaw::DearEnergy {
        price *= 3.0;
    }
    let worth =
        |e: &Edge| (e.choice.time.get() + price * e.choice.energy.get()) * e.choice.steps as f64;
    let mut after = vec![f64::INFINITY; problem.layers + 1];
    after[problem.layers] = 0.0;
    let mut order: Vec<usize> = (0..problem.edges.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(problem.edges[*i].from));
    for &i in &order {
        let e = &problem.edges[i];
        after[e.from] = after[e.from].min(worth(e) + after[e.to]);
    }
    let mut before = vec![f64::INFINITY; problem.layers + 1];
    before[0] = 0.0;
    for &i in order.iter().rev() {
        let e = &problem.edges[i];
        before[e.to] = before[e.to].min(worth(e) + before[e.from]);
    }
    let start = State {
        time: (problem.charge.time(Joules::ZERO) + problem.boot_time).get(),
        level: (problem.charge.usable() - problem.boot).get(),
        from: None,
        edge: 0,
        steps: (0, 0),
    };
    let relaxation = start.time
        + (after[0] - price * start.level)
            .max(0.0)
            .max(least_time(problem, &order));
    // A first plan, over the cheapest edges, to prune with; then all edges that could be better.
    let through = |i: usize| {
        let e = &problem.edges[i];
        before[e.from] + worth(e) + after[e.to]
    };
    let table = |most, relaxed, limit, edges: &[usize]| {
        Table {
            problem,
            after: &after,
            price,
            most,
            relaxed,
            limit,
            flaw,
            thinned: false,
            widest: 0,
        }
        .fill(start.clone(), edges)
    };
    let cheapest: Vec<usize> = (0..problem.edges.len())
        .filter(|i| through(*i) <= after[0] * (1.0 + 1e-9))
        .collect();
    let mut found = table(24, false, f64::INFINITY, &cheapest);
    let mut limit = f64::INFINITY;
    let mut edges: Vec<usize> = Vec::new();
    for size in [64, most] {
        limit = found
            .best()
            .map_or(limit, |s| limit.min(s.time * (1.0 + 1e-12)));
        edges = (0..problem.edges.len())
            .filter(|i| start.time + through(*i) - price * start.level <= limit)
            .collect();
        undominated(problem, &mut edges);
        let next = table(size, false, limit, &edges);
        if found.best().is_none() || next.best().is_some_and(|s| s.time <= limit) {
            found = next;
        } else {
            found.thinned = next.thinned;
            found.widest = next.widest;
        }
        if !found.thinned {
            break;
        }
    }
    let latency = found.best()?.time;
    let bound = if found.thinned {
        let optimistic = table(most, true, limit, &edges);
        optimistic
            .best()
            .map_or(latency, |s| s.time.min(latency))
            .max(relaxation)
    } else {
        latency
    };
    Some(Solved {
        latency: Seconds(latency),
        bound: Seconds(bound.min(latency)),
        relaxation: Seconds(relaxation),
        plan: found.plan(problem),
        states: found.widest,
    })
}

/// Drops edges beside which another takes no more in any respect: it can stop wherever they do.
fn undominated(problem: &Problem, edges: &mut Vec<usize>) {
    let key = |i: &usize| {
        let (e, c) = (&problem.edges[*i], &problem.edges[*i].choice);
        let work = c.steps as f64;
        (
            e.from,
            e.to,
            [
                work,
                c.energy.get(),
                c.time.get(),
                c.need.get(),
                c.boot.get(),
                c.boot_time.get(),
            ],
        )
    };
    edges.sort_by(|a, b| {
        let sum = |i: &usize| {
            let c = &problem.edges[*i].choice;
            c.time.get() * c.steps as f64
        };
        let (a, b) = (
            (key(a).0, key(a).1, sum(a), *a),
            (key(b).0, key(b).1, sum(b), *b),
        );
        (a.0, a.1)
            .cmp(&(b.0, b.1))
            .then(a.2.total_cmp(&b.2))
            .then(a.3.cmp(&b.3))
    });
    let mut kept: Vec<usize> = Vec::new();
    for &i in edges.iter() {
        let (from, to, costs) = key(&i);
        // Sorted by ends: those of other ends come before all of these.
        let rivals = kept.iter().rev().map(key);
        let covered = rivals
            .take_while(|(f, t, _)| (*f, *t) == (from, to))
            .any(|(_, _, other)| other.iter().zip(&costs).all(|(o, c)| o <= c));
        if !covered {
            kept.push(i);
        }
    }
    *edges = kept;
}

/// Least time of all work, as if energy were there.
fn least_time(problem: &Problem, order: &[usize]) -> f64 {
    let mut after = vec![f64::INFINITY; problem.layers + 1];
    after[problem.layers] = 0.0;
    for &i in order {
        let e = &problem.edges[i];
        after[e.from] =
            after[e.from].min((e.choice.time * e.choice.steps as f64).get() + after[e.to]);
    }
    after[0]
}

struct Filled {
    nodes: Vec<Vec<State>>,
    thinned: bool,
    widest: usize,
}

struct Table<'a> {
    problem: &'a Problem,
    after: &'a [f64],
    price: f64,
    most: usize,
    relaxed: bool,
    limit: f64,
    flaw: Flaw,
    thinned: bool,
    widest: usize,
}

impl Table<'_> {
    fn fill(mut self, start: State, edges: &[usize]) -> Filled {
        let layers = self.problem.layers;
        let mut nodes: Vec<Vec<State>> = vec![Vec::new(); layers + 1];
        nodes[0].push(start);
        for node in 0..layers {
            let states = self.prune(std::mem::take(&mut nodes[node]), node);
            for &i in edges
                .iter()
                .filter(|i| self.problem.edges[**i].from == node)
            {
                let edge = &self.problem.edges[i];
                let stops = self.stops(edge);
                for (k, state) in states.iter().enumerate() {
                    self.extend(state, (node, k), i, &stops, &mut nodes[edge.to]);
                }
                if nodes[edge.to].len() > 16 * self.most.max(64) {
                    let to = edge.to;
                    let all = std::mem::take(&mut nodes[to]);
                    nodes[to] = self.prune(all, to);
                }
            }
            nodes[node] = states;
        }
        let last = std::mem::take(&mut nodes[layers]);
        nodes[layers] = self.prune(last, layers);
        Filled {
            nodes,
            thinned: self.thinned,
            widest: self.widest,
        }
    }

    /// Time of the stop after each number of steps from a boot; empty where a boot leaves too little for one.
    fn stops(&self, edge: &Edge) -> Vec<f64> {
        let (c, charge) = (&edge.choice, &self.problem.charge);
        let fresh = charge.usable() - c.boot;
        let each = fit(c, fresh.get());
        let stop = |k: u64| (charge.time(fresh - c.energy * k as f64) + c.boot_time).get();
        if each == 0 {
            return Vec::new();
        }
        (0..=each).map(stop).collect()
    }

    /// All ends of an edge from a state.
    fn extend(
        &self,
        state: &State,
        from: (usize, usize),
        i: usize,
        stops: &[f64],
        into: &mut Vec<State>,
    ) {
        let edge = &self.problem.edges[i];
        let c = &edge.choice;
        let charge = &self.problem.charge;
        let (n, energy) = (c.steps, c.energy.get());
        let enough = state.time + c.time.get() * n as f64;
        let after = self.after[edge.to];
        let mut push = |time: f64, level: f64, steps: (u64, u64)| {
            // What follows takes at least this.
            if time + (after - self.price * level).max(0.0) <= self.limit {
                into.push(State {
                    time,
                    level,
                    from: Some(from),
                    edge: i,
                    steps,
                });
            }
        };
        let before = fit(c, state.level);
        if before == n {
            push(enough, state.level - energy * n as f64, (n, 0));
        }
        let Some(full) = stops.last() else {
            return;
        };
        let each = stops.len() as u64 - 1;
        let fresh = (charge.usable() - c.boot).get();
        let first_stop = |first: u64| {
            let level = Joules(state.level - energy * first as f64);
            enough + charge.time(level).get() + c.boot_time.get()
        };
        let mut tried = |stopped: f64, first: u64, last: u64| {
            let between = n - first - last;
            let (cycles, rest) = (between / each, between % each);
            let mut time = stopped + full * cycles as f64;
            if rest > 0 {
                time += stops[rest as usize];
            }
            push(time, fresh - energy * last as f64, (first, last));
        };
        if self.flaw == Flaw::GreedyOnly {
            if before < n {
                let left = n - before;
                tried(first_stop(before), before, (left - 1) % each + 1);
            }
            return;
        }
        let (at_once, at_last) = (first_stop(0), first_stop(before));
        for last in 1..=each.min(n) {
            let left = n - last;
            let most = before.min(left);
            tried(at_once, 0, last);
            if most > 0 {
                let stopped = if most == before {
                    at_last
                } else {
                    first_stop(most)
                };
                tried(stopped, most, last);
            }
            let mut even = left % each;
            while even < most {
                if even > 0 {
                    tried(first_stop(even), even, last);
                }
                even += each;
            }
        }
    }

    /// Neighbouring states, as many groups as may be kept, none of which spans more than it must: an optimistic state that
    /// stands for both sides of a jump would promise a whole recharge.
    fn groups<'s>(&self, kept: &'s [State]) -> Vec<&'s [State]> {
        let width = |a: &State, b: &State| (b.time - a.time) + self.price * (b.level - a.level);
        let cut = |span: f64| {
            let mut groups = Vec::new();
            let mut from = 0;
            for i in 1..=kept.len() {
                if i == kept.len() || width(&kept[from], &kept[i]) > span {
                    groups.push(&kept[from..i]);
                    from = i;
                }
            }
            groups
        };
        let (mut low, mut high) = (0.0, width(&kept[0], &kept[kept.len() - 1]));
        for _ in 0..40 {
            let middle = 0.5 * (low + high);
            if cut(middle).len() > self.most {
                low = middle;
            } else {
                high = middle;
            }
        }
        cut(high)
    }

    /// Keeps the states that no other is better than in time and level, and not too many.
    fn prune(&mut self, mut all: Vec<State>, node: usize) -> Vec<State> {
        all.sort_by(|a, b| a.time.total_cmp(&b.time).then(b.level.total_cmp(&a.level)));
        let mut kept: Vec<State> = Vec::new();
        for state in all {
            let better = match kept.last() {
                None => true,
                Some(_) if self.flaw == Flaw::TimeOnly => false,
                Some(last) => state.level > last.level,
            };
            if better {
                kept.push(state);
            }
        }
        self.widest = self.widest.max(kept.len());
        if node == self.problem.layers || kept.len() <= self.most {
            return kept;
        }
        self.thinned = true;
        self.groups(&kept)
            .into_iter()
            .map(|group| {
                // Ascending in time and level: the optimistic state is the earliest with the level of the last.
                let price = self.price;
                let score = |s: &&State| s.time - price * s.level;
                let best = group
                    .iter()
                    .min_by(|a, b| score(a).total_cmp(&score(b)))
                    .unwrap_or(&group[0]);
                let mut state = best.clone();
                if self.relaxed {
                    state.time = group[0].time;
                    state.level = group[group.len() - 1].level;
                }
                state
            })
            .collect()
    }
}

impl Filled {
    fn best(&self) -> Option<&State> {
        self.nodes.last().and_then(|last| last.first())
    }

    fn plan(&self, problem: &Problem) -> Execution {
        let mut plan = Vec::new();
        let mut at = self.best();
        while let Some(state) = at {
            let Some((node, index)) = state.from else {
                break;
            };
            let c = &problem.edges[state.edge].choice;
            let (first, last) = state.steps;
            let mut steps = vec![first];
            if last > 0 {
                let each = fit(c, (problem.charge.usable() - c.boot).get()).max(1);
                let mut left = c.steps - first - last;
                while left > 0 {
                    steps.push(left.min(each));
                    left -= left.min(each);
                }
                steps.push(last);
            }
            plan.push(Run {
                edge: state.edge,
                steps,
            });
            at = self.nodes[node].get(index);
        }
        plan.reverse();
        plan
    }
}

/// Executes a plan step by step; `None` where a step starts without the energy that it needs, or steps are left out.
pub fn execute(problem: &Problem, plan: &[Run]) -> Option<Seconds> {
    let charge = &problem.charge;
    let mut level = charge.usable() - problem.boot;
    let mut time = charge.time(Joules::ZERO) + problem.boot_time;
    let mut node = 0;
    for run in plan {
        let edge = problem.edges.get(run.edge)?;
        let c = &edge.choice;
        if edge.from != node || run.steps.iter().sum::<u64>() != c.steps {
            return None;
        }
        for (i, steps) in run.steps.iter().enumerate() {
            if i > 0 {
                time += charge.time(level) + c.boot_time;
                level = charge.usable() - c.boot;
            }
            for _ in 0..*steps {
                if level.get() < c.need.get() * (1.0 - 1e-9) {
                    return None;
                }
                level -= c.energy;
                time += c.time;
            }
        }
        node = edge.to;
    }
    (node == problem.layers).then_some(time)
}
