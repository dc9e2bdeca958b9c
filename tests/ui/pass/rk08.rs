use rekindle::prelude::*;

#[intermittent_task]
fn closures_without_commits(x: Input<[i32; 4]>, y: Output<[i32; 4]>) {
    #[commit]
    for i in 0..4 {
        let sum: i32 = (0..4).map(|k| x[k]).sum();
        y.set(i, sum);
    }
}

#[intermittent_task]
fn blocks(y: Output<[i32; 4]>, n: usize) {
    if n > 3 {
        #[commit]
        {
            y.set(0, 1);
        }
    }
}

fn main() {}
