//! `mspdebug sim`, driven by its command line: one process, many power failures.
//!
//! A power failure is our convention: its `reset` keeps all memory, which is right for FRAM, so SRAM, the peripherals'
//! outputs and the CPU's registers are filled with noise before.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::ops::Range;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use object::{Object, ObjectSection, ObjectSymbol};

use super::rng::Rng;

/// SRAM of the MSP430FR5969.
pub const SRAM: Range<u16> = 0x1C00..0x2400;
/// Ports 1 to 4.
const PORTS: Range<u16> = 0x0200..0x0240;
/// What `mspdebug` may take for all that one process is asked.
const SECONDS: &str = "3600";

/// Why the program stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// It has written the position word.
    Commit,
    /// It has reported its result.
    Done,
    /// It found an error, or panicked.
    Failed,
}

/// A simulated microcontroller with a program in it.
#[derive(Debug)]
pub struct Sim {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    sent: u16,
    watching: bool,
    /// Where the program's NVM is.
    pub nvm: Range<u16>,
    sensor: u16,
    done: u16,
    failed: u16,
}

impl Drop for Sim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Sim {
    /// Starts `mspdebug` and loads the program.
    pub fn start(program: &Path) -> Result<Self> {
        let bytes = std::fs::read(program)?;
        let file = object::File::parse(&*bytes)?;
        let symbol = |name: &str| {
            let mut symbols = file.symbols();
            let found = symbols.find(|s| s.name() == Ok(name));
            found
                .map(|s| s.address() as u16)
                .with_context(|| format!("{} has no symbol `{name}`", program.display()))
        };
        let section = file.section_by_name(".nvm").context("no section .nvm")?;
        let start = section.address() as u16;
        let mut child = Command::new("timeout")
            .args([SECONDS, "mspdebug", "-n", "-q", "sim"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot run mspdebug")?;
        let (to, from) = child
            .stdin
            .take()
            .zip(child.stdout.take())
            .context("no pipe")?;
        let mut sim = Self {
            child,
            to,
            from: BufReader::new(from),
            sent: 0,
            watching: false,
            nvm: start..start + section.size() as u16,
            sensor: symbol("SENSOR")?,
            done: symbol("done_here")?,
            failed: symbol("failed")?,
        };
        sim.command("simio add hwmult multiplier")?;
        sim.command("simio add tracer tracer")?;
        sim.command(&format!("prog {}", program.display()))?;
        for (index, at) in [sim.done, sim.failed].into_iter().enumerate() {
            sim.command(&format!("setbreak {at:#x} {index}"))?;
        }
        Ok(sim)
    }

    /// Sends a command, or several lines of them, and returns what they print. An expression behind them shows when that
    /// is all.
    fn command(&mut self, lines: &str) -> Result<Vec<String>> {
        self.sent = self.sent.wrapping_add(1);
        let end = format!("0x{:05x}", self.sent);
        writeln!(self.to, "{lines}\n= {:#x}", self.sent)?;
        self.to.flush()?;
        let mut printed = Vec::new();
        loop {
            let mut text = String::new();
            if self.from.read_line(&mut text)? == 0 {
                bail!("mspdebug ended, or took more than {SECONDS} s; it was asked to `{lines}`");
            }
            let text = text.trim_end();
            if text.starts_with(&end) {
                return Ok(printed);
            }
            if !text.starts_with("(mspdebug)") {
                printed.push(text.to_owned());
            }
        }
    }

    /// Instructions since the program was loaded.
    pub fn instructions(&mut self) -> Result<u64> {
        let printed = self.command("simio info tracer")?;
        let count = printed
            .iter()
            .find_map(|line| line.strip_prefix("Instruction count:"));
        Ok(count
            .context("the tracer counts no instructions")?
            .trim()
            .parse()?)
    }

    /// Stops at commits from now on, or no longer.
    pub fn watch(&mut self, commits: bool) -> Result<()> {
        if commits != self.watching {
            self.watching = commits;
            let at = self.nvm.start;
            self.command(&if commits {
                format!("setwatch_w {at:#x} 2")
            } else {
                "delbreak 2".to_owned()
            })?;
        }
        Ok(())
    }

    /// Fills a part of memory with these bytes, again and again.
    pub fn fill(&mut self, range: Range<u16>, bytes: &[u8]) -> Result<()> {
        self.command(&fill(range, bytes)).map(drop)
    }

    /// Writes these bytes; short lines, because `mspdebug` cuts long ones.
    pub fn write(&mut self, mut at: u16, bytes: &[u8]) -> Result<()> {
        for part in bytes.chunks(32) {
            let end = at + part.len() as u16;
            self.fill(at..end, part)?;
            at = end;
        }
        Ok(())
    }

    /// What the sensor gives from now on.
    pub fn show(&mut self, image: &[u8]) -> Result<()> {
        self.write(self.sensor, image)
    }

    /// The power is off and comes back: nothing but FRAM is as it was.
    pub fn outage(&mut self, rng: &mut Rng) -> Result<()> {
        let noise: [u8; 29] = std::array::from_fn(|_| rng.next() as u8);
        let mut lines = format!("{}\n{}\nreset", fill(SRAM, &noise), fill(PORTS, &[0]));
        for register in 4..16 {
            write!(lines, "\nset {register} {:#x}", rng.next() as u16)?;
        }
        self.command(&lines).map(drop)
    }

    /// The power comes; SRAM is as it is.
    pub fn power_on(&mut self) -> Result<()> {
        let lines = format!("{}\nreset", fill(PORTS, &[0]));
        self.command(&lines).map(drop)
    }

    /// Runs until something happens.
    pub fn run(&mut self) -> Result<Stop> {
        let printed = self.command("run")?;
        self.stop(&printed)
    }

    /// Executes so many instructions; the program may have stopped before.
    pub fn step(&mut self, instructions: u64) -> Result<Stop> {
        if instructions == 0 {
            return Ok(Stop::Commit);
        }
        let printed = self.command(&format!("step {instructions}"))?;
        self.stop(&printed)
    }

    fn stop(&self, printed: &[String]) -> Result<Stop> {
        let pc = printed.iter().find_map(|line| {
            let (_, rest) = line.split_once("( PC: ")?;
            u16::from_str_radix(rest.split_once(')')?.0.trim_start_matches('0'), 16).ok()
        });
        let pc = pc.with_context(|| format!("no program counter in {printed:?}"))?;
        // A step may end after the breakpoint, in the endless loop that is there.
        Ok(match pc {
            _ if pc == self.done => Stop::Done,
            _ if pc == self.failed || pc == self.failed + 2 => Stop::Failed,
            _ => Stop::Commit,
        })
    }

    /// Reads memory.
    pub fn read(&mut self, range: Range<u16>) -> Result<Vec<u8>> {
        let printed = self.command(&format!("md {:#x} {}", range.start, range.len()))?;
        let mut bytes = Vec::with_capacity(range.len());
        for line in &printed {
            let (_, rest) = line.split_once(": ").context("no dump")?;
            let (hex, _) = rest.split_once('|').context("no dump")?;
            for byte in hex.split_whitespace() {
                bytes.push(u8::from_str_radix(byte, 16)?);
            }
        }
        ensure!(
            bytes.len() == range.len(),
            "{} bytes of memory instead of {}",
            bytes.len(),
            range.len()
        );
        Ok(bytes)
    }

    /// All of the program's NVM.
    pub fn read_nvm(&mut self) -> Result<Vec<u8>> {
        self.read(self.nvm.clone())
    }

    /// What the board shows: the class, if the lamp says that there is one.
    pub fn report(&mut self) -> Result<Option<u8>> {
        let ports = self.read(PORTS)?;
        Ok((ports[2] & 1 != 0).then_some(ports[0x22]))
    }
}

/// The command that fills a part of memory.
fn fill(range: Range<u16>, bytes: &[u8]) -> String {
    let line = format!("fill {:#x} {}", range.start, range.len());
    bytes
        .iter()
        .fold(line, |line, byte| format!("{line} {byte:02x}"))
}
