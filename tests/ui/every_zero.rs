use rekindle::prelude::*;

#[intermittent_task]
fn literal(y: Output<[i32; 4]>) {
    #[commit(every = 0)]
    for i in 0..4 {
        y.set(i, 1);
    }
}

fn main() {}
