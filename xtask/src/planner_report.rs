//! `cargo xtask planner-report`: the planner's plans beside published ones, what its searches prove, plans beside the code that they plan, and pacers
//! beside intervals.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::machine;
use crate::shell::{command, output};

/// Harvest seeds of the pacing table.
const SEEDS: &str = "1,2,3";

/// The comparison of policies: `LeNet` on three traces and four capacitors.
const POLICIES: &str = "simulate examples/data/lenet.tflite --device nrf52840-spi-fram --step element \
     --capacitor 22u,47u,100u,470u --trace radio:1,clouds:1,steps:1";

/// Writes `docs/results/planner.md`, `planner-search.md`, `pacing.md` and `policies.md`, or prints all of it as JSON. False when a plan and its code
/// disagree, or an output byte is not that of continuous power.
pub fn report(json: bool) -> Result<bool> {
    let planner = "cargo run --quiet --release -p rekindle-planner --";
    let powered = "cargo run --quiet --release -p rekindle-powered --";
    let read = |line: String| -> Result<Value> {
        let text = output(&mut command(&line))?;
        serde_json::from_str(&text).with_context(|| format!("`{line}` did not print JSON"))
    };
    eprintln!("plans of the published settings");
    let always = read(format!("{planner} compare --json --charging always"))?;
    let while_off = read(format!("{planner} compare --json --charging while-off"))?;
    eprintln!("searches and schedules");
    let heading = format!("{}, {}", machine::date(), machine::name());
    let mut search = command(&format!("{planner} search --report --json"));
    search.args(["--heading", &heading]);
    if !json {
        search.args(["--out", "docs/results/planner-search.md"]);
    }
    let searches: Value =
        serde_json::from_str(&output(&mut search)?).context("the searches' report is not JSON")?;
    eprintln!("plans against code");
    let agreement = read(format!("{powered} --json agreement"))?;
    eprintln!("pacers against intervals");
    let pacing = read(format!("{powered} --json pacing --seeds {SEEDS}"))?;

    let count = |rows: &Value, good: &dyn Fn(&Value) -> bool| {
        let rows = rows.as_array().map_or(&[][..], Vec::as_slice);
        (rows.iter().filter(|row| good(row)).count(), rows.len())
    };
    let figures = |row: &Value, key: &str| {
        ["outages", "commits", "repeated"].map(|name| row[key][name].clone())
    };
    let same = count(&agreement, &|row| {
        row["same_bits"] == Value::Bool(true) && figures(row, "planned") == figures(row, "real")
    });
    let bits = count(&pacing, &|row| row["same_bits"] == Value::Bool(true));
    let good = same.0 == same.1 && bits.0 == bits.1 && same.1 > 0 && bits.1 > 0;
    if json {
        let all = json!({
            "plans": {"always": always, "while_off": while_off},
            "searches": searches,
            "agreement": agreement,
            "pacing": pacing,
            "policies": read(format!("{planner} {POLICIES} --json"))?,
        });
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(good);
    }

    let date = machine::date();
    let mut page = format!(
        "# Policies on the same harvest, and the formula beside the simulation\n\n`cargo xtask planner-report`, {date}. Figures of \
         the model (`docs/planner.md`), independent of the machine. \"work\" is what was computed over what is needed.\n\n\
         ## Synthetic traces\n\n`rekindle {POLICIES}`\n\n```text\n{}```\n",
        output(&mut command(&format!("{planner} {POLICIES}")))?
    );
    page += &recorded(planner)?;
    page += &formula(planner)?;
    std::fs::write("docs/results/policies.md", page)?;
    output(&mut command(&format!(
        "{planner} report --date {date} --out docs/results/planner.md"
    )))?;
    let page = format!(
        "# Pacing: plans against code, pacers against intervals\n\n`cargo xtask planner-report`, {date}, {}; harvest seeds {SEEDS}. \
         All figures are of the model (`docs/pacing.md`, Limits) driven by the compiled network; nothing depends on the \
         machine.\n\n{}\n{}",
        machine::name(),
        output(&mut command(&format!("{powered} agreement")))?,
        output(&mut command(&format!("{powered} pacing --seeds {SEEDS}")))?,
    );
    std::fs::write("docs/results/pacing.md", page)?;
    println!("{} of {} settings: plan and code the same", same.0, same.1);
    println!(
        "{} of {} settings: the bits of continuous power under every pacer",
        bits.0, bits.1
    );
    println!(
        "{} task sets declared schedulable, {} of them missed a deadline",
        searches["agreement"]["schedulable"], searches["agreement"]["missed"]
    );
    println!("docs/results/planner.md, planner-search.md, pacing.md, policies.md");
    Ok(good)
}

/// The policies on recorded traces, where they are at hand.
fn recorded(planner: &str) -> Result<String> {
    let traces = [
        "mementos-rf/2.txt",
        "mementos-rf/9.txt",
        "nrel-ghi/2023jun.txt",
    ]
    .map(|name| format!("../shared/traces/{name}"));
    if !traces.iter().all(|t| std::path::Path::new(t).exists()) {
        println!(
            "SKIPPED: ../shared/traces is absent; policies were not compared on recorded traces"
        );
        return Ok(String::new());
    }
    let line = format!(
        "simulate examples/data/lenet.tflite --device nrf52840-spi-fram --step element --capacitor 47u,100u --repeat 86400 --trace {}",
        traces.join(",")
    );
    Ok(format!(
        "\n## A day on recorded traces\n\nInference after inference, the traces repeated from their start: `rekindle {line}`\n\n```text\n{}```\n",
        output(&mut command(&format!("{planner} {line}")))?
    ))
}

/// Latency by the formula and by simulation, on constant harvest.
fn formula(planner: &str) -> Result<String> {
    let mut table = String::from(
        "\n## The formula beside the simulation\n\nLatency in seconds of `LeNet` under its plan on constant harvest: `rekindle explain` \
         and `rekindle simulate`.\n\n| device | harvest | formula | simulated | difference |\n| --- | ---: | ---: | ---: | ---: |\n",
    );
    let read = |line: &str| -> Result<Value> {
        let text = output(&mut command(&format!("{planner} {line}")))?;
        serde_json::from_str(&text).with_context(|| format!("`{line}` did not print JSON"))
    };
    for device in [
        "nrf52840-spi-fram",
        "nrf52840-flash",
        "msp430fr5994",
        "msp430fr5969",
        "riotee",
    ] {
        for milliwatts in ["0.3", "1", "2"] {
            let board =
                format!("examples/data/lenet.tflite --step element --json --device {device}");
            let plan = read(&format!("explain {board} --harvest-mw {milliwatts}"))?;
            let rows = read(&format!("simulate {board} --trace constant:{milliwatts}"))?;
            let ours = rows.as_array().into_iter().flatten();
            let ours = ours
                .filter(|r| r["policy"] == "planned interval")
                .find_map(|r| r["latency_s"].as_f64());
            let (Some(by_formula), Some(simulated)) = (plan["latency_s"].as_f64(), ours) else {
                anyhow::bail!("{device} at {milliwatts} mW does not end");
            };
            let difference = by_formula / simulated - 1.0;
            anyhow::ensure!(
                difference.abs() < 0.02,
                "{device} at {milliwatts} mW: {by_formula} s by the formula, {simulated} s simulated"
            );
            let _ = writeln!(
                table,
                "| {device} | {milliwatts} mW | {by_formula:.3} | {simulated:.3} | {:+.2} % |",
                difference * 100.0
            );
        }
    }
    Ok(table)
}
