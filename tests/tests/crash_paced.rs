//! Paced loops survive every outage whatever the pacer says: each form of loop that the macro accepts, against a coin,
//! against a pacer that always asks for a commit, and against one that never does.

#![allow(
    clippy::needless_range_loop,
    clippy::manual_is_multiple_of,
    clippy::unnecessary_cast,
    reason = "the tasks are written as many people would write them"
)]

use rekindle::crash::{Check, Pacing};
use rekindle::crash_check;
use rekindle::pace::{ByTimer, ByVoltage, ByWork, Pacer};
use rekindle::prelude::*;

const N: usize = 6;

#[derive(Layout)]
struct Memory {
    x: Buffer<[i32; N]>,
    y: Buffer<[i32; N]>,
    z: Buffer<[i32; N]>,
    count: Buffer<u32>,
    bins: Buffer<[u16; 4]>,
}

const X: [i32; N] = [3, -1, 4, 1, -5, 9];

/// Checks a task against every adversary on every store, and what it leaves in NVM, also with shipped pacers.
macro_rules! survives {
    (|$cx:ident, $m:ident| $task:expr, $($field:ident = $want:expr),+ $(,)?) => {{
        let init = |nvm: &mut Nvm<Memory, _>| nvm.write(|m: &mut Memory| &mut m.x, &X);
        for (pacing, seed) in [
            (Pacing::Random, 1),
            (Pacing::Random, 2),
            (Pacing::Always, 1),
            (Pacing::Never, 1),
        ] {
            let check = || Check::<Memory>::new().init(init).random(60).pacing(pacing).seed(seed).again(seed == 1 && pacing != Pacing::Never);
            let reports = crash_check!(check() => |$cx: &mut Cx<'_, _>, $m: &mut Memory| $task);
            for report in &reports {
                assert!(report.unexplored == 0 || pacing == Pacing::Random, "{report}");
                assert_eq!(report.declined > 0, pacing != Pacing::Always, "{report}");
            }
        }
        // And what it computes, under pacers that are shipped.
        macro_rules! computes {
            ($pacer:expr) => {{
                let mut image = vec![0_u64; 256];
                let store = Mapped::from_words(&mut image).paced($pacer);
                let mut nvm = Nvm::<Memory, _>::open(store).unwrap();
                nvm.write(|m| &mut m.x, &X).unwrap();
                nvm.resume_or_start(&mut [], |$cx, $m| $task).unwrap();
                $(assert_eq!(nvm.read(|m: &Memory| &m.$field).unwrap(), $want, stringify!($field));)+
            }};
        }
        computes!(ByWork::new(2));
        let mut time = 0;
        computes!(ByTimer::new(|| { time += 3; time }, 5).check_every(2));
        computes!(ByVoltage::new(|| 2_500, 2_600, 2_700).or(ByWork::new(100)));
    }};
}

#[intermittent_task]
fn double(x: Input<[i32; N]>, y: Output<[i32; N]>) {
    #[commit(paced)]
    for i in 0..N {
        y.set(i, 2 * x[i]);
    }
}

#[test]
fn a_loop() {
    survives!(|cx, m| double(cx, &m.x, &mut m.y), y = X.map(|v| 2 * v));
}

#[intermittent_task]
fn backwards<const EVERY: usize>(x: Input<[i32; N]>, y: Output<[i32; N]>) {
    #[commit(paced, every = EVERY, cost = EVERY * N)]
    for i in (0..N).rev() {
        y.set(i, x[N - 1 - i]);
    }
    y.set(0, 77);
}

#[test]
fn a_loop_backwards_with_a_bound() {
    let mut want = X;
    want.reverse();
    want[0] = 77;
    survives!(|cx, m| backwards::<2>(cx, &m.x, &mut m.y), y = want);
    survives!(|cx, m| backwards::<100>(cx, &m.x, &mut m.y), y = want);
}

#[intermittent_task]
fn prefix_sum(x: Input<[i32; N]>, y: Output<[i32; N]>) {
    let mut sum: i32 = 0;
    #[commit(paced)]
    for i in 0..N {
        sum += x[i];
        y.set(i, sum);
    }
}

#[test]
fn a_running_sum() {
    survives!(
        |cx, m| prefix_sum(cx, &m.x, &mut m.y),
        y = [3, 2, 6, 7, 2, 11]
    );
}

#[intermittent_task]
fn deep(y: Output<[i32; N]>, z: Output<[i32; N]>) {
    for a in 0..2usize {
        for b in (1..=3usize).rev() {
            z.set(b, (a + b) as i32);
            #[commit(paced, every = 5)]
            for c in 0..4usize {
                y.set((a + b + c) % N, (100 * a + 10 * b + c) as i32);
            }
        }
    }
}

#[test]
fn a_nest_of_three() {
    let (mut y, mut z) = ([0; N], [0; N]);
    for a in 0..2 {
        for b in (1..=3).rev() {
            z[b] = (a + b) as i32;
            for c in 0..4 {
                y[(a + b + c) % N] = (100 * a + 10 * b + c) as i32;
            }
        }
    }
    survives!(|cx, m| deep(cx, &mut m.y, &mut m.z), y = y, z = z);
}

#[intermittent_task]
fn triangle(x: Input<[i32; N]>, y: Output<[i32; N]>) {
    for i in 0..N {
        let top = x[i];
        #[commit(paced)]
        for j in 0..i {
            y.set(j, top + j as i32);
        }
        #[commit]
        y.set(i, top);
    }
}

#[test]
fn a_triangular_nest_with_two_sites() {
    let mut want = [0; N];
    for i in 0..N {
        for j in 0..i {
            want[j] = X[i] + j as i32;
        }
        want[i] = X[i];
    }
    survives!(|cx, m| triangle(cx, &m.x, &mut m.y), y = want);
}

#[intermittent_task]
fn collatz(y: Output<[i32; N]>, start: u32) {
    let mut n: u32 = start;
    let mut steps: i32 = 0;
    #[commit(paced, every = 3)]
    while n != 1 {
        n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
        steps += 1;
        y.set((steps as usize) % N, n as i32);
    }
    #[commit]
    y.set(0, steps);
}

#[test]
fn a_while_loop_with_a_bound() {
    let (mut n, mut steps, mut y) = (6, 0, [0; N]);
    while n != 1 {
        n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
        steps += 1;
        y[steps % N] = n;
    }
    y[0] = steps as i32;
    survives!(|cx, m| collatz(cx, &mut m.y, 6), y = y);
}

#[intermittent_task]
fn jumps(x: Input<[i32; N]>, y: Output<[i32; N]>) {
    'rows: for r in 0..3usize {
        #[commit(paced)]
        for c in 0..N {
            if x[c] < 0 && r == 0 {
                continue;
            }
            if c == 4 {
                continue 'rows;
            }
            if r == 2 && c == 3 {
                break 'rows;
            }
            y.set(c, x[c] * (r as i32 + 1));
        }
    }
    y.set(5, 1);
}

#[test]
fn continue_and_break_across_a_paced_loop() {
    let mut want = [0; N];
    'rows: for r in 0..3 {
        for c in 0..N {
            if X[c] < 0 && r == 0 {
                continue;
            }
            if c == 4 {
                continue 'rows;
            }
            if r == 2 && c == 3 {
                break 'rows;
            }
            want[c] = X[c] * (r as i32 + 1);
        }
    }
    want[5] = 1;
    survives!(|cx, m| jumps(cx, &m.x, &mut m.y), y = want);
}

#[intermittent_task]
fn histogram(x: Input<[i32; N]>, bins: State<[u16; 4]>, count: State<u32>) {
    #[commit(paced)]
    for i in 0..N {
        bins[(x[i] & 3) as usize] += 1;
        *count += 1;
    }
}

#[intermittent_task]
fn twice(m: &mut Memory) {
    for _ in 0..2 {
        #[run]
        histogram(&m.x, &mut m.bins, &mut m.count);
    }
}

#[test]
fn states_are_changed_once() {
    let mut bins = [0; 4];
    for v in X {
        bins[(v & 3) as usize] += 2;
    }
    survives!(|cx, m| twice(cx, m), bins = bins, count = 12);
}

#[intermittent_task]
fn leaf(x: Input<[i32; N]>, y: Output<[i32; N]>, add: i32) {
    let doubled = 2 * add;
    #[commit(paced)]
    for i in 0..N {
        y.set(i, x[i] + doubled);
    }
}

#[intermittent_task]
fn root(m: &mut Memory, rounds: i32) {
    let mut total: i32 = 0;
    #[commit(paced)]
    for k in 0..rounds {
        #[run]
        leaf(&m.x, &mut m.y, k);
        total += k;
        #[run]
        leaf(&m.y, &mut m.z, total);
        total += 1;
    }
    #[run]
    leaf(&m.z, &mut m.x, total);
}

#[test]
fn tasks_within_a_paced_loop() {
    let add = |from: [i32; N], by: i32| from.map(|v| v + 2 * by);
    let y = add(X, 1);
    // k = 0: total 0, then 1; k = 1: total 2, then 3.
    let z = add(y, 2);
    let x = add(z, 3);
    survives!(|cx, m| root(cx, m, 2), x = x, y = y, z = z);
}

mod kernels {
    //! Shipped kernels, paced.

    use super::{Check, Pacing, crash_check};
    use rekindle::prelude::*;
    use rekindle_kernels::paced::{Every, WHEN_DUE, conv2d, dense, max_pool};
    use rekindle_kernels::{Activation, Conv2d, Dense, Multiplier, Pool, per_tensor};

    #[derive(Layout)]
    struct Memory {
        x: Buffer<[[[i8; 2]; 4]; 4]>,
        conv: Buffer<[[[i8; 2]; 4]; 4]>,
        pool: Buffer<[[[i8; 2]; 2]; 2]>,
        y: Buffer<[i8; 3]>,
    }

    static CONV: Conv2d<3, 3, 2, 2> = Conv2d::new(
        [
            [[[1, -2], [3, 4], [-5, 6]]; 3],
            [[[2, 1], [0, -1], [7, 2]]; 3],
        ],
        [10, -20],
        per_tensor(Multiplier::from_real(0.1)),
        3,
        Activation::linear(1),
    );
    static POOL: Pool<2, 2> = Pool::new();
    static DENSE: Dense<8, 3> = Dense::new(
        [
            [1, 2, 3, 4, 5, 6, 7, 8],
            [-8, 7, -6, 5, -4, 3, -2, 1],
            [9; 8],
        ],
        [5, 6, 7],
        per_tensor(Multiplier::from_real(0.2)),
        1,
        Activation::linear(0),
    );

    #[intermittent_task]
    fn network(m: &mut Memory) {
        #[run]
        conv2d(WHEN_DUE, &m.x, &CONV, &mut m.conv);
        #[run]
        max_pool(Every::<3>, &m.conv, &POOL, &mut m.pool);
        #[run]
        dense(Every::<2>, &m.pool, &DENSE, &mut m.y);
    }

    #[intermittent_task]
    fn unpaced(m: &mut Memory) {
        #[run]
        rekindle_kernels::conv2d(&m.x, &CONV, &mut m.conv);
        #[run]
        rekindle_kernels::max_pool(&m.conv, &POOL, &mut m.pool);
        #[run]
        rekindle_kernels::dense(&m.pool, &DENSE, &mut m.y);
    }

    fn image() -> [[[i8; 2]; 4]; 4] {
        core::array::from_fn(|r| {
            core::array::from_fn(|c| [(r * 29 + c * 7) as i8, (c * 31) as i8 - 50])
        })
    }

    #[test]
    fn a_paced_network() {
        for pacing in [Pacing::Random, Pacing::Always, Pacing::Never] {
            let check = || {
                Check::<Memory>::new()
                    .init(|nvm| nvm.write(|m| &mut m.x, &image()))
                    .random(30)
                    .pacing(pacing)
                    .again(false)
            };
            let reports = crash_check!(check() => network);
            for report in &reports {
                assert!(
                    report.unexplored == 0 || pacing == Pacing::Random,
                    "{report}"
                );
                assert_eq!(report.declined > 0, pacing != Pacing::Always, "{report}");
            }
        }
    }

    #[test]
    fn computes_what_the_other_kernels_compute() {
        let run = |paced: bool| {
            let mut words = [0_u64; 128];
            let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words)).unwrap();
            nvm.write(|m| &mut m.x, &image()).unwrap();
            nvm.resume_or_start(&mut [], |cx, m| {
                if paced {
                    network(cx, m)
                } else {
                    unpaced(cx, m)
                }
            })
            .unwrap();
            (
                nvm.read(|m| &m.conv).unwrap(),
                nvm.read(|m| &m.pool).unwrap(),
                nvm.read(|m| &m.y).unwrap(),
            )
        };
        assert_eq!(run(true), run(false));
    }
}
