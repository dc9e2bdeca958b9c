use rekindle::clock::NoClock;
use rekindle::prelude::*;

fn adc() -> u8 {
    3
}

#[intermittent_task]
fn branch(y: Output<[u8; 4]>) {
    let level = adc();
    if level > 128 {
        y.set(1, level);
    } else {
        y.set(0, level);
    }
}

#[intermittent_task]
fn index(y: Output<[u8; 4]>) {
    y.set(usize::from(adc() % 4), 1);
}

#[intermittent_task]
fn way_out(y: Output<[u8; 4]>) {
    for i in 0..4 {
        if adc() > 128 {
            break;
        }
        y.set(i, 1);
    }
}

#[intermittent_task]
fn by_an_assignment(y: Output<[u8; 4]>) {
    let mut place: usize = 0;
    if adc() > 128 {
        place = 3;
    }
    y.set(place, 1);
}

#[intermittent_task]
fn under_another_name(y: Output<[u8; 4]>) {
    let other = &y;
    match adc() {
        0 => other.set(0, 1),
        _ => {}
    }
}

// Read again after an hour without power, and then it may say otherwise.
#[intermittent_task]
fn that_may_expire(clock: &NoClock, y: Output<[u8; 16]>) {
    #[sense(expires = 60_000, clock = clock)]
    let place: u8 = adc();
    y.set(usize::from(place % 16), 1);
}

#[intermittent_task]
fn an_age_without_a_clock(y: Output<[u8; 16]>) {
    #[sense(expires = 60_000)]
    let level: u8 = adc();
    y.set(0, level);
}

fn main() {}
