use rekindle::prelude::*;

fn gain() -> i32 {
    3
}

#[intermittent_task]
fn saved(x: Input<[i32; 4]>, y: Output<[i32; 4]>) {
    let gain: i32 = gain();
    #[commit]
    for i in 0..4 {
        y.set(i, x[i] * gain);
    }
}

#[intermittent_task]
fn recomputed(x: Input<[i32; 8]>, y: Output<[i32; 4]>) {
    let row = &x[4..];
    let half = row.len() / 2;
    #[commit]
    for i in 0..half {
        y.set(i, row[i]);
    }
}

fn main() {}
