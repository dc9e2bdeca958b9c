//! `rekindle price`: what candidate networks cost, one JSON object a line in and out.

use std::io::{BufRead as _, Write as _};

use clap::Args;
use rekindle_planner::price::{Request, price};
use serde_json::{Value, json};

/// Prices candidate networks on the device of the published settings: a JSON object a line on standard input, one a line out.
///
/// In: `{"id": …, "network": {"input": [32, 32, 3], "classes": 10, "layers": [{"op": "conv", "outputs": 16, "kernel": 3,
/// "stride": 2, "padding": "same"}, {"op": "pool"}, {"op": "dense"}]}, "capacitance_f": 0.005, "harvester_ohm": 24,
/// "deadline_s": 194.86, "planner": "ours"}`; also `margin`, `always`, `sram_bytes`, `nvm_bytes`; planners are `reference`,
/// `continuous`, `ours` and `exact`. Out: `id` with `price`, `refused` or `error`.
#[derive(Args)]
pub struct PriceArgs {}

/// Answers until the input ends.
///
/// # Errors
///
/// When input or output breaks off. A line that is no question is answered with its error.
pub fn run(_: &PriceArgs) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let answer = match serde_json::from_str::<Request>(&line) {
            Ok(request) => match price(&request) {
                Ok(price) => json!({"id": request.id, "price": price}),
                Err(refusal) => {
                    let why = refusal.to_string();
                    json!({"id": request.id, "refused": refusal, "why": why})
                }
            },
            Err(error) => {
                json!({"id": Value::Null, "error": format!("line {}: {error}", number + 1)})
            }
        };
        serde_json::to_writer(&mut out, &answer)?;
        out.write_all(b"\n")?;
        out.flush()?;
    }
    Ok(())
}
