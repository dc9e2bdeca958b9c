use rekindle::prelude::*;

fn gain() -> i32 {
    3
}

#[intermittent_task]
fn from_outside(x: Input<[i32; 4]>, y: Output<[i32; 4]>) {
    let gain = gain();
    #[commit]
    for i in 0..4 {
        y.set(i, x[i] * gain);
    }
}

#[intermittent_task]
fn from_what_changes(x: Input<[i32; 4]>, y: Output<[i32; 4]>) {
    let mut k: usize = 0;
    k += 1;
    let half = k / 2;
    #[commit]
    for i in 0..4 {
        y.set(half, x[i]);
        k += 1;
    }
}

#[intermittent_task]
fn range(y: Output<[i32; 4]>) {
    let mut end: usize = 4;
    #[commit]
    for i in 0..end {
        end -= 1;
        y.set(i, 1);
    }
}

#[intermittent_task]
fn sub(scale: i32, y: Output<[i32; 4]>) {
    #[commit]
    y.set(0, scale);
}

#[intermittent_task]
fn argument(m: &mut Memory) {
    #[run]
    sub(gain(), &mut m.y);
}

#[derive(Layout)]
struct Memory {
    y: Buffer<[i32; 4]>,
}

fn main() {}
