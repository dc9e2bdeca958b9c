//! `rekindle search`: exact plans, search times, and how far plans are from the bound.

use std::error::Error;
use std::path::PathBuf;

use clap::Args;
use clap::builder::TypedValueParser as _;
use rekindle_planner::device::Device;
use rekindle_planner::exact::{Fusion, STATES, search};
use rekindle_planner::inas::settings;
use rekindle_planner::search_report;

use super::super::When;

/// The best plan of a shipped setting over tiles, intervals, fused layers and stops, with what is proved of it.
#[derive(Args)]
pub struct SearchArgs {
    /// Such as `cifar-1mF-ts1`; `rekindle compare` lists all.
    #[arg(required_unless_present = "report")]
    setting: Option<String>,
    /// Instead: search times, scaling, gaps and schedulability, for all settings, as Markdown (or JSON).
    #[arg(long, conflicts_with = "setting")]
    report: bool,
    /// With `--report`: date and machine for the heading.
    #[arg(long, default_value = "", requires = "report")]
    heading: String,
    /// With `--report`: written here as Markdown, also with `--json`.
    #[arg(long, requires = "report")]
    out: Option<PathBuf>,
    /// When the harvester charges.
    #[arg(long, value_enum, default_value_t = When::WhileOff)]
    charging: When,
    /// Working memory in bytes, other than the board's.
    #[arg(long)]
    sram: Option<u64>,
    /// Without fused layers.
    #[arg(long)]
    no_fusion: bool,
    /// Share of power cycles that end by an outage that was not foreseen.
    #[arg(long, default_value_t = 0.1)]
    risk: f64,
    /// States kept at a point between layers: fewer are faster, and leave a larger gap.
    #[arg(long, default_value_t = STATES, value_parser = clap::value_parser!(u32).range(1..).map(|n| n as usize))]
    states: usize,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Searches and prints; false where a report shows that something does not hold.
///
/// # Errors
///
/// An unknown setting, or a layer that fits nowhere.
pub fn run(args: &SearchArgs) -> Result<bool, Box<dyn Error + Send + Sync>> {
    if args.report {
        return report(args);
    }
    let name = args.setting.as_deref().unwrap_or_default();
    if !(args.risk > 0.0 && args.risk <= 1.0) {
        return Err("`--risk` must be above 0 and at most 1".into());
    }
    let all = settings()?;
    let setting = all
        .iter()
        .find(|s| s.name == name)
        .ok_or_else(|| format!("no setting is called `{name}`"))?;
    let mut device = Device::inas();
    if let Some(bytes) = args.sram {
        device.sram_values = bytes / 2;
    }
    let fusion = if args.no_fusion {
        Fusion::Off
    } else {
        Fusion::On
    };
    let found = search(
        &device,
        &setting.supply,
        args.charging.into(),
        &setting.layers,
        fusion,
        args.risk,
        args.states,
    )
    .ok_or("a layer fits neither the memory nor one power cycle")?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
        return Ok(true);
    }
    for part in &found.plan {
        let layers: Vec<String> = setting.layers[part.layer..part.layer + part.layers]
            .iter()
            .map(ToString::to_string)
            .collect();
        println!(
            "{}: {:?}, {} steps, commit every {}, {} B of SRAM",
            layers.join(" + "),
            part.shape,
            part.steps,
            part.every,
            part.sram_values * 2
        );
    }
    println!(
        "{:.4} s with {} boots; no plan of the space is below {:.4} s (gap {:.3} %); {} choices, {} states",
        found.latency.get(),
        found.boots,
        found.bound.get(),
        100.0 * found.gap(),
        found.edges,
        found.states
    );
    Ok(true)
}

fn report(args: &SearchArgs) -> Result<bool, Box<dyn Error + Send + Sync>> {
    let found = search_report::report()?;
    let (date, machine) = args.heading.split_once(", ").unwrap_or((&args.heading, ""));
    let text = search_report::markdown(&found, date, machine)?;
    if let Some(path) = &args.out {
        std::fs::write(path, &text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else if args.out.is_none() {
        print!("{text}");
    }
    Ok(found.good())
}
