//! The MSP430FR5969: its firmware built as for the device, and run whole in `mspdebug sim` with power failures.

mod build;
mod campaign;
mod rng;
mod sim;

use anyhow::{Context, Result, ensure};

use self::build::Variant;
use self::campaign::{Campaign, Case, Offset, Tally};
use self::rng::Rng;
use self::sim::{Sim, Stop};
use super::{Check, Effort, Outcome, Row, Target, tools};

/// See the module.
pub const TARGET: Target = Target {
    name: "msp430",
    run,
};

const NAME: &str = "msp430fr5969 conv net";
const SEED: u64 = 0x5969;
/// Consecutive instructions at each side of every commit.
const AROUND: u64 = 12;

fn run(effort: Effort) -> Result<Outcome> {
    build::needs()?;
    build::tests()?;
    let full = effort == Effort::Full;
    let cases = cases(if full { 4 } else { 2 })?;
    let device = tools::sizes(&build::program(Variant::Device)?)?;
    let mut sim = Sim::start(&build::program(Variant::Sim)?)?;
    let (instructions, stack) = {
        let golden = Campaign::new(&mut sim, &cases[0], SEED)?;
        (golden.golden().instructions, golden.golden().stack)
    };
    let tally = failures(&mut sim, &cases, full)?;
    for wrong in &tally.wrong {
        eprintln!("{wrong}");
    }
    ensure!(
        tally.instructions.len() >= 2000,
        "failures at only {} different instructions",
        tally.instructions.len()
    );
    let checks = checks(&mut sim, &cases[0], full)?;
    let mut bare = Sim::start(&build::program(Variant::Unprotected)?)?;
    let unprotected = Campaign::new(&mut bare, &cases[0], SEED)?
        .golden()
        .instructions;

    let nvm = sim.nvm.len() as u64;
    let row = Row {
        target: NAME.to_owned(),
        text: device.text,
        // The store's memory is FRAM.
        data: device.data + device.bss - nvm,
        sram_peak: Some(stack),
        nvm,
        failures: tally.failures,
        differences: Some(tally.wrong.len() as u64),
        overhead: Some(instructions as f64 / unprotected as f64),
        note: format!(
            "at {} different instructions, in {} whole runs of {instructions} instructions ({unprotected} unprotected); seed {SEED:#x}",
            tally.instructions.len(),
            tally.runs
        ),
    };
    Ok(Outcome {
        rows: vec![row],
        checks,
    })
}

/// Failures at chosen instructions, at random ones, and during recovery.
fn failures(sim: &mut Sim, cases: &[Case], full: bool) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut campaign = Campaign::new(sim, &cases[0], SEED)?;
    for n in 0..AROUND {
        campaign.pass(&mut tally, Offset::FromStart(n), 0)?;
        campaign.pass(&mut tally, Offset::FromEnd(n), 0)?;
    }
    tell("around commits", &tally);
    for _ in 0..if full { 240 } else { 34 } {
        campaign.pass(&mut tally, Offset::Anywhere, 0)?;
    }
    tell("between commits", &tally);
    for again in 0..if full { 24 } else { 3 } {
        campaign.pass(&mut tally, Offset::Anywhere, 1 + again % 3)?;
    }
    tell("during recovery", &tally);
    for (i, case) in cases.iter().enumerate().skip(1) {
        let mut campaign = Campaign::new(sim, case, SEED + i as u64)?;
        for _ in 0..if full { 40 } else { 8 } {
            campaign.random(&mut tally)?;
        }
        let instructions = campaign.golden().instructions;
        let singles = if full { 100 } else { 8 };
        let gap = instructions / singles;
        for n in 0..singles {
            // Spread over the run, in step with nothing in it.
            campaign.single(&mut tally, gap * n + (n * 7919) % gap)?;
        }
        tell("at random, and one at a time", &tally);
    }
    Ok(tally)
}

/// Progress.
fn tell(what: &str, tally: &Tally) {
    eprintln!(
        "   {what}: {} failures so far, {} differences",
        tally.failures,
        tally.wrong.len()
    );
}

/// A stack that is too small must be noticed before anything is reported.
fn overflow(sim: &mut Sim, case: &Case) -> Result<Check> {
    sim.show(&case.image)?;
    sim.fill(sim.nvm.clone(), &[0])?;
    sim.outage(&mut Rng(SEED))?;
    let (stop, report) = (sim.run()?, sim.report()?);
    Ok(Check {
        target: NAME.to_owned(),
        what: "stack overflow".to_owned(),
        passed: stop == Stop::Failed && report.is_none(),
        seen: match report {
            None => format!("{stop:?}, nothing reported"),
            Some(class) => format!("{stop:?}, class {class} reported"),
        },
    })
}

/// Bad states, and the bug that has to be found.
fn checks(sim: &mut Sim, case: &Case, full: bool) -> Result<Vec<Check>> {
    let mut checks = Vec::new();

    let mut bug = Sim::start(&build::program(Variant::Bug)?)?;
    let mut found = Tally::default();
    let mut campaign = Campaign::new(&mut bug, case, SEED)?;
    for n in 0..AROUND {
        campaign.pass(&mut found, Offset::FromStart(n), 0)?;
    }
    checks.push(check(
        "seeded bug: a commit overtakes an output",
        &found,
        true,
    ));
    let foreign = campaign.interrupted().to_vec();
    drop(campaign);

    let mut small = Sim::start(&build::program(Variant::Overflow)?)?;
    checks.push(overflow(&mut small, case)?);

    let mut campaign = Campaign::new(sim, case, SEED)?;
    let mut first = Tally::default();
    campaign.first_boot(&mut first, if full { 53 } else { 997 })?;
    checks.push(check("brown-out during the very first boot", &first, false));

    let mut rng = Rng(SEED);
    let noise: Vec<u8> = foreign.iter().map(|_| rng.next() as u8).collect();
    let filled = |byte: u8| vec![byte; foreign.len()];
    for (what, nvm) in [
        ("NVM of another version, interrupted", &foreign),
        ("blank NVM, 0x00", &filled(0x00)),
        ("blank NVM, 0xff", &filled(0xff)),
        ("noise in NVM", &noise),
    ] {
        let mut tally = Tally::default();
        campaign.resume(&mut tally, nvm, what)?;
        checks.push(check(what, &tally, false));
    }
    Ok(checks)
}

fn check(what: &str, tally: &Tally, is_bug: bool) -> Check {
    Check {
        target: NAME.to_owned(),
        what: what.to_owned(),
        passed: tally.wrong.is_empty() != is_bug,
        seen: match tally.wrong.first() {
            None if tally.failures == 0 => "no difference".to_owned(),
            None => format!("{} failures, no difference", tally.failures),
            Some(wrong) => wrong.clone(),
        },
    }
}

/// Images, and what the host makes of them.
fn cases(count: usize) -> Result<Vec<Case>> {
    let bytes = |hex: &str| -> Result<Vec<u8>> {
        (0..hex.len() / 2)
            .map(|i| Ok(u8::from_str_radix(&hex[2 * i..2 * i + 2], 16)?))
            .collect()
    };
    let printed = build::on_host(count)?;
    let cases = printed.lines().map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let (image, data) = words.next().zip(words.next()).context("not a case")?;
        Ok(Case {
            image: bytes(image)?,
            data: bytes(data)?,
        })
    });
    let cases: Vec<Case> = cases.collect::<Result<_>>()?;
    ensure!(cases.len() == count, "the host gave {} cases", cases.len());
    Ok(cases)
}
