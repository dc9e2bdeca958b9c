//! `rekindle cycles`: when the power of a board fails, for an emulator to fail at the same moments.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use rekindle_planner::program::{Board, power_cycles};
use rekindle_planner::units::Farads;
use serde_json::json;

use super::device::{board, farads};
use super::simulate::trace;

/// Arguments of the command.
#[derive(Args)]
pub struct CyclesArgs {
    /// The board: one of `rekindle devices`, or a `.toml` file of your own.
    #[arg(long, value_parser = board)]
    device: Board,
    /// Its capacitor, such as `100u`, in farads; the board's own if left out.
    #[arg(long, value_parser = farads)]
    capacitor: Option<f64>,
    /// As `--trace` of `rekindle simulate`.
    #[arg(long, default_value = "radio:1")]
    trace: String,
    /// How many power cycles.
    #[arg(long, default_value_t = 1000)]
    count: usize,
    /// Written here as JSON, with the voltage over time.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print that JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
///
/// A trace that cannot be read, or on which there are fewer power cycles.
pub fn run(args: &CyclesArgs) -> Result<(), Box<dyn Error + Send + Sync>> {
    let harvest = Arc::new(trace(&args.trace)?);
    let mut board = args.device.clone();
    if let Some(farads) = args.capacitor {
        board = board.with(Farads(farads));
    }
    let capacitance = board.storage.capacitance.get();
    let all = power_cycles(&board, &harvest, args.count)
        .map_err(|e| format!("{}, {}: {e}", harvest.name, board.name))?;
    let cycles: Vec<_> = all
        .cycles
        .iter()
        .map(|c| json!({ "on_s": c.on.get(), "off_s": c.off.get(), "cycles": c.cycles }))
        .collect();
    let volts: Vec<_> = all.volts.iter().map(|(t, v)| [t.get(), v.get()]).collect();
    let value = json!({
        "board": board.name,
        "trace": harvest.name,
        "capacitance_f": capacitance,
        "on_v": board.storage.on.get(),
        "off_v": board.storage.off.get(),
        "clock_hz": board.clock.0,
        "cycle_j": board.cycle.get(),
        // What a byte takes besides the cycles for which the CPU waits.
        "byte_cycles": board.byte.cycles.get(),
        "byte_j": board.byte.energy.get() - board.byte.cycles.get() * board.cycle.get(),
        "boot_s": board.time(board.boot).get(),
        "cycles": cycles,
        "volts": volts,
    });
    if let Some(path) = &args.out {
        std::fs::write(path, value.to_string()).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    if args.json {
        println!("{value:#}");
        return Ok(());
    }
    let sorted = |of: fn(f64, f64, f64) -> f64| {
        let before = std::iter::once(0.0).chain(all.cycles.iter().map(|c| c.off.get()));
        let pairs = all.cycles.iter().zip(before);
        let mut values: Vec<_> = pairs
            .map(|(c, last)| of(c.on.get() - last, c.off.get() - c.on.get(), c.cycles))
            .collect();
        values.sort_by(f64::total_cmp);
        values
    };
    println!(
        "{}, {:.0} µF, {}: {} power cycles in {:.0} s\n{:<12} {:>10} {:>10} {:>10}",
        board.name,
        capacitance * 1e6,
        harvest.name,
        all.cycles.len(),
        all.cycles.last().map_or(0.0, |c| c.off.get()),
        "",
        "least",
        "median",
        "most"
    );
    for (what, values) in [
        ("dark, ms", sorted(|dark, _, _| dark * 1e3)),
        ("on, ms", sorted(|_, on, _| on * 1e3)),
        ("CPU cycles", sorted(|_, _, cycles| cycles)),
    ] {
        if let [first, .., last] = values[..] {
            let median = values[values.len() / 2];
            println!("{what:<12} {first:>10.1} {median:>10.1} {last:>10.1}");
        }
    }
    Ok(())
}
