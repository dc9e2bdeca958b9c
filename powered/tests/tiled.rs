//! Plans of networks whose tiles the planner chooses: the module compiles, its own check included.

#[path = "har/plan.rs"]
mod plan;

use rekindle_planner::device::Device;
use rekindle_planner::emit_rust::tiled;
use rekindle_planner::inas::{Fidelity, Model, settings};
use rekindle_planner::ours::Code;
use rekindle_planner::power::Charging;
use rekindle_planner::report;

fn module(name: &str) -> String {
    let settings = settings().unwrap();
    let setting = settings.iter().find(|s| s.name == name).unwrap();
    let model = Model {
        device: Device::inas(),
        supply: setting.supply,
        fidelity: Fidelity::Corrected,
    };
    let plans = report::plan(&model, setting, Charging::Always, Code::Reduced).unwrap();
    tiled(
        &format!("rekindle plan {name} --rust"),
        &model.device,
        &model.supply,
        &setting.layers,
        &plans,
        512 << 10,
    )
}

#[test]
fn the_module_is_what_the_planner_writes() {
    assert_eq!(module("har-1mF-ts1"), include_str!("har/plan.rs"));
}

#[test]
fn it_has_an_interval_and_a_tile_per_layer() {
    plan::PLAN.check();
    assert_eq!(plan::PLAN.loops.len(), 5);
    assert!(
        plan::PLAN
            .loops
            .iter()
            .all(|l| l.every > 0 && l.sram_bytes > 0)
    );
    let tiles = [
        plan::LAYER1_TILE,
        plan::LAYER2_TILE,
        plan::LAYER3_TILE,
        plan::LAYER4_TILE,
        plan::LAYER5_TILE,
    ];
    assert!(
        tiles
            .iter()
            .all(|t| t.rows * t.columns * t.outputs * t.inputs > 0)
    );
}
