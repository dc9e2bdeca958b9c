//! The kernels on every store: tiles give the bits of the whole buffers without an arena, line buffers on one of some rows;
//! and each kernel survives the failure of the power at every write, on mapped memory, a byte store and NOR flash.

mod cases;
mod flash;
mod forms;
mod fused;
mod rolling;

use rekindle::Plain;
use rekindle::crash::Report;
use rekindle::prelude::*;

/// Two inputs and an output.
#[derive(Layout)]
struct Memory<A, B, Y> {
    /// The first input.
    pub a: Buffer<A>,
    /// The second.
    pub b: Buffer<B>,
    /// The output.
    pub y: Buffer<Y>,
}

/// Random bytes; as real numbers, whatever those bytes are.
fn noise<T: Plain>(seed: u32) -> T {
    let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
    let bytes: Vec<u8> = (0..size_of::<T>())
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 8) as u8
        })
        .collect();
    T::read_from_bytes(&bytes).unwrap_or_else(|_| panic!("as many bytes as the type has"))
}

/// A memory behind a driver.
struct Fram(pub Vec<u8>);

impl embedded_storage::ReadStorage for Fram {
    type Error = ();
    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), ()> {
        into.copy_from_slice(&self.0[at as usize..][..into.len()]);
        Ok(())
    }
    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl embedded_storage::Storage for Fram {
    fn write(&mut self, at: u32, from: &[u8]) -> Result<(), ()> {
        self.0[at as usize..][..from.len()].copy_from_slice(from);
        Ok(())
    }
}

/// The output of a task for the inputs that `seed` gives.
fn output<S: Store, A: Plain, B: Plain, Y: Plain>(
    store: S,
    arena: usize,
    seed: u32,
    run: impl FnMut(&mut Cx<'_, S>, &mut Memory<A, B, Y>) -> Result<(), Error>,
) -> Vec<u8> {
    let mut nvm = Nvm::<Memory<A, B, Y>, S>::open(store).unwrap();
    nvm.write(|m| &mut m.a, &noise(seed)).unwrap();
    nvm.write(|m| &mut m.b, &noise(seed + 1)).unwrap();
    nvm.resume_or_start(&mut vec![0; arena], run).unwrap();
    nvm.read(|m| &m.y).unwrap().as_bytes().to_vec()
}

/// Bytes of a store for these buffers.
fn room<A, B, Y>() -> usize {
    size_of::<A>() + size_of::<B>() + size_of::<Y>() + 256
}

/// Whether all was tried, and nothing found.
fn good(report: &Report) {
    assert_eq!(report.unexplored, 0, "{report}");
    assert!(report.hazards.is_empty(), "{:?}", report.hazards);
}

#[test]
fn faults_are_found_with_tiles_too() {
    use rekindle::crash::{Bug, Check};
    use rekindle_kernels::{Lookup, Quantization, tiled};

    static LOGISTIC: Lookup<2> = Lookup::logistic(Quantization::new(0.1, 0));
    for bug in [Bug::CommitBeforeData, Bug::CrcIgnored] {
        let check = Check::<Memory<[i8; 8], i8, [i8; 8]>>::new()
            .init(|nvm| nvm.write(|m| &mut m.a, &noise(1)))
            .arena(0)
            .bug(bug);
        let found = check.try_bytes(|cx, m| tiled::lookup(cx, &m.a, &LOGISTIC, &mut m.y));
        assert!(found.is_err(), "{bug:?} is not found");
    }
}
