// Of a task that is refused, its signature stays: those who call it see no errors of their own.
use rekindle::prelude::*;

#[intermittent_task]
fn refused<const N: usize>(x: Input<[i32; N]>, y: Output<[i32; N]>, n: usize) {
    for i in 0..n {
        y.set(i, x[i]);
    }
}

#[intermittent_task]
fn caller(x: Input<[i32; 4]>, y: Output<[i32; 4]>) {
    #[run]
    refused::<4>(x, y, 4);
}

#[derive(Layout)]
struct Memory {
    x: Buffer<[i32; 4]>,
    y: Buffer<[i32; 4]>,
}

fn main() -> Result<(), Error> {
    let mut words = [0_u64; 64];
    let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
    nvm.resume_or_start(&mut [], |cx, m| refused(cx, &m.x, &mut m.y, 3))?;
    nvm.resume_or_start(&mut [], |cx, m| caller(cx, &m.x, &mut m.y))?;
    Ok(())
}
