//! Activations of any shape, seen as one row.

use rekindle::Plain;
use rekindle::zerocopy::FromBytes;

use crate::shape::Shape;

/// An int8 activation tensor: nested arrays of `i8`, row-major, channels last.
///
/// Dense layers take tensors of any shape, so that a convolution's output needs no reshaping.
///
/// ```
/// use rekindle_kernels::Tensor;
///
/// let x = [[1_i8, 2], [3, 4]];
/// assert_eq!(x.flat(), [1, 2, 3, 4]);
/// assert_eq!(<[[i8; 2]; 2]>::LEN, 4);
/// assert_eq!(<[[i8; 3]; 2]>::SHAPE.sizes(), [2, 3]);
/// ```
pub trait Tensor: Plain {
    /// How many values.
    const LEN: usize;

    /// How many along each axis.
    const SHAPE: Shape;

    /// All values in row-major order.
    #[inline]
    fn flat(&self) -> &[i8] {
        // An `i8` is a byte, so this cannot fail.
        <[i8]>::ref_from_bytes(self.as_bytes()).unwrap_or(&[])
    }
}

impl Tensor for i8 {
    const LEN: usize = 1;
    const SHAPE: Shape = Shape::SCALAR;
}

impl<T: Tensor, const N: usize> Tensor for [T; N] {
    const LEN: usize = N * T::LEN;
    const SHAPE: Shape = T::SHAPE.outer(N);
}
