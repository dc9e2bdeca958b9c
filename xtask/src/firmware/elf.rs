//! How large a program is.

use std::path::Path;

use anyhow::{Context, Result};
use object::{Object, ObjectSection, SectionFlags, SectionKind, elf};

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
