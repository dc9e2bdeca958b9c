use rekindle::clock::NoClock;
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

// It may be read again up to the next commit; what is kept by that stays.
#[intermittent_task]
fn kept_before_it_steers(clock: &NoClock, y: Output<[u8; 16]>) {
    #[sense(expires = 60_000, clock = clock)]
    let place: u8 = adc();
    #[commit]
    let kept: u8 = place;
    y.set(usize::from(kept % 16), 1);
}

fn main() {}
