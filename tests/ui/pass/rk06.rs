use rekindle::prelude::*;

struct Radio;
impl Radio {
    fn send(&mut self, _: i32) {}
}

#[intermittent_task]
fn at_least_once(x: Input<[i32; 4]>, radio: &mut Radio, y: Output<[i32; 4]>) {
    #[commit]
    for i in 0..4 {
        #[effect(at_least_once)]
        radio.send(x[i]);
        y.set(i, x[i]);
    }
}

#[intermittent_task]
fn at_most_once(radio: &mut Radio, n: usize) {
    #[effect(at_most_once)]
    radio.send(1);
    if n > 3 {
        #[effect(at_least_once)]
        println!("{n}");
    }
}

fn main() {}
