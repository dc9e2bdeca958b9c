//! A bound on every response, from the work that can lie before a job and the longest time that the capacitor takes for it.
//!
//! **Work to time.** Let a set of jobs take the on-time C, and let each region draw e over c; with harvest P its net draw is
//! max(0, e − P·c), and the sum of these is N. Take any window in which one of these jobs is always pending. Off-phases end
//! with the full capacitor, B. The first may have to charge all of B. Between two off-phases the level falls from B by at
//! most the boot and the net draw in between, so all later ones charge at most N plus a boot each. A region refused for want of
//! energy means that the level fell below the largest need M, so more than B − M − boot was drawn in between: there are fewer
//! than N / (B − M − boot) such falls, and, as each sees at least one region complete, fewer than there are regions. With n
//! boots the window is at most `C + n·t_boot + (B + N + (n − 1)·boot) / P`. Nothing is assumed of where outages fall, nor is it
//! assumed that more energy at the start, or shorter jobs, end sooner.
//!
//! **Jobs before a job.** As for non-preemptive scheduling on continuous power: fixed priorities after L. George, N. Rivierre,
//! M. Spuri, "Preemptive and non-preemptive real-time uniprocessor scheduling", INRIA RR-2966, 1996, with every job of the
//! busy period looked at (R. Davis et al., "Controller Area Network schedulability analysis: refuted, revisited and revised",
//! Real-Time Systems 35, 2007); deadlines after the same report's busy periods per deadline.

use std::fmt;

use serde::Serialize;

use super::{Policy, System, Task, execute};
use crate::units::{Joules, Seconds, Watts};

/// Busy periods longer than this many of the longest period are given up.
const HORIZON: f64 = 400.0;
/// Slack for counting releases: an arrival this near to an instant counts as before it.
const ROUNDING: f64 = 1e-9;

/// Bound for one task.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Response {
    /// Task.
    pub task: String,
    /// No response of a job is longer; `None` where the busy period has no bound.
    pub worst: Option<Seconds>,
    /// Its deadline.
    pub deadline: Seconds,
}

/// Why the answer is no.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Reason {
    /// The full capacitor does not hold a boot and the task's dearest region.
    Capacitor {
        /// Task.
        task: String,
        /// Energy needed in one power cycle.
        needed: Joules,
        /// Energy missing.
        short: Joules,
    },
    /// All jobs together draw more than is harvested.
    Harvest {
        /// Mean power that the jobs draw.
        needed: Watts,
        /// Power missing.
        short: Watts,
    },
    /// All jobs together take more than all of the time, with energy without end.
    Utilization {
        /// On-time per time.
        needed: f64,
    },
    /// The deadline is missed even with energy without end.
    Time {
        /// Task.
        task: String,
        /// By how much; `None` where the busy period has no bound.
        late: Option<Seconds>,
    },
    /// The deadline is missed for want of energy.
    Energy {
        /// Task.
        task: String,
        /// By how much; `None` where the busy period has no bound.
        late: Option<Seconds>,
        /// Harvest with which the deadlines would be met.
        harvest: Watts,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |late: &Option<Seconds>| {
            late.map_or("without bound".to_owned(), |s| {
                format!("by up to {:.3} ms", s.get() * 1e3)
            })
        };
        match self {
            Self::Capacitor {
                task,
                needed,
                short,
            } => write!(
                f,
                "energy: a boot, restoring and the dearest region of `{task}` need {:.3} µJ in one power cycle, {:.3} µJ more than the capacitor holds",
                needed.get() * 1e6,
                short.get() * 1e6
            ),
            Self::Harvest { needed, short } => write!(
                f,
                "energy: the jobs draw {:.3} mW in the mean, {:.3} mW more than is harvested",
                needed.get() * 1e3,
                short.get() * 1e3
            ),
            Self::Utilization { needed } => write!(
                f,
                "time: the jobs need {:.1} % of the time, with energy without end",
                needed * 100.0
            ),
            Self::Time { task, late } => {
                write!(
                    f,
                    "time: `{task}` may be late {}, whatever is harvested",
                    ms(late)
                )
            }
            Self::Energy {
                task,
                late,
                harvest,
            } => write!(
                f,
                "energy: `{task}` may be late {}; {:.3} mW of harvest would do",
                ms(late),
                harvest.get() * 1e3
            ),
        }
    }
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Analysis {
    /// Whether every deadline is met, whatever the releases, the level at the start and the outages.
    pub schedulable: bool,
    /// Bounds, in the order of the tasks.
    pub responses: Vec<Response>,
    /// Why not, where the answer is no.
    pub reason: Option<Reason>,
    /// Whether the no is certain: over any long time, or shown by a run that misses. A no that is not proved comes of the
    /// bound, which may be pessimistic.
    pub proved: bool,
}

/// The longest time in which the capacitor lets `jobs` (how many of each task) be done; see the module.
pub fn wall(system: &System, jobs: &[f64]) -> Seconds {
    until(system, jobs, None)
}

/// The same; with `next`, until a job of that task has started after them. It may find too little energy, and while the
/// capacitor is charged for it, others may come before it.
fn until(system: &System, jobs: &[f64], next: Option<usize>) -> Seconds {
    let capacitor = &system.capacitor;
    let power = capacitor.harvest.get();
    let net = |energy: Joules, time: Seconds| (energy.get() - power * time.get()).max(0.0);
    let (mut on, mut drawn, mut regions) = (0.0, 0.0, 0.0);
    let (mut need, mut boot, mut boot_time) = (0.0_f64, 0.0_f64, 0.0_f64);
    for (j, (task, &count)) in system.tasks.iter().zip(jobs).enumerate() {
        if count <= 0.0 && next != Some(j) {
            continue;
        }
        for r in &task.work {
            let n = r.count as f64 * count;
            on += n * r.each.time.get();
            drawn += n * net(r.each.energy, r.each.time);
            regions += n;
        }
        need = need.max(task.need().get());
        boot = boot.max(
            net(capacitor.boot.energy, capacitor.boot.time)
                + net(task.restore.energy, task.restore.time),
        );
        boot_time = boot_time.max((capacitor.boot.time + task.restore.time).get());
    }
    let room = capacitor.usable.get() - need - boot;
    let by_energy = if room > 0.0 {
        (drawn / room).ceil()
    } else {
        f64::INFINITY
    };
    let started = f64::from(u8::from(next.is_some()));
    let boots = by_energy.min(regions + started).max(1.0);
    let charged = capacitor.usable.get() + drawn + (boots - 1.0) * boot;
    Seconds(on + boots * boot_time + charged / power)
}

/// Bounds every response, or says why not.
pub fn analyze(system: &System) -> Analysis {
    let responses = bounds(system, Mistake::None);
    let late = |r: &Response| r.worst.is_none_or(|worst| worst > r.deadline);
    let fits = fit(system);
    let schedulable = fits.is_none() && !responses.iter().any(late);
    if schedulable {
        return Analysis {
            schedulable,
            responses,
            reason: None,
            proved: false,
        };
    }
    let (reason, proved) = match fits {
        Some(reason) => (Some(reason), true),
        None => (
            responses.iter().find(|r| late(r)).map(|r| blame(system, r)),
            misses(system),
        ),
    };
    Analysis {
        schedulable,
        responses,
        reason,
        proved,
    }
}

/// What makes any schedule impossible.
fn fit(system: &System) -> Option<Reason> {
    let capacitor = &system.capacitor;
    for task in &system.tasks {
        let needed = capacitor.boot.energy + task.restore.energy + task.need();
        if needed > capacitor.usable {
            return Some(Reason::Capacitor {
                task: task.name.clone(),
                needed,
                short: needed - capacitor.usable,
            });
        }
    }
    let rate = |f: &dyn Fn(&Task) -> f64| -> f64 { system.tasks.iter().map(f).sum() };
    let time = rate(&|t| t.total().time / t.period);
    if time > 1.0 {
        return Some(Reason::Utilization { needed: time });
    }
    let power = rate(&|t| t.total().energy.get() / t.period.get());
    let harvest = capacitor.harvest.get();
    (power > harvest).then_some(Reason::Harvest {
        needed: Watts(power),
        short: Watts(power - harvest),
    })
}

/// Whether time or energy is what a late task wants.
fn blame(system: &System, response: &Response) -> Reason {
    let with = |watts: f64| {
        let mut richer = system.clone();
        richer.capacitor.harvest = Watts(watts);
        richer
    };
    let meets = |watts: f64| {
        let richer = with(watts);
        bounds(&richer, Mistake::None)
            .iter()
            .all(|r| r.worst.is_some_and(|w| w <= r.deadline))
    };
    let task = response.task.clone();
    let mut low = system.capacitor.harvest.get();
    let plenty = low * 1e6;
    if !meets(plenty) {
        let late = bounds(&with(plenty), Mistake::None)
            .into_iter()
            .find(|r| r.worst.is_none_or(|w| w > r.deadline));
        return match late {
            Some(r) => Reason::Time {
                late: r.worst.map(|w| w - r.deadline),
                task: r.task,
            },
            None => Reason::Time { task, late: None },
        };
    }
    let mut high = plenty;
    while high / low > 1.0001 {
        let middle = (low * high).sqrt();
        if meets(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Reason::Energy {
        task,
        late: response.worst.map(|w| w - response.deadline),
        harvest: Watts(high),
    }
}

/// Whether a run from the empty capacitor, all tasks released at once, misses a deadline.
fn misses(system: &System) -> bool {
    let longest = system
        .tasks
        .iter()
        .map(|t| t.period.get())
        .fold(0.0, f64::max);
    let releases = system.tasks.iter().map(|task| {
        let count = (20.0 * longest / task.period.get()).ceil().min(2000.0) as u64;
        (0..count).map(|k| task.period * k as f64).collect()
    });
    let seen = execute(system, Joules::ZERO, &releases.collect::<Vec<_>>(), 1.0);
    seen.missed(system)
}

/// Errors that the checks must notice: each is one that a hand-written analysis is likely to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    /// As it should be.
    None,
    /// The job that runs already is forgotten.
    NoBlocking,
    /// The capacitor is taken to be full at the start.
    StartsFull,
    /// Boots are free.
    FreeBoots,
}

/// Bounds of all tasks.
pub(super) fn bounds(system: &System, mistake: Mistake) -> Vec<Response> {
    let all = 0..system.tasks.len();
    all.map(|i| Response {
        task: system.tasks[i].name.clone(),
        worst: worst(system, i, mistake),
        deadline: system.tasks[i].deadline,
    })
    .collect()
}

fn time_for(system: &System, jobs: &[f64], next: Option<usize>, mistake: Mistake) -> f64 {
    let mut time = until(system, jobs, next).get();
    let capacitor = &system.capacitor;
    match mistake {
        Mistake::StartsFull => time -= capacitor.usable.get() / capacitor.harvest.get(),
        Mistake::FreeBoots => {
            let mut free = system.clone();
            free.capacitor.boot = super::Draw::default();
            time = until(&free, jobs, next).get();
        }
        Mistake::None | Mistake::NoBlocking => {}
    }
    time
}

/// Releases within a closed window.
fn releases(window: f64, task: &Task) -> f64 {
    if window < -ROUNDING {
        return 0.0;
    }
    (window / task.period.get() + ROUNDING).floor() + 1.0
}

/// The least fixed point of a growing function, or `None` beyond the horizon.
fn fixpoint(horizon: f64, from: f64, f: impl Fn(f64) -> f64) -> Option<f64> {
    let mut at = from;
    loop {
        let next = f(at);
        if next <= at * (1.0 + 1e-12) {
            return Some(next.max(at));
        }
        if next > horizon {
            return None;
        }
        at = next;
    }
}

fn worst(system: &System, i: usize, mistake: Mistake) -> Option<Seconds> {
    let tasks = &system.tasks;
    let longest = tasks.iter().map(|t| t.period.get()).fold(0.0, f64::max);
    let horizon = HORIZON * longest;
    let busy = busy(system, i, horizon, mistake)?;
    // Releases at which the work before the job grows.
    let mut offsets = vec![0.0];
    for (j, task) in tasks.iter().enumerate() {
        let mut at = match system.policy {
            Policy::FixedPriority if j == i => 0.0,
            Policy::FixedPriority => continue,
            Policy::Edf => (task.deadline - tasks[i].deadline).get(),
        };
        while at < busy {
            if at >= 0.0 {
                offsets.push(at);
            }
            at += task.period.get();
        }
    }
    offsets.sort_by(f64::total_cmp);
    offsets.dedup();
    let mut most = 0.0_f64;
    for a in offsets {
        let finish = finish(system, i, a, horizon, mistake)?;
        most = most.max(finish - a);
    }
    Some(Seconds(most))
}

/// Length of the longest period in which jobs that may come before those of `i` are pending all the time.
fn busy(system: &System, i: usize, horizon: f64, mistake: Mistake) -> Option<f64> {
    let tasks = &system.tasks;
    let before = |j: usize| match system.policy {
        Policy::FixedPriority => tasks[j].priority <= tasks[i].priority,
        Policy::Edf => true,
    };
    blocked(
        system,
        |j| !before(j),
        mistake,
        |block| {
            fixpoint(horizon, 0.0, |length| {
                let jobs: Vec<f64> = (0..tasks.len())
                    .map(|j| {
                        let own = if before(j) {
                            releases(length, &tasks[j])
                        } else {
                            0.0
                        };
                        own + f64::from(u8::from(block == Some(j)))
                    })
                    .collect();
                time_for(system, &jobs, None, mistake)
            })
        },
    )
}

/// When a job of `i` that is released `a` after the start of such a period is complete.
fn finish(system: &System, i: usize, a: f64, horizon: f64, mistake: Mistake) -> Option<f64> {
    let tasks = &system.tasks;
    let due = a + tasks[i].deadline.get();
    let before = |j: usize| match system.policy {
        Policy::FixedPriority => tasks[j].priority <= tasks[i].priority,
        Policy::Edf => tasks[j].deadline.get() <= due + ROUNDING,
    };
    let earlier = (a / tasks[i].period.get() + ROUNDING).floor();
    let jobs = |start: f64, block: Option<usize>| -> Vec<f64> {
        (0..tasks.len())
            .map(|j| {
                let own = if j == i {
                    earlier
                } else if before(j) {
                    let arrived = releases(start, &tasks[j]);
                    match system.policy {
                        Policy::FixedPriority => arrived,
                        Policy::Edf => {
                            arrived.min(releases(due - tasks[j].deadline.get(), &tasks[j]))
                        }
                    }
                } else {
                    0.0
                };
                own + f64::from(u8::from(block == Some(j)))
            })
            .collect()
    };
    blocked(
        system,
        |j| j != i && !before(j),
        mistake,
        |block| {
            let start = fixpoint(horizon, 0.0, |s| {
                time_for(system, &jobs(s, block), Some(i), mistake)
            })?;
            let mut all = jobs(start, block);
            all[i] += 1.0;
            // A job cannot start before it is released, and then it may find the capacitor empty.
            let alone: Vec<f64> = (0..tasks.len())
                .map(|j| f64::from(u8::from(j == i)))
                .collect();
            let soonest = a + time_for(system, &alone, None, mistake);
            Some(time_for(system, &all, None, mistake).max(soonest))
        },
    )
}

/// The worst over each job that may be running already, or none.
fn blocked(
    system: &System,
    may: impl Fn(usize) -> bool,
    mistake: Mistake,
    f: impl Fn(Option<usize>) -> Option<f64>,
) -> Option<f64> {
    let mut most = f(None)?;
    if mistake != Mistake::NoBlocking {
        for j in (0..system.tasks.len()).filter(|j| may(*j)) {
            most = most.max(f(Some(j))?);
        }
    }
    Some(most)
}
