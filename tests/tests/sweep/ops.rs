//! The checks of operators whose shapes are numbers. `firmware/bench-m4` takes some of them for the DSP's path.

use rekindle_kernels::rolling::{Window, sram};
use rekindle_kernels::{
    self as kernels, Activation, Affine, Conv2d, Dense, Depthwise, Lookup, Multiplier, Pool,
    Quantization, Softmax, TransposeConv,
};

use crate::kinds::{Golden, Set, noise, plain, rolling, run, tensor};

/// Rows of columns of channels.
type Map<const W: usize, const H: usize, const C: usize> = [[[i8; C]; W]; H];

/// The parameters of a layer with weights; the multipliers are computed from its scales.
struct Weighted<'a> {
    set: Set<'a>,
    per_tensor: bool,
}

impl Weighted<'_> {
    fn scale<const M: usize>(&self) -> [Multiplier; M] {
        let (input, output, weight) = (
            self.set.floats[0],
            self.set.floats[1],
            &self.set.floats[2..],
        );
        core::array::from_fn(|m| {
            // Per-tensor dense layers multiply in single precision first.
            let product = if self.per_tensor {
                f64::from(input * weight[m])
            } else {
                f64::from(input) * f64::from(weight[m])
            };
            Multiplier::from_real(product / f64::from(output))
        })
    }

    fn weight<T: rekindle::Plain>(&self) -> T {
        let values = noise(self.set.seed() ^ 0x5555, size_of::<T>());
        plain(values.map(|v| v.max(-127) >> self.set.ints[5]))
    }

    fn bias<const M: usize>(&self) -> [i32; M] {
        let mut values = noise(self.set.seed() ^ 0x3333, M);
        core::array::from_fn(|_| i32::from(values.next().unwrap()) * self.set.ints[6])
    }

    fn zero(&self) -> i8 {
        self.set.ints[1] as i8
    }

    fn activation(&self) -> Activation {
        let [zero, min, max] = [2, 3, 4].map(|k| self.set.ints[k] as i8);
        Activation { zero, min, max }
    }

    fn x<T: rekindle::Plain>(&self) -> T {
        let near = self.set.ints[7] == 1;
        plain(noise(self.set.seed(), size_of::<T>()).map(|v| {
            if near {
                self.zero().saturating_add(v >> 5)
            } else {
                v
            }
        }))
    }
}

/// All sets of a shape.
fn weighted<'a>(golden: &'a Golden, name: &'a str) -> impl Iterator<Item = Weighted<'a>> {
    let per_tensor = name.starts_with("dense");
    golden
        .sets(name)
        .map(move |set| Weighted { set, per_tensor })
}

macro_rules! convolution {
    ($check:ident, $layer:ident, $task:ident, $weight:ty) => {
        pub fn $check<
            const H: usize,
            const W: usize,
            const C: usize,
            const OH: usize,
            const OW: usize,
            const M: usize,
            const KH: usize,
            const KW: usize,
            const SH: usize,
            const SW: usize,
            const DH: usize,
            const DW: usize,
            const PH: usize,
            const PW: usize,
            const ROWS: usize,
        >(
            golden: &Golden,
            name: &str,
        ) {
            for case in weighted(golden, name) {
                let layer = $layer::<KH, KW, C, M, SH, SW, DH, DW, PH, PW>::new(
                    case.weight::<$weight>(),
                    case.bias(),
                    case.scale(),
                    case.zero(),
                    case.activation(),
                );
                let x = case.x::<[[[i8; C]; W]; H]>();
                run::<_, _, [[[i8; M]; OW]; OH]>(&case.set, &x, &0_i8, |cx, m| {
                    kernels::$task(cx, &m.a, &layer, &mut m.y)
                });
                // With a line buffer, on a store that is not mapped, and exactly the arena that it says.
                let arena = sram::arena::<ROWS, Map<W, H, C>, Map<OW, OH, M>>();
                rolling::<_, Map<OW, OH, M>>(&case.set, &x, arena, |cx, m| {
                    kernels::rolling::$task(cx, Window::<ROWS>, &m.a, &layer, &mut m.y)
                });
            }
        }
    };
}

convolution!(conv, Conv2d, conv2d, [[[[i8; C]; KW]; KH]; M]);
convolution!(depthwise, Depthwise, depthwise, [[[i8; M]; KW]; KH]);

pub fn transpose_conv<
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const M: usize,
    const KH: usize,
    const KW: usize,
    const SH: usize,
    const SW: usize,
>(
    golden: &Golden,
    name: &str,
) {
    for case in weighted(golden, name) {
        let layer = TransposeConv::<KH, KW, C, M, SH, SW>::new(
            case.weight(),
            case.bias(),
            case.scale(),
            case.zero(),
            case.activation(),
        );
        let x = case.x::<[[[i8; C]; W]; H]>();
        run::<_, _, [[[i8; M]; OW]; OH]>(&case.set, &x, &0_i8, |cx, m| {
            kernels::transpose_conv(cx, &m.a, &layer, &mut m.y)
        });
    }
}

pub fn dense<const I: usize, const M: usize>(golden: &Golden, name: &str) {
    for case in weighted(golden, name) {
        let layer = Dense::<I, M>::new(
            case.weight(),
            case.bias(),
            case.scale(),
            case.zero(),
            case.activation(),
        );
        run::<[i8; I], _, [i8; M]>(&case.set, &case.x(), &0_i8, |cx, m| {
            kernels::dense(cx, &m.a, &layer, &mut m.y)
        });
    }
}

macro_rules! pool {
    ($check:ident) => {
        pub fn $check<
            const H: usize,
            const W: usize,
            const C: usize,
            const OH: usize,
            const OW: usize,
            const KH: usize,
            const KW: usize,
            const SH: usize,
            const SW: usize,
            const ROWS: usize,
        >(
            golden: &Golden,
            name: &str,
        ) {
            for set in golden.sets(name) {
                let layer = Pool::<KH, KW, SH, SW>::clamped(set.ints[1] as i8, set.ints[2] as i8);
                let x = tensor::<[[[i8; C]; W]; H]>(set.seed());
                run::<_, _, [[[i8; C]; OW]; OH]>(&set, &x, &0_i8, |cx, m| {
                    kernels::$check(cx, &m.a, &layer, &mut m.y)
                });
                let arena = sram::arena::<ROWS, Map<W, H, C>, Map<OW, OH, C>>();
                rolling::<_, Map<OW, OH, C>>(&set, &x, arena, |cx, m| {
                    kernels::rolling::$check(cx, Window::<ROWS>, &m.a, &layer, &mut m.y)
                });
            }
        }
    };
}

pool!(max_pool);
pool!(average_pool);

pub fn softmax<const N: usize>(golden: &Golden, name: &str) {
    for set in golden.sets(name) {
        let layer = Softmax::new(set.floats[0], set.floats[1]);
        run::<[i8; N], _, [i8; N]>(&set, &tensor(set.seed()), &0_i8, |cx, m| {
            kernels::softmax(cx, &m.a, &layer, &mut m.y)
        });
    }
}

/// A function of one value, from the quantisations of input and output.
fn function(golden: &Golden, name: &str, make: impl Fn(Quantization, Quantization) -> Lookup<10>) {
    for set in golden.sets(name) {
        let layer = make(set.quantization(0, 1), set.quantization(1, 2));
        run::<[i8; 64], _, [i8; 64]>(&set, &tensor(set.seed()), &0_i8, |cx, m| {
            kernels::lookup(cx, &m.a, &layer, &mut m.y)
        });
    }
}

pub fn relu(golden: &Golden, name: &str) {
    function(golden, name, Lookup::relu);
}

pub fn relu6(golden: &Golden, name: &str) {
    function(golden, name, |x, _| Lookup::relu6(x));
}

pub fn hard_swish(golden: &Golden, name: &str) {
    function(golden, name, Lookup::hard_swish);
}

pub fn logistic(golden: &Golden, name: &str) {
    function(golden, name, |x, _| Lookup::logistic(x));
}

pub fn tanh(golden: &Golden, name: &str) {
    function(golden, name, |x, _| Lookup::tanh(x));
}

pub fn requantize(golden: &Golden, name: &str) {
    function(golden, name, Lookup::requantize);
}

pub fn quantize(golden: &Golden, name: &str) {
    for set in golden.sets(name) {
        let layer = Affine::<5>::new(set.quantization(0, 1));
        let raw: [i8; 32] = tensor(set.seed());
        let x: [f32; 16] =
            core::array::from_fn(|i| (f32::from(raw[i]) + f32::from(raw[16 + i]) / 256.0) * 0.05);
        run::<_, _, [i8; 16]>(&set, &x, &0_i8, |cx, m| {
            kernels::quantize(cx, &m.a, &layer, &mut m.y)
        });
    }
}

pub fn dequantize(golden: &Golden, name: &str) {
    for set in golden.sets(name) {
        let layer = Affine::<5>::new(set.quantization(0, 1));
        run::<[i8; 16], _, [f32; 16]>(&set, &tensor(set.seed()), &0_i8, |cx, m| {
            kernels::dequantize(cx, &m.a, &layer, &mut m.y)
        });
    }
}

pub fn arg_max<const N: usize, const ROWS: usize>(golden: &Golden, name: &str) {
    for set in golden.sets(name) {
        let x = plain(noise(set.seed(), N * ROWS).map(|v| v >> 5));
        // The vectors have a byte per index.
        let mut words = [0u64; 256];
        let found = first_maxima::<N, ROWS>(&mut words, &x).map(|index| index as u8);
        set.check(&found);
    }
}

fn first_maxima<const N: usize, const ROWS: usize>(
    words: &mut [u64],
    x: &[[i8; N]; ROWS],
) -> [i32; ROWS] {
    use crate::kinds::Memory;
    use rekindle::prelude::*;

    let store = Mapped::from_words(words);
    let mut nvm = Nvm::<Memory<[[i8; N]; ROWS], i8, [i32; ROWS]>, _>::open(store).unwrap();
    nvm.write(|m| &mut m.a, x).unwrap();
    nvm.resume_or_start(&mut [], |cx, m| kernels::arg_max(cx, &m.a, &mut m.y))
        .unwrap();
    nvm.read(|m| &m.y).unwrap()
}
