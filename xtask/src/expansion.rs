//! `cargo xtask expansion-time`: what the macro costs a build of `LeNet`, around the expansion itself.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use quote::ToTokens;
use rekindle_compiler::{Options, expand};

/// Where the network's tasks and its kernels are.
const FILES: [&str; 7] = [
    "examples/lenet/src/lib.rs",
    "kernels/src/conv2d.rs",
    "kernels/src/dense.rs",
    "kernels/src/pool.rs",
    "kernels/src/softmax.rs",
    "kernels/src/shape.rs",
    "kernels/src/depthwise.rs",
];
/// The promise, in milliseconds.
const BAR: f64 = 150.0;
const ROUNDS: usize = 9;

/// Measures and prints; false when it is above the bar.
pub fn report(json: bool) -> Result<bool> {
    let mut tasks = Vec::new();
    for file in FILES {
        for item in syn::parse_file(&std::fs::read_to_string(file)?)?.items {
            if let syn::Item::Fn(mut function) = item {
                let before = function.attrs.len();
                function
                    .attrs
                    .retain(|a| !a.path().is_ident("intermittent_task"));
                if function.attrs.len() < before {
                    tasks.push(function.into_token_stream());
                }
            }
        }
    }
    ensure!(!tasks.is_empty(), "no tasks found");
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let mut time = Duration::ZERO;
        for task in &tasks {
            let start = Instant::now();
            let expanded = expand(&Options::default(), syn::parse2(task.clone())?);
            time += start.elapsed();
            ensure!(expanded.is_ok(), "a task of the network is refused");
        }
        times.push(time.as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let (median, most) = (times[ROUNDS / 2], times[ROUNDS - 1]);
    let profile = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    if json {
        println!(
            "{}",
            serde_json::json!({"tasks": tasks.len(), "profile": profile, "median_ms": median, "max_ms": most, "bar_ms": BAR})
        );
    } else {
        println!(
            "{} tasks of LeNet and its kernels expand in {median:.1} ms (at most {most:.1} ms, {profile} build); the bar is {BAR} ms",
            tasks.len()
        );
    }
    Ok(median < BAR)
}
