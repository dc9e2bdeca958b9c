use rekindle::prelude::*;

#[intermittent_task(fast)]
fn task(y: Output<[i32; 4]>) {
    #[commit(each = 3)]
    for i in 0..4 {
        y.set(i, 1);
    }
}

fn main() {}
