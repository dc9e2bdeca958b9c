//! `rekindle devices`: the boards that are known, and what they make of a power cycle.

use std::error::Error;

use clap::Args;
use rekindle_planner::profile::SHIPPED;
use rekindle_planner::program::{Board, Memory};
use serde::Serialize;

use super::device::board;

/// Arguments of the command.
#[derive(Args)]
pub struct DevicesArgs {
    /// Boards, or `.toml` files of your own; all that come with the planner if left out.
    devices: Vec<String>,
    /// Print the profiles themselves, to start one of your own from.
    #[arg(long, conflicts_with = "json")]
    toml: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Row {
    device: String,
    name: String,
    nvm: &'static str,
    clock_hz: f64,
    sram_bytes: u64,
    nvm_bytes: u64,
    capacitance_f: f64,
    on_v: f64,
    off_v: f64,
    usable_j: f64,
    mac_j: f64,
    commit_j: f64,
    restart_j: f64,
    /// Multiply-accumulates in a power cycle that does nothing else, without harvest.
    macs_per_cycle: f64,
    sources: String,
}

fn row(device: &str, board: &Board) -> Row {
    let (storage, restart) = (&board.storage, board.restart(0).energy);
    Row {
        device: device.to_owned(),
        name: board.name.clone(),
        nvm: match board.memory {
            Memory::Words => "mapped",
            Memory::Bytes => "driver",
        },
        clock_hz: board.clock.get(),
        sram_bytes: board.sram.0,
        nvm_bytes: board.nvm.0,
        capacitance_f: storage.capacitance.get(),
        on_v: storage.on.get(),
        off_v: storage.off.get(),
        usable_j: board.usable().get(),
        mac_j: board.unit.energy.get(),
        commit_j: board.commit().energy.get(),
        restart_j: restart.get(),
        macs_per_cycle: ((board.usable() - restart) / board.unit.energy).max(0.0),
        sources: board.sources.trim().to_owned(),
    }
}

/// Prints them.
///
/// # Errors
///
/// A name that is none, or what is wrong with a file.
pub fn run(args: &DevicesArgs) -> Result<(), Box<dyn Error + Send + Sync>> {
    let names: Vec<String> = if args.devices.is_empty() {
        SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect()
    } else {
        args.devices.clone()
    };
    let mut rows = Vec::new();
    for name in &names {
        let found = board(name).map_err(|e| format!("`{name}`: {e}"))?;
        if args.toml {
            match SHIPPED.iter().find(|(n, _)| n == name) {
                Some((_, text)) => print!("{text}"),
                None => print!("{}", std::fs::read_to_string(name)?),
            }
        }
        rows.push(row(name, &found));
    }
    if args.toml {
        return Ok(());
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    println!(
        "{:<20} {:>7} {:>5} {:>8} {:>9} {:>9} {:>13} {:>9} {:>8} {:>10} {:>10} {:>11}",
        "device",
        "NVM",
        "MHz",
        "SRAM KB",
        "NVM KB",
        "µF",
        "V on to off",
        "usable µJ",
        "MAC nJ",
        "commit nJ",
        "restart µJ",
        "MACs/cycle"
    );
    for r in &rows {
        println!(
            "{:<20} {:>7} {:>5.0} {:>8} {:>9} {:>9.0} {:>13} {:>9.1} {:>8.2} {:>10.1} {:>10.1} {:>11.0}",
            r.device,
            r.nvm,
            r.clock_hz / 1e6,
            r.sram_bytes / 1024,
            r.nvm_bytes / 1024,
            r.capacitance_f * 1e6,
            format!("{:.2} to {:.2}", r.on_v, r.off_v),
            r.usable_j * 1e6,
            r.mac_j * 1e9,
            r.commit_j * 1e9,
            r.restart_j * 1e6,
            r.macs_per_cycle
        );
    }
    if !args.devices.is_empty() {
        for r in &rows {
            println!("\n{} ({}):\n{}", r.device, r.name, r.sources);
        }
    }
    Ok(())
}
