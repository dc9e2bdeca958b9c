//! Bytes of SRAM that the kernels with a line buffer take, known before the program is built.
//!
//! What is in the arena is the same for all of them ([`arena`]), and is all of it: nothing is lost to alignment. Pools have
//! sums beside it, on the stack, and convolutions what they have there in any form.

use crate::tensor::Tensor;

/// Rows of an input of `h` rows that lie under a filter of `k` rows with dilation `d`, those between its taps included.
pub const fn rows(h: usize, k: usize, d: usize) -> usize {
    let extent = (k - 1) * d + 1;
    if extent < h { extent } else { h }
}

/// In the arena, where the store is not mapped: `ROWS` rows of the input, and one row of the output.
pub const fn arena<const ROWS: usize, X: Tensor, Y: Tensor>() -> usize {
    ROWS * row::<X>() + row::<Y>()
}

/// Of [`max_pool`](super::max_pool()) on the stack: the greatest values for a row of the output.
pub const fn max_pool<Y: Tensor>() -> usize {
    row::<Y>()
}

/// Of [`average_pool`](super::average_pool()) on the stack: sums of four bytes for a row of the output.
pub const fn average_pool<Y: Tensor>() -> usize {
    4 * row::<Y>()
}

/// One of the outermost rows.
const fn row<T: Tensor>() -> usize {
    let rows = T::SHAPE.outermost();
    match T::LEN.checked_div(rows) {
        Some(len) => len,
        None => 0,
    }
}
