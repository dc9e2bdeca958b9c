use rekindle::prelude::*;

#[intermittent_task]
fn endless(y: Output<[u32; 1]>, start: u32) {
    let mut n: u32 = start;
    #[commit(paced)]
    while n != 1 {
        n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
    }
    y.set(0, n);
}

#[intermittent_task]
fn shift(b: InPlace<[i32; 8]>) {
    #[commit(paced)]
    for i in 0..7 {
        let v = b.get(i + 1);
        b.set(i, v);
    }
}

fn main() {}
