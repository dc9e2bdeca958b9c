//! Operators that move values and compute nothing: transpose, strided slice, pad, reshape, concatenation.

use core::marker::PhantomData;

use rekindle::Run;
use rekindle::prelude::*;

use crate::shape::{Dims, MAX_RANK, ShapeError, Walk, or_panic};
use crate::tensor::Tensor;

/// Where each output comes from.
#[derive(Clone, Copy, Debug)]
struct Gather {
    /// Sizes of the output.
    dims: Dims,
    /// Of the input, along the axes of the output; they wrap.
    strides: Dims,
    /// Place of output 0.
    base: usize,
}

impl Gather {
    fn walk(&self, at: usize) -> Walk<'_, 1> {
        Walk::new(&self.dims, [&self.strides], [self.base], at)
    }

    fn fill(&self, x: &[i8], at: usize, out: &mut [i8]) {
        let mut walk = Walk::new(&self.dims, [&self.strides], [self.base], at);
        for out in out {
            if let Some(value) = x.get(walk.at[0]) {
                *out = *value;
            }
            walk.step();
        }
    }
}

/// Another order of the axes, from `X` to `Y`; `TILE` values are written between two commits.
#[derive(Debug)]
pub struct Transpose<X, Y, const TILE: usize = 64> {
    gather: Gather,
    types: PhantomData<fn(X) -> Y>,
}

impl<X: Tensor, Y: Tensor, const TILE: usize> Transpose<X, Y, TILE> {
    /// Axis `k` of the output is axis `axes[k]` of the input.
    ///
    /// # Panics
    ///
    /// With the message of the error of [`try_new`](Self::try_new); in a constant this is a compile error.
    pub const fn new(axes: &[usize]) -> Self {
        or_panic!(Self::try_new(axes))
    }

    /// As [`new`](Self::new), for axes that are known at run time only.
    ///
    /// # Errors
    ///
    /// [`ShapeError::Permutation`], [`ShapeError::Output`], [`ShapeError::Tile`].
    pub const fn try_new(axes: &[usize]) -> Result<Self, ShapeError> {
        let (x, y) = (X::SHAPE, Y::SHAPE);
        if TILE == 0 {
            return Err(ShapeError::Tile);
        }
        if axes.len() != x.rank() || axes.len() != y.rank() {
            return Err(ShapeError::Permutation);
        }
        let (from, mut strides, mut seen) = (x.strides(), [0; MAX_RANK], [false; MAX_RANK]);
        let first = MAX_RANK - x.rank();
        let mut k = 0;
        while k < axes.len() {
            let axis = match x.axis(axes[k]) {
                Ok(axis) if !seen[axis] => axis,
                _ => return Err(ShapeError::Permutation),
            };
            seen[axis] = true;
            if x.dims[axis] != y.dims[first + k] {
                return Err(ShapeError::Output);
            }
            strides[first + k] = from[axis];
            k += 1;
        }
        Ok(Self {
            gather: Gather {
                dims: y.dims,
                strides,
                base: 0,
            },
            types: PhantomData,
        })
    }

    #[inline]
    fn run<const N: usize>(&self, x: &X, at: usize) -> [i8; N] {
        let mut out = [0; N];
        self.gather.fill(x.flat(), at, &mut out);
        out
    }

    /// A walk over the output from `at` on, with the places in the input.
    #[inline]
    pub(crate) fn walk(&self, at: usize) -> Walk<'_, 1> {
        self.gather.walk(at)
    }

    /// What the output holds where nothing of the input comes: nowhere.
    pub(crate) const fn fill_value(&self) -> i8 {
        0
    }

    /// The next `most` outputs at most: how many, and where they come from in a row.
    #[inline]
    pub(crate) fn next(walk: &mut Walk<'_, 1>, most: usize) -> (Option<usize>, usize) {
        let (from, len) = walk.run(most);
        (Some(from), len)
    }
}

/// A part of each axis, from `X` to `Y`; `TILE` values are written between two commits.
#[derive(Debug)]
pub struct StridedSlice<X, Y, const TILE: usize = 64> {
    gather: Gather,
    types: PhantomData<fn(X) -> Y>,
}

impl<X: Tensor, Y: Tensor, const TILE: usize> StridedSlice<X, Y, TILE> {
    /// Along axis `k`: from `begin[k]` on, in steps of `step[k]`, as many values as `Y` has there. Steps may be negative.
    ///
    /// `Y` has as many axes as `X`; where a file shrinks an axis, it has size 1.
    ///
    /// # Panics
    ///
    /// With the message of the error of [`try_new`](Self::try_new); in a constant this is a compile error.
    pub const fn new(begin: &[usize], step: &[isize]) -> Self {
        or_panic!(Self::try_new(begin, step))
    }

    /// As [`new`](Self::new), for a part that is known at run time only.
    ///
    /// # Errors
    ///
    /// [`ShapeError::Axis`] where the numbers of axes differ, [`ShapeError::Step`], [`ShapeError::Bounds`],
    /// [`ShapeError::Tile`].
    pub const fn try_new(begin: &[usize], step: &[isize]) -> Result<Self, ShapeError> {
        let (x, y) = (X::SHAPE, Y::SHAPE);
        if TILE == 0 {
            return Err(ShapeError::Tile);
        }
        if begin.len() != x.rank() || step.len() != x.rank() || y.rank() != x.rank() {
            return Err(ShapeError::Axis);
        }
        let (mut strides, first) = (x.strides(), MAX_RANK - x.rank());
        let (mut base, mut k) = (0, 0);
        while k < begin.len() {
            let (axis, size) = (first + k, x.dims[first + k]);
            if step[k] == 0 {
                return Err(ShapeError::Step);
            }
            let count = y.dims[axis];
            if count > 0 {
                let Some(reach) = step[k].unsigned_abs().checked_mul(count - 1) else {
                    return Err(ShapeError::Bounds);
                };
                let inside = if step[k] > 0 {
                    begin[k] < size && reach < size - begin[k]
                } else {
                    begin[k] < size && reach <= begin[k]
                };
                if !inside {
                    return Err(ShapeError::Bounds);
                }
            }
            base += begin[k] * strides[axis];
            strides[axis] = strides[axis].wrapping_mul(step[k] as usize);
            k += 1;
        }
        Ok(Self {
            gather: Gather {
                dims: y.dims,
                strides,
                base,
            },
            types: PhantomData,
        })
    }

    #[inline]
    fn run<const N: usize>(&self, x: &X, at: usize) -> [i8; N] {
        let mut out = [0; N];
        self.gather.fill(x.flat(), at, &mut out);
        out
    }

    /// A walk over the output from `at` on, with the places in the input.
    #[inline]
    pub(crate) fn walk(&self, at: usize) -> Walk<'_, 1> {
        self.gather.walk(at)
    }

    /// What the output holds where nothing of the input comes: nowhere.
    pub(crate) const fn fill_value(&self) -> i8 {
        0
    }

    /// The next `most` outputs at most: how many, and where they come from in a row.
    #[inline]
    pub(crate) fn next(walk: &mut Walk<'_, 1>, most: usize) -> (Option<usize>, usize) {
        let (from, len) = walk.run(most);
        (Some(from), len)
    }
}

/// A border of one value, from `X` to `Y`; `TILE` values are written between two commits.
#[derive(Debug)]
pub struct Pad<X, Y, const TILE: usize = 64> {
    gather: Gather,
    before: Dims,
    inner: Dims,
    value: i8,
    types: PhantomData<fn(X) -> Y>,
}

impl<X: Tensor, Y: Tensor, const TILE: usize> Pad<X, Y, TILE> {
    /// `before[k]` values in front along axis `k`; how many come behind follows from `Y`. `value` is the zero point for
    /// `PAD`, and what the file says for `PADV2`.
    ///
    /// # Panics
    ///
    /// With the message of the error of [`try_new`](Self::try_new); in a constant this is a compile error.
    pub const fn new(before: &[usize], value: i8) -> Self {
        or_panic!(Self::try_new(before, value))
    }

    /// As [`new`](Self::new), for a border that is known at run time only.
    ///
    /// # Errors
    ///
    /// [`ShapeError::Axis`] where the numbers of axes differ, [`ShapeError::Bounds`], [`ShapeError::Tile`].
    pub const fn try_new(before: &[usize], value: i8) -> Result<Self, ShapeError> {
        let (x, y) = (X::SHAPE, Y::SHAPE);
        if TILE == 0 {
            return Err(ShapeError::Tile);
        }
        if before.len() != x.rank() || y.rank() != x.rank() {
            return Err(ShapeError::Axis);
        }
        let (strides, first) = (x.strides(), MAX_RANK - x.rank());
        let (mut front, mut base, mut k) = ([0; MAX_RANK], 0_usize, 0);
        while k < before.len() {
            let axis = first + k;
            if y.dims[axis] < x.dims[axis] || before[k] > y.dims[axis] - x.dims[axis] {
                return Err(ShapeError::Bounds);
            }
            front[axis] = before[k];
            base = base.wrapping_sub(before[k] * strides[axis]);
            k += 1;
        }
        Ok(Self {
            gather: Gather {
                dims: y.dims,
                strides,
                base,
            },
            before: front,
            inner: x.dims,
            value,
            types: PhantomData,
        })
    }

    /// A walk over the output from `at` on, with the places in the input.
    #[inline]
    pub(crate) fn walk(&self, at: usize) -> Walk<'_, 1> {
        self.gather.walk(at)
    }

    fn inside(&self, walk: &Walk<'_, 1>) -> bool {
        let index = walk.index.iter().zip(&self.before).zip(&self.inner);
        index.fold(true, |all, ((index, before), inner)| {
            all && index.wrapping_sub(*before) < *inner
        })
    }

    /// The next `most` outputs at most: how many, and where they come from in a row; of the border, nowhere.
    #[inline]
    pub(crate) fn next(&self, walk: &mut Walk<'_, 1>, most: usize) -> (Option<usize>, usize) {
        let (from, inside) = (walk.at[0], self.inside(walk));
        let mut len = 0;
        while len < most
            && self.inside(walk) == inside
            && (!inside || walk.at[0] == from.wrapping_add(len))
        {
            walk.step();
            len += 1;
        }
        (inside.then_some(from), len)
    }

    /// What the border holds.
    pub(crate) const fn fill_value(&self) -> i8 {
        self.value
    }

    fn fill(&self, x: &[i8], at: usize, out: &mut [i8]) {
        let Gather {
            dims,
            strides,
            base,
        } = &self.gather;
        let mut walk = Walk::new(dims, [strides], [*base], at);
        for out in out {
            let inside =
                (0..MAX_RANK).all(|k| walk.index[k].wrapping_sub(self.before[k]) < self.inner[k]);
            *out = match x.get(walk.at[0]) {
                Some(value) if inside => *value,
                _ => self.value,
            };
            walk.step();
        }
    }

    #[inline]
    fn run<const N: usize>(&self, x: &X, at: usize) -> [i8; N] {
        let mut out = [0; N];
        self.fill(x.flat(), at, &mut out);
        out
    }
}

/// The place of one input of a concatenation: `X` in `Y`; `TILE` values are written between two commits.
#[derive(Debug)]
pub struct Concat<X, Y, const TILE: usize = 64> {
    strides: Dims,
    base: usize,
    types: PhantomData<fn(X) -> Y>,
}

impl<X: Tensor, Y: Tensor, const TILE: usize> Concat<X, Y, TILE> {
    /// From position `at` on along `axis`, counted from the outermost; all other axes are those of `Y`.
    ///
    /// # Panics
    ///
    /// With the message of the error of [`try_new`](Self::try_new); in a constant this is a compile error.
    pub const fn new(axis: usize, at: usize) -> Self {
        or_panic!(Self::try_new(axis, at))
    }

    /// As [`new`](Self::new), for a place that is known at run time only.
    ///
    /// # Errors
    ///
    /// [`ShapeError::Axis`], [`ShapeError::Output`] where another axis differs, [`ShapeError::Bounds`],
    /// [`ShapeError::Tile`].
    pub const fn try_new(axis: usize, at: usize) -> Result<Self, ShapeError> {
        let (x, y) = (X::SHAPE, Y::SHAPE);
        if TILE == 0 {
            return Err(ShapeError::Tile);
        }
        let axis = match y.axis(axis) {
            Ok(axis) if x.rank() == y.rank() => axis,
            _ => return Err(ShapeError::Axis),
        };
        let mut rest = y;
        rest.dims[axis] = x.dims[axis];
        if !rest.same(&x) {
            return Err(ShapeError::Output);
        }
        if x.dims[axis] > y.dims[axis] || at > y.dims[axis] - x.dims[axis] {
            return Err(ShapeError::Bounds);
        }
        let strides = y.strides();
        Ok(Self {
            strides,
            base: at * strides[axis],
            types: PhantomData,
        })
    }

    /// A walk over the input from `i` on, with the places in the output.
    #[inline]
    pub(crate) fn walk(&self, i: usize) -> Walk<'_, 1> {
        const { assert!(X::LEN > 0, "an input has values") };
        Walk::new(dims::<X>(), [&self.strides], [self.base], i)
    }

    /// Where value `i` of the input goes.
    fn place(&self, i: usize) -> usize {
        Walk::new(&X::SHAPE.dims, [&self.strides], [self.base], i).at[0]
    }
}

/// Sizes of a tensor, where they can be borrowed for good.
const fn dims<X: Tensor>() -> &'static Dims {
    const { &X::SHAPE.dims }
}

macro_rules! gather_task {
    ($(#[$doc:meta])* $task:ident, $layer:ident) => {
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// Those of the store and of the arena.
        #[intermittent_task]
        pub fn $task<X: Tensor, Y: Tensor, const TILE: usize>(
            x: Input<X>,
            layer: &$layer<X, Y, TILE>,
            y: Output<Y>,
        ) {
            #[commit]
            for tile in 0..Y::LEN.div_ceil(TILE) {
                let at = tile * TILE;
                if at + TILE <= Y::LEN {
                    y.set(Run::<TILE>(at), layer.run(x, at));
                } else {
                    for i in at..Y::LEN {
                        y.set(Run::<1>(i), layer.run(x, i));
                    }
                }
            }
        }
    };
}

gather_task! {
    /// Another order of the axes; commits after each tile.
    ///
    /// ```
    /// use rekindle::prelude::*;
    /// use rekindle_kernels::{Transpose, transpose};
    ///
    /// #[derive(Layout)]
    /// struct Memory { x: Buffer<[[i8; 3]; 2]>, y: Buffer<[[i8; 2]; 3]> }
    ///
    /// static TRANSPOSE: Transpose<[[i8; 3]; 2], [[i8; 2]; 3]> = Transpose::new(&[1, 0]);
    ///
    /// let mut words = [0u64; 64];
    /// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
    /// nvm.write(|m| &mut m.x, &[[1, 2, 3], [4, 5, 6]])?;
    /// nvm.resume_or_start(&mut [], |cx, m| transpose(cx, &m.x, &TRANSPOSE, &mut m.y))?;
    /// assert_eq!(nvm.read(|m| &m.y)?, [[1, 4], [2, 5], [3, 6]]);
    /// # Ok::<(), rekindle::Error>(())
    /// ```
    ///
    /// An output of another shape does not compile:
    ///
    /// ```compile_fail
    /// # use rekindle_kernels::Transpose;
    /// static TRANSPOSE: Transpose<[[i8; 3]; 2], [[i8; 3]; 2]> = Transpose::new(&[1, 0]);
    /// ```
    transpose,
    Transpose
}

gather_task! {
    /// A part of each axis; commits after each tile.
    ///
    /// ```
    /// use rekindle::prelude::*;
    /// use rekindle_kernels::{StridedSlice, strided_slice};
    ///
    /// #[derive(Layout)]
    /// struct Memory { x: Buffer<[[i8; 3]; 2]>, y: Buffer<[[i8; 2]; 1]> }
    ///
    /// // The second row, each second value from behind.
    /// static SLICE: StridedSlice<[[i8; 3]; 2], [[i8; 2]; 1]> = StridedSlice::new(&[1, 2], &[1, -2]);
    ///
    /// let mut words = [0u64; 64];
    /// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
    /// nvm.write(|m| &mut m.x, &[[1, 2, 3], [4, 5, 6]])?;
    /// nvm.resume_or_start(&mut [], |cx, m| strided_slice(cx, &m.x, &SLICE, &mut m.y))?;
    /// assert_eq!(nvm.read(|m| &m.y)?, [[6, 4]]);
    /// # Ok::<(), rekindle::Error>(())
    /// ```
    strided_slice,
    StridedSlice
}

gather_task! {
    /// A border of one value; commits after each tile.
    ///
    /// ```
    /// use rekindle::prelude::*;
    /// use rekindle_kernels::{Pad, pad};
    ///
    /// #[derive(Layout)]
    /// struct Memory { x: Buffer<[i8; 2]>, y: Buffer<[i8; 5]> }
    ///
    /// static PAD: Pad<[i8; 2], [i8; 5]> = Pad::new(&[1], -9);
    ///
    /// let mut words = [0u64; 64];
    /// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
    /// nvm.write(|m| &mut m.x, &[1, 2])?;
    /// nvm.resume_or_start(&mut [], |cx, m| pad(cx, &m.x, &PAD, &mut m.y))?;
    /// assert_eq!(nvm.read(|m| &m.y)?, [-9, 1, 2, -9, -9]);
    /// # Ok::<(), rekindle::Error>(())
    /// ```
    pad,
    Pad
}

/// The same values in another shape; commits after each 64 values.
///
/// Dense layers and softmax take any shape and need none of this.
///
/// ```
/// use rekindle::prelude::*;
/// use rekindle_kernels::reshape;
///
/// #[derive(Layout)]
/// struct Memory { x: Buffer<[[i8; 3]; 2]>, y: Buffer<[i8; 6]> }
///
/// let mut words = [0u64; 64];
/// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.write(|m| &mut m.x, &[[1, 2, 3], [4, 5, 6]])?;
/// nvm.resume_or_start(&mut [], |cx, m| reshape(cx, &m.x, &mut m.y))?;
/// assert_eq!(nvm.read(|m| &m.y)?, [1, 2, 3, 4, 5, 6]);
/// # Ok::<(), rekindle::Error>(())
/// ```
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn reshape<X: Tensor, Y: Tensor>(x: Input<X>, y: Output<Y>) {
    #[commit]
    for tile in 0..Reshape::<X, Y>::TILES {
        let at = tile * COPIED;
        if at + COPIED <= Y::LEN {
            y.set(Run::<COPIED>(at), copied(x.flat(), at));
        } else {
            for i in at..Y::LEN {
                y.set(Run::<1>(i), copied(x.flat(), i));
            }
        }
    }
}

/// Values between two commits of [`reshape`].
const COPIED: usize = 64;

/// A reshape; shapes with other numbers of values do not compile.
struct Reshape<X, Y>(PhantomData<fn(X) -> Y>);

impl<X: Tensor, Y: Tensor> Reshape<X, Y> {
    const TILES: usize = {
        assert!(
            X::LEN == Y::LEN,
            "input and output have not the same number of values"
        );
        Y::LEN.div_ceil(COPIED)
    };
}

#[inline]
fn copied<const N: usize>(x: &[i8], at: usize) -> [i8; N] {
    let mut out = [0; N];
    for (out, value) in out.iter_mut().zip(&x[at..]) {
        *out = *value;
    }
    out
}

/// Puts one tensor into its place of a longer one: run it once per input. Commits after each tile.
///
/// ```
/// use rekindle::prelude::*;
/// use rekindle_kernels::{Concat, concat};
///
/// #[derive(Layout)]
/// struct Memory { a: Buffer<[[i8; 1]; 2]>, b: Buffer<[[i8; 2]; 2]>, y: Buffer<[[i8; 3]; 2]> }
///
/// static A: Concat<[[i8; 1]; 2], [[i8; 3]; 2]> = Concat::new(1, 0);
/// static B: Concat<[[i8; 2]; 2], [[i8; 3]; 2]> = Concat::new(1, 1);
///
/// #[intermittent_task]
/// fn both(a: Input<[[i8; 1]; 2]>, b: Input<[[i8; 2]; 2]>, y: Output<[[i8; 3]; 2]>) {
///     #[run]
///     concat(a, &A, y);
///     #[run]
///     concat(b, &B, y);
/// }
///
/// let mut words = [0u64; 64];
/// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.write(|m| &mut m.a, &[[1], [2]])?;
/// nvm.write(|m| &mut m.b, &[[3, 4], [5, 6]])?;
/// nvm.resume_or_start(&mut [], |cx, m| both(cx, &m.a, &m.b, &mut m.y))?;
/// assert_eq!(nvm.read(|m| &m.y)?, [[1, 3, 4], [2, 5, 6]]);
/// # Ok::<(), rekindle::Error>(())
/// ```
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn concat<X: Tensor, Y: Tensor, const TILE: usize>(
    x: Input<X>,
    layer: &Concat<X, Y, TILE>,
    y: Output<Y>,
) {
    #[commit(every = TILE)]
    for i in 0..X::LEN {
        y.set(Run::<1>(layer.place(i)), copied(x.flat(), i));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type A = [[i8; 3]; 2];

    #[test]
    fn what_does_not_fit_is_refused_with_the_reason() {
        assert_eq!(
            Transpose::<A, A>::try_new(&[1, 0]).err(),
            Some(ShapeError::Output)
        );
        assert_eq!(
            Transpose::<A, A>::try_new(&[0, 0]).err(),
            Some(ShapeError::Permutation)
        );
        assert_eq!(
            Transpose::<A, A>::try_new(&[0]).err(),
            Some(ShapeError::Permutation)
        );
        assert_eq!(
            Transpose::<A, A, 0>::try_new(&[0, 1]).err(),
            Some(ShapeError::Tile)
        );
        assert_eq!(
            StridedSlice::<A, [[i8; 2]; 2]>::try_new(&[0, 1], &[1, 2]).err(),
            Some(ShapeError::Bounds)
        );
        assert_eq!(
            StridedSlice::<A, [[i8; 2]; 2]>::try_new(&[1, 1], &[1, 1]).err(),
            Some(ShapeError::Bounds)
        );
        assert_eq!(
            StridedSlice::<A, A>::try_new(&[0, 0], &[0, 1]).err(),
            Some(ShapeError::Step)
        );
        assert_eq!(
            Pad::<A, [[i8; 4]; 2]>::try_new(&[0, 2], 0).err(),
            Some(ShapeError::Bounds)
        );
        assert_eq!(
            Concat::<A, [[i8; 4]; 2]>::try_new(0, 0).err(),
            Some(ShapeError::Output)
        );
        assert_eq!(
            Concat::<A, [[i8; 4]; 2]>::try_new(1, 2).err(),
            Some(ShapeError::Bounds)
        );
        assert_eq!(
            Concat::<A, [[i8; 4]; 2]>::try_new(2, 0).err(),
            Some(ShapeError::Axis)
        );
    }
}
