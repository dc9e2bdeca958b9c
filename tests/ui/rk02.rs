use rekindle::prelude::*;

// A parameter that is reassigned, and not kept (ImmortalThreads).
#[intermittent_task]
fn parameter(x: Input<[i32; 4]>, mut scale: &'static [i32], y: Output<[i32; 4]>) {
    #[commit]
    for i in 0..4 {
        y.set(i, x[i] * scale[0]);
        scale = &scale[1..];
    }
}

// The index is kept, the running maximum is not (SONIC).
#[intermittent_task]
fn maximum(x: Input<[i32; 4]>, y: Output<[i32; 1]>) {
    let mut greatest = x[0];
    #[commit]
    for i in 1..4 {
        greatest = greatest.max(x[i]);
    }
    y.set(0, greatest);
}

#[intermittent_task]
fn loop_variable(y: Output<[i32; 8]>) {
    #[commit]
    for mut i in 0..4 {
        i += 1;
        y.set(i, 1);
    }
}

#[intermittent_task]
fn hidden(y: Output<[i32; 8]>) {
    let mut k: usize = 0;
    k += 1;
    {
        let mut k: u8 = 0;
        #[commit]
        for i in 0..4 {
            k += 1;
            y.set(i, i32::from(k));
        }
    }
    y.set(k, 1);
}

fn main() {}
