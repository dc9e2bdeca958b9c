use rekindle::prelude::*;

#[derive(Layout)]
pub struct Memory {
    pub x: Buffer<[i8; 64]>,
    pub y: Buffer<[i32; 10]>,
    pub sums: Buffer<[i32; 10]>,
}

#[intermittent_task]
pub fn matvec(x: Input<[i8; 64]>, w: &[[i8; 64]; 10], y: Output<[i32; 10]>) {
    #[commit(every = 2)]
    for o in 0..10 {
        let mut acc = 0;
        for i in 0..64 {
            acc += i32::from(x[i]) * i32::from(w[o][i]);
        }
        y.set(o, acc);
    }
}

#[intermittent_task]
pub fn prefix_sum(x: Input<[i32; 10]>, y: Output<[i32; 10]>) {
    let mut sum: i32 = 0;
    #[commit]
    for i in 0..10 {
        sum += x[i];
        y.set(i, sum);
    }
}

#[intermittent_task]
pub fn app(w: &[[i8; 64]; 10], m: &mut Memory) {
    #[run]
    matvec(&m.x, w, &mut m.y);
    #[run]
    prefix_sum(&m.y, &mut m.sums);
}

#[test]
fn survives_every_outage() {
    let w = [[3; 64]; 10];
    rekindle::crash_check!(Memory, |_| Ok(()), |cx, m| app(cx, &w, m));
}
