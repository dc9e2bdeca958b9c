//! Both ways compute the layer, also when the power fails after any commit.

use baseline::flash::Flash;
use baseline::{O, W, X, diy, kindled, unprotected};
use rekindle::prelude::*;

fn expected() -> [i8; O] {
    let mut y = [0; O];
    unprotected(&X, &W, &mut y);
    y
}

#[test]
fn from_parts() {
    for stop in 1..=O {
        let mut program = diy::Program::new(Flash::default());
        program.run(stop).unwrap();
        let mut program = diy::Program::new(program.into_flash());
        program.resume().unwrap();
        assert_eq!(program.y, expected(), "stopped after {stop}");
    }
}

#[test]
fn with_rekindle() {
    let mut words = [0; 128];
    let mut nvm = kindled::Program::open(Mapped::from_words(&mut words)).unwrap();
    nvm.write(|m| &mut m.x, &X).unwrap();
    kindled::run(&mut nvm, &mut []).unwrap();
    assert_eq!(nvm.read(|m| &m.y).unwrap(), expected());
}
