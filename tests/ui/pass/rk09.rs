use rekindle::prelude::*;

static TABLE: [u8; 4] = [1, 2, 3, 4];

#[intermittent_task]
fn table(y: Output<[u8; 4]>) {
    #[commit]
    for i in 0..4 {
        y.set(i, TABLE[i]);
    }
}

#[intermittent_task]
fn counted(seen: State<u32>, y: Output<[u8; 4]>) {
    let mut row = [1, 2, 3, 4];
    row.swap(0, 1);
    *seen += 1;
    y.set(0, row[0]);
}

#[intermittent_task]
fn for_one_build_or_another(y: Output<[u8; 4]>) {
    #[commit]
    for i in 0..4 {
        y.set(i, if cfg!(debug_assertions) { 1 } else { 2 });
    }
}

macro_rules! twice {
    ($v:expr) => {
        2 * $v
    };
}

#[intermittent_task]
fn a_macro_without_a_buffer(y: Output<[u8; 4]>, v: u8) {
    debug_assert!(v < 9, "{v}");
    y.set(0, twice!(v));
}

fn main() {}
