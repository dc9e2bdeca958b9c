use rekindle::prelude::*;

#[intermittent_task]
fn task(y: Output<[i32; 4]>) {
    (0..4).for_each(|i| {
        #[commit]
        {
            y.set(i, 1);
        }
    });
    let z = loop {
        #[run]
        other(&y);
        break 1;
    };
}

fn main() {}
