//! As `kinds` of the sweep on the host, without an allocator.

use core::cell::RefCell;
use core::sync::atomic::{AtomicUsize, Ordering};

use cortex_m::interrupt::Mutex;
use rekindle::Plain;
use rekindle::prelude::*;
use rekindle_kernels::Quantization;

use crate::psram::Psram;

/// Bytes of mapped NVM.
pub const NVM: usize = 64 << 10;

/// The vectors; see `tools/archive.py`.
static VECTORS: &[u8] = include_bytes!("../../../../tests/data/sweep.golden");

static MEMORY: Mutex<RefCell<Option<&'static mut [u8]>>> = Mutex::new(RefCell::new(None));
static COMPARED: AtomicUsize = AtomicUsize::new(0);

/// Where the tasks are to run.
pub fn give(nvm: &'static mut [u8]) {
    cortex_m::interrupt::free(|cs| *MEMORY.borrow(cs).borrow_mut() = Some(nvm));
}

/// Combinations compared.
pub fn compared() -> usize {
    COMPARED.load(Ordering::Relaxed)
}

/// The vectors of one operator.
pub struct Golden {
    before: usize,
    combinations: usize,
}

/// The vectors of one operator.
pub fn open(_kind: &'static str, combinations: usize) -> Golden {
    Golden {
        before: compared(),
        combinations,
    }
}

impl Drop for Golden {
    fn drop(&mut self) {
        assert_eq!(compared(), self.before + self.combinations);
    }
}

/// One set of parameters.
pub struct Set<'a> {
    name: &'a str,
    pub ints: [i32; 8],
    pub floats: [f32; 32],
    expected: &'a [u8],
}

/// First size and bytes of the tensor `name` with one of `p`, `s` and `y`.
fn tensor_of(name: &str, part: u8) -> (usize, &'static [u8]) {
    let mut rest = &VECTORS[4..];
    loop {
        let len = usize::from(rest[0]);
        let (found, after) = rest[1..].split_at(len);
        let (kind, axes) = (after[0], usize::from(after[1]));
        let size = |k: usize| u32::from_le_bytes(after[2 + 4 * k..][..4].try_into().unwrap());
        let count = (0..axes).map(|k| size(k) as usize).product::<usize>();
        let (data, next) = after[2 + 4 * axes..].split_at(count * if kind == 0 { 1 } else { 4 });
        if found.len() == name.len() + 2
            && found.starts_with(name.as_bytes())
            && found.ends_with(&[b'.', part])
        {
            return (size(0) as usize, data);
        }
        rest = next;
    }
}

impl Golden {
    /// All sets of parameters of a shape.
    pub fn sets<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Set<'a>> {
        let (sets, ints) = tensor_of(name, b'p');
        let ((_, floats), (_, expected)) = (tensor_of(name, b's'), tensor_of(name, b'y'));
        (0..sets).map(move |k| {
            let part =
                |bytes: &'static [u8]| &bytes[bytes.len() / sets * k..][..bytes.len() / sets];
            let word = |bytes, i: usize| part(bytes).as_chunks::<4>().0.get(i).copied();
            Set {
                name,
                ints: core::array::from_fn(|i| {
                    i32::from_le_bytes(word(ints, i).unwrap_or_default())
                }),
                floats: core::array::from_fn(|i| {
                    f32::from_le_bytes(word(floats, i).unwrap_or_default())
                }),
                expected: part(expected),
            }
        })
    }
}

impl Set<'_> {
    /// Compares an output, byte by byte, and counts the combination.
    pub fn check(&self, found: &[u8]) {
        self.compare(found);
        COMPARED.fetch_add(1, Ordering::Relaxed);
    }

    fn compare(&self, found: &[u8]) {
        assert_eq!(found, self.expected, "{}", self.name);
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
    let mut tensor = T::new_zeroed();
    for (byte, value) in tensor.as_mut_bytes().iter_mut().zip(values) {
        *byte = value as u8;
    }
    tensor
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
    cortex_m::interrupt::free(|cs| {
        let mut memory = MEMORY.borrow(cs).borrow_mut();
        let bytes = memory.as_deref_mut().expect("there is memory");
        bytes.fill(0);
        let mut nvm = Nvm::<Memory<A, B, Y>, _>::open(Mapped::from_bytes(bytes)).unwrap();
        nvm.write(|m| &mut m.a, a).unwrap();
        nvm.write(|m| &mut m.b, b).unwrap();
        nvm.resume_or_start(&mut [], run).unwrap();
        set.check(nvm.read(|m| &m.y).unwrap().as_bytes());
    });
}

/// Runs a task with a line buffer on an input, with noise in so many bytes of arena, and compares.
pub fn rolling<A: Plain, Y: Plain>(
    set: &Set,
    a: &A,
    arena: usize,
    run: impl FnMut(&mut Cx<Bytes<Psram>>, &mut Memory<A, i8, Y>) -> Result<(), Error>,
) {
    cortex_m::interrupt::free(|cs| {
        let mut memory = MEMORY.borrow(cs).borrow_mut();
        let bytes = memory.as_deref_mut().expect("there is memory");
        let (sram, nvm) = bytes.split_at_mut(arena);
        nvm.fill(0);
        for (byte, value) in sram.iter_mut().zip(noise(set.seed() ^ 0x7777, arena)) {
            *byte = value as u8;
        }
        let mut nvm = Nvm::<Memory<A, i8, Y>, _>::open(Psram::store(nvm)).unwrap();
        nvm.write(|m| &mut m.a, a).unwrap();
        nvm.resume_or_start(sram, run).unwrap();
        set.compare(nvm.read(|m| &m.y).unwrap().as_bytes());
    });
}
