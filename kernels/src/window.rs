//! Where a filter or a pool lies on its input, with the padding of TensorFlow Lite.

/// The part of a window of `K` that is on an input of `N`, along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// First position on the input.
    pub input: usize,
    /// First position in the window.
    pub kernel: usize,
    /// How many positions.
    pub len: usize,
}

impl Span {
    /// The part of the input; without an index there is no code for a panic.
    #[inline(always)]
    pub fn of<T>(self, input: &[T]) -> &[T] {
        let part = input.get(self.input..);
        part.and_then(|part| part.get(..self.len)).unwrap_or(&[])
    }
}

/// Bytes of the input that lie under a window in a row, and the position in the window of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Position in the input's row-major order.
    pub at: usize,
    /// Column of the window.
    pub kernel: usize,
    /// Pixels.
    pub pixels: usize,
}

/// Piece `n` of row `k` under a window, or none where the window hangs over the edge. With `WHOLE`, the row is one piece;
/// else each of its pixels is.
#[inline]
pub(crate) fn piece<const W: usize, const C: usize, const DH: usize, const DW: usize>(
    [rows, columns]: Place,
    k: usize,
    n: usize,
    whole: bool,
) -> Option<Piece> {
    let row = k.checked_sub(rows.kernel).filter(|row| *row < rows.len)?;
    let start = (rows.input + row * DH) * W + columns.input;
    if whole {
        return (columns.len > 0).then_some(Piece {
            at: start * C,
            kernel: columns.kernel,
            pixels: columns.len,
        });
    }
    let tap = n.checked_sub(columns.kernel).filter(|n| *n < columns.len)?;
    Some(Piece {
        at: (start + tap * DW) * C,
        kernel: n,
        pixels: 1,
    })
}

/// Rows and columns of the input that lie under a window.
pub(crate) type Place = [Span; 2];

/// Padding that follows from the size of the output, as `SAME` and `VALID` have it.
///
/// For [`Conv2d`](crate::Conv2d) and [`Depthwise`](crate::Depthwise), whose last parameters are explicit paddings.
pub const AUTO: usize = usize::MAX;

/// The outputs that an axis of `n` gives: with padding (`SAME`) and without (`VALID`).
const fn outputs(n: usize, kernel: usize, stride: usize) -> (usize, usize) {
    let valid = if n < kernel {
        0
    } else {
        (n - kernel) / stride + 1
    };
    (n.div_ceil(stride), valid)
}

/// What is padded before the first input: the smaller half of all padding.
const fn padding(n: usize, out: usize, kernel: usize, stride: usize) -> usize {
    ((out - 1) * stride + kernel).saturating_sub(n) / 2
}

/// The span of output `o` along an axis of `N` inputs and `O` outputs, window `K`, stride `S`.
///
/// The number of outputs tells whether there is padding: `ceil(N / S)` with (`SAME`), `(N − K) / S + 1` without
/// (`VALID`); where the two are equal there is nothing to pad. Any other number does not compile.
#[inline]
pub(crate) const fn span<const N: usize, const O: usize, const K: usize, const S: usize>(
    o: usize,
) -> Span {
    dilated::<N, O, K, S, 1, AUTO>(o)
}

/// As [`span`], where the inputs under a window are `D` apart, and `P` are padded in front unless it is [`AUTO`].
///
/// With explicit padding, any number of outputs is right whose windows all start before the input ends.
#[inline]
pub(crate) const fn dilated<
    const N: usize,
    const O: usize,
    const K: usize,
    const S: usize,
    const D: usize,
    const P: usize,
>(
    o: usize,
) -> Span {
    const {
        assert!(
            N > 0 && K > 0 && S > 0 && D > 0,
            "a window, its stride, its dilation and its input are not empty"
        );
        let (same, valid) = outputs(N, (K - 1) * D + 1, S);
        if P == AUTO {
            assert!(
                O > 0 && (O == same || O == valid),
                "the output has neither the size with padding, ceil(input / stride), nor that without, (input - window) / stride + 1"
            );
        } else {
            assert!(
                O > 0 && P <= (K - 1) * D && (O - 1) * S < N + P,
                "the first and the last window with explicit padding lie on the input, at least in part"
            );
        }
    }
    let pad = const {
        if P == AUTO {
            padding(N, O, (K - 1) * D + 1, S)
        } else {
            P
        }
    };
    let at = o * S;
    // Taps in front of the input.
    let kernel = pad.saturating_sub(at).div_ceil(D);
    let input = at + kernel * D - pad;
    if input >= N {
        // Between two taps: wide dilations step over short inputs.
        return Span {
            input: N,
            kernel,
            len: 0,
        };
    }
    let (left, rest) = ((N - input).div_ceil(D), K - kernel);
    Span {
        input,
        kernel,
        len: if left < rest { left } else { rest },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(input: usize, kernel: usize, len: usize) -> Span {
        Span { input, kernel, len }
    }

    #[test]
    fn same_padding_is_in_front_by_half() {
        assert_eq!(
            [0, 1, 2, 26, 27].map(span::<28, 28, 5, 1>),
            [
                at(0, 2, 3),
                at(0, 1, 4),
                at(0, 0, 5),
                at(24, 0, 4),
                at(25, 0, 3)
            ]
        );
    }

    #[test]
    fn an_odd_padding_is_larger_behind() {
        // 10 inputs, window 3, stride 2: 5 outputs, one padded, behind.
        assert_eq!(
            [0, 1, 4].map(span::<10, 5, 3, 2>),
            [at(0, 0, 3), at(2, 0, 3), at(8, 0, 2)]
        );
    }

    #[test]
    fn dilated_windows_skip_inputs() {
        // Taps at -2, 0 and 2 of 5 inputs.
        assert_eq!(
            [0, 1, 2, 4].map(dilated::<5, 5, 3, 1, 2, AUTO>),
            [at(0, 1, 2), at(1, 1, 2), at(0, 0, 3), at(2, 0, 2)]
        );
        // Taps at -3, 0 and 3 of 2 inputs.
        assert_eq!(
            [0, 1].map(dilated::<2, 2, 3, 1, 3, AUTO>),
            [at(0, 1, 1), at(1, 1, 1)]
        );
        assert_eq!(dilated::<1, 2, 2, 1, 2, 1>(0), at(1, 1, 0));
    }

    #[test]
    fn explicit_padding_is_taken_as_it_is() {
        assert_eq!(
            [0, 1, 2].map(dilated::<4, 3, 3, 2, 1, 2>),
            [at(0, 2, 1), at(0, 0, 3), at(2, 0, 2)]
        );
    }

    #[test]
    fn without_padding_all_windows_are_whole() {
        assert!(
            (0..24)
                .map(span::<28, 24, 5, 1>)
                .enumerate()
                .all(|(i, s)| s == at(i, 0, 5))
        );
    }
}
