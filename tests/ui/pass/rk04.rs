use rekindle::prelude::*;

#[intermittent_task]
fn committed(y: Output<[i32; 8]>, n: usize) {
    #[commit]
    for k in 0..n {
        y.set(k % 8, 1);
    }
}

#[intermittent_task]
fn bounded<const N: usize>(y: Output<[i32; N]>, n: usize) {
    for k in 0..n.min(N) {
        y.set(k, 1);
    }
    let mut k: usize = 0;
    while k < N {
        y.set(k, 2);
        k += 2;
    }
}

fn main() {}
