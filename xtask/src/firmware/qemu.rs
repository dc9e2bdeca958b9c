//! Programs in QEMU, which talk to us by semihosting.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::shell::{command, output};

/// Seconds after which an emulation is taken to hang.
const PATIENCE: u32 = 900;

/// What a session of the harness in `firmware/cortex-m4` or `firmware/microbit` prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    numbers: HashMap<String, u64>,
    /// Each power failure: address, instruction since the reset, and a hash that tells the last commit.
    pub failures: Vec<(u32, u32, u32)>,
    /// Inferences that were completed before each of them; empty where the harness does not tell.
    pub done: Vec<u32>,
}

impl Session {
    /// A number of the result.
    pub fn get(&self, key: &str) -> Result<u64> {
        let number = self.numbers.get(key).copied();
        number.with_context(|| format!("the firmware does not print `{key}`"))
    }

    /// Failures that differ in address, instruction or commit.
    pub fn distinct(&self) -> usize {
        let mut all = self.failures.clone();
        all.sort_unstable();
        all.dedup();
        all.len()
    }

    /// Different states of the commits when the power failed.
    pub fn commits(&self) -> usize {
        let mut all: Vec<_> = self.failures.iter().map(|f| f.2).collect();
        all.sort_unstable();
        all.dedup();
        all.len()
    }
}

/// Which machine is emulated, and how long an instruction takes.
pub const CORTEX_M4: &str = "-M mps2-an386 -accel tcg,tb-size=32 -icount shift=8";
/// The nRF51, whose instructions take 64 ns.
pub const MICROBIT: &str = "-M microbit -accel tcg,tb-size=32 -icount shift=6";

/// Emulates the Cortex-M4 for a program that prints on the serial port.
pub fn serial(program: &Path) -> Result<String> {
    let mut qemu = command(&format!(
        "timeout {PATIENCE} qemu-system-arm -M mps2-an386 -display none -monitor none -serial stdio -semihosting-config enable=on,target=native"
    ));
    output(qemu.arg("-kernel").arg(program))
}

/// Emulates the Cortex-M4 until the program ends, and gives what it prints.
pub fn print(program: &Path, words: &str) -> Result<String> {
    print_on(CORTEX_M4, program, words)
}

/// Emulates a machine until the program ends, and gives what it prints.
fn print_on(machine: &str, program: &Path, words: &str) -> Result<String> {
    let mut arguments = program
        .file_name()
        .map_or_else(String::new, |name| format!(",arg={}", name.display()));
    for word in words.split_whitespace() {
        arguments += ",arg=";
        arguments += word;
    }
    let mut qemu = command(&format!(
        "timeout {PATIENCE} qemu-system-arm {machine} -display none -serial none -monitor none \
         -chardev stdio,id=host -semihosting-config enable=on,target=native,chardev=host{arguments}"
    ));
    output(qemu.arg("-kernel").arg(program)).with_context(|| format!("with {words}"))
}

/// Runs a session on the Cortex-M4.
pub fn session(program: &Path, words: &str) -> Result<Session> {
    session_on(CORTEX_M4, program, words)
}

/// Runs a session.
pub fn session_on(machine: &str, program: &Path, words: &str) -> Result<Session> {
    let text = print_on(machine, program, words)?;
    let mut session = Session {
        numbers: HashMap::new(),
        failures: Vec::new(),
        done: Vec::new(),
    };
    for line in text.lines() {
        if let Some(result) = line.strip_prefix("result ") {
            for word in result.split_whitespace() {
                let (key, value) = word.split_once('=').context("key=value")?;
                let value = match value.strip_prefix("0x") {
                    Some(hex) => u64::from_str_radix(hex, 16)?,
                    None => value.parse()?,
                };
                session.numbers.insert(key.to_owned(), value);
            }
        } else if let [pc, at, state, done @ ..] = &line.split(' ').collect::<Vec<_>>()[..] {
            session.failures.push((
                u32::from_str_radix(pc, 16)?,
                at.parse()?,
                u32::from_str_radix(state, 16)?,
            ));
            for done in done {
                session.done.push(done.parse()?);
            }
        } else {
            bail!("{words}: {line}");
        }
    }
    session
        .get("differences")
        .with_context(|| words.to_owned())?;
    Ok(session)
}
