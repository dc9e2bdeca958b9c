//! Reading the sets of parameters, making inputs from seeds, and the checks whose shapes are whole types.

use std::cell::Cell;

use rekindle::Plain;
use rekindle::prelude::*;
use rekindle_kernels::broadcast::Quantization;

use crate::archive::Archive;

/// The vectors, and how many combinations a test is to compare in all.
pub struct Golden {
    archive: Archive,
    kind: &'static str,
    left: Cell<usize>,
}

/// The vectors of one operator.
pub fn open(kind: &'static str, combinations: usize) -> Golden {
    Golden {
        archive: Archive::open("sweep.golden"),
        kind,
        left: Cell::new(combinations),
    }
}

impl Drop for Golden {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(
                self.left.get(),
                0,
                "{}: combinations not compared",
                self.kind
            );
        }
    }
}

/// One set of parameters.
pub struct Set<'a> {
    name: String,
    golden: &'a Golden,
    pub ints: Vec<i32>,
    pub floats: Vec<f32>,
    expected: &'a [u8],
}

impl Golden {
    /// All sets of parameters of a shape.
    pub fn sets<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Set<'a>> {
        let (sets, ints) = self.archive.rows(&format!("{name}.p"));
        let (_, floats) = self.archive.rows(&format!("{name}.s"));
        let (_, expected) = self.archive.rows(&format!("{name}.y"));
        (0..sets).map(move |k| {
            let part = |bytes: &'a [u8]| &bytes[bytes.len() / sets * k..][..bytes.len() / sets];
            let words = |bytes| part(bytes).as_chunks::<4>().0;
            Set {
                name: format!("{name}, set {k}"),
                golden: self,
                ints: words(ints).iter().map(|v| i32::from_le_bytes(*v)).collect(),
                floats: words(floats)
                    .iter()
                    .map(|v| f32::from_le_bytes(*v))
                    .collect(),
                expected: part(expected),
            }
        })
    }
}

impl Set<'_> {
    /// Compares an output, byte by byte, and counts the combination.
    pub fn check(&self, found: &[u8]) {
        self.compare(found);
        self.golden.left.set(self.golden.left.get() - 1);
    }

    fn compare(&self, found: &[u8]) {
        assert_eq!(found.len(), self.expected.len(), "size of {}", self.name);
        if let Some(at) = (0..found.len()).find(|i| found[*i] != self.expected[*i]) {
            panic!(
                "{} differs at byte {at}: {} instead of {}",
                self.name, found[at] as i8, self.expected[at] as i8
            );
        }
    }

    /// The seed of the input.
    pub fn seed(&self) -> u32 {
        self.ints[0] as u32
    }

    /// Scale `s` and zero point `z`.
    pub fn quantization(&self, s: usize, z: usize) -> Quantization {
        Quantization::new(self.floats[s], self.ints[z] as i8)
    }
}

/// As `noise` in `tools/gen_sweep.py`.
pub fn noise(seed: u32, count: usize) -> impl Iterator<Item = i8> {
    (0..count as u32).map(move |i| {
        let mut h = seed
            .wrapping_mul(0x9E37_79B1)
            .wrapping_add(i.wrapping_mul(0x85EB_CA77));
        h ^= h >> 16;
        h = h.wrapping_mul(0x85EB_CA6B);
        h ^= h >> 13;
        h = h.wrapping_mul(0xC2B2_AE35);
        h ^= h >> 16;
        (h >> 24) as i8
    })
}

/// A tensor of noise.
pub fn tensor<T: Plain>(seed: u32) -> T {
    plain(noise(seed, size_of::<T>()))
}

/// A tensor of values.
pub fn plain<T: Plain>(values: impl Iterator<Item = i8>) -> T {
    let bytes: Vec<u8> = values.map(|v| v as u8).collect();
    T::read_from_bytes(&bytes).unwrap_or_else(|_| panic!("a tensor has all of its values"))
}

/// Up to two inputs and an output.
#[derive(Layout)]
pub struct Memory<A, B, Y> {
    pub a: Buffer<A>,
    pub b: Buffer<B>,
    pub y: Buffer<Y>,
}

/// Runs a task on two inputs, and compares.
pub fn run<A: Plain, B: Plain, Y: Plain>(
    set: &Set,
    a: &A,
    b: &B,
    run: impl FnMut(&mut Cx<Mapped>, &mut Memory<A, B, Y>) -> Result<(), Error>,
) {
    let size = size_of::<A>() + size_of::<B>() + size_of::<Y>();
    let mut words = vec![0u64; size / 8 + 128];
    let mut nvm = Nvm::<Memory<A, B, Y>, _>::open(Mapped::from_words(&mut words)).unwrap();
    nvm.write(|m| &mut m.a, a).unwrap();
    nvm.write(|m| &mut m.b, b).unwrap();
    nvm.resume_or_start(&mut [], run).unwrap();
    set.check(nvm.read(|m| &m.y).unwrap().as_bytes());
}

/// Memory behind a driver.
pub struct Driven(Vec<u8>);

impl embedded_storage::ReadStorage for Driven {
    type Error = ();
    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), ()> {
        into.copy_from_slice(&self.0[at as usize..][..into.len()]);
        Ok(())
    }
    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl embedded_storage::Storage for Driven {
    fn write(&mut self, at: u32, from: &[u8]) -> Result<(), ()> {
        self.0[at as usize..][..from.len()].copy_from_slice(from);
        Ok(())
    }
}

/// Runs a task with a line buffer on an input, with noise in so many bytes of arena, and compares.
pub fn rolling<A: Plain, Y: Plain>(
    set: &Set,
    a: &A,
    arena: usize,
    run: impl FnMut(&mut Cx<Bytes<Driven>>, &mut Memory<A, i8, Y>) -> Result<(), Error>,
) {
    let store = Bytes::new(Driven(vec![0; size_of::<A>() + size_of::<Y>() + 1024]));
    let mut nvm = Nvm::<Memory<A, i8, Y>, _>::open(store).unwrap();
    nvm.write(|m| &mut m.a, a).unwrap();
    let mut arena: Vec<u8> = noise(set.seed() ^ 0x7777, arena).map(|v| v as u8).collect();
    nvm.resume_or_start(&mut arena, run).unwrap();
    set.compare(nvm.read(|m| &m.y).unwrap().as_bytes());
}

macro_rules! binary {
    ($($kind:ident, $layer:ident;)*) => {$(
        macro_rules! $kind {
            ($golden:ident, $name:literal, $a:ty, $b:ty, $y:ty) => {
                for set in $golden.sets($name) {
                    let activation = rekindle_kernels::Activation {
                        zero: set.ints[3] as i8,
                        min: set.ints[4] as i8,
                        max: set.ints[5] as i8,
                    };
                    let layer = rekindle_kernels::broadcast::$layer::<$a, $b, $y>::new(
                        set.quantization(0, 1),
                        set.quantization(1, 2),
                        set.floats[2],
                        activation,
                    );
                    let (a, b) = (kinds::tensor(set.seed()), kinds::tensor(set.seed() ^ 0x5555));
                    kinds::run(&set, &a, &b, |cx, m| {
                        rekindle_kernels::broadcast::$kind(cx, &m.a, &m.b, &layer, &mut m.y)
                    });
                }
            };
        }
        pub(crate) use $kind;
    )*};
}

binary! {
    add, Add;
    sub, Sub;
    mul, Mul;
}

macro_rules! mean {
    ($golden:ident, $name:literal, $x:ty, $y:ty, $axes:expr) => {
        for set in $golden.sets($name) {
            let layer = rekindle_kernels::Mean::<$x, $y>::new(
                $axes,
                set.quantization(0, 1),
                set.quantization(1, 2),
            );
            kinds::run(&set, &kinds::tensor::<$x>(set.seed()), &0_i8, |cx, m| {
                rekindle_kernels::mean(cx, &m.a, &layer, &mut m.y)
            });
        }
    };
}
pub(crate) use mean;

macro_rules! reduce_max {
    ($golden:ident, $name:literal, $x:ty, $y:ty, $axes:expr) => {
        for set in $golden.sets($name) {
            let layer = const { rekindle_kernels::ReduceMax::<$x, $y>::new($axes) };
            kinds::run(&set, &kinds::tensor::<$x>(set.seed()), &0_i8, |cx, m| {
                rekindle_kernels::reduce_max(cx, &m.a, &layer, &mut m.y)
            });
        }
    };
}
pub(crate) use reduce_max;

macro_rules! transpose {
    ($golden:ident, $name:literal, $x:ty, $y:ty, $order:expr) => {
        for set in $golden.sets($name) {
            let layer = const { rekindle_kernels::Transpose::<$x, $y>::new($order) };
            kinds::run(&set, &kinds::tensor::<$x>(set.seed()), &0_i8, |cx, m| {
                rekindle_kernels::transpose(cx, &m.a, &layer, &mut m.y)
            });
        }
    };
}
pub(crate) use transpose;

macro_rules! strided_slice {
    ($golden:ident, $name:literal, $x:ty, $y:ty, $begin:expr, $step:expr) => {
        for set in $golden.sets($name) {
            let layer = const { rekindle_kernels::StridedSlice::<$x, $y>::new($begin, $step) };
            kinds::run(&set, &kinds::tensor::<$x>(set.seed()), &0_i8, |cx, m| {
                rekindle_kernels::strided_slice(cx, &m.a, &layer, &mut m.y)
            });
        }
    };
}
pub(crate) use strided_slice;

macro_rules! pad {
    ($golden:ident, $name:literal, $x:ty, $y:ty, $before:expr) => {
        for set in $golden.sets($name) {
            let layer = rekindle_kernels::Pad::<$x, $y>::new($before, set.ints[1] as i8);
            kinds::run(&set, &kinds::tensor::<$x>(set.seed()), &0_i8, |cx, m| {
                rekindle_kernels::pad(cx, &m.a, &layer, &mut m.y)
            });
        }
    };
}
pub(crate) use pad;

macro_rules! concat {
    ($golden:ident, $name:literal, $a:ty, $b:ty, $y:ty, $axis:literal, $at:literal) => {
        for set in $golden.sets($name) {
            #[rekindle::intermittent_task]
            fn both(
                a: rekindle::Input<$a>,
                b: rekindle::Input<$b>,
                first: &rekindle_kernels::Concat<$a, $y>,
                second: &rekindle_kernels::Concat<$b, $y>,
                y: rekindle::Output<$y>,
            ) {
                #[rekindle::run]
                rekindle_kernels::concat(a, first, y);
                #[rekindle::run]
                rekindle_kernels::concat(b, second, y);
            }
            let first = const { rekindle_kernels::Concat::new($axis, 0) };
            let second = const { rekindle_kernels::Concat::new($axis, $at) };
            let (a, b) = (
                kinds::tensor(set.seed()),
                kinds::tensor(set.seed() ^ 0x5555),
            );
            kinds::run(&set, &a, &b, |cx, m| {
                both(cx, &m.a, &m.b, &first, &second, &mut m.y)
            });
        }
    };
}
pub(crate) use concat;
