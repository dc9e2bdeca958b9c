//! The example application on an emulated Cortex-M4 whose power fails.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::thread;

use anyhow::{Context, Result, anyhow, ensure};

use super::qemu::{self, Session};
use super::tools::{self, Sizes};
use super::{Check, Effort, Outcome, Row, Target};
use crate::overhead_m4;
use crate::shell::{output, outside};

/// See the module.
pub const TARGET: Target = Target {
    name: "cortex-m4",
    run,
};

const FOLDER: &str = "firmware/cortex-m4";
const NAME: &str = "cortex-m4 lenet";
/// Where random numbers start.
const SEED: u32 = 2026;

/// The programs, and what has come of them.
struct Bench {
    effort: Effort,
    programs: PathBuf,
    outcome: Outcome,
}

fn run(effort: Effort) -> Result<Outcome> {
    tools::rust_target(tools::CORTEX_M4)?;
    tools::qemu_arm()?;
    let programs = tools::build(FOLDER, tools::CORTEX_M4, "")?;
    // Sessions do not depend on each other, and an emulator takes one core.
    let groups: [fn(&mut Bench) -> Result<()>; 3] = [
        |bench| {
            bench.host_bits()?;
            bench.barriers()?;
            bench.random("lenet", "row", (10_500, 1_000), 200_000)?;
            bench.random("lenet", "element", (10_500, 2_000), 12_000)
        },
        |bench| bench.sweeps(),
        |bench| {
            bench.random("fram", "row", (2_000, 300), 400_000)?;
            bench.random("fram", "element", (2_000, 300), 40_000)?;
            bench.bad_states()?;
            bench.seeded_bugs()
        },
    ];
    let mut all = Outcome::default();
    let outcomes = thread::scope(|scope| {
        let threads = groups.map(|group| {
            let mut bench = Bench {
                effort,
                programs: programs.clone(),
                outcome: Outcome::default(),
            };
            scope.spawn(move || group(&mut bench).map(|()| bench.outcome))
        });
        threads.map(|thread| thread.join())
    });
    for outcome in outcomes {
        let Outcome { rows, checks } = outcome.map_err(|_| anyhow!("a session panicked"))??;
        all.rows.extend(rows);
        all.checks.extend(checks);
    }
    Ok(all)
}

impl Bench {
    /// One number for a full run, another for a short one.
    fn amount(&self, full: u32, short: u32) -> u32 {
        match self.effort {
            Effort::Full => full,
            Effort::Short => short,
        }
    }

    fn session(&self, program: &str, words: &str) -> Result<Session> {
        eprintln!("     {program} {words}");
        qemu::session(&self.programs.join(program), words)
    }

    fn check(&mut self, what: &str, passed: bool, seen: String) {
        self.outcome.checks.push(Check {
            target: NAME.to_owned(),
            what: what.to_owned(),
            passed,
            seen,
        });
    }

    fn row(
        &mut self,
        program: &str,
        name: &str,
        session: &Session,
        overhead: Option<f64>,
        note: String,
    ) -> Result<()> {
        let Sizes {
            text, data, bss, ..
        } = tools::sizes(&self.programs.join(program))?;
        let store = if program == "fram" {
            "SPI FRAM"
        } else {
            "mapped"
        };
        self.outcome.rows.push(Row {
            target: format!("{NAME}, {store}, {name}"),
            text,
            data: data + bss,
            sram_peak: Some(session.get("sram")?),
            nvm: session.get("nvm")?,
            failures: session.get("failures")?,
            differences: Some(session.get("differences")?),
            overhead,
            note,
        });
        Ok(())
    }

    /// What the device computes without failures is what this machine computes, on another path through the kernels.
    fn host_bits(&mut self) -> Result<()> {
        let device = qemu::print(&self.programs.join("lenet"), "mode=golden")?;
        let host = output(&mut outside(FOLDER, "cargo run --quiet --release"))?;
        let bytes = host.lines().map(str::len).sum::<usize>() / 2;
        let differing = host
            .lines()
            .zip(device.lines())
            .flat_map(|(host, device)| host.bytes().zip(device.bytes()))
            .filter(|(a, b)| a != b)
            .count();
        self.check(
            "all of NVM after uninterrupted runs, against the host's",
            bytes > 0 && host.len() == device.len() && differing == 0,
            format!(
                "{bytes} bytes of {} images, {differing} digits differ",
                host.lines().count()
            ),
        );
        Ok(())
    }

    /// The emulator does not reorder stores, and so cannot miss a barrier: look for them.
    fn barriers(&mut self) -> Result<()> {
        let (fenced, all) = tools::fenced_words(&self.programs.join("lenet"))?;
        // Two networks of six kernels with loops.
        self.check(
            "commits of a word in its code: a DSB before and after each",
            fenced == all && fenced >= 12,
            format!("{fenced} of {all}"),
        );
        Ok(())
    }

    /// Failures at random instructions; the same twice.
    fn random(
        &mut self,
        program: &str,
        by: &'static str,
        (full, short): (u32, u32),
        max: u32,
    ) -> Result<()> {
        let failures = self.amount(full, short);
        let words = format!("mode=random by={by} seed={SEED} failures={failures} max={max}");
        let session = self.session(program, &words)?;
        let distinct = session.distinct();
        ensure!(
            distinct * 21 >= failures as usize * 20,
            "only {distinct} different failures of {failures}"
        );
        let note = format!(
            "{} inferences; {distinct} failures differ in commit or instruction; seed {SEED}",
            session.get("done")?
        );
        let overhead = match program {
            "lenet" => Some(overhead_m4::network(by)?),
            _ => None,
        };
        self.row(
            program,
            &format!("commit per {by}"),
            &session,
            overhead,
            note,
        )?;
        let words = format!("mode=random by={by} seed={SEED} failures=300 max={max}");
        let same = self.session(program, &words)? == self.session(program, &words)?;
        self.check(
            &format!("{program}: 300 failures by {by} again, with the same seed"),
            same,
            if same {
                "the same instructions"
            } else {
                "other instructions"
            }
            .to_owned(),
        );
        Ok(())
    }

    /// One failure at each of so many instructions in sequence.
    fn sweep(
        &mut self,
        program: &str,
        name: &str,
        words: &str,
        full: u32,
        short: (u32, u32),
    ) -> Result<()> {
        let (count, stride) = match self.effort {
            Effort::Full => (full, 1),
            Effort::Short => short,
        };
        let words = format!("mode=sweep seed={SEED} count={count} stride={stride} {words}");
        let session = self.session(program, &words)?;
        let per_case = 1 + usize::from(words.contains("again="));
        let firsts = session.failures.iter().step_by(per_case);
        let firsts: Vec<u32> = firsts.map(|failure| failure.1).collect();
        let steady = firsts.windows(2).all(|pair| pair[1] == pair[0] + stride);
        ensure!(
            steady && firsts.len() == count as usize,
            "{words}: not one failure at every instruction"
        );
        let first = firsts.first().context("no failure")?;
        let each = match stride {
            1 => "each instruction".to_owned(),
            n => format!("each {n}th instruction"),
        };
        let commits = session.commits() - 1;
        ensure!(
            commits > 0 || name.contains("recovery"),
            "{words}: no commit lies within"
        );
        let note =
            format!("{each} from the {first}th after the reset, {count} in all; {commits} commits");
        self.row(program, name, &session, None, note)
    }

    fn sweeps(&mut self) -> Result<()> {
        self.sweep(
            "lenet",
            "sweep: from the reset to the end of recovery",
            "by=element before=40000",
            5_400,
            (180, 30),
        )?;
        self.sweep(
            "lenet",
            "sweep: work and commits per element",
            "by=element before=120000 first=5400",
            5_200,
            (200, 30),
        )?;
        self.sweep(
            "lenet",
            "sweep: last commits, completion, report, next reading",
            "by=row before=2500 first=5200",
            5_200,
            (200, 30),
        )?;
        self.sweep(
            "lenet",
            "sweep: a second failure in each recovery",
            "by=element before=40000 first=5400 again=5400",
            1_500,
            (100, 50),
        )?;
        self.sweep(
            "fram",
            "sweep: work, torn writes and commits per element",
            "by=element before=200000 first=27000",
            5_200,
            (100, 60),
        )
    }

    fn bad_states(&mut self) -> Result<()> {
        for (what, fill) in [
            ("blank NVM (zeros), brown-out in the very first boot", 0),
            (
                "blank NVM (ones), brown-out in the very first boot",
                u32::MAX,
            ),
            ("NVM full of noise, brown-out in the very first boot", 1),
        ] {
            // A whole inference follows each.
            let (count, stride) = match (self.effort, fill) {
                (Effort::Full, 0) => (1_100, 5),
                (Effort::Full, _) => (260, 20),
                (Effort::Short, _) => (20, 400),
            };
            let words = format!("mode=sweep fill={fill} count={count} stride={stride}");
            let session = self.session("lenet", &words)?;
            self.judged(what, &session, |_| Ok(true))?;
        }
        let count = self.amount(300, 40);
        let words = format!("mode=sweep old=1 before=300000 count={count} stride=25");
        let session = self.session("lenet", &words)?;
        // It must not take the other version's work for its own: its own reading is another one.
        self.judged(
            "NVM of another firmware version, in the middle of a task",
            &session,
            |s| Ok(s.get("sensed")? >= u64::from(count)),
        )?;
        let overflows = self.amount(200, 30);
        let words = format!(
            "mode=random failures={} overflows={overflows}",
            overflows * 10
        );
        let session = self.session("states", &words)?;
        // `CFSR`: the memory protection unit has refused an access.
        self.judged(
            "stack overflow in the middle of a task: the guard's fault is a reset",
            &session,
            |s| Ok(s.get("faults")? == u64::from(overflows) && s.get("fault")? & 0x13 != 0),
        )?;
        let failures = self.amount(500, 60);
        let words = format!("mode=random failures={failures} min=350000 max=600000 reserve=200000");
        let session = self.session("states", &words)?;
        self.judged(
            "voltage guard: every failure while it waits after a commit",
            &session,
            |s| Ok(s.get("waiting")? == s.get("failures")?),
        )
    }

    fn judged(
        &mut self,
        what: &str,
        session: &Session,
        also: impl Fn(&Session) -> Result<bool>,
    ) -> Result<()> {
        let differences = session.get("differences")?;
        let passed = differences == 0 && session.get("done")? > 0 && also(session)?;
        let mut seen = format!(
            "{} failures, {} inferences, {differences} differences",
            session.get("failures")?,
            session.get("done")?
        );
        for key in ["faults", "waiting", "sensed"] {
            let number = session.get(key)?;
            if number > 0 {
                let _ = write!(seen, ", {number} {key}");
            }
        }
        self.check(what, passed, seen);
        Ok(())
    }

    fn seeded_bugs(&mut self) -> Result<()> {
        for (what, bug, max, caught) in [
            ("seeded bug: the commit before its data", 1, 200_000, true),
            ("seeded bug: a local that is not saved", 2, 20_000, true),
            ("the same task with its local saved", 3, 20_000, false),
        ] {
            let words = format!("mode=random seed={SEED} failures=300 max={max} bug={bug}");
            let session = self.session("bugs", &words)?;
            let differences = session.get("differences")?;
            self.check(
                what,
                (differences > 0) == caught,
                format!("300 failures, {differences} differences"),
            );
        }
        Ok(())
    }
}
