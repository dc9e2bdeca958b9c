//! The two comparisons as Markdown.

use std::fmt::Write as _;

use crate::{agreement, pacing};

/// Plan against code.
pub fn agreement(rows: &[agreement::Row], seed: u64) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "## Plan against code\n\nThe planner's simulation beside the compiled network on the same supply, seed {seed}. \
         \"Same\": the same outages, commits and repeated iterations, and every output byte as on continuous power.\n\n\
         | board | µF | harvest | commits | latency, planned | latency, code | difference | outages | commits | repeated | same |\n\
         |---|---|---|---|---|---|---|---|---|---|---|"
    );
    for row in rows {
        let f = &row.real;
        let _ = writeln!(
            out,
            "| {} | {:.0} | {} | {} | {:.4} s | {:.4} s | {:.0e} | {} | {} | {} | {} |",
            row.board,
            row.microfarads,
            row.harvest,
            row.policy,
            row.planned.latency_s,
            f.latency_s,
            row.error(),
            f.outages,
            f.commits,
            f.repeated,
            if row.same_counts() && row.same_bits {
                "yes"
            } else {
                "**no**"
            },
        );
    }
    let same = rows.iter().filter(|r| r.same_counts() && r.same_bits);
    let worst = rows.iter().map(agreement::Row::error).fold(0.0, f64::max);
    let _ = writeln!(
        out,
        "\n{} of {} settings the same, {} outages in all; latencies differ by {worst:.0e} at most.",
        same.count(),
        rows.len(),
        rows.iter().map(|r| r.real.outages).sum::<u64>(),
    );
    out
}

/// Pacers against intervals.
pub fn pacing(rows: &[pacing::Row], seeds: &[u64]) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "## Pacers against fixed intervals\n\nLatency of one inference by the compiled network, seeds {seeds:?}. \
         \"Foreseen\": the interval that is best on a constant harvest of the same mean power. \"Best\": the best of {} \
         intervals for this very harvest, known only afterwards. \"Plan\": the planner's intervals, one per layer. In \
         brackets: iterations between two commits. Changes are against \"foreseen\".\n\n\
         | board | µF | harvest | each | foreseen | best | plan | by work | by voltage | by both | repeated, foreseen → by both |\n\
         |---|---|---|---|---|---|---|---|---|---|---|",
        pacing::INTERVALS.len()
    );
    let change = |a: f64, b: f64| format!("{:+.1} %", 100.0 * (a / b - 1.0));
    for r in rows {
        let base = r.foreseen.latency_s;
        let paced =
            |p: &pacing::Paced| format!("{:.3} s, {}", p.latency_s, change(p.latency_s, base));
        let _ = writeln!(
            out,
            "| {} | {:.0} | {} | {:.3} s | {:.3} s ({}) | {:.3} s ({}), {} | {:.3} s, {} | {} | {} | {} | {:.1} → {:.1} % |",
            r.board,
            r.microfarads,
            r.harvest,
            r.each,
            base,
            r.foreseen.every,
            r.best.latency_s,
            r.best.every,
            change(r.best.latency_s, base),
            r.plan,
            change(r.plan, base),
            paced(&r.by_work),
            paced(&r.by_voltage),
            paced(&r.by_both),
            100.0 * r.foreseen.repeated,
            100.0 * r.by_both.repeated,
        );
    }
    let boards: std::collections::BTreeSet<_> = rows.iter().map(|r| r.board.as_str()).collect();
    out.push_str(
        "\nGeometric means of latency, relative to the best fixed interval of each setting, and how often the \
         others were faster than the foreseen one and than the best one:\n\n\
         | board | settings | each | foreseen | plan | by work | by voltage | by both |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for board in boards {
        let here: Vec<_> = rows.iter().filter(|r| r.board == board).collect();
        let mean = |f: &dyn Fn(&pacing::Row) -> f64| {
            let ratios = here.iter().map(|r| f(r) / r.best.latency_s);
            let finite: Vec<f64> = ratios.filter(|r| r.is_finite()).map(f64::ln).collect();
            let mean = (finite.iter().sum::<f64>() / finite.len() as f64).exp();
            match here.len() - finite.len() {
                0 => format!("{mean:.4}"),
                n => format!("{mean:.4} ({n} never end)"),
            }
        };
        let paced = |f: &dyn Fn(&pacing::Row) -> f64| {
            let faster =
                |than: &dyn Fn(&pacing::Row) -> f64| here.iter().filter(|r| f(r) < than(r)).count();
            format!(
                "{} ({}, {})",
                mean(f),
                faster(&|r| r.foreseen.latency_s),
                faster(&|r| r.best.latency_s)
            )
        };
        let _ = writeln!(
            out,
            "| {board} | {} | {} | {} | {} | {} | {} | {} |",
            here.len(),
            mean(&|r| r.each),
            mean(&|r| r.foreseen.latency_s),
            paced(&|r| r.plan),
            paced(&|r| r.by_work.latency_s),
            paced(&|r| r.by_voltage.latency_s),
            paced(&|r| r.by_both.latency_s),
        );
    }
    let same = rows.iter().filter(|r| r.same_bits).count();
    let _ = writeln!(
        out,
        "\nIn {same} of {} settings every run of every policy left the bits of continuous power.",
        rows.len()
    );
    out
}
