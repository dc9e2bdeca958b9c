//! The kernels with a line buffer, on a byte store and on exactly the arena that they say, with layers of the size that models
//! have: that arena, and how much stack they take, beside the kernels on whole buffers.

use rekindle::Plain;
use rekindle::prelude::*;
use rekindle_kernels::rolling::{self, Window, sram};
use rekindle_kernels::{average_pool, conv2d, depthwise, max_pool};

use crate::cases::{ARENA, Memory, noise};
use crate::psram::Psram;
use crate::stack;
use crate::tiles::{CONV, DEEP, DEEPER, GLOBAL, KWS, LARGE, Map, POINT, POOL, Wide, Wider};

type Spectrogram = [[[i8; 1]; 10]; 49];
type Keywords = [[[i8; 64]; 5]; 25];
type Halved = [[[i8; 64]; 4]; 4];
type Averages = [[[i8; 256]; 1]; 1];

/// What a kernel takes, in bytes.
pub struct Taken {
    /// Rows of the input.
    pub rows: usize,
    /// Arena.
    pub arena: usize,
    /// Sums on the stack.
    pub sums: usize,
    /// The whole stack.
    pub stack: usize,
    /// The whole stack of the kernel on whole buffers.
    pub whole: usize,
}

/// Stack of a task on a byte store.
fn depth<A: Plain, Y: Plain>(
    nvm: &mut [u8],
    arena: &mut [u8],
    run: impl FnMut(&mut Cx<'_, Bytes<Psram<'_>>>, &mut Memory<A, i8, Y>) -> Result<(), Error>,
) -> Result<usize, Error> {
    let mut nvm = Nvm::<Memory<A, i8, Y>, _>::open(Psram::store(nvm))?;
    nvm.restart()?;
    nvm.write(|m| &mut m.a, &noise(1))?;
    let call = || nvm.resume_or_start(arena, run).map(|_| ());
    let (result, stack) = stack::depth(call);
    result.map(|()| stack)
}

macro_rules! kernels {
    ($($name:ident($a:ty) -> $y:ty, $rows:literal, $sums:expr, |$cx:ident, $m:ident| $run:expr, $whole:expr;)*) => {
        /// Runs all of them.
        ///
        /// # Errors
        ///
        /// Those of the runtime.
        pub fn all(memory: &mut [u8], mut report: impl FnMut(&str, Taken)) -> Result<(), Error> {
            let Some((arena, nvm)) = memory.split_at_mut_checked(ARENA) else {
                return Ok(());
            };
            $({
                #[inline(never)]
                fn rows(nvm: &mut [u8], arena: &mut [u8]) -> Result<usize, Error> {
                    depth(nvm, arena, |$cx, $m: &mut Memory<$a, i8, $y>| $run)
                }
                #[inline(never)]
                fn whole(nvm: &mut [u8], arena: &mut [u8]) -> Result<usize, Error> {
                    depth(nvm, arena, |$cx, $m: &mut Memory<$a, i8, $y>| $whole)
                }
                const ROWS: usize = sram::arena::<$rows, $a, $y>();
                report(stringify!($name), Taken {
                    rows: $rows,
                    arena: ROWS,
                    sums: $sums,
                    stack: rows(nvm, arena.get_mut(..ROWS).unwrap_or(&mut []))?,
                    whole: whole(nvm, arena)?,
                });
            })*
            Ok(())
        }
    };
}

kernels! {
    conv2d(Map) -> Map, 3, 0, |cx, m| rolling::conv2d(cx, Window::<3>, &m.a, &CONV, &mut m.y), conv2d(cx, &m.a, &CONV, &mut m.y);
    conv2d_64(Wide) -> Wide, 3, 0, |cx, m| rolling::conv2d(cx, Window::<3>, &m.a, &LARGE, &mut m.y), conv2d(cx, &m.a, &LARGE, &mut m.y);
    conv2d_10_by_4(Spectrogram) -> Keywords, 10, 0, |cx, m| rolling::conv2d(cx, Window::<10>, &m.a, &KWS, &mut m.y), conv2d(cx, &m.a, &KWS, &mut m.y);
    pointwise_256(Wider) -> Wider, 1, 0, |cx, m| rolling::conv2d(cx, Window::<1>, &m.a, &POINT, &mut m.y), conv2d(cx, &m.a, &POINT, &mut m.y);
    depthwise_64(Wide) -> Wide, 3, 0, |cx, m| rolling::depthwise(cx, Window::<3>, &m.a, &DEEP, &mut m.y), depthwise(cx, &m.a, &DEEP, &mut m.y);
    depthwise_256(Wider) -> Wider, 3, 0, |cx, m| rolling::depthwise(cx, Window::<3>, &m.a, &DEEPER, &mut m.y), depthwise(cx, &m.a, &DEEPER, &mut m.y);
    max_pool(Wide) -> Halved, 1, sram::max_pool::<Halved>(), |cx, m| rolling::max_pool(cx, Window::<1>, &m.a, &POOL, &mut m.y), max_pool(cx, &m.a, &POOL, &mut m.y);
    average_pool(Wider) -> Averages, 1, sram::average_pool::<Averages>(), |cx, m| rolling::average_pool(cx, Window::<1>, &m.a, &GLOBAL, &mut m.y), average_pool(cx, &m.a, &GLOBAL, &mut m.y);
}
