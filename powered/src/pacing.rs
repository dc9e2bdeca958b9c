//! Pacers against fixed intervals, on harvests that no plan foresaw.

use std::sync::Arc;

use rekindle::pace::{ByVoltage, ByWork, Pacer as _, millivolts_for};
use rekindle_planner::program::{Board, Harvest, Memory, choose, simulate, young};
use rekindle_planner::units::{Farads, Watts};
use serde::Serialize;

use crate::meter;
use crate::network::{Interval, Task, program};
use crate::run::{Ended, continuous, run, sample};

/// Intervals that are tried, in iterations.
pub const INTERVALS: [u32; 18] = [
    1, 2, 3, 4, 6, 8, 11, 16, 22, 32, 45, 64, 90, 128, 180, 256, 392, 784,
];

/// One setting: latencies in seconds.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Board.
    pub board: String,
    /// Capacitance in microfarads.
    pub microfarads: f64,
    /// Harvest.
    pub harvest: String,
    /// The interval that is best on the harvest that was foreseen (a constant one of the same mean power).
    pub foreseen: Static,
    /// The interval that is best on this harvest, known only afterwards.
    pub best: Static,
    /// A commit after each iteration, in seconds.
    pub each: f64,
    /// The planner's intervals, one for each layer, in seconds; by the simulation, which is exact ([`crate::agreement`]).
    pub plan: f64,
    /// By work: Young's interval for one outage per charge of the capacitor.
    pub by_work: Paced,
    /// By voltage, read by the ADC.
    pub by_voltage: Paced,
    /// By a comparator, and by work at four times Young's interval, so that little is pending when the voltage falls.
    pub by_both: Paced,
    /// Every run, of every policy, left the bits of continuous power.
    pub same_bits: bool,
}

/// A fixed interval.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Static {
    /// Iterations between two commits.
    pub every: u32,
    /// Latency, in seconds.
    pub latency_s: f64,
    /// Work done twice, as a part of all.
    pub repeated: f64,
}

/// A pacer.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Paced {
    /// Latency, in seconds.
    pub latency_s: f64,
    /// Outages.
    pub outages: u64,
    /// Commits.
    pub commits: u64,
    /// Work done twice, as a part of all.
    pub repeated: f64,
    /// Readings of the voltage.
    pub readings: u64,
}

impl Paced {
    /// A run that never ends has an infinite latency.
    fn of(ended: Option<&Ended>) -> Self {
        let Some(ended) = ended else {
            return Self {
                latency_s: f64::INFINITY,
                outages: 0,
                commits: 0,
                repeated: f64::NAN,
                readings: 0,
            };
        };
        Self {
            latency_s: ended.counts.latency.get(),
            outages: ended.counts.outages,
            commits: ended.counts.commits,
            repeated: ended.counts.units as f64 / program().units() as f64 - 1.0,
            readings: ended.readings,
        }
    }
}

/// Units of work for a pacer by work: Young's interval.
pub fn work(board: &Board) -> u32 {
    let conv = &program().loops[2];
    let unit = board.iteration(conv.units, conv.writes).energy / conv.units as f64;
    let room = board.usable() - board.restart(conv.input).energy;
    u32::try_from(young(board.commit().energy, unit, room)).unwrap_or(u32::MAX)
}

/// Settings of a pacer by voltage: `low`, `high` in millivolts.
///
/// `low` leaves room for `work` units up to the next look at the voltage, one more iteration, a commit, and the outputs of
/// `pending` units that have come together since the last commit.
pub fn thresholds(board: &Board, work: u32, pending: f64) -> (u32, u32) {
    let program = program();
    let most = program.loops.iter().map(|l| l.units).max().unwrap_or(1);
    // The layer with the most bytes per unit of work, but for pools, which are short.
    let per_unit = program.loops[0].writes as f64 / program.loops[0].units as f64;
    let bytes = match board.memory {
        Memory::Words => 0,
        Memory::Bytes => (pending * per_unit) as u64,
    };
    let reserve = (board.unit.energy * (f64::from(work) + most as f64))
        + board.commit().energy
        + board.transfer(bytes).energy;
    let low = millivolts_for(
        (reserve.get() * 1e9) as u32,
        (board.storage.capacitance.get() * 1e9) as u32,
        (board.storage.off.get() * 1e3) as u32,
    );
    (low, low + 40)
}

/// Work between two conversions of the ADC: one may cost a fiftieth of it, and it may cost a tenth of the capacitor's
/// energy with what it writes.
pub fn between_readings(board: &Board) -> u32 {
    let conv = &program().loops[0];
    let dearest = board.iteration(conv.units, conv.writes).energy / conv.units as f64;
    let worth_it = 50.0 * (board.adc.energy / board.unit.energy);
    worth_it.min(0.1 * (board.usable() / dearest)) as u32
}

fn boards(capacitance: Farads) -> [Board; 2] {
    [Board::nrf52840_spi_fram(), Board::msp430fr5994()].map(|board| board.with(capacitance))
}

/// All settings.
///
/// Settings in which no fixed interval ends are left out: a region does not fit the capacitor, however the work is divided.
pub fn rows(seeds: &[u64], mut progress: impl FnMut(&Row)) -> Vec<Row> {
    let mut rows = Vec::new();
    for make in [Harvest::radio, Harvest::clouds, Harvest::steps] {
        for harvest in seeds.iter().map(|seed| Arc::new(make(*seed))) {
            for farads in [47e-6, 68e-6, 100e-6, 220e-6] {
                for board in boards(Farads(farads)) {
                    if let Some(row) = row(&board, &harvest) {
                        progress(&row);
                        rows.push(row);
                    }
                }
            }
        }
    }
    rows
}

/// One setting; `None` when no fixed interval ends.
pub fn row(board: &Board, harvest: &Arc<Harvest>) -> Option<Row> {
    let image = sample(1);
    let want = continuous(&image);
    let mut same_bits = true;
    let mut statics = |harvest: &Arc<Harvest>| -> Vec<Static> {
        let all = INTERVALS.iter().filter_map(|&every| {
            let pacer = || Interval::new(every);
            let ended = run(Task::Paced, board, harvest, &image, pacer).ok()?;
            same_bits &= ended.bytes == want;
            Some(Static {
                every,
                latency_s: ended.counts.latency.get(),
                repeated: Paced::of(Some(&ended)).repeated,
            })
        });
        all.collect()
    };
    let mean = harvest.watts.iter().map(|w| w.get()).sum::<f64>() / harvest.watts.len() as f64;
    let planned = least(&statics(&Arc::new(Harvest::constant(Watts(mean)))))?;
    let here = statics(harvest);
    let best = least(&here)?;
    let foreseen = here.iter().find(|s| s.every == planned.every);
    let plan = choose(board, program())
        .ok()
        .and_then(|program| simulate(&program, board, harvest).ok());

    let units = work(board);
    let by_work = run(Task::Paced, board, harvest, &image, || ByWork::new(units)).ok();
    let check = between_readings(board);
    let charge = board.usable() / board.iteration(1, 0).energy;
    let (low, high) = thresholds(board, check, charge);
    let by_voltage = run(Task::Paced, board, harvest, &image, || {
        ByVoltage::new(meter::millivolts, low, high).check_every(check)
    })
    .ok();
    let seldom = units.saturating_mul(4);
    let (low, high) = thresholds(board, 0, f64::from(seldom));
    let by_both = run(Task::Paced, board, harvest, &image, || {
        ByVoltage::new(meter::comparator, low, high).or(ByWork::new(seldom))
    })
    .ok();
    for ended in [&by_work, &by_voltage, &by_both].into_iter().flatten() {
        same_bits &= ended.bytes == want;
    }
    Some(Row {
        board: board.name.clone(),
        microfarads: board.storage.capacitance.get() * 1e6,
        harvest: harvest.name.clone(),
        foreseen: foreseen.copied().unwrap_or(Static {
            every: planned.every,
            latency_s: f64::INFINITY,
            repeated: f64::NAN,
        }),
        best,
        each: here.first().map_or(f64::INFINITY, |s| s.latency_s),
        plan: plan.map_or(f64::INFINITY, |counts| counts.latency.get()),
        by_work: Paced::of(by_work.as_ref()),
        by_voltage: Paced::of(by_voltage.as_ref()),
        by_both: Paced::of(by_both.as_ref()),
        same_bits,
    })
}

fn least(all: &[Static]) -> Option<Static> {
    all.iter()
        .min_by(|a, b| a.latency_s.total_cmp(&b.latency_s))
        .copied()
}
