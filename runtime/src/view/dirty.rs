//! Which bytes of a staged output were set since the last commit.
//!
//! They have to be known exactly. Bytes between them may be committed results; writing those again could tear them,
//! and nothing would ever repair them, because the region that made them is over.

use core::ops::Range;

/// The current run of bytes, and a bitmap (one bit per unit of the output's alignment) for those that came before.
#[derive(Debug)]
pub(super) struct Dirty<'v> {
    run: Range<usize>,
    unit: usize,
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
            unit: 1,
            earlier: &mut [],
            spilled: false,
        }
    }

    pub(super) fn new(unit: usize, bitmap: &'v mut [u8]) -> Self {
        bitmap.fill(0);
        Self {
            run: 0..0,
            unit,
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
        for i in self.run.start / self.unit..self.run.end / self.unit {
            self.earlier[i / 8] |= 1 << (i % 8);
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
        let is_set = |i: usize| i < bits && self.earlier[i / 8] & 1 << (i % 8) != 0;
        let mut i = 0;
        while i < bits {
            if self.earlier[i / 8] == 0 {
                i = i / 8 * 8 + 8;
            } else if is_set(i) {
                let first = i;
                while is_set(i) {
                    i += 1;
                }
                write(first * self.unit..i * self.unit)?;
            } else {
                i += 1;
            }
        }
        self.earlier.fill(0);
        self.spilled = false;
        Ok(())
    }
}
