//! What stores for NOR flash need for the same commits on the same chip, and what is left after outages.
//!
//! `flash_stores INFERENCES SEEDS` prints one JSON document.

mod outages;
mod stores;
mod trace;

use serde::Serialize;

use stores::{Boot, Ekv, Ours, Sequential, Sim};
use trace::{Commit, NVM};

/// Pages of the chip, for all.
const PAGES: usize = 26;

/// One store.
#[derive(Serialize)]
struct Row {
    store: &'static str,
    /// Bytes that were programmed over bytes that the program wrote, per inference.
    asked: f64,
    programmed: f64,
    amplification: f64,
    /// Pages erased per inference, and of the pages the most and the least in all.
    erases: f64,
    most: u32,
    least: u32,
    /// Units that were programmed twice between two erases.
    rewritten: u64,
    /// After outages; see [`outages::Outages`].
    outages: outages::Outages,
}

#[derive(Serialize)]
struct Report {
    inferences: usize,
    commits: usize,
    pages: usize,
    page: usize,
    nvm: usize,
    seeds: u64,
    rows: Vec<Row>,
}

fn row<B: Boot>(commits: &[Commit], inferences: usize, seeds: u64) -> Row {
    let sim = Sim::new(PAGES, 0xff, 1);
    B::format(&sim);
    let (before, erased) = (sim.operations(), sim.erases());
    let mut store = B::boot(&sim, 1).expect("the power is on");
    for commit in commits {
        store.commit(commit).expect("the power is on");
    }
    let erases: Vec<u32> = (sim.erases().iter().zip(&erased))
        .map(|(a, b)| a - b)
        .collect();
    let all: u32 = erases.iter().sum();
    let units = sim.operations() - before - u64::from(all);
    let asked: usize = commits.iter().flatten().map(|(_, bytes)| bytes.len()).sum();
    let per = |n: f64| n / inferences as f64;
    Row {
        store: B::NAME,
        asked: per(asked as f64),
        programmed: per(4.0 * units as f64),
        amplification: 4.0 * units as f64 / asked as f64,
        erases: per(f64::from(all)),
        most: erases.iter().copied().max().unwrap_or(0),
        least: erases.iter().copied().min().unwrap_or(0),
        rewritten: sim.rewritten(),
        outages: outages::judge::<B>(commits, seeds),
    }
}

fn main() {
    let mut numbers = std::env::args()
        .skip(1)
        .map(|n| n.parse().expect("a number"));
    let inferences = numbers.next().unwrap_or(40);
    let seeds = numbers.next().unwrap_or(20) as u64;
    let commits = trace::lenet(inferences);
    let report = Report {
        inferences,
        commits: commits.len(),
        pages: PAGES,
        page: stores::PAGE,
        nvm: NVM,
        seeds,
        rows: vec![
            row::<Ours>(&commits, inferences, seeds),
            row::<Sequential>(&commits, inferences, seeds),
            row::<Ekv>(&commits, inferences, seeds),
        ],
    };
    println!(
        "{}",
        serde_json::to_string_pretty(&report).expect("plain data")
    );
}
