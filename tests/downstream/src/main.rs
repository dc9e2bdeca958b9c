use downstream::{Memory, app};
use rekindle::prelude::*;
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("which file?")?;
    let mut nvm = Nvm::<Memory, _>::open(File::create_or_open(path, 4096)?)?;
    if nvm.status() == Status::Blank {
        nvm.write(|m| &mut m.x, &[1; 64])?;
    }
    nvm.resume_or_start(&mut [0; 1024], |cx, m| app(cx, &[[3; 64]; 10], m))?;
    println!("{:?}", nvm.read(|m| &m.sums)?);
    Ok(())
}
