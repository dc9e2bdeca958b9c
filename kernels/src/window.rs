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

/// Rows and columns of the input that lie under a window.
pub(crate) type Place = [Span; 2];

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
    const {
        assert!(
            N > 0 && K > 0 && S > 0,
            "a window, its stride and its input are not empty"
        );
        let (same, valid) = outputs(N, K, S);
        assert!(
            O > 0 && (O == same || O == valid),
            "the output has neither the size with padding, ceil(input / stride), nor that without, (input - window) / stride + 1"
        );
    }
    let pad = const { padding(N, O, K, S) };
    let at = o * S;
    let kernel = pad.saturating_sub(at);
    let input = at.saturating_sub(pad);
    let (left, rest) = (N - input, K - kernel);
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
    fn without_padding_all_windows_are_whole() {
        assert!(
            (0..24)
                .map(span::<28, 24, 5, 1>)
                .enumerate()
                .all(|(i, s)| s == at(i, 0, 5))
        );
    }
}
