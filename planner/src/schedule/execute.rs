//! Runs one set of releases, event by event: what the analysis is held against.

use super::{Draw, Policy, System};
use crate::units::{Joules, Seconds};

/// Release times of each task's jobs, ascending.
pub type Releases = Vec<Vec<Seconds>>;

/// What a run saw.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// Longest response of each task.
    pub responses: Vec<Seconds>,
    /// Boots.
    pub boots: u64,
}

impl Observed {
    /// Whether a deadline was missed.
    pub fn missed(&self, system: &System) -> bool {
        let mut pairs = self.responses.iter().zip(&system.tasks);
        pairs.any(|(seen, task)| *seen > task.deadline * (1.0 + 1e-9))
    }
}

/// Level of the capacitor over time.
struct Level<'a> {
    system: &'a System,
    now: f64,
    held: f64,
}

impl Level<'_> {
    fn wait(&mut self, until: f64) {
        let capacitor = &self.system.capacitor;
        let gained = (until - self.now).max(0.0) * capacitor.harvest.get();
        self.held = (self.held + gained).min(capacitor.usable.get());
        self.now = self.now.max(until);
    }

    fn spend(&mut self, draw: Draw, share: f64) {
        self.held -= draw.energy.get() * share;
        self.wait(self.now + draw.time.get() * share);
    }

    /// Off until the capacitor is full.
    fn charge(&mut self) {
        let capacitor = &self.system.capacitor;
        let missing = capacitor.usable.get() - self.held;
        self.now += missing.max(0.0) / capacitor.harvest.get();
        self.held = capacitor.usable.get();
    }
}

/// Executes all releases from `held` in the capacitor, load off; every region takes `share` (0 to 1) of its bound.
///
/// A full capacitor must hold a boot and any region, as [`super::analyze`] checks; a run in which it does not ends with an
/// infinite response of the task.
pub fn execute(system: &System, held: Joules, releases: &[Vec<Seconds>], share: f64) -> Observed {
    let mut level = Level {
        system,
        now: 0.0,
        held: held.get(),
    };
    let mut seen = Observed {
        responses: vec![Seconds::ZERO; system.tasks.len()],
        boots: 0,
    };
    let mut next = vec![0; system.tasks.len()];
    let mut on = false;
    loop {
        let waiting = |j: usize| releases[j].get(next[j]).map(|t| t.get());
        let upcoming = (0..next.len()).filter_map(waiting).reduce(f64::min);
        let Some(upcoming) = upcoming else {
            return seen;
        };
        level.wait(upcoming);
        if !on {
            level.charge();
            level.spend(system.capacitor.boot, 1.0);
            seen.boots += 1;
            on = true;
        }
        let key = |j: usize, release: f64| match system.policy {
            Policy::FixedPriority => f64::from(system.tasks[j].priority),
            Policy::Edf => release + system.tasks[j].deadline.get(),
        };
        let chosen = (0..next.len())
            .filter_map(|j| waiting(j).filter(|r| *r <= level.now).map(|r| (j, r)))
            .min_by(|a, b| key(a.0, a.1).total_cmp(&key(b.0, b.1)));
        let Some((j, released)) = chosen else {
            continue;
        };
        let task = &system.tasks[j];
        let first = task.work.first().map_or(0.0, |r| r.need.get());
        if level.held < first {
            // It has not begun: another may be chosen after the boot.
            if short(system, j) {
                seen.responses[j] = Seconds(f64::INFINITY);
                return seen;
            }
            on = false;
            continue;
        }
        for group in &task.work {
            for _ in 0..group.count {
                if level.held < group.need.get() {
                    if short(system, j) {
                        seen.responses[j] = Seconds(f64::INFINITY);
                        return seen;
                    }
                    level.charge();
                    level.spend(system.capacitor.boot, 1.0);
                    level.spend(task.restore, 1.0);
                    seen.boots += 1;
                }
                level.spend(group.each, share);
            }
        }
        next[j] += 1;
        seen.responses[j] = seen.responses[j].max(Seconds(level.now - released));
    }
}

fn short(system: &System, j: usize) -> bool {
    let (capacitor, task) = (&system.capacitor, &system.tasks[j]);
    capacitor.boot.energy + task.restore.energy + task.need() > capacitor.usable
}
