use rekindle::prelude::*;

#[intermittent_task]
fn closure(y: Output<[i32; 4]>) {
    (0..4).for_each(|i| {
        #[commit]
        y.set(i, 1);
    });
}

#[intermittent_task]
fn expression(y: Output<[i32; 4]>) {
    let last = {
        #[commit]
        y.set(0, 1);
        3
    };
    y.set(last, 1);
}

#[intermittent_task]
fn nested_item(y: Output<[i32; 4]>) {
    fn inner() {
        #[commit]
        for _ in 0..3 {}
    }
    y.set(0, 1);
}

#[intermittent_task]
fn not_a_call(y: Output<[i32; 4]>) {
    #[run]
    if true {
        y.set(0, 1);
    }
}

#[intermittent_task]
fn sense_without_a_name(y: Output<[i32; 4]>) {
    let f = || {
        #[sense]
        let level: u8 = 3;
        level
    };
    y.set(0, i32::from(f()));
}

fn main() {}
