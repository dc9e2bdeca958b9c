//! The rows of an input under a window, wherever they are: one set of inner loops for whole inputs and for rows that pass
//! through SRAM.

use rekindle::RowsView;

use crate::window::Span;

/// Rows of `W` pixels.
pub(crate) trait Lines<const W: usize, const C: usize> {
    /// Those under a window, whose rows lie next to each other, topmost first; more may follow.
    #[cfg(rekindle_dsp)]
    fn adjacent(&self, rows: Span) -> impl Iterator<Item = &[[i8; C]; W]>;

    /// Those under a window whose rows are `D` apart.
    fn apart<const D: usize>(&self, rows: Span) -> impl Iterator<Item = &[[i8; C]; W]>;
}

impl<const H: usize, const W: usize, const C: usize> Lines<W, C> for [[[i8; C]; W]; H] {
    #[cfg(rekindle_dsp)]
    #[inline(always)]
    fn adjacent(&self, rows: Span) -> impl Iterator<Item = &[[i8; C]; W]> {
        self.iter().skip(rows.input)
    }

    #[inline(always)]
    fn apart<const D: usize>(&self, rows: Span) -> impl Iterator<Item = &[[i8; C]; W]> {
        // Without an index there is no code for a panic.
        self.get(rows.input..).unwrap_or(&[]).iter().step_by(D)
    }
}

/// Only those under the window.
impl<const W: usize, const C: usize, const K: usize> Lines<W, C> for RowsView<'_, [[i8; C]; W], K> {
    #[cfg(rekindle_dsp)]
    #[inline(always)]
    fn adjacent(&self, _: Span) -> impl Iterator<Item = &[[i8; C]; W]> {
        self.iter().copied()
    }

    #[inline(always)]
    fn apart<const D: usize>(&self, _: Span) -> impl Iterator<Item = &[[i8; C]; W]> {
        self.iter().copied()
    }
}
