//! What the searches take and prove, and how the schedulability analysis fares, as one report.

use std::error::Error;
use std::fmt::Write as _;
use std::time::Instant;

use serde::Serialize;

use crate::device::{Device, Supply};
use crate::exact::{Fusion, STATES, Searched, search as best_plan};
use crate::inas::{Fidelity, Model, Objective, Setting, search, settings};
use crate::layer::Layer;
use crate::ours::Code;
use crate::power::{Charging, simulate};
use crate::report::plan;
use crate::schedule::{Agreement, agreement};
use crate::units::Seconds;

/// Share of power cycles with an outage that was not foreseen, in all tables.
const RISK: f64 = 0.1;
/// States of the quick searches by number of layers.
const FEW: usize = 30;
/// Random task sets, and their first seed.
const SETS: (u64, u64) = (2000, 1);

/// Time of one search of the reference's space.
#[derive(Clone, Debug, Serialize)]
pub struct Timed {
    /// Setting, or what was varied.
    pub name: String,
    /// Layers.
    pub layers: usize,
    /// Designs looked at.
    pub designs: u64,
    /// Time on one core, best of five.
    pub milliseconds: f64,
}

/// Our space, one setting and one way of charging.
#[derive(Clone, Debug, Serialize)]
pub struct Proved {
    /// Setting.
    pub name: String,
    /// When the harvester charges.
    pub while_off: bool,
    /// Layer by layer, run until the voltage says stop, no fusion, no cost for repetition.
    pub by_layer: Option<Seconds>,
    /// Without fused layers.
    pub unfused: Option<Seconds>,
    /// All of the space.
    pub found: Option<Searched>,
    /// Time of that search, milliseconds.
    pub milliseconds: f64,
}

/// Our space, by number of layers.
#[derive(Clone, Debug, Serialize)]
pub struct ByLayers {
    /// Layers.
    pub layers: usize,
    /// States allowed at a point between layers.
    pub states: usize,
    /// What was found.
    pub found: Option<Searched>,
    /// Time of the search, milliseconds.
    pub milliseconds: f64,
}

/// Fused layers, by SRAM.
#[derive(Clone, Debug, Serialize)]
pub struct BySram {
    /// Setting.
    pub name: String,
    /// Bytes of working memory.
    pub sram: u64,
    /// Without fused layers.
    pub unfused: Searched,
    /// With.
    pub fused: Searched,
}

/// All of it.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The reference's space of each setting.
    pub reference: Vec<Timed>,
    /// By number of layers.
    pub by_layers: Vec<Timed>,
    /// By size of one layer.
    pub by_size: Vec<Timed>,
    /// Our space.
    pub proved: Vec<Proved>,
    /// Our space by number of layers, one capacitor.
    pub ours_by_layers: Vec<ByLayers>,
    /// Fusion by SRAM.
    pub by_sram: Vec<BySram>,
    /// Analysis of task sets against brute force.
    pub agreement: Agreement,
}

impl Report {
    /// Whether all that must hold does: every search below 50 ms, a plan everywhere, no deadline missed.
    pub fn good(&self) -> bool {
        self.reference.iter().all(|t| t.milliseconds < 50.0)
            && self.proved.iter().all(|p| p.found.is_some())
            && self.agreement.missed == 0
            && self.agreement.above == 0
    }
}

fn timed(name: &str, supply: Supply, layers: &[Layer]) -> Timed {
    let model = Model {
        device: Device::inas(),
        supply,
        fidelity: Fidelity::Compatible,
    };
    let mut best = f64::INFINITY;
    let mut designs = 0;
    for _ in 0..5 {
        let start = Instant::now();
        let found = search(&model, layers, Objective::Intermittent);
        best = best.min(start.elapsed().as_secs_f64() * 1e3);
        designs = found.iter().map(|s| s.candidates).sum();
    }
    Timed {
        name: name.to_owned(),
        layers: layers.len(),
        designs,
        milliseconds: best,
    }
}

fn proved(setting: &Setting, charging: Charging) -> Proved {
    let model = Model {
        device: Device::inas(),
        supply: setting.supply,
        fidelity: Fidelity::Corrected,
    };
    let (device, supply) = (&model.device, &model.supply);
    let by_layer = plan(&model, setting, charging, Code::Reduced)
        .and_then(|p| simulate(device, supply, charging, &p));
    let find = |fusion| {
        best_plan(
            device,
            supply,
            charging,
            &setting.layers,
            fusion,
            RISK,
            STATES,
        )
    };
    let unfused = find(Fusion::Off);
    let start = Instant::now();
    let found = find(Fusion::On);
    Proved {
        name: setting.name.clone(),
        while_off: charging == Charging::WhileOff,
        by_layer: by_layer.map(|s| s.latency),
        unfused: unfused.map(|f| f.latency),
        found,
        milliseconds: start.elapsed().as_secs_f64() * 1e3,
    }
}

/// Measures and searches; about a minute.
///
/// # Errors
///
/// When the shipped settings do not read.
pub fn report() -> Result<Report, Box<dyn Error + Send + Sync>> {
    let all = settings()?;
    let first = all.first().ok_or("no settings")?;
    let cycled = |count| -> Vec<Layer> {
        let layers = all.iter().flat_map(|s| s.layers.iter().copied());
        layers.cycle().take(count).collect()
    };
    let counts = [1, 5, 10, 25, 50, 100];
    let by_size = [8, 16, 32, 64, 128].map(|n| {
        let layer = format!("conv 16x{n}x{n} -> 16, 3x3").parse();
        layer.map(|l: Layer| timed(&l.to_string(), first.supply, &[l]))
    });
    let progress = |what: &str| eprintln!("{what}");
    progress("times of the reference's space");
    let reference = all
        .iter()
        .map(|s| timed(&s.name, s.supply, &s.layers))
        .collect();
    let by_layers = counts
        .map(|n| timed("mixed", first.supply, &cycled(n)))
        .to_vec();
    progress("best plans of the settings");
    let mut both = Vec::new();
    for charging in [Charging::Always, Charging::WhileOff] {
        both.extend(all.iter().map(|s| proved(s, charging)));
    }
    progress("best plans by layers");
    let mut ours_by_layers = Vec::new();
    for n in counts {
        for states in [FEW, STATES] {
            let start = Instant::now();
            let (device, supply, layers) = (Device::inas(), first.supply, cycled(n));
            let charging = Charging::WhileOff;
            let found = best_plan(
                &device,
                &supply,
                charging,
                &layers,
                Fusion::On,
                RISK,
                states,
            );
            ours_by_layers.push(ByLayers {
                layers: n,
                states,
                found,
                milliseconds: start.elapsed().as_secs_f64() * 1e3,
            });
        }
    }
    progress("fused layers by SRAM");
    let mut by_sram = Vec::new();
    for setting in all
        .iter()
        .filter(|s| s.name.ends_with("ts1") && !s.name.starts_with("kws"))
    {
        for sram in [2 << 10, 16 << 10, 256 << 10] {
            let device = Device {
                sram_values: sram / 2,
                ..Device::inas()
            };
            let find = |fusion| {
                let (supply, layers) = (&setting.supply, &setting.layers);
                best_plan(
                    &device,
                    supply,
                    Charging::WhileOff,
                    layers,
                    fusion,
                    RISK,
                    STATES,
                )
            };
            if let (Some(unfused), Some(fused)) = (find(Fusion::Off), find(Fusion::On)) {
                let name = setting.name.clone();
                by_sram.push(BySram {
                    name,
                    sram,
                    unfused,
                    fused,
                });
            }
        }
    }
    progress("task sets against brute force");
    Ok(Report {
        reference,
        by_layers,
        by_size: by_size.into_iter().collect::<Result<_, _>>()?,
        proved: both,
        ours_by_layers,
        by_sram,
        agreement: agreement(SETS.0, SETS.1, None),
    })
}

fn head(out: &mut String, columns: &[&str]) -> std::fmt::Result {
    writeln!(out, "| {} |", columns.join(" | "))?;
    writeln!(out, "|{}", " --- |".repeat(columns.len()))
}

/// The report as Markdown.
///
/// # Errors
///
/// None in practice: writing to a string.
pub fn markdown(r: &Report, date: &str, machine: &str) -> Result<String, std::fmt::Error> {
    let mut out = format!(
        "# Searches and schedules\n\n`cargo xtask planner-report`, {date}, {machine}; seed {} for the task sets. Times are of one \
         core, and of this machine; all else is modelled and the same everywhere. What is searched and how: \
         [planner-search.md](../planner-search.md), [schedule.md](../schedule.md).\n\n## The reference's space\n\nExhaustive, \
         the recharge computed only where the on-time alone is not too long. Best of five.\n\n",
        SETS.1
    );
    head(&mut out, &["network", "layers", "designs", "ms"])?;
    for t in r.reference.iter().chain(&r.by_layers).chain(&r.by_size) {
        writeln!(
            out,
            "| {} | {} | {} | {:.2} |",
            t.name, t.layers, t.designs, t.milliseconds
        )?;
    }
    let slowest = r
        .reference
        .iter()
        .map(|t| t.milliseconds)
        .fold(0.0, f64::max);
    writeln!(
        out,
        "\nSlowest of the {} networks: {slowest:.2} ms.\n\n## Our space: plans and what is proved of them\n\nLatency in seconds. *By \
         layer* is the plan of [planner.md](planner.md); its intervals are a tenth of the energy and it counts no repetition. \
         *Found* and *unfused* count the repetition that is expected when {:.0} % of the power cycles end unforeseen. A gap of 0 \
         is a proof that no plan of the space is faster.\n",
        r.reference.len(),
        RISK * 100.0
    )?;
    head(
        &mut out,
        &[
            "setting",
            "charging",
            "by layer",
            "unfused",
            "found",
            "fused runs",
            "bound",
            "gap",
            "boots",
            "choices",
            "states",
            "ms",
        ],
    )?;
    let seconds = |s: Option<Seconds>| s.map_or("none".to_owned(), |s| format!("{:.3}", s.get()));
    for p in &r.proved {
        let when = if p.while_off { "while off" } else { "always" };
        let rest = p.found.as_ref().map_or("none".to_owned(), |f| {
            format!(
                "{:.3} | {} | {:.3} | {:.3} % | {} | {} | {}",
                f.latency.get(),
                f.fused(),
                f.bound.get(),
                100.0 * f.gap(),
                f.boots,
                f.edges,
                f.states
            )
        });
        writeln!(
            out,
            "| {} | {when} | {} | {} | {rest} | {:.0} |",
            p.name,
            seconds(p.by_layer),
            seconds(p.unfused),
            p.milliseconds
        )?;
    }
    let gaps: Vec<f64> = r
        .proved
        .iter()
        .filter_map(|p| p.found.as_ref())
        .map(Searched::gap)
        .collect();
    writeln!(
        out,
        "\n{} of {} proved optimal in the space; largest gap {:.3} %.\n\nBy number of layers (the layers of all settings in a row, 1 mF, while \
         off):\n",
        gaps.iter().filter(|g| **g == 0.0).count(),
        gaps.len(),
        100.0 * gaps.iter().copied().fold(0.0, f64::max)
    )?;
    head(
        &mut out,
        &[
            "layers",
            "states allowed",
            "choices",
            "latency s",
            "gap",
            "ms",
        ],
    )?;
    for b in &r.ours_by_layers {
        let rest = b
            .found
            .as_ref()
            .map_or("none | none | none".to_owned(), |f| {
                let gap = 100.0 * f.gap();
                format!("{} | {:.2} | {gap:.3} %", f.edges, f.latency.get())
            });
        writeln!(
            out,
            "| {} | {} | {rest} | {:.0} |",
            b.layers, b.states, b.milliseconds
        )?;
    }
    writeln!(
        out,
        "\n## Fused layers by SRAM\n\nCharging while off. Values of two bytes, as the board has them.\n"
    )?;
    head(
        &mut out,
        &[
            "setting",
            "SRAM",
            "unfused s",
            "with fusion s",
            "saving",
            "fused runs",
            "SRAM used",
            "gaps",
        ],
    )?;
    for b in &r.by_sram {
        let used = b
            .fused
            .plan
            .iter()
            .map(|p| p.sram_values * 2)
            .max()
            .unwrap_or(0);
        writeln!(
            out,
            "| {} | {} KiB | {:.3} | {:.3} | {:.1} % | {} | {used} B | {:.3} %, {:.3} % |",
            b.name,
            b.sram >> 10,
            b.unfused.latency.get(),
            b.fused.latency.get(),
            100.0 * (1.0 - b.fused.latency / b.unfused.latency),
            b.fused.fused(),
            100.0 * b.unfused.gap(),
            100.0 * b.fused.gap()
        )?;
    }
    let a = &r.agreement;
    writeln!(
        out,
        "\n## Schedulability against brute force\n\n{} random sets of one to three tasks, {} runs: {} declared schedulable, **{}** of \
         them missed a deadline; **{}** tasks were longer than their bound. Of the {} declared not schedulable, {} are shown so by a \
         run or impossible over time, and in {} no run misses ({:.1} % of the sets that may be schedulable). Bound over longest \
         response seen: mean {:.2}, median {:.2}.",
        a.sets,
        a.runs,
        a.schedulable,
        a.missed,
        a.above,
        a.refuted + a.pessimistic,
        a.refuted,
        a.pessimistic,
        100.0 * a.pessimistic as f64 / (a.pessimistic + a.schedulable).max(1) as f64,
        a.ratio,
        a.median
    )?;
    Ok(out)
}
