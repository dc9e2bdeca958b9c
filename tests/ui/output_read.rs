use rekindle::prelude::*;

#[intermittent_task]
fn task(y: Output<[i32; 4]>) {
    #[commit]
    for i in 0..4 {
        y.set(i, y[i] + 1);
    }
}

fn main() {}
