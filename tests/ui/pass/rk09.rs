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

fn main() {}
