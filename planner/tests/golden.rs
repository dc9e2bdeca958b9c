//! The reference's results are found again: every design, every latency.

use rekindle_planner::device::Device;
use rekindle_planner::inas::{Fidelity, Model, Objective, search, settings};

#[test]
fn every_published_design_is_found_again() {
    let mut layers = 0;
    for setting in settings().expect("the shipped settings read") {
        let model = Model {
            device: Device::INAS,
            supply: setting.supply,
            fidelity: Fidelity::Compatible,
        };
        let mut latency = 0.0;
        for (found, published) in search(&model, &setting.layers, Objective::Intermittent)
            .iter()
            .zip(&setting.published)
        {
            let best = found.best.expect("a design fits");
            assert_eq!(best.design, *published, "{}", setting.name);
            latency += best.cost.latency().get();
            layers += 1;
        }
        assert!(
            (latency / setting.latency.get() - 1.0).abs() < 1e-9,
            "{}",
            setting.name
        );
    }
    assert_eq!(layers, 102);
}

#[test]
fn single_figures_of_the_first_setting() {
    let all = settings().expect("the shipped settings read");
    let setting = &all[0];
    let model = Model {
        device: Device::INAS,
        supply: setting.supply,
        fidelity: Fidelity::Compatible,
    };
    let cost = model.evaluate(&setting.layers[0], &setting.published[0]);
    let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-9, "{a} {b}");
    near(cost.energy[0].get(), 0.000_264_302_735_374_559_65);
    near(cost.energy[1].get(), 0.000_279_543_729_836_098_1);
    near(cost.on_time[0].get(), 0.106_089_118_133_877_43);
    near(cost.on_time[1].get(), 0.108_050_791_128_338_97);
    near(cost.recharge[0].get(), 0.152_110_925_791_280_72);
    near(cost.recharge[1].get(), 0.153_602_090_549_254_7);
}
