//! The physical model that every plan is compared in: a capacitor charged through a resistance, also while the load runs.

use crate::device::{Device, Supply};
use crate::inas::{LayerCost, Model};
use crate::ours::{LayerPlan, start};
use crate::units::{Joules, Seconds, Volts};

/// When the harvester charges the capacitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charging {
    /// Always, as the circuit does.
    Always,
    /// Only while the load is off, as the reference's model has it.
    WhileOff,
}

const INTERVALS: usize = 200;

/// Time in which a load takes the voltage from `from` down to `to`; `None` when the harvester carries the load.
pub fn discharge(
    supply: &Supply,
    charging: Charging,
    power: f64,
    from: Volts,
    to: Volts,
) -> Option<Seconds> {
    if charging == Charging::WhileOff {
        let energy = supply.capacitance.energy(from) - supply.capacitance.energy(to);
        return Some(Seconds(energy.get() / power));
    }
    let width = (from - to).get() / INTERVALS as f64;
    let mut time = 0.0;
    for i in 0..INTERVALS {
        let volts = to.get() + (i as f64 + 0.5) * width;
        let net = power - supply.harvest(Volts(volts)).get();
        if net <= 0.0 {
            return None;
        }
        time += supply.capacitance.get() * volts * width / net;
    }
    Some(Seconds(time))
}

/// Voltage after a load of `energy` over `time`, by the midpoint rule.
pub fn after(
    supply: &Supply,
    charging: Charging,
    from: Volts,
    energy: Joules,
    time: Seconds,
) -> Volts {
    let capacitance = supply.capacitance;
    if charging == Charging::WhileOff || time.get() <= 0.0 {
        return capacitance.volts(capacitance.energy(from) - energy);
    }
    let unit = supply.resistance.get() * capacitance.get() / 50.0;
    let n = (time.get() / unit).ceil().max(1.0);
    let (dt, load) = (time / n, energy.get() / time.get());
    let mut volts = from;
    for _ in 0..n as u64 {
        let slope = |v: Volts| (supply.harvest(v).get() - load) / (capacitance.get() * v.get());
        let middle = Volts(volts.get() + 0.5 * dt.get() * slope(volts));
        volts = Volts(volts.get() + dt.get() * slope(middle));
    }
    volts
}

/// Latency of a plan of the reference: off after each batch, on again at the switch-on voltage.
pub fn batched(supply: &Supply, charging: Charging, layers: &[LayerCost]) -> Seconds {
    layers
        .iter()
        .map(|layer| {
            (0..2)
                .filter(|k| layer.cycles[*k] > 0.0)
                .map(|k| {
                    let end = after(
                        supply,
                        charging,
                        supply.on,
                        layer.energy[k],
                        layer.on_time[k],
                    );
                    (layer.on_time[k] + supply.recharge(end)) * layer.cycles[k]
                })
                .sum::<Seconds>()
        })
        .sum()
}

/// What a power cycle must keep for the step it would start next.
fn stop(supply: &Supply, plan: &LayerPlan) -> Volts {
    let floor = supply.capacitance.energy(supply.off);
    supply.capacitance.volts(floor + plan.worst.energy)
}

/// Latency of our plan by the analytic model: from empty (at the off threshold), running until the voltage says stop.
///
/// `None` where a power cycle has no time left for work.
pub fn analytic(
    device: &Device,
    supply: &Supply,
    charging: Charging,
    plans: &[LayerPlan],
) -> Option<Seconds> {
    let boot = start(device);
    let mut total = supply.recharge(supply.off) + device.time(boot);
    let mut volts = after(supply, charging, supply.on, boot.energy, device.time(boot));
    for plan in plans {
        let step = device.time(plan.step);
        total += step * plan.steps as f64;
        let power = plan.step.energy.get() / step.get();
        let low = stop(supply, plan);
        let run = |from, steps: f64| {
            after(
                supply,
                charging,
                from,
                plan.step.energy * steps,
                step * steps,
            )
        };
        // Steps from a voltage until it says stop: the step during which it falls below the threshold is finished.
        let fit = |from: Volts| {
            if from < low {
                return 0.0;
            }
            discharge(supply, charging, power, from, low)
                .map_or(f64::INFINITY, |window| (window / step).floor() + 1.0)
        };
        let here = fit(volts).min(plan.steps as f64);
        volts = run(volts, here);
        let left = plan.steps as f64 - here;
        if left > 0.0 {
            let again = boot + plan.restore;
            let booted = after(
                supply,
                charging,
                supply.on,
                again.energy,
                device.time(again),
            );
            let each = fit(booted);
            if each < 1.0 {
                return None;
            }
            let outages = (left / each).ceil();
            let end = run(booted, each.min(left));
            total += supply.recharge(volts)
                + device.time(again) * outages
                + supply.recharge(end) * (outages - 1.0);
            volts = run(booted, left - each.min(left) * (outages - 1.0));
        }
    }
    Some(total)
}

/// What a simulation saw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Simulated {
    /// From the off threshold to the last commit.
    pub latency: Seconds,
    /// Boots, the first included.
    pub boots: u64,
    /// Lowest voltage with the load on.
    pub lowest: Volts,
}

/// Executes our plan step by step, with the voltage followed through each. `None` when it cannot make progress.
pub fn simulate(
    device: &Device,
    supply: &Supply,
    charging: Charging,
    plans: &[LayerPlan],
) -> Option<Simulated> {
    let boot = start(device);
    let mut volts = supply.on;
    let mut seen = Simulated {
        latency: supply.recharge(supply.off),
        boots: 1,
        lowest: supply.on,
    };
    let run = |volts: &mut Volts, seen: &mut Simulated, cost: crate::units::Cost| {
        let time = device.time(cost);
        *volts = after(supply, charging, *volts, cost.energy, time);
        seen.latency += time;
        seen.lowest = seen.lowest.min(*volts);
    };
    run(&mut volts, &mut seen, boot);
    for plan in plans {
        let low = stop(supply, plan);
        let mut fresh = false;
        let mut done = 0;
        while done < plan.steps {
            if volts < low {
                if fresh {
                    return None;
                }
                seen.latency += supply.recharge(volts);
                seen.boots += 1;
                volts = supply.on;
                run(&mut volts, &mut seen, boot + plan.restore);
                fresh = true;
            } else {
                run(&mut volts, &mut seen, plan.step);
                done += 1;
                fresh = false;
            }
        }
    }
    Some(seen)
}

/// Latency no plan of our space can be below: its least cost, at the highest power the harvester gives between the
/// thresholds, charging and computing at once where the circuit does.
pub fn bound(model: &Model, charging: Charging, least: crate::units::Cost) -> Seconds {
    let supply = &model.supply;
    let time = model.device.time(least);
    let first = supply.recharge(supply.off) + model.device.time(start(&model.device));
    let best = supply
        .harvest(supply.off)
        .get()
        .max(supply.harvest(supply.on).get());
    let short = (least.energy - supply.usable()).max(Joules::ZERO);
    let charge = Seconds(short.get() / best);
    first
        + match charging {
            Charging::Always => time.max(charge),
            Charging::WhileOff => time + charge,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inas::{Fidelity, settings};
    use crate::ours::Code;
    use crate::report::{plan, row};

    #[test]
    fn the_load_is_never_on_below_the_off_threshold() {
        for setting in settings().unwrap() {
            let model = Model {
                device: Device::inas(),
                supply: setting.supply,
                fidelity: Fidelity::Corrected,
            };
            for charging in [Charging::Always, Charging::WhileOff] {
                let plans = plan(&model, &setting, charging, Code::Reduced).unwrap();
                let seen = simulate(&model.device, &model.supply, charging, &plans).unwrap();
                assert!(
                    seen.lowest >= model.supply.off,
                    "{}: {}",
                    setting.name,
                    seen.lowest
                );
                assert!(
                    plans
                        .iter()
                        .all(|p| p.sram_values <= model.device.sram_values)
                );
            }
        }
    }

    #[test]
    fn ours_lies_between_the_bound_and_the_reference() {
        for setting in settings().unwrap() {
            for charging in [Charging::Always, Charging::WhileOff] {
                let row = row(&setting, charging);
                let ours = row.ours.unwrap();
                let analytic = row.analytic.unwrap();
                assert!((analytic / ours - 1.0).abs() < 0.02, "{row:?}");
                assert!(row.bound <= ours && ours < row.inas * 0.6, "{row:?}");
            }
        }
    }

    #[test]
    fn a_carried_load_never_discharges() {
        let supply = settings().unwrap()[0].supply;
        assert_eq!(
            discharge(&supply, Charging::Always, 1e-3, Volts(2.9), Volts(2.8)),
            None
        );
        let time = discharge(&supply, Charging::WhileOff, 1.0, supply.on, supply.off).unwrap();
        assert!((time.get() - supply.usable().get()).abs() < 1e-12);
    }
}
