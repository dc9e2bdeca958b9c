//! Sums, differences and products of two tensors, int8, with broadcasting.

use core::marker::PhantomData;

use rekindle::Run;
use rekindle::prelude::*;

use crate::requant::{Activation, Multiplier, clamp};
use crate::shape::{Dims, MAX_RANK, Shape, ShapeError, Walk, or_panic};
use crate::tensor::Tensor;

/// How the values of a tensor stand for real numbers: `scale · (value − zero)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantization {
    /// Real value of one step.
    pub scale: f32,
    /// The value that stands for 0.
    pub zero: i8,
}

impl Quantization {
    /// Scale and zero point.
    pub const fn new(scale: f32, zero: i8) -> Self {
        Self { scale, zero }
    }
}

/// Which operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Add,
    Sub,
    Mul,
}

/// Bits that [`add`] and [`sub`] shift their inputs by, so that rescaling loses nothing.
const LEFT_SHIFT: u32 = 20;

/// What does not depend on types.
#[derive(Clone, Copy, Debug)]
struct Core {
    operation: Operation,
    zeros: [i8; 2],
    /// Of both inputs (unused by products) and of the output.
    scales: [Multiplier; 3],
    activation: Activation,
    dims: Dims,
    strides: [Dims; 2],
}

impl Core {
    const fn new(
        operation: Operation,
        a: Quantization,
        b: Quantization,
        y: f32,
        activation: Activation,
        [a_shape, b_shape, y_shape]: [Shape; 3],
    ) -> Result<Self, ShapeError> {
        let (s_a, s_b, s_y) = (a.scale as f64, b.scale as f64, y as f64);
        let scales = match operation {
            Operation::Mul => {
                let unit = Multiplier::from_real(0.0);
                [unit, unit, Multiplier::from_real(s_a * s_b / s_y)]
            }
            Operation::Add | Operation::Sub => {
                let twice = 2.0 * if s_a > s_b { s_a } else { s_b };
                [
                    Multiplier::from_real(s_a / twice),
                    Multiplier::from_real(s_b / twice),
                    Multiplier::from_real(twice / ((1 << LEFT_SHIFT) as f64 * s_y)),
                ]
            }
        };
        let strides = match (broadcast(&a_shape, &y_shape), broadcast(&b_shape, &y_shape)) {
            (Ok(a), Ok(b)) => [a, b],
            _ => return Err(ShapeError::Broadcast),
        };
        let mut k = 0;
        while k < MAX_RANK {
            let (a, b) = (a_shape.dims[k], b_shape.dims[k]);
            if y_shape.dims[k] != (if a == 1 { b } else { a }) {
                return Err(ShapeError::Output);
            }
            k += 1;
        }
        Ok(Self {
            operation,
            zeros: [a.zero, b.zero],
            scales,
            activation,
            dims: y_shape.dims,
            strides,
        })
    }

    #[inline]
    fn value(&self, a: i8, b: i8) -> i8 {
        let a = i32::from(a) - i32::from(self.zeros[0]);
        let b = i32::from(b) - i32::from(self.zeros[1]);
        let scaled = |x: i32, k: usize| self.scales[k].apply(x << LEFT_SHIFT);
        let raw = match self.operation {
            Operation::Add => scaled(a, 0) + scaled(b, 1),
            Operation::Sub => scaled(a, 0) - scaled(b, 1),
            Operation::Mul => a * b,
        };
        let value = self.scales[2]
            .apply(raw)
            .wrapping_add(i32::from(self.activation.zero));
        clamp(value, self.activation.min, self.activation.max)
    }

    /// Outputs from `at` on.
    fn fill(&self, a: &[i8], b: &[i8], at: usize, out: &mut [i8]) {
        let mut walk = Walk::new(&self.dims, [&self.strides[0], &self.strides[1]], [0; 2], at);
        for out in out {
            let [i, j] = walk.at;
            if let (Some(a), Some(b)) = (a.get(i), b.get(j)) {
                *out = self.value(*a, *b);
            }
            walk.step();
        }
    }
}

/// Strides of `from` on a walk over `to`: none along axes on which `from` is repeated.
const fn broadcast(from: &Shape, to: &Shape) -> Result<Dims, ShapeError> {
    let (mut strides, mut k) = (from.strides(), 0);
    while k < MAX_RANK {
        if from.dims[k] == 1 {
            strides[k] = 0;
        } else if from.dims[k] != to.dims[k] {
            return Err(ShapeError::Broadcast);
        }
        k += 1;
    }
    Ok(strides)
}

macro_rules! binary {
    ($(#[$layer_doc:meta])* $layer:ident, $(#[$task_doc:meta])* $task:ident, $operation:ident) => {
        $(#[$layer_doc])*
        ///
        /// `A` and `B` are the types of the inputs, `Y` that of the output; `TILE` values are written between two commits.
        #[derive(Debug)]
        pub struct $layer<A, B, Y, const TILE: usize = 64> {
            core: Core,
            types: PhantomData<fn(A, B) -> Y>,
        }

        impl<A: Tensor, B: Tensor, Y: Tensor, const TILE: usize> $layer<A, B, Y, TILE> {
            /// `a` and `b` are the quantisations of the inputs, `scale` the output's scale; its zero point is that of the
            /// `activation`.
            ///
            /// # Panics
            ///
            /// With the message of the error of [`try_new`](Self::try_new); in a constant this is a compile error.
            pub const fn new(
                a: Quantization,
                b: Quantization,
                scale: f32,
                activation: Activation,
            ) -> Self {
                or_panic!(Self::try_new(a, b, scale, activation))
            }

            /// As [`new`](Self::new), for scales that are known at run time only.
            ///
            /// # Errors
            ///
            /// [`ShapeError::Broadcast`] or [`ShapeError::Output`] where the shapes do not fit, [`ShapeError::Tile`]
            /// for a tile of nothing.
            ///
            /// # Panics
            ///
            /// As [`Multiplier::from_real`], for scales that are no scales.
            pub const fn try_new(
                a: Quantization,
                b: Quantization,
                scale: f32,
                activation: Activation,
            ) -> Result<Self, ShapeError> {
                if TILE == 0 {
                    return Err(ShapeError::Tile);
                }
                let shapes = [A::SHAPE, B::SHAPE, Y::SHAPE];
                match Core::new(Operation::$operation, a, b, scale, activation, shapes) {
                    Ok(core) => Ok(Self { core, types: PhantomData }),
                    Err(error) => Err(error),
                }
            }

            /// A walk over the output from `at` on, with the places in input 0 or 1.
            #[inline]
            pub(crate) fn walk(&self, input: usize, at: usize) -> Walk<'_, 1> {
                let strides = &self.core.strides[input % 2];
                Walk::new(&self.core.dims, [strides], [0], at)
            }

            /// One output.
            #[inline]
            pub(crate) fn value(&self, a: i8, b: i8) -> i8 {
                self.core.value(a, b)
            }

            /// Outputs from `at` on.
            #[inline]
            fn run<const N: usize>(&self, a: &A, b: &B, at: usize) -> [i8; N] {
                let mut out = [0; N];
                self.core.fill(a.flat(), b.flat(), at, &mut out);
                out
            }
        }

        $(#[$task_doc])*
        ///
        /// # Errors
        ///
        /// Those of the store and of the arena.
        #[intermittent_task]
        pub fn $task<A: Tensor, B: Tensor, Y: Tensor, const TILE: usize>(
            a: Input<A>,
            b: Input<B>,
            layer: &$layer<A, B, Y, TILE>,
            y: Output<Y>,
        ) {
            #[commit]
            for tile in 0..Y::LEN.div_ceil(TILE) {
                let at = tile * TILE;
                if at + TILE <= Y::LEN {
                    y.set(Run::<TILE>(at), layer.run(a, b, at));
                } else {
                    for i in at..Y::LEN {
                        y.set(Run::<1>(i), layer.run(a, b, i));
                    }
                }
            }
        }
    };
}

binary! {
    /// A sum of two tensors, each with its own scale and zero point.
    Add,
    /// Sum of two tensors, broadcast where an axis of one has size 1; commits after each tile.
    ///
    /// ```
    /// use rekindle::prelude::*;
    /// use rekindle_kernels::broadcast::{Add, add};
    /// use rekindle_kernels::{Activation, Quantization};
    ///
    /// #[derive(Layout)]
    /// struct Memory { a: Buffer<[[i8; 2]; 2]>, b: Buffer<[i8; 2]>, y: Buffer<[[i8; 2]; 2]> }
    ///
    /// const Q: Quantization = Quantization::new(0.5, 0);
    /// static SUM: Add<[[i8; 2]; 2], [i8; 2], [[i8; 2]; 2]> = Add::new(Q, Q, 0.5, Activation::linear(0));
    ///
    /// let mut words = [0u64; 64];
    /// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
    /// nvm.write(|m| &mut m.a, &[[1, 2], [3, 4]])?;
    /// nvm.write(|m| &mut m.b, &[10, 20])?;
    /// nvm.resume_or_start(&mut [], |cx, m| add(cx, &m.a, &m.b, &SUM, &mut m.y))?;
    /// assert_eq!(nvm.read(|m| &m.y)?, [[11, 22], [13, 24]]);
    /// # Ok::<(), rekindle::Error>(())
    /// ```
    add,
    Add
}

binary! {
    /// A difference of two tensors, each with its own scale and zero point.
    Sub,
    /// Difference of two tensors, broadcast as by [`add`]; commits after each tile.
    sub,
    Sub
}

binary! {
    /// A product of two tensors, each with its own scale and zero point.
    Mul,
    /// Product of two tensors, value by value, broadcast as by [`add`]; commits after each tile.
    mul,
    Mul
}
