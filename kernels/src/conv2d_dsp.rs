//! Convolution with the DSP instructions: two places times two channels at once.

use core::array;

use rekindle::zerocopy::{FromBytes, IntoBytes};

use crate::conv2d::Conv2d;
use crate::dsp;
use crate::window::dilated;

/// The input under one filter, widened to 16 bits in the order of [`dsp::widen`]; `KH · KW · C` values.
#[repr(C, align(4))]
#[derive(Clone, Copy)]
struct Wide<const KH: usize, const KW: usize, const C: usize> {
    values: [[[i16; C]; KW]; KH],
    /// The last values, of which there are too few for a word.
    tail: [u32; 2],
}

impl<const KH: usize, const KW: usize, const C: usize> Wide<KH, KW, C> {
    const WORDS: usize = KH * KW * C / 4;
    const EMPTY: Self = Self {
        values: [[[0; C]; KW]; KH],
        tail: [0; 2],
    };

    /// As pairs, one per word of taps. Size and alignment are right by type, so this does not fail.
    #[inline(always)]
    fn pairs(&self) -> &[[u32; 2]] {
        <[[u32; 2]]>::ref_from_prefix_with_elems(self.values.as_bytes(), Self::WORDS)
            .map_or(&[], |(pairs, _)| pairs)
    }

    #[inline(always)]
    fn pairs_mut(&mut self) -> &mut [[u32; 2]] {
        <[[u32; 2]]>::mut_from_prefix_with_elems(self.values.as_mut_bytes(), Self::WORDS)
            .map_or(&mut [], |(pairs, _)| pairs)
    }
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
    /// What the filters see at output row `r`, column `c`.
    #[inline(always)]
    fn widen<const H: usize, const W: usize, const OH: usize, const OW: usize>(
        &self,
        x: &[[[i8; C]; W]; H],
        r: usize,
        c: usize,
        to: &mut Wide<KH, KW, C>,
    ) {
        let (rows, columns) = (
            dilated::<H, OH, KH, SH, DH, PH>(r),
            dilated::<W, OW, KW, SW, DW, PW>(c),
        );
        let inside = const { DH == 1 && DW == 1 } && rows.len == KH && columns.len == KW;
        if inside && const { (KW * C).is_multiple_of(4) } {
            let lines = x[rows.input..][..KH].iter();
            for (line, to) in lines.zip(to.pairs_mut().chunks_exact_mut(const { KW * C / 4 })) {
                dsp::widen(line[columns.input..][..KW].as_flattened(), to);
            }
            return;
        }
        let mut patch = [[[self.input_zero; C]; KW]; KH];
        if inside {
            // Of constant length: a few loads and stores instead of a call.
            for (to, line) in patch.iter_mut().zip(&x[rows.input..][..KH]) {
                to.copy_from_slice(&line[columns.input..][..KW]);
            }
        } else {
            for (to, line) in patch[rows.kernel..]
                .iter_mut()
                .zip(x[rows.input..].iter().step_by(DH))
                .take(rows.len)
            {
                let to = &mut to[columns.kernel..][..columns.len];
                if const { DW == 1 } {
                    to.copy_from_slice(&line[columns.input..][..columns.len]);
                } else {
                    for (to, from) in to.iter_mut().zip(line[columns.input..].iter().step_by(DW)) {
                        *to = *from;
                    }
                }
            }
        }
        let patch = patch.as_flattened().as_flattened();
        dsp::widen(patch, to.pairs_mut());
        if const { !(KH * KW * C).is_multiple_of(4) } {
            to.tail = dsp::widen_tail(patch);
        }
    }

    /// Channels `m..m + R` at `V` places.
    #[inline(always)]
    fn block<const V: usize, const R: usize>(
        &self,
        places: &[Wide<KH, KW, C>; V],
        m: usize,
        out: &mut [[i8; M]; V],
    ) {
        let rows: [&[i8]; R] = array::from_fn(|r| self.weight[m + r].as_flattened().as_flattened());
        let mut acc = array::from_fn(|r| [self.bias[m + r]; V]);
        acc = dsp::block(array::from_fn(|v| places[v].pairs()), rows, acc);
        if const { !(KH * KW * C).is_multiple_of(4) } {
            let last = rows.map(|row| &row[KH * KW * C - 4..]);
            acc = dsp::block(
                array::from_fn(|v| array::from_ref(&places[v].tail).as_slice()),
                last,
                acc,
            );
        }
        for r in 0..R {
            for v in 0..V {
                out[v][m + r] = self.activation.quantize_fast(acc[r][v], self.scale[m + r]);
            }
        }
    }

    /// All channels at `V` places.
    // Not inlined: it has a use for every register.
    #[inline(never)]
    fn channels<const V: usize>(&self, places: &[Wide<KH, KW, C>; V]) -> [[i8; M]; V] {
        let mut out = [[0; M]; V];
        for m in (0..M / 2 * 2).step_by(2) {
            self.block::<V, 2>(places, m, &mut out);
        }
        if const { M % 2 == 1 } {
            self.block::<V, 1>(places, M - 1, &mut out);
        }
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
        x: &[[[i8; C]; W]; H],
        r: usize,
        c: usize,
    ) -> [[i8; M]; V] {
        if const { KH * KW * C < 4 } {
            // Not even one word.
            return array::from_fn(|v| {
                let patch = self.patch::<H, W, OH, OW>(x, r, c + v);
                array::from_fn(|m| self.channel(&patch, m))
            });
        }
        let mut places = [Wide::EMPTY; V];
        for (v, place) in places.iter_mut().enumerate() {
            self.widen::<H, W, OH, OW>(x, r, c + v, place);
        }
        self.channels(&places)
    }
}
