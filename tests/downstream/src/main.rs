//! Resumes the sums on a file: kill it, run it again.
use downstream::{Memory, app};
use rekindle::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = File::create_or_open("sums.nvm", 4096)?;
    let mut nvm = Nvm::<Memory, _>::open(store)?;
    nvm.resume_or_start(&mut [0; 1024], |cx, m| app(cx, &[[3; 64]; 10], m))?;
    println!("{:?}", nvm.read(|m| &m.sums)?);
    Ok(())
}
