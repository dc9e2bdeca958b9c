//! Cycles of a Cortex-M4 by the timing table of its manual, for every instruction that a program executes in QEMU.
//!
//! QEMU counts instructions and knows no pipeline. Its log of executed blocks says how often each instruction ran and where
//! each branch went; the table says the rest. Memory answers at once, as SRAM does and as flash behind a cache may.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

use crate::firmware::{elf, tools};
use crate::shell::{command, output};

/// Cycles to refill the pipeline after a taken branch: the manual's least and most.
pub const REFILL: [u64; 2] = [1, 3];

/// What a stretch of a program took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// Instructions.
    pub instructions: u64,
    /// Cycles, each branch refilling the pipeline in the least time, and in the most.
    pub cycles: [u64; 2],
}

/// An instruction, as far as its timing goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Instruction {
    /// Bytes.
    size: u32,
    kind: Kind,
    /// Where a branch goes, if it says.
    target: Option<u32>,
}

/// Rows of the table (ARM DDI 0439, "Instruction set summary").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One cycle: data processing, multiplications, SIMD, and what is not below.
    Plain,
    /// A single load: two, or one right after another load or store.
    Load,
    /// A single store: one, since the write buffer takes it.
    Store,
    /// So many registers: one and one for each.
    Many(u64),
    /// Division: 2 to 12, taken as 12.
    Divide,
    /// A barrier: one, and what it waits for, taken as three.
    Barrier,
    /// May go elsewhere; after so many cycles if it does not.
    Branch(u64),
}

impl Kind {
    /// By mnemonic and operands, as LLVM writes them.
    fn of(mnemonic: &str, operands: &str) -> Self {
        let name = mnemonic.trim_end_matches(".w").trim_end_matches(".n");
        let registers = || {
            let list = operands.split_once('{').map_or("", |(_, list)| list);
            let list = list.trim_end_matches('}');
            list.split(',')
                .map(|part| match part.trim().split_once('-') {
                    Some((from, to)) => {
                        let number = |r: &str| r[1..].parse::<u64>().unwrap_or(0);
                        number(to.trim()) - number(from.trim()) + 1
                    }
                    None => u64::from(!part.trim().is_empty()),
                })
                .sum::<u64>()
        };
        let is = |prefixes: &[&str]| prefixes.iter().any(|p| name.starts_with(p));
        if is(&["push", "stm", "vpush", "vstm"]) {
            return Self::Many(registers());
        }
        if is(&["pop", "ldm", "vpop", "vldm"]) {
            return if operands.contains("pc") {
                Self::Branch(1 + registers())
            } else {
                Self::Many(registers())
            };
        }
        if is(&["ldrd", "strd"]) {
            return Self::Many(2);
        }
        if is(&["ldr", "vldr"]) {
            return if operands.starts_with("pc") {
                Self::Branch(2)
            } else {
                Self::Load
            };
        }
        if is(&["str", "vstr"]) {
            return Self::Store;
        }
        if is(&["udiv", "sdiv"]) {
            return Self::Divide;
        }
        if is(&["dsb", "dmb", "isb"]) {
            return Self::Barrier;
        }
        if is(&["tbb", "tbh"]) {
            return Self::Branch(2);
        }
        let branch = name == "b"
            || is(&["bl", "bx", "cbz", "cbnz", "svc"])
            || (name.len() == 3 && name.starts_with('b') && !is(&["bic", "bfc", "bfi"]))
            || (is(&["mov", "add"]) && operands.starts_with("pc"));
        if branch { Self::Branch(1) } else { Self::Plain }
    }
}

/// The code of a program, by address.
struct Code(HashMap<u32, Instruction>);

impl Code {
    fn read(program: &Path) -> Result<Self> {
        tools::debian("llvm-objdump", "llvm-objdump --version", "llvm")?;
        let mut objdump = command("llvm-objdump -d --no-show-raw-insn --no-leading-headers");
        let text = output(objdump.arg(program)).context("llvm-objdump disassembles the program")?;
        let mut lines = Vec::new();
        for line in text.lines() {
            let Some((address, rest)) = line.trim_start().split_once(':') else {
                continue;
            };
            let Ok(address) = u32::from_str_radix(address, 16) else {
                continue;
            };
            let mut words = rest.trim().splitn(2, |c: char| c.is_whitespace());
            let (name, operands) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
            let operands = operands.trim();
            lines.push((address, Kind::of(name, operands), target(operands)));
        }
        let mut code = HashMap::new();
        for (i, &(address, kind, target)) in lines.iter().enumerate() {
            let next = lines.get(i + 1).map_or(address + 2, |n| n.0);
            // Two halves or one; at the end of a section there is no next one.
            let size = if next.wrapping_sub(address) == 4 {
                4
            } else {
                2
            };
            code.insert(address, Instruction { size, kind, target });
        }
        ensure!(!code.is_empty(), "{}: no code", program.display());
        Ok(Self(code))
    }

    /// What a block takes that was entered at one address and left to another.
    fn block(&self, from: u32, to: u32) -> Result<Taken> {
        let mut taken = Taken::default();
        // A block ends with a branch, or where the emulator had enough of it: at an instruction that the next one follows.
        let mut cut = None;
        let (mut at, mut after_access) = (from, false);
        loop {
            let one = self.0.get(&at);
            let one = one.with_context(|| format!("no instruction at {at:#x}"))?;
            let next = at + one.size;
            taken.instructions += 1;
            let cycles = match one.kind {
                Kind::Plain | Kind::Store => 1,
                Kind::Load => 2 - u64::from(after_access),
                Kind::Many(n) => 1 + n,
                Kind::Divide => 12,
                Kind::Barrier => 4,
                Kind::Branch(n) => n,
            };
            after_access = matches!(one.kind, Kind::Load | Kind::Store);
            for sum in &mut taken.cycles {
                *sum += cycles;
            }
            if matches!(one.kind, Kind::Branch(_)) {
                if next == to {
                    return Ok(taken);
                }
                if one.target.is_none_or(|target| target == to) {
                    for (sum, refill) in taken.cycles.iter_mut().zip(REFILL) {
                        *sum += refill;
                    }
                    return Ok(taken);
                }
                return cut.with_context(|| format!("no way from {from:#x} to {to:#x}"));
            }
            if next == to {
                cut = cut.or(Some(taken));
            }
            if taken.instructions > 600 {
                return cut.with_context(|| format!("the block at {from:#x} has no end"));
            }
            at = next;
        }
    }
}

/// The address in the operands of a branch.
fn target(operands: &str) -> Option<u32> {
    let hex = operands
        .split_whitespace()
        .find_map(|w| w.strip_prefix("0x"))?;
    u32::from_str_radix(hex.trim_end_matches(','), 16).ok()
}

/// Runs a program, and says what was executed between the odd calls of a function, its `marker`, and the even ones.
pub fn between(program: &Path, marker: &str, machine: &str) -> Result<Vec<Taken>> {
    let code = Code::read(program)?;
    let marker = elf::symbol(program, marker)? & !1;
    let log = program.with_extension("executed");
    let run = output(
        command(&format!(
            "timeout 600 qemu-system-arm {machine} -display none -monitor none -serial null -semihosting-config \
             enable=on,target=native -d exec,nochain -D"
        ))
        .arg(&log)
        .arg("-kernel")
        .arg(program),
    );
    let counted = run.and_then(|_| count(&code, &log, marker));
    std::fs::remove_file(&log).with_context(|| format!("cannot remove {}", log.display()))?;
    counted
}

/// Reads the log of executed blocks.
fn count(code: &Code, log: &Path, marker: u32) -> Result<Vec<Taken>> {
    let file = File::open(log).with_context(|| format!("cannot read {}", log.display()))?;
    let mut stretches = Vec::new();
    let mut blocks: HashMap<(u32, u32), u64> = HashMap::new();
    let (mut before, mut inside) = (None, false);
    for line in BufReader::with_capacity(1 << 20, file).lines() {
        let line = line?;
        // `Trace 0: 0x7f… [cs_base/pc/flags/cflags] symbol`
        let Some((_, rest)) = line.split_once('/') else {
            continue;
        };
        let Some((pc, _)) = rest.split_once('/') else {
            bail!("not a line of QEMU's log: {line}");
        };
        let pc = u32::from_str_radix(pc, 16).with_context(|| line.clone())?;
        if let (true, Some(from)) = (inside, before) {
            *blocks.entry((from, pc)).or_default() += 1;
        }
        before = Some(pc);
        if pc == marker {
            if inside {
                let mut sum = Taken::default();
                for ((from, to), n) in blocks.drain() {
                    let one = code.block(from, to)?;
                    sum.instructions += one.instructions * n;
                    for (sum, cycles) in sum.cycles.iter_mut().zip(one.cycles) {
                        *sum += cycles * n;
                    }
                }
                stretches.push(sum);
            }
            inside = !inside;
        }
    }
    Ok(stretches)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(lines: &[(u32, u32, &str)]) -> Code {
        let one = |&(at, size, text): &(u32, u32, &str)| {
            let (name, operands) = text.split_once(' ').unwrap_or((text, ""));
            let (kind, target) = (Kind::of(name, operands), target(operands));
            (at, Instruction { size, kind, target })
        };
        Code(lines.iter().map(one).collect())
    }

    #[test]
    fn instructions_take_what_the_table_says() {
        for (text, kind) in [
            ("smlad r0, r1, r2, r3", Kind::Plain),
            ("ldr.w r0, [r1], #4", Kind::Load),
            ("ldrsb r0, [r1, r2]", Kind::Load),
            ("strh r0, [r1]", Kind::Store),
            ("ldrd r0, r1, [r2]", Kind::Many(2)),
            ("ldm.w r0!, {r1, r2, r3}", Kind::Many(3)),
            ("push.w {r4-r11, lr}", Kind::Many(9)),
            ("pop.w {r4-r11, pc}", Kind::Branch(10)),
            ("bne 0x100", Kind::Branch(1)),
            ("bls.w 0x100", Kind::Branch(1)),
            ("bx lr", Kind::Branch(1)),
            ("cbz r0, 0x10", Kind::Branch(1)),
            ("bic r0, r1, #3", Kind::Plain),
            ("bfi r0, r1, #3, #2", Kind::Plain),
            ("tbb [pc, r0]", Kind::Branch(2)),
            ("dsb sy", Kind::Barrier),
            ("udiv r0, r1, r2", Kind::Divide),
        ] {
            let (name, operands) = text.split_once(' ').expect("operands");
            assert_eq!(Kind::of(name, operands), kind, "{text}");
        }
    }

    #[test]
    fn neighbouring_accesses_overlap_and_taken_branches_refill() {
        let code = code(&[
            (0, 2, "ldr r0, [r1]"),
            (2, 2, "ldr r2, [r1, #4]"),
            (4, 4, "smlad r3, r0, r2, r3"),
            (8, 2, "bne 0x0"),
        ]);
        let taken = code.block(0, 0).expect("a block");
        assert_eq!(
            (taken.instructions, taken.cycles),
            (4, [2 + 1 + 1 + 1 + 1, 2 + 1 + 1 + 1 + 3])
        );
        let through = code.block(0, 10).expect("a block");
        assert_eq!(through.cycles, [5, 5]);
        assert!(code.block(12, 0).is_err());
    }
}
