//! Ours against the reference, in the same physical model, setting by setting.

use std::error::Error;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::device::Device;
use crate::inas::{Fidelity, LayerCost, Model, Objective, Setting, search, settings};
use crate::ours::{Code, LayerPlan, lower_bound, plan_layer};
use crate::power::{Charging, analytic, batched, bound, simulate};
use crate::units::{Cost, Seconds};

/// One setting: latencies in seconds.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Setting.
    pub name: String,
    /// Published designs found again, of how many.
    pub found: [usize; 2],
    /// Compatible model against the published latency, relative.
    pub golden_error: f64,
    /// The reference's plan in the physical model.
    pub inas: Seconds,
    /// One tile per power cycle.
    pub one_tile: Seconds,
    /// The plan for continuous power; `None` when a power cycle cannot hold its tiles.
    pub continuous: Option<Seconds>,
    /// Our pacing and tiles with the reference's vectors and address arithmetic.
    pub reference_code: Option<Seconds>,
    /// Ours, simulated.
    pub ours: Option<Seconds>,
    /// Ours by the analytic model.
    pub analytic: Option<Seconds>,
    /// Boots of ours.
    pub boots: u64,
    /// No plan of our space is below this.
    pub bound: Seconds,
}

impl Row {
    /// By how much ours is below the reference's plan.
    pub fn saving(&self) -> Option<f64> {
        self.ours.map(|ours| 1.0 - ours / self.inas)
    }
}

/// Our plan for a network; `None` when a layer fits nowhere.
pub fn plan(
    model: &Model,
    setting: &Setting,
    charging: Charging,
    code: Code,
) -> Option<Vec<LayerPlan>> {
    let supply = &model.supply;
    // Where the harvester carries the load, energy costs no time.
    let per_joule = match charging {
        Charging::Always => 0.0,
        Charging::WhileOff => supply.recharge(supply.off).get() / supply.usable().get(),
    };
    setting
        .layers
        .iter()
        .map(|l| plan_layer(&model.device, supply, l, code, per_joule))
        .collect()
}

/// Compares all plans of a setting.
pub fn row(setting: &Setting, charging: Charging) -> Row {
    let compatible = Model {
        device: Device::inas(),
        supply: setting.supply,
        fidelity: Fidelity::Compatible,
    };
    let model = Model {
        fidelity: Fidelity::Corrected,
        ..compatible
    };
    let searched = search(&compatible, &setting.layers, Objective::Intermittent);
    let same = searched
        .iter()
        .zip(&setting.published)
        .filter(|(s, p)| s.best.is_some_and(|b| b.design == **p))
        .count();
    let latency: Seconds = searched
        .iter()
        .filter_map(|s| s.best)
        .map(|b| b.cost.latency())
        .sum();
    let published: Vec<LayerCost> = setting
        .layers
        .iter()
        .zip(&setting.published)
        .map(|(l, d)| model.evaluate(l, d))
        .collect();
    let costs = |objective| -> Vec<LayerCost> {
        search(&model, &setting.layers, objective)
            .iter()
            .filter_map(|s| s.best)
            .map(|b| b.cost)
            .collect()
    };
    let continuous = costs(Objective::Continuous);
    let fits = continuous
        .iter()
        .all(|c| c.peak() <= setting.supply.budget());
    let simulated = |code| {
        plan(&model, setting, charging, code)
            .and_then(|p| simulate(&model.device, &model.supply, charging, &p))
    };
    let ours = simulated(Code::Reduced);
    let least = setting
        .layers
        .iter()
        .fold(Cost::ZERO, |sum, l| sum + lower_bound(&model, l));
    Row {
        name: setting.name.clone(),
        found: [same, setting.layers.len()],
        golden_error: (latency / setting.latency - 1.0).abs(),
        inas: batched(&setting.supply, charging, &published),
        one_tile: batched(&setting.supply, charging, &costs(Objective::OneTile)),
        continuous: fits.then(|| batched(&setting.supply, charging, &continuous)),
        reference_code: simulated(Code::Reference).map(|s| s.latency),
        analytic: plan(&model, setting, charging, Code::Reduced)
            .and_then(|p| analytic(&model.device, &model.supply, charging, &p)),
        boots: ours.map_or(0, |s| s.boots),
        ours: ours.map(|s| s.latency),
        bound: bound(&model, charging, least),
    }
}

/// All settings.
///
/// # Errors
///
/// When the shipped settings do not read.
pub fn rows(charging: Charging) -> Result<Vec<Row>, Box<dyn Error + Send + Sync>> {
    Ok(settings()?.iter().map(|s| row(s, charging)).collect())
}

/// The report as Markdown.
///
/// # Errors
///
/// When the shipped settings do not read.
pub fn markdown(date: &str) -> Result<String, Box<dyn Error + Send + Sync>> {
    let mut out = format!(
        "# Planner\n\nMade by `rekindle report` on {date}; nothing in it is random. Modelled, not measured on a board. \
         Assumptions: `docs/planner.md`.\n"
    );
    for (charging, title) in [
        (
            Charging::Always,
            "The harvester charges also while the load runs",
        ),
        (
            Charging::WhileOff,
            "The harvester charges only while the load is off",
        ),
    ] {
        let rows = rows(charging)?;
        table(&mut out, title, &rows)?;
    }
    scaling(&mut out)?;
    Ok(out)
}

/// The rows for a terminal.
pub fn text(rows: &[Row]) -> String {
    let seconds = |s: Option<Seconds>| s.map_or("unsafe".to_owned(), |s| format!("{:.2}", s.get()));
    let mut out = format!(
        "{:<18} {:>10} {:>10} {:>11} {:>10} {:>7} {:>10}\n",
        "latency, s", "iNAS", "S = 1", "continuous", "ours", "saving", "bound"
    );
    for r in rows {
        let saving = r
            .saving()
            .map_or("none".to_owned(), |s| format!("{:.1}%", 100.0 * s));
        let _ = writeln!(
            out,
            "{:<18} {:>10.2} {:>10.2} {:>11} {:>10} {saving:>7} {:>10.2}",
            r.name,
            r.inas.get(),
            r.one_tile.get(),
            seconds(r.continuous),
            seconds(r.ours),
            r.bound.get(),
        );
    }
    out
}

fn table(out: &mut String, title: &str, rows: &[Row]) -> std::fmt::Result {
    let seconds = |s: Option<Seconds>| s.map_or("unsafe".to_owned(), |s| format!("{:.2}", s.get()));
    writeln!(out, "\n## {title}\n")?;
    writeln!(
        out,
        "Latency in seconds, simulated for ours; every plan starts at the off threshold or, for the reference, charged.\n"
    )?;
    writeln!(
        out,
        "| setting | designs found | iNAS | S = 1 | continuous | ours, reference code | ours | boots | saving | bound | plan vs simulation |"
    )?;
    writeln!(
        out,
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    )?;
    let mut savings = Vec::new();
    for r in rows {
        let saving = r.saving();
        savings.extend(saving);
        let error = r.ours.zip(r.analytic).map_or("none".to_owned(), |(s, a)| {
            format!("{:.2} %", 100.0 * (a / s - 1.0))
        });
        writeln!(
            out,
            "| {} | {}/{} | {:.2} | {:.2} | {} | {} | {} | {} | {} | {:.2} | {error} |",
            r.name,
            r.found[0],
            r.found[1],
            r.inas.get(),
            r.one_tile.get(),
            seconds(r.continuous),
            seconds(r.reference_code),
            seconds(r.ours),
            r.boots,
            saving.map_or("none".to_owned(), |s| format!("{:.1} %", 100.0 * s)),
            r.bound.get(),
        )?;
    }
    let mean = 100.0 * savings.iter().sum::<f64>() / savings.len() as f64;
    let least = 100.0 * savings.iter().copied().fold(f64::INFINITY, f64::min);
    let golden = rows.iter().map(|r| r.golden_error).fold(0.0, f64::max);
    writeln!(
        out,
        "\nSaving against iNAS: mean {mean:.1} %, least {least:.1} %, over {} of {} settings. Largest relative error of the compatible model against the published latencies: {golden:.1e}.",
        savings.len(),
        rows.len()
    )
}

fn scaling(out: &mut String) -> Result<(), Box<dyn Error + Send + Sync>> {
    writeln!(
        out,
        "\n## Search time of the reference's space\n\nOne core, best of three.\n\n| layers | designs | ms |\n| --- | --- | --- |"
    )?;
    let all = settings()?;
    let Some(setting) = all.first() else {
        return Ok(());
    };
    let model = Model {
        device: Device::inas(),
        supply: setting.supply,
        fidelity: Fidelity::Compatible,
    };
    for count in [7, 25, 50, 100] {
        let layers: Vec<_> = setting.layers.iter().copied().cycle().take(count).collect();
        let mut best = Duration::MAX;
        let mut designs = 0;
        for _ in 0..3 {
            let start = Instant::now();
            designs = search(&model, &layers, Objective::Intermittent)
                .iter()
                .map(|s| s.candidates)
                .sum::<u64>();
            best = best.min(start.elapsed());
        }
        writeln!(
            out,
            "| {count} | {designs} | {:.2} |",
            best.as_secs_f64() * 1e3
        )?;
    }
    Ok(())
}
