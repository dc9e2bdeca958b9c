//! Every form of task that the macro accepts survives every outage, and computes what plain Rust computes.

#![allow(
    clippy::needless_range_loop,
    clippy::manual_is_multiple_of,
    clippy::unnecessary_cast,
    clippy::needless_for_each,
    clippy::multiple_bound_locations,
    reason = "the tasks are written as many people would write them"
)]

use rekindle::crash::Check;
use rekindle::crash_check;
use rekindle::prelude::*;

const N: usize = 6;

#[derive(Layout)]
struct Memory {
    x: Buffer<[i32; N]>,
    grid: Buffer<[[i32; 3]; 4]>,
    y: Buffer<[i32; N]>,
    z: Buffer<[i32; N]>,
    count: Buffer<u32>,
    bins: Buffer<[u16; 4]>,
}

const X: [i32; N] = [3, -1, 4, 1, -5, 9];
const GRID: [[i32; 3]; 4] = [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12]];

/// Checks a task on every store, NOR flash included, and what it leaves in NVM.
macro_rules! survives {
    (|$cx:ident, $m:ident| $task:expr, $($field:ident = $want:expr),+ $(,)?) => {{
        let init = |nvm: &mut Nvm<Memory, _>| {
            nvm.write(|m: &mut Memory| &mut m.x, &X)?;
            nvm.write(|m: &mut Memory| &mut m.grid, &GRID)
        };
        let check = || Check::<Memory>::new().init(init).random(1500);
        let reports = crash_check!(check() => |$cx: &mut Cx<'_, _>, $m: &mut Memory| $task);
        assert!(reports.iter().all(|r| r.unexplored == 0));
        let mut image = vec![0_u64; 256];
        let store = Mapped::from_words(&mut image);
        let mut nvm = Nvm::<Memory, _>::open(store).unwrap();
        nvm.write(|m| &mut m.x, &X).unwrap();
        nvm.write(|m| &mut m.grid, &GRID).unwrap();
        nvm.resume_or_start(&mut [0; 512], |$cx, $m| $task).unwrap();
        $(assert_eq!(nvm.read(|m: &Memory| &m.$field).unwrap(), $want, stringify!($field));)+
        let failures = rekindle_tests::flash_task::survives::<Memory>(
            |nvm| {
                nvm.write(|m| &mut m.x, &X)?;
                nvm.write(|m| &mut m.grid, &GRID)
            },
            |$cx, $m| $task,
        );
        println!("on NOR flash: {failures} failures, no difference");
        reports
    }};
}

#[intermittent_task]
fn double(x: Input<[i32; N]>, y: Output<[i32; N]>) {
    #[commit]
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
    #[commit(every = EVERY)]
    for i in (0..N).rev() {
        y.set(i, x[N - 1 - i]);
    }
    y.set(0, 77);
}

#[test]
fn a_loop_backwards_every_so_often() {
    let mut want = X;
    want.reverse();
    want[0] = 77;
    survives!(|cx, m| backwards::<1>(cx, &m.x, &mut m.y), y = want);
    survives!(|cx, m| backwards::<2>(cx, &m.x, &mut m.y), y = want);
    survives!(|cx, m| backwards::<4>(cx, &m.x, &mut m.y), y = want);
    survives!(|cx, m| backwards::<100>(cx, &m.x, &mut m.y), y = want);
}

#[intermittent_task]
fn prefix_sum(x: Input<[i32; N]>, y: Output<[i32; N]>) {
    let mut sum: i32 = 0;
    #[commit]
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
fn nest(grid: Input<[[i32; 3]; 4]>, y: Output<[i32; N]>, z: Output<[i32; N]>, width: usize) {
    y.set(5, 1000);
    for r in 0..4 {
        let row = &grid[r];
        z.set(r, -1);
        #[commit]
        for c in (0..width).step_by(2) {
            y.set(r, row[c] + c as i32);
        }
        z.set(r, row[0]);
    }
    z.set(5, 5);
}

#[test]
fn a_nest_with_code_around_the_inner_loop() {
    survives!(
        |cx, m| nest(cx, &m.grid, &mut m.y, &mut m.z, 3),
        y = [5, 8, 11, 14, 0, 1000],
        z = [1, 4, 7, 10, 0, 5]
    );
    survives!(
        |cx, m| nest(cx, &m.grid, &mut m.y, &mut m.z, 0),
        y = [0, 0, 0, 0, 0, 1000],
        z = [1, 4, 7, 10, 0, 5]
    );
}

#[intermittent_task]
fn deep(y: Output<[i32; N]>, z: Output<[i32; N]>) {
    for a in 0..2usize {
        for b in (1..=3usize).rev() {
            z.set(b, (a + b) as i32);
            #[commit(every = 5)]
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
        #[commit]
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
fn phases(x: Input<[i32; N]>, y: Output<[i32; N]>, z: Output<[i32; N]>) {
    let mut best = i32::MIN;
    for i in 0..N {
        best = best.max(x[i]);
    }
    let half: i32 = best / 2;
    z.set(0, half);
    let mut sum = 0i32;
    #[commit(every = 2)]
    for i in 0..N {
        sum += best - x[i];
    }
    #[commit]
    for i in 0..N {
        y.set(i, (best - x[i]) * 100 / sum);
    }
    z.set(1, sum);
}

#[test]
fn phases_with_saved_locals() {
    let sum: i32 = X.iter().map(|v| 9 - v).sum();
    survives!(
        |cx, m| phases(cx, &m.x, &mut m.y, &mut m.z),
        y = X.map(|v| (9 - v) * 100 / sum),
        z = [4, sum, 0, 0, 0, 0],
    );
}

// Its commits stay where they were, also if the outage came at the commit inside: what is durable at each is as without.
#[intermittent_task]
fn between_two_commits(z: InPlace<[i32; N]>, y: Output<[i32; N]>) {
    #[commit(every = 2)]
    for i in 0..5 {
        y.set(i, 7);
        #[commit]
        let v: i32 = z.get(0);
        z.set(0, v * 3 + 1);
    }
    let mut k: usize = 0;
    #[commit(every = 3)]
    while k < 5 {
        y.set(k, 8);
        #[commit]
        let v: i32 = z.get(1);
        z.set(1, v * 3 + 1);
        k += 1;
    }
    let mut l: usize = 0;
    #[commit(every = 2)]
    loop {
        y.set(l, 9);
        #[commit]
        let v: i32 = z.get(2);
        z.set(2, v * 3 + 1);
        l += 1;
        if l == 5 {
            break;
        }
    }
}

#[test]
fn an_outage_between_two_commits_of_a_loop() {
    survives!(
        |cx, m| between_two_commits(cx, &mut m.z, &mut m.y),
        z = [121, 121, 121, 0, 0, 0],
        y = [9, 9, 9, 9, 9, 0],
    );
}

#[intermittent_task]
fn collatz(y: Output<[i32; N]>, start: u32) {
    let mut n: u32 = start;
    let mut steps: i32 = 0;
    #[commit]
    while n != 1 {
        n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
        steps += 1;
        y.set((steps as usize) % N, n as i32);
    }
    #[commit]
    y.set(0, steps);
}

#[test]
fn a_while_loop_whose_condition_is_saved() {
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
fn paths(x: Input<[i32; N]>, y: Output<[i32; N]>) {
    let mut i: usize = 0;
    'all: loop {
        if x[i] < 0 {
            #[commit]
            {
                y.set(i, -x[i]);
            }
        } else if x[i] > 3 {
            for k in 0..2usize {
                #[commit]
                y.set(i, x[i] + k as i32);
            }
        } else {
            match x[i] {
                3 => {
                    #[commit]
                    y.set(i, 33);
                }
                other => y.set(i, other),
            }
        }
        // One commit on every way round: without it, `other` alone would give RK04.
        #[commit]
        {
            i += 1;
        }
        while i == 2 {
            #[commit]
            y.set(5, 5);
            i += 1;
        }
        if i >= 5 {
            break 'all;
        }
    }
    if i == 5 {
        return;
    }
    y.set(0, 0);
}

#[test]
fn branches_labels_and_early_return() {
    survives!(|cx, m| paths(cx, &m.x, &mut m.y), y = [33, 1, 0, 1, 5, 5]);
}

#[intermittent_task]
fn jumps(x: Input<[i32; N]>, y: Output<[i32; N]>) {
    'rows: for r in 0..3usize {
        #[commit]
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
fn continue_and_break_across_a_committing_loop() {
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
fn reassigns(x: Input<[i32; N]>, y: Output<[i32; N]>, mut scale: i32, (a, b): (i32, i32)) {
    #[commit]
    for i in 0..N {
        y.set(i, x[i] * scale + a);
        scale += b;
    }
}

#[test]
fn a_reassigned_parameter_is_saved() {
    let mut want = [0; N];
    for i in 0..N {
        want[i] = X[i] * (2 + 3 * i as i32) + 1;
    }
    survives!(|cx, m| reassigns(cx, &m.x, &mut m.y, 2, (1, 3)), y = want);
}

#[intermittent_task]
fn histogram(x: Input<[i32; N]>, bins: State<[u16; 4]>, count: State<u32>) {
    #[commit(every = 2)]
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
    X.iter().for_each(|v| bins[(v & 3) as usize] += 2);
    survives!(|cx, m| twice(cx, m), bins = bins, count = 12);
}

#[intermittent_task]
fn leaf(x: Input<[i32; N]>, y: Output<[i32; N]>, add: i32) {
    let doubled = 2 * add;
    #[commit(every = 4)]
    for i in 0..N {
        y.set(i, x[i] + doubled);
    }
}

#[intermittent_task]
fn middle(m: &mut Memory, rounds: i32) {
    let mut total: i32 = 0;
    for k in 0..rounds {
        #[run]
        leaf(&m.x, &mut m.y, k);
        total += k;
        if k % 2 == 1 {
            #[run]
            leaf(&m.y, &mut m.z, total);
        } else {
            #[run]
            leaf(&m.z, &mut m.x, 1);
        }
    }
    #[run]
    leaf(&m.x, &mut m.z, total);
}

#[intermittent_task]
fn root(m: &mut Memory) {
    #[run]
    middle(m, 2);
    #[run]
    middle(m, 3);
    #[run]
    no_commits(&m.z, &mut m.y);
}

#[intermittent_task]
fn no_commits(x: Input<[i32; N]>, y: Output<[i32; N]>) {
    for i in 0..N {
        y.set(i, x[i] + 1);
    }
}

#[test]
fn tasks_within_tasks_within_tasks() {
    let add = |from: [i32; N], by: i32| from.map(|v| v + 2 * by);
    let (mut x, mut z) = (X, [0; N]);
    for rounds in [2, 3] {
        let mut total = 0;
        for k in 0..rounds {
            let y = add(x, k);
            total += k;
            if k % 2 == 1 {
                z = add(y, total);
            } else {
                x = add(z, 1);
            }
        }
        z = add(x, total);
    }
    let y = z.map(|v| v + 1);
    survives!(|cx, m| root(cx, m), x = x, y = y, z = z);
}

struct Scaler {
    by: i32,
}

impl Scaler {
    #[intermittent_task]
    fn scale<'a, T: Copy + Into<i32>>(
        &self,
        x: Input<'a, [i32; N]>,
        y: Output<'a, [i32; N]>,
        offset: T,
    ) where
        T: Default,
    {
        let by = self.by;
        #[commit]
        for i in 0..N {
            let offset: i32 = offset.into();
            y.set(i, x[i] * by + offset);
        }
    }
}

#[intermittent_task]
fn calls_a_method(scaler: &Scaler, m: &mut Memory) {
    #[run]
    scaler.scale(&m.x, &mut m.y, 7i8);
}

#[test]
fn methods_generics_and_lifetimes() {
    survives!(
        |cx, m| calls_a_method(cx, &Scaler { by: 3 }, m),
        y = X.map(|v| 3 * v + 7)
    );
}

#[intermittent_task]
fn whole_rows(grid: Input<[[i32; 3]; 4]>, out: Output<[[i32; 3]; 4]>) {
    #[commit]
    for r in 0..4 {
        out.set(r, grid[3 - r]);
        out.set([r, 1], r as i32);
    }
}

#[derive(Layout)]
struct Rows {
    from: Buffer<[[i32; 3]; 4]>,
    to: Buffer<[[i32; 3]; 4]>,
}

#[test]
fn rows_written_as_a_whole() {
    crash_check!(Rows, |nvm| nvm.write(|m| &mut m.from, &GRID), |cx, m| {
        whole_rows(cx, &m.from, &mut m.to)
    });
}

/// Three buffers in two places: `late` lies where `early` was.
#[derive(Layout)]
struct Shared {
    x: Buffer<[i32; N]>,
    one: Overlay<24>,
    two: Overlay<24>,
    y: Buffer<[i32; N]>,
}

const EARLY: As<[i32; N]> = As::new();
const BETWEEN: As<[i32; N]> = As::new();
const LATE: As<[[i32; 3]; 2]> = As::new();

#[intermittent_task]
fn rows(x: Input<[i32; N]>, y: Output<[[i32; 3]; 2]>) {
    #[commit]
    for r in 0..2 {
        y.set(r, [x[r], x[r + 2], x[r + 4]]);
    }
}

#[intermittent_task]
fn flat(x: Input<[[i32; 3]; 2]>, y: Output<[i32; N]>) {
    #[commit]
    for i in 0..N {
        y.set(i, x[i % 2][i / 2] + 1);
    }
}

#[intermittent_task]
fn in_turn(m: &mut Shared) {
    #[run]
    double(&m.x, &mut m.one[EARLY]);
    #[run]
    double(&m.one[EARLY], &mut m.two[BETWEEN]);
    #[run]
    rows(&m.two[BETWEEN], &mut m.one[LATE]);
    #[run]
    flat(&m.one[LATE], &mut m.y);
}

#[test]
fn buffers_that_share_a_place_in_turn() {
    let init = |nvm: &mut Nvm<Shared, _>| nvm.write(|m: &mut Shared| &mut m.x, &X);
    let check = || Check::<Shared>::new().init(init).random(1500);
    let reports = crash_check!(check() => |cx: &mut Cx<'_, _>, m: &mut Shared| in_turn(cx, m));
    assert!(
        reports
            .iter()
            .all(|r| r.unexplored == 0 && r.hazards.is_empty())
    );
    let mut image = vec![0_u64; 64];
    let mut nvm = Nvm::<Shared, _>::open(Mapped::from_words(&mut image)).unwrap();
    nvm.write(|m| &mut m.x, &X).unwrap();
    nvm.resume_or_start(&mut [], in_turn).unwrap();
    assert_eq!(nvm.read(|m| &m.y).unwrap(), X.map(|v| 4 * v + 1));
}

#[test]
fn faults_of_the_store_for_nor_flash_are_seen() {
    use rekindle::crash::{Bug, seed_flash_bug};
    let seen = |bug| {
        std::panic::catch_unwind(|| {
            let _seed = seed_flash_bug(bug);
            rekindle_tests::flash_task::survives::<Memory>(
                |nvm| nvm.write(|m| &mut m.x, &X),
                |cx, m| double(cx, &m.x, &mut m.y),
            )
        })
        .is_err()
    };
    assert!(seen(Bug::HalfErasedTaken));
    assert!(seen(Bug::WrittenAgain));
    assert!(!seen(Bug::StaleWord), "not a fault of this store");
}
