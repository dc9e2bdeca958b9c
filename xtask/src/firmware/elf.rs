//! How large a program is.

use std::path::Path;

use anyhow::{Context, Result};
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind, elf};

/// Bytes by kind.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Code and constants.
    pub text: u64,
    /// Code alone, as far as it is not mixed with its constants.
    pub code: u64,
    /// Initialised variables, which take room in both memories.
    pub data: u64,
    /// Zeroed variables.
    pub bss: u64,
}

/// Sums the sections that a loader would load.
pub fn sizes(program: &Path) -> Result<Sizes> {
    let bytes =
        std::fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    let file = object::File::parse(&*bytes)
        .with_context(|| format!("{} is no program", program.display()))?;
    let mut sizes = Sizes::default();
    for section in file.sections() {
        let SectionFlags::Elf { sh_flags } = section.flags() else {
            continue;
        };
        if sh_flags & u64::from(elf::SHF_ALLOC) == 0 {
            continue;
        }
        if section.kind() == SectionKind::UninitializedData {
            sizes.bss += section.size();
        } else if sh_flags & u64::from(elf::SHF_WRITE) != 0 {
            sizes.data += section.size();
        } else {
            sizes.text += section.size();
            if sh_flags & u64::from(elf::SHF_EXECINSTR) != 0 {
                sizes.code += section.size();
            }
        }
    }
    Ok(sizes)
}

/// Commits of a word in Thumb code, `strh rt, [rn]`, that a `dsb` follows: those that a `dsb` also precedes, and all.
pub fn fenced_words(program: &Path) -> Result<(usize, usize)> {
    /// `dsb sy`.
    const DSB: [u16; 2] = [0xf3bf, 0x8f4f];
    /// What may be between the first barrier and the word: making the word, and looking up where it goes.
    const BETWEEN: usize = 8;

    let bytes =
        std::fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    let file = object::File::parse(&*bytes)?;
    let text = file.section_by_name(".text").context("no .text")?;
    let (halves, _) = text.data()?.as_chunks::<2>();
    let code: Vec<u16> = halves
        .iter()
        .map(|half| u16::from_le_bytes(*half))
        .collect();
    let (mut fenced, mut all) = (0, 0);
    for at in 0..code.len() {
        let stores_half = code[at] & 0xf800 == 0x8000;
        if stores_half && code[at + 1..].starts_with(&DSB) {
            all += 1;
            let before = &code[at.saturating_sub(BETWEEN)..at];
            fenced += usize::from(before.windows(2).any(|pair| pair == DSB));
        }
    }
    Ok((fenced, all))
}

/// The functions of a program that only code which may panic calls.
pub fn panics(program: &Path) -> Result<Vec<String>> {
    let bytes =
        std::fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    let file = object::File::parse(&*bytes)
        .with_context(|| format!("{} is no program", program.display()))?;
    let names = file
        .symbols()
        .filter_map(|symbol| symbol.name().ok().map(str::to_owned));
    let kinds = [
        "panicking",
        "slice_index_fail",
        "unwrap_failed",
        "expect_failed",
        "len_mismatch_fail",
    ];
    Ok(names
        .filter(|name| kinds.iter().any(|kind| name.contains(kind)))
        .collect())
}

/// The address of a symbol.
pub fn symbol(program: &Path, name: &str) -> Result<u32> {
    let bytes =
        std::fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    let file = object::File::parse(&*bytes)?;
    let found = file.symbols().find(|symbol| symbol.name() == Ok(name));
    let found = found.with_context(|| format!("{} has no symbol `{name}`", program.display()))?;
    u32::try_from(found.address()).context("an address of 32 bits")
}
