//! The reference's results are found again: every design, every latency.

use rekindle_planner::device::Device;
use rekindle_planner::inas::{Fidelity, Model, Objective, search, settings};

#[test]
fn every_published_design_is_found_again() {
    let mut layers = 0;
    for setting in settings().expect("the shipped settings read") {
        let model = Model {
            device: Device::inas(),
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
        device: Device::inas(),
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

#[test]
fn every_layer_value_agrees_with_the_reference_file_where_present() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/reference/inas-golden.json"
    );
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("SKIPPED: no reference file at {path}");
        return;
    };
    let golden: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let number = |value: &serde_json::Value| value.as_f64().expect("a number");
    for (i, setting) in settings()
        .expect("the shipped settings read")
        .iter()
        .enumerate()
    {
        let model = Model {
            device: Device::inas(),
            supply: setting.supply,
            fidelity: Fidelity::Compatible,
        };
        for (j, (layer, design)) in setting.layers.iter().zip(&setting.published).enumerate() {
            let given = &golden[i]["layers"][j];
            let cost = model.evaluate(layer, design);
            let near = |a: f64, b: f64, what: &str| {
                assert!(
                    (a - b).abs() <= 1e-9 * b.abs(),
                    "{} {layer} {what}: {a} {b}",
                    setting.name
                );
            };
            // Energy and on-time stand in the file with the reloading power cycle first, recharge the other way round.
            near(
                cost.energy[1].get(),
                number(&given["Epc_J"][0]),
                "energy, later",
            );
            near(
                cost.energy[0].get(),
                number(&given["Epc_J"][1]),
                "energy, first",
            );
            near(
                cost.on_time[1].get(),
                number(&given["Lpc_s"][0]),
                "on-time, later",
            );
            near(
                cost.on_time[0].get(),
                number(&given["Lpc_s"][1]),
                "on-time, first",
            );
            near(
                cost.recharge[0].get(),
                number(&given["Lrc_s"][0]),
                "recharge, first",
            );
            near(
                cost.recharge[1].get(),
                number(&given["Lrc_s"][1]),
                "recharge, later",
            );
            near(
                cost.cycles[0],
                number(&given["npc"][1]),
                "power cycles, first",
            );
            near(
                cost.cycles[1],
                number(&given["npc"][2]),
                "power cycles, later",
            );
            near(cost.latency().get(), number(&given["Le2e_s"]), "latency");
            near(
                design.sram_values(layer) as f64 * 2.0,
                number(&given["vm_bytes"]),
                "SRAM",
            );
        }
    }
}
