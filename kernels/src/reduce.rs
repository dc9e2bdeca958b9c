//! Means and maxima along axes, int8, and the place of a maximum.

use core::marker::PhantomData;

use rekindle::Run;
use rekindle::prelude::*;

use crate::broadcast::Quantization;
use crate::requant::{Multiplier, clamp};
use crate::shape::{Dims, MAX_RANK, Shape, ShapeError, Walk, or_panic};
use crate::tensor::Tensor;

/// Which values of the input make an output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axes {
    /// Sizes of the input: of what is kept, and of what is reduced; 1 along the others.
    kept: Dims,
    reduced: Dims,
    strides: Dims,
    /// Values per output.
    pub(crate) count: usize,
}

impl Axes {
    const fn new(x: Shape, y: Shape, axes: &[usize], tile: usize) -> Result<Self, ShapeError> {
        if tile == 0 {
            return Err(ShapeError::Tile);
        }
        let (mut kept, mut reduced) = (x.dims, [1; MAX_RANK]);
        let mut i = 0;
        while i < axes.len() {
            match x.axis(axes[i]) {
                Ok(k) => {
                    reduced[k] = x.dims[k];
                    kept[k] = 1;
                }
                Err(error) => return Err(error),
            }
            i += 1;
        }
        // The reduced axes may be gone, or have size 1: only the order of what is kept counts.
        if !same_but_ones(&kept, &y.dims) {
            return Err(ShapeError::Output);
        }
        let (mut count, mut k) = (1, 0);
        while k < MAX_RANK {
            count *= reduced[k];
            k += 1;
        }
        if count == 0 {
            return Err(ShapeError::Length);
        }
        Ok(Self {
            kept,
            reduced,
            strides: x.strides(),
            count,
        })
    }

    /// A walk over the values that make output `o`, with their places in the input.
    pub(crate) fn walk(&self, o: usize) -> Walk<'_, 1> {
        let base = Walk::new(&self.kept, [&self.strides], [0], o).at;
        Walk::new(&self.reduced, [&self.strides], base, 0)
    }

    /// The places in the input that make output `o`.
    fn places(&self, o: usize) -> impl Iterator<Item = usize> {
        let [base] = Walk::new(&self.kept, [&self.strides], [0], o).at;
        let mut walk = Walk::new(&self.reduced, [&self.strides], [base], 0);
        (0..self.count).map(move |_| {
            let [at] = walk.at;
            walk.step();
            at
        })
    }
}

/// Whether two lists of sizes are equal when ones are left out.
const fn same_but_ones(a: &Dims, b: &Dims) -> bool {
    let (mut i, mut j) = (0, 0);
    loop {
        while i < MAX_RANK && a[i] == 1 {
            i += 1;
        }
        while j < MAX_RANK && b[j] == 1 {
            j += 1;
        }
        if i == MAX_RANK || j == MAX_RANK {
            return i == j;
        }
        if a[i] != b[j] {
            return false;
        }
        i += 1;
        j += 1;
    }
}

/// A mean along axes, from `X` to `Y`; `TILE` values are written between two commits.
///
/// The axes that are averaged over are left out of `Y`, or have size 1 there.
#[derive(Debug)]
pub struct Mean<X, Y, const TILE: usize = 8> {
    pub(crate) axes: Axes,
    scale: Multiplier,
    zeros: [i8; 2],
    types: PhantomData<fn(X) -> Y>,
}

impl<X: Tensor, Y: Tensor, const TILE: usize> Mean<X, Y, TILE> {
    /// Along `axes`, counted from the outermost, from one scale and zero point to another.
    ///
    /// # Panics
    ///
    /// With the message of the error of [`try_new`](Self::try_new); in a constant this is a compile error.
    pub const fn new(axes: &[usize], x: Quantization, y: Quantization) -> Self {
        or_panic!(Self::try_new(axes, x, y))
    }

    /// As [`new`](Self::new), for axes that are known at run time only.
    ///
    /// # Errors
    ///
    /// [`ShapeError::Axis`], [`ShapeError::Output`], [`ShapeError::Length`] for a mean of nothing, [`ShapeError::Tile`].
    ///
    /// # Panics
    ///
    /// As [`Multiplier::from_real`], for scales that are no scales.
    pub const fn try_new(
        axes: &[usize],
        x: Quantization,
        y: Quantization,
    ) -> Result<Self, ShapeError> {
        let axes = match Axes::new(X::SHAPE, Y::SHAPE, axes, TILE) {
            Ok(axes) => axes,
            Err(error) => return Err(error),
        };
        // The reference's way: the number of values goes into the multiplier, which is then no longer normalised.
        let (q, shift) = Multiplier::from_real(x.scale as f64 / y.scale as f64).parts();
        let count = axes.count as u64;
        let mut more = 63 - count.leading_zeros() as i32;
        if more > 31 + shift {
            more = 31 + shift;
        }
        let q = ((q as i64) << more) / count as i64;
        Ok(Self {
            axes,
            scale: Multiplier::unchecked(q as i32, shift - more),
            zeros: [x.zero, y.zero],
            types: PhantomData,
        })
    }

    fn value(&self, x: &[i8], o: usize) -> i8 {
        let mut sum = 0_i32;
        for at in self.axes.places(o) {
            sum = sum.wrapping_add(x.get(at).map_or(0, |v| i32::from(*v)));
        }
        self.scaled(sum)
    }

    /// The mean of values that add up to `sum`.
    pub(crate) fn scaled(&self, sum: i32) -> i8 {
        let zeros = i32::from(self.zeros[0]).wrapping_mul(self.axes.count as i32);
        let value = self.scale.apply(sum.wrapping_sub(zeros));
        clamp(
            value.wrapping_add(i32::from(self.zeros[1])),
            i8::MIN,
            i8::MAX,
        )
    }
}

/// A maximum along axes, from `X` to `Y`; `TILE` values are written between two commits.
///
/// The axes that are reduced are left out of `Y`, or have size 1 there.
#[derive(Debug)]
pub struct ReduceMax<X, Y, const TILE: usize = 8> {
    pub(crate) axes: Axes,
    types: PhantomData<fn(X) -> Y>,
}

impl<X: Tensor, Y: Tensor, const TILE: usize> ReduceMax<X, Y, TILE> {
    /// Along `axes`, counted from the outermost.
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
    /// [`ShapeError::Axis`], [`ShapeError::Output`], [`ShapeError::Length`] for a maximum of nothing, [`ShapeError::Tile`].
    pub const fn try_new(axes: &[usize]) -> Result<Self, ShapeError> {
        match Axes::new(X::SHAPE, Y::SHAPE, axes, TILE) {
            Ok(axes) => Ok(Self {
                axes,
                types: PhantomData,
            }),
            Err(error) => Err(error),
        }
    }

    fn value(&self, x: &[i8], o: usize) -> i8 {
        let values = self.axes.places(o).filter_map(|at| x.get(at));
        values.fold(i8::MIN, |a, b| a.max(*b))
    }
}

/// Mean along axes; commits after each tile of outputs.
///
/// ```
/// use rekindle::prelude::*;
/// use rekindle_kernels::{Mean, Quantization, mean};
///
/// #[derive(Layout)]
/// struct Memory { x: Buffer<[[i8; 3]; 2]>, y: Buffer<[i8; 3]> }
///
/// const Q: Quantization = Quantization::new(0.5, 0);
/// static MEAN: Mean<[[i8; 3]; 2], [i8; 3]> = Mean::new(&[0], Q, Q);
///
/// let mut words = [0u64; 64];
/// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.write(|m| &mut m.x, &[[1, 2, 3], [3, 4, 7]])?;
/// nvm.resume_or_start(&mut [], |cx, m| mean(cx, &m.x, &MEAN, &mut m.y))?;
/// assert_eq!(nvm.read(|m| &m.y)?, [2, 3, 5]);
/// # Ok::<(), rekindle::Error>(())
/// ```
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn mean<X: Tensor, Y: Tensor, const TILE: usize>(
    x: Input<X>,
    layer: &Mean<X, Y, TILE>,
    y: Output<Y>,
) {
    #[commit(every = TILE)]
    for o in 0..Y::LEN {
        y.set(Run::<1>(o), [layer.value(x.flat(), o)]);
    }
}

/// Maximum along axes; commits after each tile of outputs.
///
/// ```
/// use rekindle::prelude::*;
/// use rekindle_kernels::{ReduceMax, reduce_max};
///
/// #[derive(Layout)]
/// struct Memory { x: Buffer<[[i8; 3]; 2]>, y: Buffer<[i8; 2]> }
///
/// static MAX: ReduceMax<[[i8; 3]; 2], [i8; 2]> = ReduceMax::new(&[1]);
///
/// let mut words = [0u64; 64];
/// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.write(|m| &mut m.x, &[[1, 2, 3], [3, 9, 7]])?;
/// nvm.resume_or_start(&mut [], |cx, m| reduce_max(cx, &m.x, &MAX, &mut m.y))?;
/// assert_eq!(nvm.read(|m| &m.y)?, [3, 9]);
/// # Ok::<(), rekindle::Error>(())
/// ```
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn reduce_max<X: Tensor, Y: Tensor, const TILE: usize>(
    x: Input<X>,
    layer: &ReduceMax<X, Y, TILE>,
    y: Output<Y>,
) {
    #[commit(every = TILE)]
    for o in 0..Y::LEN {
        y.set(Run::<1>(o), [layer.value(x.flat(), o)]);
    }
}

/// Which of `N` classes has the greatest value, the first of them if there are several; commits after each row.
///
/// ```
/// use rekindle::prelude::*;
/// use rekindle_kernels::arg_max;
///
/// #[derive(Layout)]
/// struct Memory { x: Buffer<[[i8; 3]; 2]>, y: Buffer<[i32; 2]> }
///
/// let mut words = [0u64; 64];
/// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.write(|m| &mut m.x, &[[1, 2, 3], [9, 9, 7]])?;
/// nvm.resume_or_start(&mut [], |cx, m| arg_max(cx, &m.x, &mut m.y))?;
/// assert_eq!(nvm.read(|m| &m.y)?, [2, 0]);
/// # Ok::<(), rekindle::Error>(())
/// ```
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn arg_max<const N: usize, const ROWS: usize>(
    x: Input<[[i8; N]; ROWS]>,
    y: Output<[i32; ROWS]>,
) {
    #[commit]
    for row in 0..ROWS {
        y.set(row, first_maximum(&x[row]));
    }
}

fn first_maximum(row: &[i8]) -> i32 {
    let mut best = 0;
    for (i, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = i;
        }
    }
    best as i32
}
