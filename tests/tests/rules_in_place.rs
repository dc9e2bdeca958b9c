//! The accepted forms of work on in-place buffers (RK01) survive every outage, on every store.

use rekindle::crash::Check;
use rekindle::crash_check;
use rekindle::prelude::*;

const N: usize = 6;
const B: [i32; N] = [3, -1, 4, 1, -5, 9];

#[derive(Layout)]
struct Memory {
    b: Buffer<[i32; N]>,
    c: Buffer<[i32; N]>,
    bins: Buffer<[u16; 4]>,
}

/// Checks a task on every store, and what it leaves in a buffer.
macro_rules! survives {
    (|$cx:ident, $m:ident| $task:expr, $field:ident = $want:expr) => {{
        let init = |nvm: &mut Nvm<Memory, _>| {
            nvm.write(|m: &mut Memory| &mut m.b, &B)?;
            nvm.write(|m: &mut Memory| &mut m.c, &[10; N])
        };
        let check = || Check::<Memory>::new().init(init).random(200);
        let reports = crash_check!(check() => |$cx: &mut Cx<'_, _>, $m: &mut Memory| $task);
        assert!(reports.iter().all(|r| r.unexplored == 0));
        let mut image = vec![0_u64; 256];
        let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut image)).unwrap();
        nvm.write(|m| &mut m.b, &B).unwrap();
        nvm.write(|m| &mut m.c, &[10; N]).unwrap();
        nvm.resume_or_start(&mut [0; 512], |$cx, $m| $task).unwrap();
        assert_eq!(nvm.read(|m: &Memory| &m.$field).unwrap(), $want);
    }};
}

#[intermittent_task]
fn relu(b: InPlace<[i32; N]>) {
    for i in 0..N {
        #[commit]
        let v: i32 = b.get(i);
        b.set(i, v.max(0));
    }
}

#[test]
fn relu_in_place() {
    survives!(|cx, m| relu(cx, &mut m.b), b = B.map(|v| v.max(0)));
}

#[intermittent_task]
fn add(b: InPlace<[i32; N]>, c: Input<[i32; N]>) {
    for i in 0..N {
        #[commit]
        let v: i32 = b.get(i);
        b.set(i, v + c[i]);
    }
}

#[test]
fn addition_in_place() {
    survives!(|cx, m| add(cx, &mut m.b, &m.c), b = B.map(|v| v + 10));
}

#[intermittent_task]
fn prefix_sums(b: InPlace<[i32; N]>) {
    let mut sum: i32 = 0;
    for i in 0..N {
        #[commit]
        let v: i32 = b.get(i);
        sum += v;
        b.set(i, sum);
    }
}

#[test]
fn running_sums_in_place() {
    survives!(|cx, m| prefix_sums(cx, &mut m.b), b = [3, 2, 6, 7, 2, 11]);
}

#[intermittent_task]
fn bubble_sort(b: InPlace<[i32; N]>) {
    for _ in 0..N {
        for i in 1..N {
            #[commit]
            let pair: [i32; 2] = [b.get(i - 1), b.get(i)];
            b.set(i - 1, pair[0].min(pair[1]));
            b.set(i, pair[0].max(pair[1]));
        }
    }
}

#[test]
fn sorting_in_place() {
    let mut want = B;
    want.sort_unstable();
    survives!(|cx, m| bubble_sort(cx, &mut m.b), b = want);
}

#[intermittent_task]
fn histogram(b: Input<[i32; N]>, bins: InPlace<[u16; 4]>) {
    for k in 0..4 {
        bins.set(k, 0);
    }
    for &v in b {
        let bin: usize = v.unsigned_abs() as usize % 4;
        #[commit]
        let count: u16 = bins.get(bin);
        bins.set(bin, count + 1);
    }
}

#[test]
fn a_histogram_in_place() {
    survives!(
        |cx, m| histogram(cx, &m.b, &mut m.bins),
        bins = [1, 4, 0, 1]
    );
}

#[intermittent_task]
fn shift(b: InPlace<[i32; N]>) {
    // Distinct items: what is read is written one commit later.
    #[commit]
    for i in 0..N - 1 {
        let v = b.get(i + 1);
        b.set(i, v);
    }
}

#[test]
fn a_shift_by_one() {
    survives!(|cx, m| shift(cx, &mut m.b), b = [-1, 4, 1, -5, 9, 9]);
}

#[intermittent_task]
fn made_and_read(b: InPlace<[i32; N]>, c: Output<[i32; N]>) {
    #[commit(every = 4)]
    for i in 0..N {
        b.set(i, 7);
        let v = b.get(i);
        c.set(i, v + 1);
    }
}

#[test]
fn an_item_that_the_region_itself_has_made() {
    survives!(|cx, m| made_and_read(cx, &mut m.b, &mut m.c), c = [8; N]);
}
