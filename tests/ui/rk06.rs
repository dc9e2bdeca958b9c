use rekindle::prelude::*;

struct Radio;
impl Radio {
    fn send(&mut self, _: i32) {}
}
fn beep() {}

#[intermittent_task]
fn device(x: Input<[i32; 4]>, radio: &mut Radio, y: Output<[i32; 4]>) {
    #[commit]
    for i in 0..4 {
        radio.send(x[i]);
        y.set(i, x[i]);
    }
}

#[intermittent_task]
fn call(y: Output<[i32; 4]>) {
    y.set(0, 1);
    beep();
}

#[intermittent_task]
fn message(n: usize) {
    println!("{n}");
}

#[intermittent_task]
fn exactly_once(radio: &mut Radio) {
    #[effect(exactly_once)]
    radio.send(1);
}

fn main() {}
