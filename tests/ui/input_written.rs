use rekindle::prelude::*;

#[intermittent_task]
fn task(x: Input<[i32; 4]>) {
    #[commit]
    for i in 0..4 {
        x[i] = 0;
    }
}

fn main() {}
