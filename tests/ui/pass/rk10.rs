use rekindle::prelude::*;

mod other {
    use rekindle::prelude::*;

    #[intermittent_task]
    pub fn same_name(y: Output<[i32; 4]>, n: usize) {
        y.set(n % 4, 1);
    }
}

#[intermittent_task]
fn same_name(m: &mut Memory, n: usize) {
    #[run]
    other::same_name(&mut m.y, n);
}

#[intermittent_task]
fn one_after_another(m: &mut Memory) {
    for k in 0..4 {
        #[run]
        other::same_name(&mut m.y, k);
    }
}

#[derive(Layout)]
struct Memory {
    y: Buffer<[i32; 4]>,
}

fn main() {}
