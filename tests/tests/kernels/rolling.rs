//! The kernels with a line buffer: the bits of the whole buffers, on exactly the arena that they say, through every failure;
//! what they fetch; and that rows which an outage has left in SRAM are never taken.

use rekindle::crash::{Bug, Check};
use rekindle::prelude::*;
use rekindle_kernels::rolling::{self, Window, sram};
use rekindle_kernels::{Pool, average_pool, by_element, conv2d, depthwise, max_pool, paced};

use super::Memory;
use super::cases::{
    CONV, DEEP, DEEP_DILATED, DILATED, EXPLICIT, GLOBAL, Map, PADDED, POINT, POOL, POOL_PADDED,
    STRIDED, Small,
};
use super::forms::forms;
use super::{noise, room};

type Tall = [[[i8; 2]; 2]; 9];
static APART: Pool<2, 2, 3, 1> = Pool::new();
static DENSE: Pool<3, 3, 1, 1> = Pool::new();

forms! {
    convolution(Small, i8) -> [[[i8; 4]; 5]; 4], sram::arena::<3, Small, [[[i8; 4]; 5]; 4]>(); |cx, m| conv2d(cx, &m.a, &CONV, &mut m.y), rolling::conv2d(cx, Window::<3>, &m.a, &CONV, &mut m.y);
    convolution_valid(Small, i8) -> [[[i8; 4]; 3]; 2], sram::arena::<4, Small, [[[i8; 4]; 3]; 2]>(); |cx, m| conv2d(cx, &m.a, &CONV, &mut m.y), rolling::conv2d(cx, Window::<4>, &m.a, &CONV, &mut m.y);
    convolution_strided(Small, i8) -> [[[i8; 2]; 5]; 2], sram::arena::<2, Small, [[[i8; 2]; 5]; 2]>(); |cx, m| by_element::conv2d(cx, &m.a, &STRIDED, &mut m.y), rolling::conv2d(cx, Window::<2>, &m.a, &STRIDED, &mut m.y);
    convolution_dilated(Map, i8) -> [[[i8; 2]; 4]; 5], sram::arena::<4, Map, [[[i8; 2]; 4]; 5]>(); |cx, m| conv2d(cx, &m.a, &DILATED, &mut m.y), rolling::conv2d(cx, Window::<4>, &m.a, &DILATED, &mut m.y);
    convolution_explicit(Small, i8) -> [[[i8; 5]; 3]; 5], sram::arena::<3, Small, [[[i8; 5]; 3]; 5]>(); |cx, m| conv2d(cx, &m.a, &EXPLICIT, &mut m.y), rolling::conv2d(cx, Window::<3>, &m.a, &EXPLICIT, &mut m.y);
    pointwise(Map, i8) -> [[[i8; 3]; 4]; 5], sram::arena::<1, Map, [[[i8; 3]; 4]; 5]>(); |cx, m| paced::conv2d(cx, paced::Every::<3>, &m.a, &POINT, &mut m.y), rolling::conv2d(cx, Window::<1>, &m.a, &POINT, &mut m.y);
    depthwise_padded(Small, i8) -> Small, sram::arena::<3, Small, Small>(); |cx, m| depthwise(cx, &m.a, &DEEP, &mut m.y), rolling::depthwise(cx, Window::<3>, &m.a, &DEEP, &mut m.y);
    depthwise_dilated(Map, i8) -> [[[i8; 2]; 4]; 5], sram::arena::<3, Map, [[[i8; 2]; 4]; 5]>(); |cx, m| depthwise(cx, &m.a, &DEEP_DILATED, &mut m.y), rolling::depthwise(cx, Window::<3>, &m.a, &DEEP_DILATED, &mut m.y);
    depthwise_multiplied(Map, i8) -> [[[i8; 6]; 4]; 3], sram::arena::<3, Map, [[[i8; 6]; 4]; 3]>(); |cx, m| by_element::depthwise(cx, &m.a, &PADDED, &mut m.y), rolling::depthwise(cx, Window::<3>, &m.a, &PADDED, &mut m.y);
    maximum(Small, i8) -> [[[i8; 3]; 2]; 2], sram::arena::<1, Small, [[[i8; 3]; 2]; 2]>(); |cx, m| max_pool(cx, &m.a, &POOL, &mut m.y), rolling::max_pool(cx, Window::<1>, &m.a, &POOL, &mut m.y);
    maximum_overlapping(Small, i8) -> [[[i8; 3]; 5]; 2], sram::arena::<1, Small, [[[i8; 3]; 5]; 2]>(); |cx, m| by_element::max_pool(cx, &m.a, &POOL_PADDED, &mut m.y), rolling::max_pool(cx, Window::<1>, &m.a, &POOL_PADDED, &mut m.y);
    maximum_apart(Tall, i8) -> [[[i8; 2]; 1]; 3], sram::arena::<1, Tall, [[[i8; 2]; 1]; 3]>(); |cx, m| max_pool(cx, &m.a, &APART, &mut m.y), rolling::max_pool(cx, Window::<1>, &m.a, &APART, &mut m.y);
    average_overlapping(Small, i8) -> Small, sram::arena::<2, Small, Small>(); |cx, m| average_pool(cx, &m.a, &DENSE, &mut m.y), rolling::average_pool(cx, Window::<2>, &m.a, &DENSE, &mut m.y);
    average_global(Map, i8) -> [[[i8; 2]; 1]; 1], sram::arena::<1, Map, [[[i8; 2]; 1]; 1]>(); |cx, m| average_pool(cx, &m.a, &GLOBAL, &mut m.y), rolling::average_pool(cx, Window::<1>, &m.a, &GLOBAL, &mut m.y);
}

/// A memory behind a driver that counts.
struct Counted<'a> {
    memory: Vec<u8>,
    /// Pieces that were read and written, and their bytes.
    moved: &'a core::cell::RefCell<[Vec<(u32, usize)>; 2]>,
}

impl embedded_storage::ReadStorage for Counted<'_> {
    type Error = ();
    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), ()> {
        self.moved.borrow_mut()[0].push((at, into.len()));
        into.copy_from_slice(&self.memory[at as usize..][..into.len()]);
        Ok(())
    }
    fn capacity(&self) -> usize {
        self.memory.len()
    }
}

impl embedded_storage::Storage for Counted<'_> {
    fn write(&mut self, at: u32, from: &[u8]) -> Result<(), ()> {
        self.moved.borrow_mut()[1].push((at, from.len()));
        self.memory[at as usize..][..from.len()].copy_from_slice(from);
        Ok(())
    }
}

/// Bytes and pieces, read of `a` and written to `y`, by a task that runs once on continuous power.
macro_rules! moved {
    ($a:ty => $y:ty, $arena:expr, |$cx:ident, $m:ident| $run:expr) => {{
        let moved = core::cell::RefCell::default();
        let store = Bytes::new(Counted {
            memory: vec![0; room::<$a, i8, $y>()],
            moved: &moved,
        });
        let mut nvm = Nvm::<Memory<$a, i8, $y>, _>::open(store).unwrap();
        nvm.write(|m| &mut m.a, &noise(1)).unwrap();
        *moved.borrow_mut() = [Vec::new(), Vec::new()];
        nvm.resume_or_start(&mut vec![0; $arena], |$cx, $m| $run)
            .unwrap();
        // The input is the first of the buffers, the output the last.
        let data = Nvm::<Memory<$a, i8, $y>, Bytes<Counted<'_>>>::DATA_AT;
        let [read, written] = moved.take();
        let of = |all: Vec<(u32, usize)>, from: usize, len: usize| {
            let of = all
                .iter()
                .filter(|(at, _)| (from..from + len).contains(&(*at as usize)));
            (of.clone().map(|(_, len)| len).sum::<usize>(), of.count())
        };
        let y = data + size_of::<$a>() + 1;
        [
            of(read, data, size_of::<$a>()),
            of(written, y, size_of::<$y>()),
        ]
    }};
}

#[test]
fn each_row_is_fetched_once_and_written_in_one_piece() {
    // Bytes and pieces: all rows of the input, all rows of the output. Rows that are fetched together are one piece.
    let found = moved!(Small => [[[i8; 4]; 5]; 4], sram::arena::<3, Small, [[[i8; 4]; 5]; 4]>(),
        |cx, m| rolling::conv2d(cx, Window::<3>, &m.a, &CONV, &mut m.y));
    assert_eq!(found, [(60, 3), (80, 4)]);
    let found = moved!(Map => [[[i8; 2]; 4]; 5], sram::arena::<4, Map, [[[i8; 2]; 4]; 5]>(),
        |cx, m| rolling::conv2d(cx, Window::<4>, &m.a, &DILATED, &mut m.y));
    assert_eq!(found, [(40, 5), (40, 5)]);
    let found = moved!(Map => [[[i8; 6]; 4]; 3], sram::arena::<3, Map, [[[i8; 6]; 4]; 3]>(),
        |cx, m| rolling::depthwise(cx, Window::<3>, &m.a, &PADDED, &mut m.y));
    assert_eq!(found, [(40, 3), (72, 3)]);
    let found = moved!(Map => [[[i8; 3]; 4]; 5], sram::arena::<1, Map, [[[i8; 3]; 4]; 5]>(),
        |cx, m| rolling::conv2d(cx, Window::<1>, &m.a, &POINT, &mut m.y));
    assert_eq!(found, [(40, 5), (60, 5)]);
    // Pools that have two rows in common.
    let found = moved!(Small => Small, sram::arena::<2, Small, Small>(),
        |cx, m| rolling::average_pool(cx, Window::<2>, &m.a, &DENSE, &mut m.y));
    assert_eq!(found, [(60, 4), (60, 4)]);
    // Rows that no pool covers are left out.
    let found = moved!(Tall => [[[i8; 2]; 1]; 3], sram::arena::<1, Tall, [[[i8; 2]; 1]; 3]>(),
        |cx, m| rolling::max_pool(cx, Window::<1>, &m.a, &APART, &mut m.y));
    assert_eq!(found, [(24, 6), (6, 3)]);
    // With fewer rows than that they are fetched again: 2, 3, 3 and 2 under the four pools below one another.
    let found = moved!(Small => Small, sram::arena::<1, Small, Small>(),
        |cx, m| rolling::average_pool(cx, Window::<1>, &m.a, &DENSE, &mut m.y));
    assert_eq!(found, [(150, 10), (60, 4)]);
}

/// The two tasks, of which the second has its rows where the first had them.
#[intermittent_task]
fn twice(a: Input<Small>, b: Output<[[[i8; 3]; 5]; 4]>, y: Output<[[[i8; 4]; 5]; 4]>) {
    #[run]
    rolling::depthwise(Window::<3>, a, &DEEP, b);
    #[run]
    rolling::conv2d(Window::<3>, b, &CONV, y);
}

#[test]
fn rows_that_an_outage_left_in_sram_are_never_taken() {
    type All = Memory<Small, Small, [[[i8; 4]; 5]; 4]>;
    let check = || {
        Check::<All>::new()
            .init(|nvm| nvm.write(|m| &mut m.a, &noise(1)))
            .random(50)
    };
    let run = |bug| {
        let check = match bug {
            Some(bug) => check().bug(bug),
            None => check(),
        };
        check.try_bytes(|cx, m: &mut All| twice(cx, &m.a, &mut m.b, &mut m.y))
    };
    assert!(run(None).is_ok());
    for bug in [Bug::RowsKept, Bug::CommitBeforeData, Bug::CrcIgnored] {
        assert!(run(Some(bug)).is_err(), "{bug:?} is not found");
    }
}

#[test]
fn an_arena_of_fewer_rows_is_refused() {
    type Y = [[[i8; 4]; 5]; 4];
    let mut nvm =
        Nvm::<Memory<Small, i8, Y>, _>::open(Bytes::new(super::Fram(vec![
            0;
            room::<Small, i8, Y>()
        ])))
        .unwrap();
    let mut arena = vec![0; sram::arena::<3, Small, Y>() - 1];
    let error = nvm
        .resume_or_start(&mut arena, |cx, m| {
            rolling::conv2d(cx, Window::<3>, &m.a, &CONV, &mut m.y)
        })
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::ArenaTooSmall {
                needed: 20,
                available: 19,
                ..
            }
        ),
        "{error:?}"
    );
}
