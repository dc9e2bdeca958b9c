use rekindle::prelude::*;

#[intermittent_task]
fn relu(b: InPlace<[i8; 64]>) {
    #[commit]
    for i in 0..64 {
        b.set(i, b.get(i).max(0));
    }
}

// Partial sums updated in place, and counted twice by a cut in between (iNAS).
#[intermittent_task]
fn partial_sums(x: Input<[i32; 64]>, sums: InPlace<[i32; 8]>) {
    #[commit(every = 8)]
    for i in 0..64 {
        let sum = sums.get(i % 8);
        sums.set(i % 8, sum + x[i]);
    }
}

// Over the back edge: what this iteration writes, the one before may have read.
#[intermittent_task]
fn shift(b: InPlace<[i8; 64]>) {
    #[commit(every = 4)]
    for i in 1..64 {
        let v = b.get(i);
        b.set(i - 1, v);
    }
}

#[intermittent_task]
fn alias(b: InPlace<[i8; 64]>) {
    #[commit]
    for i in 0..64 {
        let r = &b;
        let v = r.get(i);
        b.set(i, v + 1);
    }
}

fn main() {}
