//! Sizes along axes, and walks over them: what the operators on tensors of any rank share.
//!
//! None of this depends on types, so that it is compiled once for all shapes.

use core::fmt;

/// Axes that a tensor can have.
pub const MAX_RANK: usize = 6;

/// Sizes along the axes of a tensor, outermost first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    rank: usize,
    /// Right-aligned, behind ones: broadcasting compares shapes from the right.
    pub(crate) dims: Dims,
}

pub(crate) type Dims = [usize; MAX_RANK];

impl Shape {
    /// No axes, one value.
    pub const SCALAR: Self = Self {
        rank: 0,
        dims: [1; MAX_RANK],
    };

    /// `n` of these.
    ///
    /// # Panics
    ///
    /// With more than six axes; in a constant this is a compile error.
    #[must_use]
    pub const fn outer(mut self, n: usize) -> Self {
        assert!(self.rank < MAX_RANK, "a tensor has at most six axes");
        self.rank += 1;
        self.dims[MAX_RANK - self.rank] = n;
        self
    }

    /// How many axes.
    pub const fn rank(&self) -> usize {
        self.rank
    }

    /// Sizes, outermost first.
    pub fn sizes(&self) -> &[usize] {
        &self.dims[MAX_RANK - self.rank..]
    }

    /// The outermost size; of a single value, 1.
    pub(crate) const fn outermost(&self) -> usize {
        if self.rank == 0 {
            1
        } else {
            self.dims[MAX_RANK - self.rank]
        }
    }

    /// How many values.
    pub const fn len(&self) -> usize {
        let (mut len, mut k) = (1, 0);
        while k < MAX_RANK {
            len *= self.dims[k];
            k += 1;
        }
        len
    }

    /// Whether there are no values.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where axis `axis` is in `dims`.
    pub(crate) const fn axis(&self, axis: usize) -> Result<usize, ShapeError> {
        if axis < self.rank {
            Ok(MAX_RANK - self.rank + axis)
        } else {
            Err(ShapeError::Axis)
        }
    }

    /// Values from one position to the next along each axis.
    pub(crate) const fn strides(&self) -> Dims {
        let (mut strides, mut stride, mut k) = ([0; MAX_RANK], 1, MAX_RANK);
        while k > 0 {
            k -= 1;
            strides[k] = stride;
            stride *= self.dims[k];
        }
        strides
    }

    /// Whether all sizes are equal; the number of axes may differ by outer ones of size 1.
    pub(crate) const fn same(&self, other: &Self) -> bool {
        let mut k = 0;
        while k < MAX_RANK {
            if self.dims[k] != other.dims[k] {
                return false;
            }
            k += 1;
        }
        true
    }
}

/// Why a layer cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShapeError {
    /// The axis is not one of the tensor.
    Axis,
    /// The inputs cannot be broadcast to the output: an axis has neither the output's size nor 1.
    Broadcast,
    /// The axes are not a permutation.
    Permutation,
    /// The output has not the shape that the operator gives.
    Output,
    /// Input and output have not the same number of values.
    Length,
    /// The part does not lie within its tensor.
    Bounds,
    /// A step of a slice is zero, or leads away from its end.
    Step,
    /// A tile has no values.
    Tile,
}

impl ShapeError {
    /// In words.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Axis => "the axis is not one of the tensor",
            Self::Broadcast => {
                "the inputs cannot be broadcast to the output: an axis has neither the output's size nor 1"
            }
            Self::Permutation => "the axes are not a permutation of the input's",
            Self::Output => "the output has not the shape that the operator gives",
            Self::Length => "input and output have not the same number of values",
            Self::Bounds => "the part does not lie within its tensor",
            Self::Step => "a step of a slice is zero, or leads away from its end",
            Self::Tile => "a tile has one value at least",
        }
    }
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl core::error::Error for ShapeError {}

/// A layer, or a panic with the reason: in a constant that is a compile error.
macro_rules! or_panic {
    ($made:expr) => {
        match $made {
            Ok(layer) => layer,
            Err(error) => panic!("{}", error.message()),
        }
    };
}
pub(crate) use or_panic;

/// A walk over the positions of one tensor in row-major order, with the places in `V` others that correspond.
///
/// Strides wrap, so that they can be negative.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk<'a, const V: usize> {
    dims: &'a Dims,
    strides: [&'a Dims; V],
    /// The position.
    pub index: Dims,
    /// The places in the others.
    pub at: [usize; V],
}

impl<'a, const V: usize> Walk<'a, V> {
    /// A walk from position `from` on; the others start at `base`.
    pub fn new(dims: &'a Dims, strides: [&'a Dims; V], base: [usize; V], from: usize) -> Self {
        let mut walk = Self {
            dims,
            strides,
            index: [0; MAX_RANK],
            at: base,
        };
        let mut rest = from;
        for k in (0..MAX_RANK).rev() {
            if dims[k] > 1 {
                walk.index[k] = rest % dims[k];
                rest /= dims[k];
            }
            for (at, strides) in walk.at.iter_mut().zip(strides) {
                *at = at.wrapping_add(walk.index[k].wrapping_mul(strides[k]));
            }
        }
        walk
    }

    /// The places of the next positions, as long as they follow one another in the first other and are `most` at most:
    /// the first, and how many.
    #[inline]
    pub fn run(&mut self, most: usize) -> (usize, usize) {
        let (first, mut len) = (self.at[0], 0);
        while len < most && self.at[0] == first.wrapping_add(len) {
            self.step();
            len += 1;
        }
        (first, len)
    }

    /// To the next position; from the last one to the first.
    #[inline]
    pub fn step(&mut self) {
        for k in (0..MAX_RANK).rev() {
            self.index[k] += 1;
            if self.index[k] < self.dims[k] {
                for v in 0..V {
                    self.at[v] = self.at[v].wrapping_add(self.strides[v][k]);
                }
                return;
            }
            self.index[k] = 0;
            for v in 0..V {
                self.at[v] =
                    self.at[v].wrapping_sub((self.dims[k] - 1).wrapping_mul(self.strides[v][k]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_visits_every_position_from_any_on() {
        let shape = Shape::SCALAR.outer(4).outer(1).outer(3);
        assert_eq!(shape.sizes(), [3, 1, 4]);
        let strides = shape.strides();
        for from in 0..shape.len() {
            let mut walk = Walk::new(&shape.dims, [&strides], [0], from);
            for place in from..shape.len() {
                assert_eq!(walk.at, [place]);
                assert_eq!(walk.index[3] * 4 + walk.index[5], place);
                walk.step();
            }
            assert_eq!(walk.at, [0], "round");
        }
    }
}
