use rekindle::prelude::*;

#[intermittent_task]
fn literal(y: Output<[i32; 4]>) {
    #[commit(every = 0)]
    for i in 0..4 {
        y.set(i, 1);
    }
}

#[intermittent_task]
fn generic<const EVERY: usize>(y: Output<[i32; 4]>) {
    #[commit(every = EVERY)]
    for i in 0..4 {
        y.set(i, 1);
    }
}

#[derive(Layout)]
struct Memory {
    y: Buffer<[i32; 4]>,
}

#[intermittent_task]
fn caller(m: &mut Memory) {
    #[run]
    generic::<0>(&mut m.y);
}

fn main() {}
