//! `rekindle schedule`: deadlines of several tasks on one capacitor.

use std::error::Error;
use std::path::PathBuf;

use clap::Args;
use rekindle_planner::schedule::{agreement, analyze, parse};
use serde_json::json;

/// Whether the tasks of a file meet their deadlines, and in what time at worst.
#[derive(Args)]
pub struct ScheduleArgs {
    /// The task set, as `docs/schedule.md` describes it.
    #[arg(required_unless_present = "check")]
    tasks: Option<PathBuf>,
    /// Instead: holds the analysis against brute force on this many random sets.
    #[arg(long, value_name = "SETS", conflicts_with = "tasks")]
    check: Option<u64>,
    /// Seed of the random sets.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Prints the answer; false when it is no.
///
/// # Errors
///
/// A file that cannot be read, or what is wrong in it, with line and column.
pub fn run(args: &ScheduleArgs) -> Result<bool, Box<dyn Error + Send + Sync>> {
    if let Some(sets) = args.check {
        return check(sets, args);
    }
    let Some(path) = &args.tasks else {
        return Err("no task set".into());
    };
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let system = parse(&text).map_err(|all| {
        let lines: Vec<String> = all
            .iter()
            .map(|p| format!("{}:{}:{}: {}", path.display(), p.line, p.column, p.what))
            .collect();
        lines.join("\nerror: ")
    })?;
    let answer = analyze(&system);
    if args.json {
        let all = json!({"system": system, "answer": answer});
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(answer.schedulable);
    }
    println!(
        "{:<16} {:>12} {:>12} {:>16}",
        "task", "period ms", "deadline ms", "worst response"
    );
    for (task, response) in system.tasks.iter().zip(&answer.responses) {
        let worst = response.worst.map_or("no bound".to_owned(), |w| {
            format!("{:.3} ms", w.get() * 1e3)
        });
        println!(
            "{:<16} {:>12.3} {:>12.3} {worst:>16}",
            task.name,
            task.period.get() * 1e3,
            task.deadline.get() * 1e3,
        );
    }
    match &answer.reason {
        None => println!("yes: every deadline is met"),
        Some(reason) if answer.proved => println!("no: {reason}"),
        Some(reason) => {
            println!("not shown: {reason}");
            println!(
                "(a bound; the first run from an empty capacitor, all released at once, meets every deadline)"
            );
        }
    }
    Ok(answer.schedulable)
}

fn check(sets: u64, args: &ScheduleArgs) -> Result<bool, Box<dyn Error + Send + Sync>> {
    let found = agreement(sets, args.seed, None);
    if args.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        println!(
            "{} sets, {} runs: {} declared schedulable, {} of them missed a deadline; {} tasks above their bound",
            found.sets, found.runs, found.schedulable, found.missed, found.above
        );
        println!(
            "{} declared not schedulable and shown so, {} though no run misses; bound over longest seen: mean {:.2}, median {:.2}",
            found.refuted, found.pessimistic, found.ratio, found.median
        );
    }
    Ok(found.missed == 0 && found.above == 0)
}
