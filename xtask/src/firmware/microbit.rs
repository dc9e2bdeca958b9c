//! The `Flash` store on the emulated flash controller of an nRF51, through its power failures.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::qemu::{self, Session};
use super::{Check, Effort, Outcome, Row, Target, tools};
use crate::shell::{output, outside};

/// See the module.
pub const TARGET: Target = Target {
    name: "microbit",
    run,
};

const FOLDER: &str = "firmware/microbit";
const TRIPLE: &str = "thumbv6m-none-eabi";
const NAME: &str = "nrf51 conv net, its own flash";
/// Where random numbers start.
const SEED: u32 = 2026;

struct Bench {
    program: PathBuf,
    outcome: Outcome,
}

fn run(effort: Effort) -> Result<Outcome> {
    tools::rust_target(TRIPLE)?;
    tools::qemu_arm()?;
    let program = tools::build(FOLDER, TRIPLE, "")?.join("rekindle-microbit");
    let mut bench = Bench {
        program,
        outcome: Outcome::default(),
    };
    let full = effort == Effort::Full;
    bench.host_bits()?;
    // At random instructions, and in the middle of words and erases, which the emulator does at once.
    bench.random(if full { 3_000 } else { 150 })?;
    bench.again()?;
    bench.bad_states(if full { 400 } else { 30 })?;
    Ok(bench.outcome)
}

impl Bench {
    fn session(&self, words: &str) -> Result<Session> {
        eprintln!("     {words}");
        qemu::session_on(qemu::MICROBIT, &self.program, words)
    }

    fn check(&mut self, what: &str, passed: bool, seen: String) {
        self.outcome.checks.push(Check {
            target: NAME.to_owned(),
            what: what.to_owned(),
            passed,
            seen,
        });
    }

    /// What the device computes without failures is what this machine computes.
    fn host_bits(&mut self) -> Result<()> {
        let device = self.session("failures=0")?;
        let host = output(&mut outside(FOLDER, "cargo run --quiet --release"))?;
        let mut compared = 0;
        let mut same = true;
        for line in host.lines() {
            let (key, value) = line.split_once("=0x").context("golden=0x…")?;
            same &= device.get(key)? == u64::from_str_radix(value, 16)?;
            compared += 1;
        }
        self.check(
            "all of the data in NVM after uninterrupted runs, against the host's",
            same && compared == 4,
            format!("{compared} images"),
        );
        let (done, asked) = (device.get("done")?, device.get("asked")?);
        let (words, erases) = (device.get("words")?, device.get("erases")?);
        self.check(
            "flash of an inference on continuous power",
            done > 0 && asked > 0,
            format!(
                "{} bytes written for {} that changed (×{:.2}), {:.1} pages of 1 KiB erased",
                4 * words / done,
                asked / done,
                4.0 * words as f64 / asked as f64,
                erases as f64 / done as f64
            ),
        );
        Ok(())
    }

    fn random(&mut self, failures: u32) -> Result<()> {
        let words = format!("failures={failures} seed={SEED} max=3000000 torn=4");
        let session = self.session(&words)?;
        // Those that come at an instruction; failures in the middle of an operation are counted apart.
        let (torn, half) = (session.get("torn")?, session.get("half")?);
        let distinct = session.distinct();
        ensure!(
            distinct * 10 >= failures as usize * 9,
            "only {distinct} different failures of {failures}"
        );
        ensure!(
            torn > 0 && half > 0 && session.get("in_open")? > 0,
            "failures are not everywhere"
        );
        let sizes = tools::sizes(&self.program)?;
        let sram = sizes.data + sizes.bss + session.get("sram")?;
        self.outcome.rows.push(Row {
            target: NAME.to_owned(),
            text: sizes.text,
            data: sizes.data + sizes.bss,
            sram_peak: Some(sram),
            nvm: session.get("nvm")?,
            failures: session.get("failures")?,
            differences: Some(session.get("differences")?),
            overhead: None,
            note: format!(
                "{} inferences; {torn} failures in the middle of a word, {half} of an erase, {} before the journal was read; {distinct} differ in instruction or words written; seed {SEED}",
                session.get("done")?,
                session.get("in_open")?
            ),
        });
        Ok(())
    }

    fn again(&mut self) -> Result<()> {
        let words = "failures=60 seed=7 max=2000000 torn=4";
        let same = self.session(words)? == self.session(words)?;
        self.check(
            "60 failures again, with the same seed",
            same,
            if same {
                "the same instructions and words"
            } else {
                "others"
            }
            .to_owned(),
        );
        Ok(())
    }

    fn bad_states(&mut self, failures: u32) -> Result<()> {
        for (what, fill) in [
            ("blank flash (zeros), brown-out in the very first boot", 0),
            (
                "blank flash (ones), brown-out in the very first boot",
                u32::MAX,
            ),
            ("flash full of noise, brown-out in the very first boot", 1),
        ] {
            // Several failures before the first journal is there.
            let words = format!("failures={failures} seed={SEED} max=900000 fill={fill}");
            self.judged(what, &words, |s| Ok(s.get("in_open")? > 0))?;
        }
        let words = format!("failures={failures} seed={SEED} max=3000000 torn=1");
        self.judged("half-erased pages and torn words only", &words, |s| {
            Ok(s.get("half")? >= u64::from(failures) / 4)
        })?;
        let words = format!("failures={failures} seed={SEED} max=3000000 torn=2 parts=1");
        self.judged(
            "erases in parts, interrupted: no page is written before it had all of them",
            &words,
            |s| Ok(s.get("half")? > 0 && s.get("broken")? == 0),
        )?;
        let words = format!("failures={failures} seed={SEED} max=3000000 torn=8 other=4");
        self.judged(
            "flash of another firmware version, in the middle of a task",
            &words,
            |s| Ok(s.get("abandoned")? > 0),
        )?;
        let words = format!("failures={failures} seed={SEED} max=3000000 torn=8 worn=20");
        self.judged(
            "worn-out page (a bit that is not erased): a spare one takes its place",
            &words,
            |s| Ok(s.get("retired")? == 1),
        )?;
        let session = self.session("failures=30 seed=1 max=2000000 bug=1")?;
        let differences = session.get("differences")?;
        self.check(
            "seeded bug: the result of the last image is taken for this one's",
            differences > 0,
            format!("{differences} differences"),
        );
        Ok(())
    }

    fn judged(
        &mut self,
        what: &str,
        words: &str,
        also: impl Fn(&Session) -> Result<bool>,
    ) -> Result<()> {
        let session = self.session(words)?;
        let differences = session.get("differences")?;
        let passed = differences == 0 && session.get("done")? > 0 && also(&session)?;
        let mut seen = format!(
            "{} failures, {} inferences, {differences} differences",
            session.get("failures")?,
            session.get("done")?
        );
        for (key, word) in [
            ("torn", "torn words"),
            ("half", "half-erased pages"),
            ("abandoned", "tasks of another version"),
            ("retired", "retired pages"),
        ] {
            let number = session.get(key)?;
            if number > 0 {
                let _ = write!(seen, ", {number} {word}");
            }
        }
        self.check(what, passed, seen);
        Ok(())
    }
}
