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

#[intermittent_task]
fn left_out_or_not(b: InPlace<[u8; 4]>) {
    #[commit]
    for i in 0..4 {
        #[cfg(feature = "reset")]
        b.set(i, 0);
        let v: u8 = b.get(i);
        b.set(i, v + 1);
    }
}

#[allow(unused_macros)]
macro_rules! either {
    ($y:ident, $v:expr) => {
        if $v > 3 {
            $y.set(0, 1)
        } else {
            $y.set(1, 1)
        }
    };
}

#[intermittent_task]
fn a_macro_of_ones_own(y: Output<[u8; 4]>, v: u8) {
    either!(y, v);
}

fn main() {}
