//! The formula for a constant harvest beside the simulation that steps through a run.

use std::sync::Arc;

use proptest::prelude::*;
use rekindle_planner::profile::SHIPPED;
use rekindle_planner::program::{Board, Harvest, Load, Loop, Program, analytic, choose, simulate};
use rekindle_planner::units::{Farads, Watts};

fn program() -> impl Strategy<Value = Program> {
    let one = (1..400_u64, 1..800_u64, 1..32_u64, 0..256_u64, 1..40_u64);
    prop::collection::vec(one, 1..6).prop_map(|all| Program {
        loops: all
            .into_iter()
            .enumerate()
            .map(|(i, (iterations, units, writes, input, every))| Loop {
                name: format!("loop {i}"),
                iterations,
                units,
                writes,
                input,
                every,
                tile: None,
            })
            .collect(),
    })
}

/// The error of the formula, by the simulation; `None` where either says that the program does not end.
fn error(program: &Program, board: &Board, watts: f64) -> Option<f64> {
    let harvest = Arc::new(Harvest::constant(Watts(watts)));
    let real = simulate(program, board, &harvest).ok()?;
    let estimate = analytic(program, board, Watts(watts))?;
    Some(estimate.latency / real.latency - 1.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Both count the same power cycles, or one more in a run; whether one more region fits a cycle may come out differently,
    /// since recovery takes a little more after every other record. So regions of at most a hundredth of a cycle agree
    /// within 2 % and a cycle.
    #[test]
    fn the_formula_agrees(program in program(), mapped in any::<bool>(), watts in 0.2e-3..4e-3, c in 20e-6..470e-6) {
        let mut board = if mapped { Board::msp430fr5994() } else { Board::nrf52840_spi_fram() }.with(Farads(c));
        board.storage.load = Load::Power;
        let mut program = program;
        for l in &mut program.loops {
            let most = 0.01 * (board.usable() / (board.iteration(l.units, l.writes) + board.commit()).energy);
            if most < 1.0 {
                return Ok(());
            }
            l.every = l.every.min(most as u64);
        }
        let harvest = Arc::new(Harvest::constant(Watts(watts)));
        let (Ok(real), Some(estimate)) = (simulate(&program, &board, &harvest), analytic(&program, &board, Watts(watts))) else {
            return Ok(());
        };
        let cycle = real.latency.get() / (real.outages + 1) as f64;
        let off = (estimate.latency - real.latency).get().abs();
        prop_assert!(off <= 0.02 * real.latency.get() + cycle, "{estimate:?} {real:?}");
    }
}

/// Plans as they are made, on each board that is shipped.
#[test]
fn plans_agree_within_two_percent() {
    let program = Program {
        loops: [
            (600, 150, 6, 784),
            (100, 2400, 16, 1176),
            (120, 400, 1, 400),
        ]
        .map(|(iterations, units, writes, input)| Loop {
            name: String::from("layer"),
            iterations: iterations * 20,
            units,
            writes,
            input,
            every: 1,
            tile: None,
        })
        .to_vec(),
    };
    let mut seen = 0;
    for (name, _) in SHIPPED {
        let board = Board::shipped(name).expect("a board");
        let program = choose(&board, program.clone()).expect("a plan");
        for watts in [0.5e-3, 1e-3, 2e-3] {
            let off = error(&program, &board, watts).expect("it ends");
            println!("{name}, {:.1} mW: {:+.2} %", watts * 1e3, off * 100.0);
            assert!(off.abs() < 0.02, "{name} at {watts} W: {off}");
            seen += 1;
        }
    }
    assert_eq!(seen, 3 * SHIPPED.len());
}
