use rekindle::prelude::*;

#[intermittent_task]
fn task(x: Input<[i32; 4]>, y: Output<[i32; 4]>) {
    #[commit]
    for i in 0..4 {
        y.set(i, x[3 - i]);
    }
}

#[derive(Layout)]
struct Memory {
    x: Buffer<[i32; 4]>,
}

#[intermittent_task]
fn in_place(m: &mut Memory) {
    #[run]
    task(&m.x, &mut m.x);
}

fn main() {}
