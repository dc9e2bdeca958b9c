//! The published networks and boards, shipped with the crate.

use serde::Deserialize;

use super::space::Design;
use crate::device::Supply;
use crate::layer::Layer;
use crate::units::{Farads, Ohms, Seconds};

/// One network on one board, with the plan that was published for it.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Data set, capacitor, training set.
    pub name: String,
    /// The board's supply.
    pub supply: Supply,
    /// The network.
    pub layers: Vec<Layer>,
    /// The published plan.
    pub published: Vec<Design>,
    /// The published latency.
    pub latency: Seconds,
}

#[derive(Deserialize)]
struct File {
    setting: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    capacitance_f: Farads,
    harvester_ohm: Ohms,
    margin: f64,
    published_latency_s: Seconds,
    layers: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    layer: String,
    plan: String,
}

/// The 18 settings.
///
/// # Errors
///
/// What is wrong with the shipped file, with its line; a test reads it.
pub fn settings() -> Result<Vec<Setting>, Box<dyn std::error::Error + Send + Sync>> {
    let file: File = toml::from_str(include_str!("../../data/inas-settings.toml"))?;
    file.setting
        .into_iter()
        .map(|entry| {
            Ok(Setting {
                supply: Supply::inas(entry.capacitance_f, entry.harvester_ohm, entry.margin),
                latency: entry.published_latency_s,
                layers: entry
                    .layers
                    .iter()
                    .map(|r| r.layer.parse())
                    .collect::<Result<_, _>>()?,
                published: entry
                    .layers
                    .iter()
                    .map(|r| r.plan.parse())
                    .collect::<Result<_, _>>()?,
                name: entry.name,
            })
        })
        .collect()
}
