//! `rekindle price`: the planners' own figures for candidate networks, and refusals that name the layer.

use std::io::Write as _;
use std::process::{Command, Stdio};

use rekindle_planner::device::Device;
use rekindle_planner::exact::{Fusion, search};
use rekindle_planner::inas::{Fidelity, Model, Setting, settings};
use rekindle_planner::layer::{Kind, Layer};
use rekindle_planner::ours::Code;
use rekindle_planner::power::{Charging, simulate};
use rekindle_planner::price::{Planner, Refusal, Request, price};
use rekindle_planner::report;
use serde_json::{Value, json};

/// A shipped setting as a question.
fn asked(setting: &Setting, planner: &str) -> Value {
    let first = setting.layers[0];
    let layers: Vec<Value> = setting
        .layers
        .iter()
        .map(|layer| match layer.kind {
            Kind::GlobalPool => json!({"op": "pool"}),
            Kind::FullyConnected => json!({"op": "dense", "outputs": layer.outputs}),
            _ => json!({
                "op": "conv",
                "outputs": layer.outputs,
                "kernel": [layer.kernel_height, layer.kernel_width],
                "padding": "valid",
            }),
        })
        .collect();
    json!({
        "id": setting.name,
        "network": {
            "input": [first.height, first.width, first.inputs],
            "classes": setting.layers.last().map(|l| l.outputs),
            "layers": layers,
        },
        "capacitance_f": setting.supply.capacitance,
        "harvester_ohm": setting.supply.resistance,
        "margin": setting.supply.margin,
        "planner": planner,
    })
}

fn request(value: &Value) -> Request {
    serde_json::from_value(value.clone()).unwrap()
}

/// Settings of the published CIFAR-10 networks.
fn cifar() -> Vec<Setting> {
    let mut all = settings().unwrap();
    all.retain(|s| s.name.starts_with("cifar"));
    assert_eq!(all.len(), 6);
    all
}

#[test]
fn prices_are_the_planners_own() {
    for setting in settings().unwrap() {
        let model = Model {
            device: Device::inas(),
            supply: setting.supply,
            fidelity: Fidelity::Corrected,
        };
        let found = price(&request(&asked(&setting, "reference"))).unwrap();
        assert!((found.latency_s / setting.latency - 1.0).abs() < 1e-9);

        let plans = report::plan(&model, &setting, Charging::WhileOff, Code::Reduced).unwrap();
        let seen = simulate(&model.device, &setting.supply, Charging::WhileOff, &plans).unwrap();
        let found = price(&request(&asked(&setting, "ours"))).unwrap();
        assert_eq!((found.latency_s, found.boots), (seen.latency, seen.boots));
        assert!(found.sram_bytes <= 2048);
        assert_eq!(
            found.macs,
            setting.layers.iter().map(Layer::macs).sum::<u64>()
        );

        let exact = search(
            &model.device,
            &setting.supply,
            Charging::WhileOff,
            &setting.layers,
            Fusion::On,
            0.1,
            30,
        )
        .unwrap();
        let found = price(&request(&asked(&setting, "exact"))).unwrap();
        assert_eq!(found.latency_s, exact.latency, "{}", setting.name);
    }
}

#[test]
fn a_refusal_names_the_layer_and_what_is_short() {
    let setting = &cifar()[0];
    let refusal = |change: &dyn Fn(&mut Request)| {
        let mut request = request(&asked(setting, "ours"));
        change(&mut request);
        price(&request).unwrap_err()
    };
    let latency = price(&request(&asked(setting, "ours"))).unwrap().latency_s;
    // The 7×7 kernel over 8 channels, of which two are looked at at a time.
    let sram = refusal(&|r| r.sram_bytes = 256);
    assert!(
        matches!(sram, Refusal::Sram { layer: 4, needed, available: 256 } if needed > 256 && needed < 1024),
        "{sram}"
    );
    let energy = refusal(&|r| r.capacitance_f.0 = 0.000_2);
    assert!(
        matches!(energy, Refusal::Energy { layer: 0, needed, available } if needed > available && needed < 2.0 * available),
        "{energy}"
    );
    let nvm = refusal(&|r| r.nvm_bytes = 50_000);
    assert!(
        matches!(
            nvm,
            Refusal::Nvm {
                layer: 0,
                needed: 123_024,
                available: 50_000
            }
        ),
        "{nvm}"
    );
    let late = refusal(&|r| r.deadline_s = Some(latency.get() * 0.99));
    assert!(matches!(late, Refusal::Deadline { .. }), "{late}");
    let unknown = refusal(&|r| {
        r.planner = Planner::Reference;
        r.network.layers.insert(
            1,
            serde_json::from_value(json!({"op": "conv", "outputs": 8, "kernel": 3})).unwrap(),
        );
    });
    assert_eq!(unknown, Refusal::Unknown { layer: 1 });
    let shape = refusal(&|r| r.network.input = [6, 6, 3]);
    assert!(matches!(shape, Refusal::Shape { .. }), "{shape}");
}

#[test]
fn what_is_needed_is_enough() {
    let setting = &cifar()[0];
    let mut request = request(&asked(setting, "ours"));
    request.sram_bytes = 256;
    while let Err(Refusal::Sram { needed, .. }) = price(&request) {
        assert!(needed > request.sram_bytes);
        request.sram_bytes = needed;
    }
    assert!(price(&request).is_ok());
}

#[test]
fn strides_padding_and_depthwise_layers_have_a_price() {
    let question = |layers: Value| {
        request(&json!({
            "network": {"input": [32, 32, 3], "classes": 10, "layers": layers},
            "capacitance_f": 0.005, "harvester_ohm": 24, "always": true,
        }))
    };
    let latency = |layers| price(&question(layers)).unwrap().latency_s.get();
    let conv = |stride, padding| json!({"op": "conv", "outputs": 16, "kernel": 3, "stride": stride, "padding": padding});
    // A quarter of the outputs, at less than a quarter of the time and more than a fifth of it beyond the start.
    let [empty, one, two] = [
        json!([{"op": "pool"}]),
        json!([conv(1, "same")]),
        json!([conv(2, "same")]),
    ]
    .map(latency);
    assert!(
        (one - empty) / (two - empty) > 3.0 && (one - empty) / (two - empty) < 5.5,
        "{empty} {one} {two}"
    );
    // Zeros around the input cost their outputs.
    assert!(latency(json!([conv(1, "valid")])) < one);
    // On this device a depthwise layer has no vectors: a ninth of the work of a convolution is no ninth of its time.
    let depthwise = json!([conv(2, "same"), {"op": "depthwise", "kernel": 3}]);
    let full = json!([conv(2, "same"), conv(1, "same")]);
    let (depthwise, full) = (latency(depthwise) - two, latency(full) - two);
    assert!(depthwise > full / 9.0, "{depthwise} {full}");
}

#[test]
fn the_command_answers_each_line() {
    let setting = &cifar()[0];
    let mut child = Command::new(env!("CARGO_BIN_EXE_rekindle"))
        .arg("price")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut late = asked(setting, "ours");
    late["deadline_s"] = json!(1.0);
    let input = format!("{}\n\nnonsense\n{late}\n", asked(setting, "ours"));
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let answers: Vec<Value> = output
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), 3);
    assert_eq!(answers[0]["id"], "cifar-1mF-ts1");
    assert!(answers[0]["price"]["latency_s"].as_f64().unwrap() > 1.0);
    assert!(
        answers[1]["error"]
            .as_str()
            .unwrap()
            .starts_with("line 3: ")
    );
    assert_eq!(answers[2]["refused"]["lacks"], "deadline");
}

#[test]
fn a_pool_over_wide_rows_is_read_in_pieces() {
    let question = |channels: u64| {
        request(&json!({
            "network": {"input": [8, 8, channels], "classes": channels, "layers": [{"op": "pool"}]},
            "capacitance_f": 0.005, "harvester_ohm": 24,
        }))
    };
    // A row of 128 channels and their sums are 2304 bytes; half of it fits.
    let wide = price(&question(128)).unwrap();
    assert!(wide.sram_bytes <= 2048, "{wide:?}");
    // Where a row fits, rows are read as before: twice the values, and what each step costs beside.
    let narrow = price(&question(64)).unwrap();
    assert!(wide.latency_s > narrow.latency_s);
    let none = price(&question(1024)).unwrap_err();
    assert!(
        matches!(
            none,
            Refusal::Sram {
                needed: 4096,
                available: 2048,
                ..
            }
        ),
        "{none}"
    );
}
