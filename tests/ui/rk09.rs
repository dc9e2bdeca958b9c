use core::cell::Cell;
use core::sync::atomic::AtomicU32;
use rekindle::prelude::*;

static SEEN: AtomicU32 = AtomicU32::new(0);
static mut TOTAL: u32 = 0;

#[intermittent_task]
fn atomics(y: Output<[u8; 4]>) {
    SEEN.fetch_add(1, core::sync::atomic::Ordering::Relaxed);
    y.set(0, 1);
}

#[intermittent_task]
fn statics(y: Output<[u8; 4]>) {
    unsafe { TOTAL += 1 };
    y.set(0, 1);
}

#[intermittent_task]
fn cells(count: &Cell<u8>, y: Output<[u8; 4]>) {
    y.set(0, count.get());
}

#[intermittent_task]
fn pointers(n: usize, y: Output<[usize; 4]>) {
    let p = &raw const n;
    y.set(0, p.addr());
}

fn main() {}
