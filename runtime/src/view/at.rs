//! Indices of outputs.

use crate::buffer::Plain;

/// The parts of a `T` that an [`OutputView`](crate::OutputView) can set, by kind of index.
///
/// | buffer | index | part |
/// | --- | --- | --- |
/// | any `T` | `()` | the whole value |
/// | `[E; N]` | `usize` | an element, which may be a whole row |
/// | `[[E; B]; A]` | `[usize; 2]` | an element |
/// | three or four dimensions | `[usize; 3]`, `[usize; 4]` | an element |
/// | any `T` | [`Run<N>`] | `N` bytes in a row, whatever the shape |
///
/// ```
/// use rekindle::At;
///
/// // Byte offsets, as the compiler lays arrays out.
/// assert_eq!(<[[i16; 10]; 4] as At<[usize; 2]>>::offset([1, 2]), 24);
/// assert_eq!(<[[i16; 10]; 4] as At<usize>>::offset(1), 20);
/// ```
///
/// # Panics
///
/// An index out of range panics, exactly as it does with an array.
#[diagnostic::on_unimplemented(
    message = "an output of type `{Self}` cannot be set at an index of type `{I}`",
    label = "not an index of this output",
    note = "use `usize` for an element or row of an array, `[usize; D]` for an element of a D-dimensional one, `()` for a whole value"
)]
pub trait At<I>: sealed::At<I> {
    /// What is there.
    type Item: Plain;

    /// Byte offset of the item. It lies within the value, at a multiple of the item's alignment.
    fn offset(index: I) -> usize;
}

mod sealed {
    /// Views rely on the offsets, so nobody else may implement them.
    pub trait At<I> {}
}

/// `index`, if the array has it.
#[inline(always)]
#[track_caller]
fn checked<const N: usize>(index: usize) -> usize {
    // The compiler's own check, with its own message.
    let () = [(); N][index];
    index
}

impl<T: Plain> sealed::At<()> for T {}
impl<T: Plain> At<()> for T {
    type Item = T;

    #[inline(always)]
    fn offset((): ()) -> usize {
        0
    }
}

impl<E: Plain, const N: usize> sealed::At<usize> for [E; N] {}
impl<E: Plain, const N: usize> At<usize> for [E; N] {
    type Item = E;

    #[inline(always)]
    #[track_caller]
    fn offset(index: usize) -> usize {
        checked::<N>(index) * size_of::<E>()
    }
}

impl<E: Plain, const A: usize, const B: usize> sealed::At<[usize; 2]> for [[E; B]; A] {}
impl<E: Plain, const A: usize, const B: usize> At<[usize; 2]> for [[E; B]; A] {
    type Item = E;

    #[inline(always)]
    #[track_caller]
    fn offset([a, b]: [usize; 2]) -> usize {
        (checked::<A>(a) * B + checked::<B>(b)) * size_of::<E>()
    }
}

impl<E: Plain, const A: usize, const B: usize, const C: usize> sealed::At<[usize; 3]>
    for [[[E; C]; B]; A]
{
}
impl<E: Plain, const A: usize, const B: usize, const C: usize> At<[usize; 3]> for [[[E; C]; B]; A] {
    type Item = E;

    #[inline(always)]
    #[track_caller]
    fn offset([a, b, c]: [usize; 3]) -> usize {
        ((checked::<A>(a) * B + checked::<B>(b)) * C + checked::<C>(c)) * size_of::<E>()
    }
}

impl<E: Plain, const A: usize, const B: usize, const C: usize, const D: usize>
    sealed::At<[usize; 4]> for [[[[E; D]; C]; B]; A]
{
}
impl<E: Plain, const A: usize, const B: usize, const C: usize, const D: usize> At<[usize; 4]>
    for [[[[E; D]; C]; B]; A]
{
    type Item = E;

    #[inline(always)]
    #[track_caller]
    fn offset([a, b, c, d]: [usize; 4]) -> usize {
        (((checked::<A>(a) * B + checked::<B>(b)) * C + checked::<C>(c)) * D + checked::<D>(d))
            * size_of::<E>()
    }
}

/// An index: `N` bytes from a place on, of a value of any shape seen as a row of bytes.
///
/// ```
/// use rekindle::{At, Run};
///
/// assert_eq!(<[[i8; 10]; 4] as At<Run<5>>>::offset(Run(12)), 12);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run<const N: usize>(pub usize);

impl<T: Plain, const N: usize> sealed::At<Run<N>> for T {}
impl<T: Plain, const N: usize> At<Run<N>> for T {
    type Item = [i8; N];

    #[inline(always)]
    #[track_caller]
    fn offset(Run(start): Run<N>) -> usize {
        // The compiler's own check would not name the value.
        assert!(
            N <= size_of::<T>() && start <= size_of::<T>() - N,
            "the run does not lie within the output"
        );
        start
    }
}
