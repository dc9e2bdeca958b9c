//! Task sets as TOML.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::{Capacitor, Draw, Policy, Regions, System, Task, least_harvest};
use crate::device::Device;
use crate::inas::{Fidelity, Model, settings};
use crate::ours::Code;
use crate::place::{Bound, Problem, problem};
use crate::power::Charging;
use crate::units::{Farads, Joules, Seconds, Volts, Watts};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    policy: Policy,
    supply: Spanned<SupplyEntry>,
    task: Vec<Spanned<TaskEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SupplyEntry {
    capacitance_f: Spanned<f64>,
    on_v: Spanned<f64>,
    off_v: Spanned<f64>,
    harvest_w: Option<Spanned<f64>>,
    idle_w: Option<Spanned<f64>>,
    boot_j: Spanned<f64>,
    boot_s: Spanned<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskEntry {
    name: Spanned<String>,
    period_s: Spanned<f64>,
    deadline_s: Option<Spanned<f64>>,
    priority: Option<u32>,
    network: Option<Spanned<String>>,
    regions: Option<Spanned<u64>>,
    region_j: Option<Spanned<f64>>,
    region_s: Option<Spanned<f64>>,
    need_j: Option<Spanned<f64>>,
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match String::deserialize(from)?.as_str() {
            "fixed-priority" => Ok(Self::FixedPriority),
            "edf" => Ok(Self::Edf),
            other => Err(serde::de::Error::custom(format!(
                "`{other}` is not a policy: expected `fixed-priority` or `edf`"
            ))),
        }
    }
}

/// Reads a task set; `docs/schedule.md` describes the file.
///
/// # Errors
///
/// All that is wrong with its values; or the first place where it is not the TOML that is expected.
pub fn parse(text: &str) -> Result<System, Vec<Problem>> {
    let at = |span: Range<usize>, what: String| problem(text, span, what);
    let file: File = crate::place::toml(text).map_err(|e| vec![e])?;
    let mut wrong = Vec::new();
    let mut check = |value: &Spanned<f64>, bound: Bound, name: &str| {
        wrong.extend(bound.check(text, value, name));
        *value.get_ref()
    };
    let supply = file.supply.get_ref();
    let capacitance = Farads(check(
        &supply.capacitance_f,
        Bound::Positive,
        "capacitance_f",
    ));
    let (on, off) = (
        Volts(check(&supply.on_v, Bound::Positive, "on_v")),
        Volts(check(&supply.off_v, Bound::NotNegative, "off_v")),
    );
    let boot = Draw {
        energy: Joules(check(&supply.boot_j, Bound::NotNegative, "boot_j")),
        time: Seconds(check(&supply.boot_s, Bound::NotNegative, "boot_s")),
    };
    let idle = supply
        .idle_w
        .as_ref()
        .map_or(0.0, |w| check(w, Bound::NotNegative, "idle_w"));
    let given = supply
        .harvest_w
        .as_ref()
        .map(|w| check(w, Bound::Positive, "harvest_w"));
    if on <= off {
        let what = "`on_v` must be above `off_v`".to_owned();
        wrong.push(at(supply.on_v.span(), what));
    }
    let mut tasks = Vec::new();
    let mut from_networks = None;
    for spanned in &file.task {
        match task(spanned, file.policy, &mut |p| wrong.push(at(p.0, p.1))) {
            Some((task, harvest)) => {
                from_networks = from_networks.or(harvest);
                tasks.push(task);
            }
            None => continue,
        }
        let (name, count) = (file_name(spanned), tasks.len());
        if tasks[..count - 1].iter().any(|t: &Task| t.name == name) {
            let what = format!("two tasks are called `{name}`");
            wrong.push(at(spanned.get_ref().name.span(), what));
        }
    }
    if file.task.is_empty() {
        wrong.push(at(0..0, "there is no task".to_owned()));
    }
    let harvest = match given.or(from_networks.map(Watts::get)) {
        Some(watts) => watts - idle,
        None => {
            let what = "`harvest_w`, the least power that reaches the capacitor, is missing";
            wrong.push(at(file.supply.span(), what.to_owned()));
            1.0
        }
    };
    if harvest <= 0.0 {
        let place = supply
            .idle_w
            .as_ref()
            .map_or(file.supply.span(), Spanned::span);
        wrong.push(at(place, "`idle_w` takes all of the harvest".to_owned()));
    }
    if !wrong.is_empty() {
        wrong.sort_by_key(|p| (p.line, p.column));
        return Err(wrong);
    }
    Ok(System {
        capacitor: Capacitor {
            usable: capacitance.energy(on) - capacitance.energy(off),
            harvest: Watts(harvest),
            boot,
        },
        policy: file.policy,
        tasks,
    })
}

fn file_name(task: &Spanned<TaskEntry>) -> &str {
    task.get_ref().name.get_ref()
}

/// One task, and the harvest of its network's board; problems go to `wrong`.
fn task(
    spanned: &Spanned<TaskEntry>,
    policy: Policy,
    wrong: &mut dyn FnMut((Range<usize>, String)),
) -> Option<(Task, Option<Watts>)> {
    let entry = spanned.get_ref();
    let mut good = true;
    let mut fail = |span: Range<usize>, what: String| {
        wrong((span, what));
        good = false;
    };
    let mut positive = |value: &Spanned<f64>, name: &str| {
        let v = *value.get_ref();
        if !(v.is_finite() && v > 0.0) {
            fail(value.span(), format!("`{name}` must be above zero"));
        }
        v
    };
    let period = positive(&entry.period_s, "period_s");
    let deadline = entry
        .deadline_s
        .as_ref()
        .map_or(period, |d| positive(d, "deadline_s"));
    let energy = entry.region_j.as_ref().map(|e| positive(e, "region_j"));
    let time = entry.region_s.as_ref().map(|t| positive(t, "region_s"));
    let need = entry.need_j.as_ref().map(|n| positive(n, "need_j"));
    if let (Some(need), Some(energy), Some(place)) = (need, energy, &entry.need_j)
        && need < energy
    {
        fail(
            place.span(),
            "`need_j` must not be below `region_j`".to_owned(),
        );
    }
    if policy == Policy::FixedPriority && entry.priority.is_none() {
        let what =
            "`priority` is missing, which fixed priorities need (the lowest number runs first)";
        fail(entry.name.span(), what.to_owned());
    }
    let given = (&entry.network, &entry.regions, energy, time);
    let (work, restore, harvest) = match given {
        (Some(name), None, None, None) => match network(name.get_ref()) {
            Ok((work, restore, harvest)) => (work, restore, Some(harvest)),
            Err(what) => {
                fail(name.span(), what);
                return None;
            }
        },
        (None, Some(count), Some(energy), Some(time)) => {
            if *count.get_ref() == 0 {
                fail(count.span(), "`regions` must be above zero".to_owned());
            }
            let region = Regions {
                count: *count.get_ref(),
                need: Joules(need.unwrap_or(energy)),
                each: Draw {
                    energy: Joules(energy),
                    time: Seconds(time),
                },
            };
            (vec![region], Draw::default(), None)
        }
        _ => {
            let what = "a task has `regions`, `region_j` and `region_s`, or else a `network`";
            fail(entry.name.span(), what.to_owned());
            return None;
        }
    };
    let task = Task {
        name: entry.name.get_ref().clone(),
        period: Seconds(period),
        deadline: Seconds(deadline),
        priority: entry.priority.unwrap_or(0),
        work,
        restore,
    };
    good.then_some((task, harvest))
}

/// The regions of a shipped setting's plan, and the least power of its board.
fn network(name: &str) -> Result<(Vec<Regions>, Draw, Watts), String> {
    let all = settings().map_err(|e| e.to_string())?;
    let setting = all
        .iter()
        .find(|s| s.name == name)
        .ok_or_else(|| format!("no setting is called `{name}`; `rekindle compare` lists them"))?;
    let model = Model {
        device: Device::inas(),
        supply: setting.supply,
        fidelity: Fidelity::Corrected,
    };
    let plans = crate::report::plan(&model, setting, Charging::WhileOff, Code::Reduced)
        .ok_or_else(|| {
            format!("a layer of `{name}` fits neither the memory nor one power cycle")
        })?;
    let (work, restore) = Task::inference(&model.device, &plans);
    Ok((work, restore, least_harvest(&setting.supply)))
}
