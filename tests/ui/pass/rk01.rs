use rekindle::prelude::*;

#[intermittent_task]
fn relu(b: InPlace<[i8; 64]>) {
    for i in 0..64 {
        #[commit]
        let v: i8 = b.get(i);
        b.set(i, v.max(0));
    }
}

#[intermittent_task]
fn columns(g: InPlace<[[i8; 2]; 64]>) {
    #[commit]
    for r in 0..64 {
        let v = g.get([r, 0]);
        g.set([r, 1], v);
    }
}

fn main() {}
