use rekindle::prelude::*;

fn next(k: usize) -> usize {
    k + 1
}

#[intermittent_task]
fn conditional(n: usize) {
    let mut k: usize = 0;
    while k < n {
        k = next(k);
    }
}

#[intermittent_task]
fn sometimes(y: Output<[i32; 8]>, n: usize) {
    loop {
        if n > 3 {
            #[commit]
            y.set(0, 1);
        }
    }
}

#[intermittent_task]
fn endless(y: Output<[i32; 8]>) {
    for k in 0.. {
        y.set(k % 8, 1);
    }
}

#[intermittent_task]
fn as_many_as_asked_for(y: Output<[i32; 8]>, n: usize) {
    for k in 0..n {
        y.set(k % 8, 1);
    }
}

fn main() {}
