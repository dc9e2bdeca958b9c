//! Ways to decide when to commit, side by side on the same harvest.

use std::sync::Arc;

use proptest::prelude::*;
use rekindle_planner::program::{Board, Harvest, Loop, Policy, Program, simulate_policy};
use rekindle_planner::units::{Farads, Watts};

fn program() -> impl Strategy<Value = Program> {
    let one = (1..200_u64, 1..400_u64, 1..32_u64, 0..256_u64);
    prop::collection::vec(one, 1..4).prop_map(|all| Program {
        loops: all
            .into_iter()
            .enumerate()
            .map(|(i, (iterations, units, writes, input))| Loop {
                name: format!("loop {i}"),
                iterations,
                units,
                writes,
                input,
                every: 1,
                tile: None,
            })
            .collect(),
    })
}

fn harvest() -> impl Strategy<Value = Harvest> {
    (0..4_u8, 0..1_000_u64).prop_map(|(kind, seed)| match kind {
        0 => Harvest::constant(Watts(0.2e-3 + seed as f64 * 1e-6)),
        1 => Harvest::radio(seed),
        2 => Harvest::clouds(seed),
        _ => Harvest::steps(seed),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Every way that ends has done all the work; the oracle ends where any other does, and on a constant harvest no other
    /// that keeps records is done before it by more than what outages cut: the oracle commits before each of them, and what
    /// was begun after that is lost, an iteration at most, or the commit was for nothing, as the run has come to its end;
    /// another way may be luckier there, and need one charge less.
    #[test]
    fn nothing_beats_the_oracle(program in program(), harvest in harvest(), mapped in any::<bool>()) {
        let c = Farads(47e-6);
        let board = if mapped { Board::msp430fr5994().with(c) } else { Board::nrf52840_spi_fram().with(c) };
        let constant = harvest.watts.len() == 1;
        let harvest = Arc::new(harvest);
        let best = simulate_policy(&program, &board, &harvest, Policy::Oracle);
        for policy in Policy::all(&board) {
            let Ok(counts) = simulate_policy(&program, &board, &harvest, policy) else {
                continue;
            };
            prop_assert!(counts.units >= program.units(), "{policy:?}");
            let best = best.as_ref().expect("the oracle ends where another way does");
            // Without protection there are no records either.
            if constant && policy != Policy::Unprotected {
                let dearest = program.loops.iter().map(|l| board.iteration(l.units, l.writes) + board.transfer(32));
                let dearest = dearest.map(|c| c.energy.get()).fold(0.0, f64::max);
                let cut = dearest * (best.outages + 1) as f64;
                let more = best.outages.saturating_sub(counts.outages);
                prop_assert!(more <= 1, "{policy:?}: {counts:?}, {best:?}");
                // The harvest is what it takes to make up for both.
                let slack = (cut + board.usable().get() * more as f64) / harvest.watts[0].get();
                let least = best.latency.get() * 0.999 - slack;
                prop_assert!(counts.latency.get() >= least, "{policy:?}: {counts:?}, {best:?}");
            }
        }
    }

    /// With one power cycle for all of it there is nothing to protect from: all ways do the same work, and no protection
    /// is the cheapest.
    #[test]
    fn without_outages_protection_only_costs(program in program(), mapped in any::<bool>()) {
        let c = Farads(1.0);
        let board = if mapped { Board::msp430fr5994().with(c) } else { Board::nrf52840_spi_fram().with(c) };
        let harvest = Arc::new(Harvest::constant(Watts(10e-3)));
        let bare = simulate_policy(&program, &board, &harvest, Policy::Unprotected).expect("it ends");
        for policy in Policy::all(&board) {
            let counts = simulate_policy(&program, &board, &harvest, policy).expect("it ends");
            prop_assert_eq!((counts.outages, counts.units), (0, program.units()));
            prop_assert!(counts.busy.get() >= bare.busy.get(), "{:?}", policy);
        }
    }
}
