//! A matrix-vector product and a prefix sum that survive power failures.
use rekindle::prelude::*;

#[derive(Layout)]
pub struct Memory {
    pub x: Buffer<[i8; 64]>,
    pub y: Buffer<[i32; 10]>,
    pub sums: Buffer<[i32; 10]>,
}

#[intermittent_task]
pub fn matvec<const I: usize, const O: usize>(
    x: Input<[i8; I]>,
    w: &[[i8; I]; O],
    y: Output<[i32; O]>,
) {
    #[commit(every = 2)]
    for o in 0..O {
        let mut acc = 0;
        for i in 0..I {
            acc += i32::from(x[i]) * i32::from(w[o][i]);
        }
        y.set(o, acc);
    }
}

#[intermittent_task]
pub fn prefix_sum<const N: usize>(x: Input<[i32; N]>, y: Output<[i32; N]>) {
    let mut sum: i32 = 0;
    #[commit]
    for i in 0..N {
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

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn survives_every_outage() {
        rekindle::crash_check!(
            Memory,
            |nvm| nvm.write(|m| &mut m.x, &[1; 64]),
            |cx, m| app(cx, &[[3; 64]; 10], m)
        );
    }
}
