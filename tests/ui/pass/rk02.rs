use rekindle::prelude::*;

#[intermittent_task]
fn parameter(x: Input<[i32; 4]>, mut scale: i32, y: Output<[i32; 4]>) {
    #[commit]
    for i in 0..4 {
        y.set(i, x[i] * scale);
        scale += 1;
    }
}

#[intermittent_task]
fn maximum(x: Input<[i32; 4]>, y: Output<[i32; 1]>) {
    let mut greatest: i32 = x[0];
    #[commit]
    for i in 1..4 {
        greatest = greatest.max(x[i]);
    }
    y.set(0, greatest);
}

fn main() {}
