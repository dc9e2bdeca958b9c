//! Between real numbers and int8.

use rekindle::prelude::*;

use crate::broadcast::Quantization;
use crate::lookup::round;
use crate::requant::clamp;

/// How real numbers become int8 and back; `TILE` values are written between two commits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine<const TILE: usize = 16>(Quantization);

impl<const TILE: usize> Affine<TILE> {
    /// With the scale and zero point of the int8 tensor.
    ///
    /// # Panics
    ///
    /// If the scale is not positive and finite; in a constant this is a compile error.
    pub const fn new(q: Quantization) -> Self {
        const {
            assert!(TILE > 0, "a tile has one value at least");
        };
        assert!(
            q.scale > 0.0 && q.scale < f32::INFINITY,
            "a scale is positive and finite"
        );
        Self(q)
    }

    /// Nearest int8 of a real number, half away from zero; saturates, and 0 stands for no number.
    #[inline]
    pub const fn quantize(&self, real: f32) -> i8 {
        let value = round(real / self.0.scale).saturating_add(self.0.zero as i32);
        clamp(value, i8::MIN, i8::MAX)
    }

    /// What an int8 stands for.
    #[inline]
    pub const fn dequantize(&self, value: i8) -> f32 {
        self.0.scale * (value as i32 - self.0.zero as i32) as f32
    }
}

/// Real numbers to int8, `QUANTIZE`; commits after each tile.
///
/// ```
/// use rekindle::prelude::*;
/// use rekindle_kernels::{Affine, Quantization, quantize};
///
/// #[derive(Layout)]
/// struct Memory { x: Buffer<[f32; 3]>, y: Buffer<[i8; 3]> }
///
/// static HALVES: Affine = Affine::new(Quantization::new(0.5, -1));
///
/// let mut words = [0u64; 64];
/// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.write(|m| &mut m.x, &[1.0, -0.25, 1e9])?;
/// nvm.resume_or_start(&mut [], |cx, m| quantize(cx, &m.x, &HALVES, &mut m.y))?;
/// assert_eq!(nvm.read(|m| &m.y)?, [1, -2, 127]);
/// # Ok::<(), rekindle::Error>(())
/// ```
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn quantize<const N: usize, const TILE: usize>(
    x: Input<[f32; N]>,
    layer: &Affine<TILE>,
    y: Output<[i8; N]>,
) {
    #[commit(every = TILE)]
    for i in 0..N {
        y.set(i, layer.quantize(x[i]));
    }
}

/// int8 to real numbers, `DEQUANTIZE`; commits after each tile.
///
/// ```
/// use rekindle::prelude::*;
/// use rekindle_kernels::{Affine, Quantization, dequantize};
///
/// #[derive(Layout)]
/// struct Memory { x: Buffer<[i8; 3]>, y: Buffer<[f32; 3]> }
///
/// static HALVES: Affine = Affine::new(Quantization::new(0.5, -1));
///
/// let mut words = [0u64; 64];
/// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.write(|m| &mut m.x, &[1, -2, 127])?;
/// nvm.resume_or_start(&mut [], |cx, m| dequantize(cx, &m.x, &HALVES, &mut m.y))?;
/// assert_eq!(nvm.read(|m| &m.y)?, [1.0, -0.5, 64.0]);
/// # Ok::<(), rekindle::Error>(())
/// ```
///
/// # Errors
///
/// Those of the store and of the arena.
#[intermittent_task]
pub fn dequantize<const N: usize, const TILE: usize>(
    x: Input<[i8; N]>,
    layer: &Affine<TILE>,
    y: Output<[f32; N]>,
) {
    #[commit(every = TILE)]
    for i in 0..N {
        y.set(i, layer.dequantize(x[i]));
    }
}
