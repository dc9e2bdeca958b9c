//! A small program with every kind of commit, for tests of recovery. The fuzz target includes this file.

use core::cell::RefCell;

use rekindle::prelude::*;
use rekindle::store::Store;

#[derive(Layout)]
pub struct Memory {
    x: Buffer<[i16; 6]>,
    grid: Buffer<[[u8; 3]; 4]>,
    sums: Buffer<[i32; 6]>,
    runs: Buffer<u32>,
}

#[intermittent_task]
fn squares(x: Input<[i16; 6]>, grid: Output<[[u8; 3]; 4]>) {
    for r in 0..4 {
        #[commit]
        for c in 0..3 {
            grid.set([r, c], (x[r + c].wrapping_mul(x[c])) as u8);
        }
    }
}

#[intermittent_task]
fn prefix_sum(x: Input<[i16; 6]>, sums: Output<[i32; 6]>) {
    let mut sum: i32 = 0;
    #[commit]
    for i in 0..6 {
        sum += i32::from(x[i]);
        sums.set(i, sum);
    }
}

#[intermittent_task]
fn count(runs: State<u32>) {
    runs.set(runs.get().wrapping_add(1));
}

#[intermittent_task]
fn program(m: &mut Memory) {
    for _ in 0..2 {
        #[run]
        squares(&m.x, &mut m.grid);
    }
    #[run]
    prefix_sum(&m.x, &mut m.sums);
    #[run]
    count(&mut m.runs);
}

/// Bytes of NVM.
pub const NEEDED: usize = Nvm::<Memory, Mapped<'static>>::NEEDED;

type Results = ([i16; 6], [[u8; 3]; 4], [i32; 6]);

/// Runs the program to its end.
pub fn run<S: Store>(store: S) -> Result<Results, Error> {
    let mut nvm = Nvm::<Memory, _>::open(store)?;
    let status = nvm.status();
    let outcome = nvm.resume_or_start(&mut [0; 256], |cx, m| program(cx, m))?;
    assert_eq!(nvm.status(), Status::Complete);
    let clean = matches!(status, Status::Blank | Status::Foreign | Status::Idle)
        || outcome == Outcome::Completed { restarted: true };
    let results @ (x, grid, sums) = (
        nvm.read(|m| &m.x)?,
        nvm.read(|m| &m.grid)?,
        nvm.read(|m| &m.sums)?,
    );
    if clean {
        for r in 0..4 {
            for c in 0..3 {
                assert_eq!(grid[r][c], x[r + c].wrapping_mul(x[c]) as u8);
            }
        }
        for i in 0..6 {
            assert_eq!(sums[i], x[..=i].iter().map(|&v| i32::from(v)).sum::<i32>());
        }
    }
    Ok(results)
}

/// Recovers from this NVM, on a mapped and on a byte store, and runs the program to its end.
pub fn recover_any(image: &[u8]) {
    let mut words = [0_u64; NEEDED.div_ceil(8)];
    let bytes = zerocopy::IntoBytes::as_mut_bytes(&mut words[..]);
    let len = image.len().min(bytes.len());
    bytes[..len].copy_from_slice(&image[..len]);
    run(Mapped::from_words(&mut words)).expect("a clean start or a valid resume");

    let ram = Contents::new(u32::MAX);
    ram.borrow_mut().bytes[..len].copy_from_slice(&image[..len]);
    run(Bytes::new(Ram(&ram))).expect("a clean start or a valid resume");
}

/// Runs the program for so many writes, flips the bits of `damage` in NVM, and recovers from that.
pub fn recover_damaged(writes: u32, damage: &[u8]) {
    let ram = Contents::new(writes);
    let _ = run(Bytes::new(Ram(&ram)));
    let mut image = ram.into_inner().bytes;
    for (byte, damage) in image.iter_mut().zip(damage) {
        *byte ^= damage;
    }
    recover_any(&image);
}

/// A memory that fails after some writes, and that counts accesses, so that a recovery without end shows.
struct Ram<'a>(&'a RefCell<Contents>);

struct Contents {
    bytes: [u8; NEEDED.next_multiple_of(8)],
    budget: u32,
    writes: u32,
}

impl Contents {
    fn new(writes: u32) -> RefCell<Self> {
        RefCell::new(Self {
            bytes: [0; NEEDED.next_multiple_of(8)],
            budget: 10_000,
            writes,
        })
    }

    fn access(&mut self) -> Result<(), Off> {
        self.budget = self.budget.checked_sub(1).expect("recovery ends");
        if self.writes == 0 { Err(Off) } else { Ok(()) }
    }
}

#[derive(Debug)]
struct Off;

impl embedded_storage::ReadStorage for Ram<'_> {
    type Error = Off;

    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), Off> {
        let mut state = self.0.borrow_mut();
        state.access()?;
        into.copy_from_slice(&state.bytes[at as usize..][..into.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.borrow().bytes.len()
    }
}

impl embedded_storage::Storage for Ram<'_> {
    fn write(&mut self, at: u32, from: &[u8]) -> Result<(), Off> {
        let mut state = self.0.borrow_mut();
        state.access()?;
        state.bytes[at as usize..][..from.len()].copy_from_slice(from);
        state.writes -= 1;
        Ok(())
    }
}
