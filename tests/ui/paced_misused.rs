use rekindle::prelude::*;

#[intermittent_task]
fn no_pacer(y: Output<[i32; 4]>) {
    #[commit(cost = 4)]
    for i in 0..4 {
        y.set(i, 1);
    }
}

#[intermittent_task]
fn a_block(y: Output<[i32; 4]>) {
    #[commit(paced)]
    {
        y.set(0, 1);
    }
}

#[intermittent_task]
fn changing_cost(y: Output<[i32; 4]>) {
    #[commit(paced, cost = i)]
    for i in 0..4 {
        y.set(i, 1);
    }
}

fn main() {}
