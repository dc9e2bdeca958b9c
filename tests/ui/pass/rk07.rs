use rekindle::prelude::*;

fn adc() -> u8 {
    3
}

#[intermittent_task]
fn sensed(y: Output<[u8; 4]>) {
    #[sense]
    let level: u8 = adc();
    if level > 128 {
        y.set(1, level);
    } else {
        y.set(usize::from(level % 4), level);
    }
}

#[intermittent_task]
fn only_the_value(y: Output<[u8; 4]>) {
    let level = adc();
    y.set(0, if level > 128 { 1 } else { level });
}

fn main() {}
