//! Convolution with the DSP instructions: two places times two channels at once.

use core::array;

use rekindle::zerocopy::{FromBytes, IntoBytes};

use crate::conv2d::Conv2d;
use crate::dsp::{self, Fours};
use crate::lines::Lines;
use crate::tensor::Tensor;
use crate::window::{Span, dilated};

/// The input under one filter, as it is.
type Patch<const KH: usize, const KW: usize, const C: usize> = [[[i8; C]; KW]; KH];

/// The input under the filter at two places, widened to 16 bits; `2 · KH · KW · C` values, and the last ones, of which there
/// are too few for a word.
#[repr(C, align(4))]
struct Wide<const KH: usize, const KW: usize, const C: usize> {
    values: [[[[i16; 2]; C]; KW]; KH],
    tail: Fours,
}

impl<const KH: usize, const KW: usize, const C: usize> Wide<KH, KW, C> {
    const WORDS: usize = KH * KW * C / 4;
    const EMPTY: Self = Self {
        values: [[[[0; 2]; C]; KW]; KH],
        tail: [0; 4],
    };

    /// Four values at both places each. Size and alignment are right by type, so this does not fail.
    #[inline(always)]
    fn fours(&self) -> &[Fours] {
        <[Fours]>::ref_from_prefix_with_elems(self.values.as_bytes(), Self::WORDS)
            .map_or(&[], |(fours, _)| fours)
    }

    #[inline(always)]
    fn fours_mut(&mut self) -> &mut [Fours] {
        <[Fours]>::mut_from_prefix_with_elems(self.values.as_mut_bytes(), Self::WORDS)
            .map_or(&mut [], |(fours, _)| fours)
    }
}

/// `KW` pixels from `column` on, where a filter lies within the line: no code that could panic.
#[inline(always)]
fn part<const W: usize, const KW: usize, const C: usize>(
    line: &[[i8; C]; W],
    column: usize,
) -> Option<&[[i8; C]; KW]> {
    line.get(column..)?.first_chunk()
}

impl<
    const KH: usize,
    const KW: usize,
    const C: usize,
    const M: usize,
    const SH: usize,
    const SW: usize,
    const DH: usize,
    const DW: usize,
    const PH: usize,
    const PW: usize,
> Conv2d<KH, KW, C, M, SH, SW, DH, DW, PH, PW>
{
    /// What the filters see at output row `r`, column `c`; the zero point where they hang over the edge.
    #[inline(always)]
    fn under<const H: usize, const W: usize, const OH: usize, const OW: usize>(
        &self,
        x: &impl Lines<W, C>,
        r: usize,
        c: usize,
    ) -> Patch<KH, KW, C> {
        let (rows, columns) = (
            dilated::<H, OH, KH, SH, DH, PH>(r),
            dilated::<W, OW, KW, SW, DW, PW>(c),
        );
        if const { DH == 1 && DW == 1 } && rows.len == KH && columns.len == KW {
            // Of constant length: a few loads and stores instead of a call.
            let mut patch = [[[0; C]; KW]; KH];
            for (to, line) in patch.iter_mut().zip(x.adjacent(rows)) {
                if let Some(from) = part::<W, KW, C>(line, columns.input) {
                    *to = *from;
                }
            }
            return patch;
        }
        self.at_edge(x, rows, columns)
    }

    /// The same where they hang over the edge, or their inputs are apart.
    // Not inlined: there are more places of either kind than code for it should be.
    #[inline(never)]
    fn at_edge<const W: usize>(
        &self,
        x: &impl Lines<W, C>,
        rows: Span,
        columns: Span,
    ) -> Patch<KH, KW, C> {
        let mut patch = [[[self.input_zero; C]; KW]; KH];
        let lines = x.apart::<DH>(rows).take(rows.len);
        for (to, line) in patch.iter_mut().skip(rows.kernel).zip(lines) {
            if const { DW == 1 } {
                let (from, all) = (columns.of(line), to.get_mut(columns.kernel..));
                if let Some(to) = all.and_then(|to| to.get_mut(..from.len())) {
                    to.copy_from_slice(from);
                }
                continue;
            }
            let pixels = line.iter().skip(columns.input).step_by(DW);
            let to = to.iter_mut().skip(columns.kernel).take(columns.len);
            for (to, from) in to.zip(pixels) {
                *to = *from;
            }
        }
        patch
    }

    /// The same, widened, as place `v` of two.
    #[inline(always)]
    fn widen<const H: usize, const W: usize, const OH: usize, const OW: usize>(
        &self,
        x: &impl Lines<W, C>,
        r: usize,
        c: usize,
        to: &mut Wide<KH, KW, C>,
        v: usize,
    ) {
        if const { DH == 1 && DW == 1 && (KW * C).is_multiple_of(4) } {
            let (rows, columns) = (
                dilated::<H, OH, KH, SH, DH, PH>(r),
                dilated::<W, OW, KW, SW, DW, PW>(c),
            );
            if rows.len == KH && columns.len == KW {
                let lines = x.adjacent(rows);
                for (line, to) in lines.zip(to.fours_mut().chunks_exact_mut(const { KW * C / 4 })) {
                    if let Some(line) = part::<W, KW, C>(line, columns.input) {
                        dsp::widen(line.as_flattened(), to, v);
                    }
                }
                return;
            }
        }
        let patch = self.under::<H, W, OH, OW>(x, r, c);
        let patch = patch.as_flattened().as_flattened();
        dsp::widen(patch, to.fours_mut(), v);
        if const { !(KH * KW * C).is_multiple_of(4) } {
            let last = dsp::tail(patch).to_le_bytes().map(u8::cast_signed);
            dsp::widen(&last, array::from_mut(&mut to.tail), v);
        }
    }

    /// All channels at two places.
    // Not inlined: it has a use for every register.
    #[inline(never)]
    fn two(&self, places: &Wide<KH, KW, C>) -> [[i8; M]; 2] {
        let mut out = [[0; M]; 2];
        if const { dsp::pairs_takes(KH * KW * C, M) } {
            let (values, rows) = (places.fours(), &self.weight);
            let (bias, scale) = (&self.bias, &self.scale);
            if self.ordinary {
                dsp::pairs(values, rows, bias, scale, self.activation, &mut out);
            } else {
                let weights = rows.flat();
                for (v, out) in out.iter_mut().enumerate() {
                    dsp::pairs_rare(values, v, weights, bias, scale, self.activation, out);
                }
            }
            return out;
        }
        let mut next = 0;
        while next < M {
            // The last two of an odd number overlap those before.
            let m = next.min(const { M.saturating_sub(2) });
            next = m + 2;
            let (Some(rows), Some(&[first, second]), Some(scale)) = (
                self.weight[m..].first_chunk::<2>(),
                self.bias[m..].first_chunk::<2>(),
                self.scale[m..].first_chunk::<2>(),
            ) else {
                break;
            };
            let mut acc = [first, first, second, second];
            acc = dsp::two_by_two(places.fours(), rows, 0, acc);
            if const { !(KH * KW * C).is_multiple_of(4) } {
                let from = const { (KH * KW * C).saturating_sub(4) };
                acc = dsp::two_by_two(array::from_ref(&places.tail), rows, from, acc);
            }
            let four = self.activation.quantize_two(acc, scale, self.ordinary);
            let [a, c, b, d] = four.to_le_bytes().map(u8::cast_signed);
            (out[0][m], out[0][m + 1]) = (a, c);
            (out[1][m], out[1][m + 1]) = (b, d);
        }
        out
    }

    /// All channels at one place.
    #[inline(never)]
    pub(crate) fn one(&self, patch: &Patch<KH, KW, C>) -> [i8; M] {
        let mut out = [0; M];
        dsp::channels(
            patch,
            &self.weight,
            &self.bias,
            &self.scale,
            self.activation,
            self.ordinary,
            &mut out,
        );
        out
    }

    /// All output channels at `V` neighbouring places, from column `c` on.
    #[inline]
    pub(crate) fn pixels<
        const H: usize,
        const W: usize,
        const OH: usize,
        const OW: usize,
        const V: usize,
    >(
        &self,
        x: &impl Lines<W, C>,
        r: usize,
        c: usize,
    ) -> [[i8; M]; V] {
        if const { V == 2 && M > 1 && dsp::two_by_two_takes(KH * KW * C) } {
            let mut places = Wide::EMPTY;
            self.widen::<H, W, OH, OW>(x, r, c, &mut places, 0);
            self.widen::<H, W, OH, OW>(x, r, c + 1, &mut places, 1);
            let two = self.two(&places);
            return array::from_fn(|v| two[v % 2]);
        }
        array::from_fn(|v| self.one(&self.under::<H, W, OH, OW>(x, r, c + v)))
    }
}
