use rekindle::prelude::*;

#[intermittent_task]
fn task(x: Input<[i32; 4]>, y: Output<[i32; 4]>) {
    let mut sum = 0;
    #[commit]
    for i in 0..4 {
        sum += x[i];
        y.set(i, sum);
    }
}

#[derive(Layout)]
struct Memory {
    x: Buffer<[i32; 4]>,
    y: Buffer<[i32; 4]>,
}

#[intermittent_task]
fn caller(m: &mut Memory) {
    // No follow-up error here: the signature above is still there.
    #[run]
    task(&m.x, &mut m.y);
}

fn main() {}
