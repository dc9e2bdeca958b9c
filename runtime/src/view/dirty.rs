//! Which bytes of a staged output were set since the last commit.
//!
//! They have to be known exactly. Bytes between them may be committed results; writing those again could tear them,
//! and nothing would ever repair them, because the region that made them is over.

use core::ops::Range;

/// The current run of bytes, and a bitmap (one bit per unit of the output's alignment) for those that came before.
#[derive(Debug)]
pub(super) struct Dirty<'v> {
    run: Range<usize>,
    /// Log₂ of the unit: a division by a number that might be 0 is code for a panic.
    shift: u32,
    earlier: &'v mut [u8],
    spilled: bool,
}

impl<'v> Dirty<'v> {
    /// Bytes of bitmap for an output.
    pub(super) const fn bitmap(size: usize, unit: usize) -> usize {
        (size / unit).div_ceil(8)
    }

    pub(super) const fn none() -> Self {
        Self {
            run: 0..0,
            shift: 0,
            earlier: &mut [],
            spilled: false,
        }
    }

    pub(super) fn new(unit: usize, bitmap: &'v mut [u8]) -> Self {
        bitmap.fill(0);
        Self {
            run: 0..0,
            shift: unit.trailing_zeros(),
            earlier: bitmap,
            spilled: false,
        }
    }

    #[inline(always)]
    pub(super) fn add(&mut self, at: usize, len: usize) {
        let run = &mut self.run;
        if at == run.end {
            // The usual order: one element after the other.
            run.end += len;
        } else if at < run.start || at + len > run.end {
            self.start(at..at + len);
        }
    }

    #[inline(never)]
    fn start(&mut self, run: Range<usize>) {
        self.spill();
        self.run = run;
    }

    fn spill(&mut self) {
        for i in self.run.start >> self.shift..self.run.end >> self.shift {
            // Without an index there is no code for a panic.
            if let Some(bits) = self.earlier.get_mut(i / 8) {
                *bits |= 1 << (i % 8);
            }
            self.spilled = true;
        }
        self.run = 0..0;
    }

    /// Gives each run of bytes to `write`, in ascending order, and forgets them.
    pub(super) fn drain<E>(
        &mut self,
        mut write: impl FnMut(Range<usize>) -> Result<(), E>,
    ) -> Result<(), E> {
        if !self.spilled {
            if !self.run.is_empty() {
                write(self.run.clone())?;
            }
            self.run = 0..0;
            return Ok(());
        }
        self.spill();
        let bits = self.earlier.len() * 8;
        let byte = |i: usize| self.earlier.get(i / 8).copied().unwrap_or(0);
        let is_set = |i: usize| byte(i) & 1 << (i % 8) != 0;
        let mut i = 0;
        while i < bits {
            if byte(i) == 0 {
                i = i / 8 * 8 + 8;
            } else if is_set(i) {
                let first = i;
                while is_set(i) {
                    i += 1;
                }
                write(first << self.shift..i << self.shift)?;
            } else {
                i += 1;
            }
        }
        self.earlier.fill(0);
        self.spilled = false;
        Ok(())
    }
}
