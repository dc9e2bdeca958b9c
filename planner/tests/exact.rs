//! The search is exact: brute force over every choice and every stop finds the same, and wrong searches are noticed.

use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rekindle_planner::device::{Device, Supply};
use rekindle_planner::exact::{
    Charge, Choice, Edge, Flaw, Fusion, Problem, STATES, execute, interval, problem, search, solve,
};
use rekindle_planner::inas::settings;
use rekindle_planner::layer::Layer;
use rekindle_planner::power::Charging;
use rekindle_planner::units::{Cost, Farads, Joules, Ohms, Seconds, Watts};

/// A small graph: up to three layers of up to three choices each, some of which span two.
fn small(seed: u64) -> Problem {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let charge = if rng.random() {
        Charge::Constant(Joules(100e-6), Watts(5e-3))
    } else {
        Charge::Source(Supply::inas(Farads(1e-4), Ohms(300.0), 1.0))
    };
    let usable = charge.usable();
    let layers = rng.random_range(1..=3);
    let mut edges = Vec::new();
    for from in 0..layers {
        for _ in 0..rng.random_range(1..=3) {
            let to = (from + rng.random_range(1..=2)).min(layers);
            let boot = rng.random_range(0.02..0.2);
            let energy = rng.random_range(0.05..0.5);
            let choice = Choice {
                shape: None,
                steps: rng.random_range(1..=if layers == 3 { 3 } else { 5 }),
                every: 1,
                energy: usable * energy,
                time: Seconds(rng.random_range(0.5e-3..5e-3)),
                need: usable * (energy + rng.random_range(0.0..0.2)),
                boot: usable * boot,
                boot_time: Seconds(rng.random_range(0.0..4e-3)),
                sram_values: 0,
            };
            edges.push(Edge { from, to, choice });
        }
    }
    Problem {
        charge,
        layers,
        edges,
        boot: usable * rng.random_range(0.0..0.1),
        boot_time: Seconds(1e-3),
    }
}

/// Least latency, by trying every choice, and at every step whether to stop first.
fn brute(p: &Problem) -> Option<f64> {
    fn go(p: &Problem, at: (usize, Option<usize>, u64), level: f64, time: f64, best: &mut f64) {
        let (node, edge, done) = at;
        let Some(i) = edge else {
            if node == p.layers {
                *best = best.min(time);
            }
            for i in (0..p.edges.len()).filter(|i| p.edges[*i].from == node) {
                go(p, (node, Some(i), 0), level, time, best);
            }
            return;
        };
        let c = &p.edges[i].choice;
        if done == c.steps {
            go(p, (p.edges[i].to, None, 0), level, time, best);
            return;
        }
        let next = (node, edge, done + 1);
        let (energy, step) = (c.energy.get(), c.time.get());
        if level >= c.need.get() * (1.0 - 1e-12) {
            go(p, next, level - energy, time + step, best);
        }
        let fresh = (p.charge.usable() - c.boot).get();
        if fresh >= c.need.get() * (1.0 - 1e-12) {
            let off = p.charge.time(Joules(level)) + c.boot_time;
            go(p, next, fresh - energy, time + off.get() + step, best);
        }
    }
    let mut best = f64::INFINITY;
    let start = p.charge.time(Joules::ZERO) + p.boot_time;
    let level = (p.charge.usable() - p.boot).get();
    go(p, (0, None, 0), level, start.get(), &mut best);
    best.is_finite().then_some(best)
}

fn differs(seed: u64, flaw: Flaw) -> bool {
    let p = small(seed);
    let found = solve(&p, 10_000, flaw).map(|s| s.latency.get());
    match (found, brute(&p)) {
        (None, None) => false,
        (Some(a), Some(b)) => (a / b - 1.0).abs() > 1e-9,
        _ => true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn equals_brute_force(seed in any::<u64>()) {
        prop_assert!(!differs(seed, Flaw::None), "seed {seed}");
    }

    #[test]
    fn a_plan_executes_in_the_time_that_was_found_and_bounds_hold_with_few_states(seed in any::<u64>()) {
        let p = small(seed);
        if let Some(whole) = solve(&p, 10_000, Flaw::None) {
            let time = execute(&p, &whole.plan).expect("each step finds its energy");
            prop_assert!((time / whole.latency - 1.0).abs() < 1e-9);
            prop_assert!(whole.relaxation <= whole.latency * (1.0 + 1e-9));
            let few = solve(&p, 2, Flaw::None).expect("a plan");
            prop_assert!(few.bound <= whole.latency * (1.0 + 1e-9));
            prop_assert!(few.latency >= whole.latency * (1.0 - 1e-9));
        }
    }
}

#[test]
fn each_wrong_search_is_noticed() {
    for flaw in [Flaw::DearEnergy, Flaw::TimeOnly, Flaw::GreedyOnly] {
        let noticed = (0..300).filter(|seed| differs(*seed, flaw)).count();
        assert!(noticed > 0, "{flaw:?}");
    }
}

#[test]
fn the_interval_is_the_least_of_what_it_trades() {
    let (work, commit) = (Cost::new(3e-6, 9000.0), Cost::new(0.3e-6, 680.0));
    let (usable, risk) = (Joules(1e-3), 0.1);
    let (low, high) = interval(work, commit, usable, risk, 10_000);
    let energy = |n: f64| {
        commit.energy.get() / n + risk * n * work.energy.get().powi(2) / (2.0 * usable.get())
    };
    let best = (1..10_000)
        .min_by(|a, b| energy(f64::from(*a)).total_cmp(&energy(f64::from(*b))))
        .expect("one");
    assert!((low..=high).contains(&(best as u64)), "{low} {best} {high}");
}

fn network(text: &[&str]) -> Vec<Layer> {
    text.iter().map(|l| l.parse().expect("a layer")).collect()
}

#[test]
fn fusion_never_makes_a_plan_slower_and_wins_where_the_layers_fit() {
    let supply = Supply::inas(Farads(1e-3), Ohms(52.0), 0.55);
    let layers = network(&[
        "conv 10x64x1 -> 8, 3x1",
        "conv 8x62x1 -> 8, 7x1",
        "pool 8x56x1 -> 8, 56x1",
    ]);
    for (values, wins) in [(200, false), (4096, true)] {
        let device = Device {
            sram_values: values,
            ..Device::inas()
        };
        let latency = |fusion| {
            let found = search(
                &device,
                &supply,
                Charging::WhileOff,
                &layers,
                fusion,
                0.1,
                STATES,
            );
            found.expect("a plan")
        };
        let (off, on) = (latency(Fusion::Off), latency(Fusion::On));
        assert!(on.latency <= off.latency * (1.0 + 1e-9));
        assert!(on.plan.iter().all(|p| p.sram_values <= values));
        assert_eq!(on.fused() > 0, wins, "{on:?}");
        assert!(!wins || on.latency < off.latency * 0.98, "{on:?} {off:?}");
    }
}

#[test]
fn every_setting_has_a_plan_within_one_percent_of_the_bound() {
    for setting in settings().expect("the shipped settings read") {
        // The larger capacitors need many states; the report has them all.
        if setting.supply.capacitance > Farads(1e-3) {
            continue;
        }
        let (device, layers) = (&Device::inas(), &setting.layers);
        for charging in [Charging::Always, Charging::WhileOff] {
            let found = search(
                device,
                &setting.supply,
                charging,
                layers,
                Fusion::On,
                0.1,
                60,
            );
            let found = found.expect("a plan");
            assert!(found.gap() < 0.01, "{} {found:?}", setting.name);
        }
    }
}

#[test]
fn a_layer_that_fits_nowhere_has_no_plan() {
    let supply = Supply::inas(Farads(1e-5), Ohms(52.0), 0.55);
    let layers = network(&["conv 4x24x24 -> 8, 3x3"]);
    assert!(
        problem(&Device::inas(), &supply, &layers, Fusion::On, 0.1)
            .edges
            .is_empty()
    );
    let found = search(
        &Device::inas(),
        &supply,
        Charging::WhileOff,
        &layers,
        Fusion::On,
        0.1,
        STATES,
    );
    assert!(found.is_none());
}
