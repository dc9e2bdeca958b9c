//! What the planner predicts is what the compiled code does.

use std::sync::Arc;

use rekindle_planner::program::{Board, Harvest, choose, simulate};
use rekindle_planner::units::Farads;
use rekindle_powered::network::{plan, program};
use rekindle_powered::{agreement, pacing};

#[test]
fn the_network_is_compiled_with_the_plan_that_the_planner_makes() {
    let compiled = include_str!("../../examples/lenet/src/plan.rs");
    assert_eq!(
        plan().unwrap(),
        compiled,
        "run `cargo run -p rekindle-powered -- plan > examples/lenet/src/plan.rs`"
    );
}

#[test]
fn plans_and_code_make_the_same_commits_and_bits() {
    let rows = agreement::rows(1, |_| ()).unwrap();
    assert_eq!(rows.len(), 40);
    for row in &rows {
        assert!(row.same_bits, "{row:?}");
        assert!(row.same_counts(), "{row:?}");
        assert!(row.error() < 1e-6, "{row:?}");
    }
    let outages: u64 = rows.iter().map(|row| row.real.outages).sum();
    assert!(outages > 400, "{outages}");
}

#[test]
fn a_capacitor_that_holds_no_iteration_has_no_plan() {
    let board = Board::nrf52840_spi_fram().with(Farads(10e-6));
    assert!(choose(&board, program()).is_err());
    let harvest = agreement::harvests(1).swap_remove(0);
    assert!(simulate(&program(), &board, &harvest).is_err());
}

/// Where energy is short, on a harvest that nobody foresaw.
#[test]
fn pacers_beat_the_interval_that_was_foreseen() {
    let board = Board::nrf52840_spi_fram().with(Farads(47e-6));
    let row = pacing::row(&board, &Arc::new(Harvest::clouds(1))).expect("intervals of 1 end");
    assert!(row.same_bits, "{row:?}");
    for paced in [row.by_work, row.by_both] {
        assert!(paced.latency_s < 0.95 * row.foreseen.latency_s, "{row:?}");
        assert!(paced.latency_s < row.best.latency_s, "{row:?}");
    }
}
