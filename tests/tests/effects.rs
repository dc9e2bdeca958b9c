//! Effects happen as often as their task says; what was sensed steers the same way after every outage; a wrong
//! assumption is found by the crash checker.

use std::cell::Cell;

use rekindle::clock::Clock;
use rekindle::crash::{Check, Cut, Ram, cut_after};
use rekindle::prelude::*;

const N: usize = 4;
const X: [i32; N] = [3, 1, 4, 1];

#[derive(Layout)]
struct Memory {
    x: Buffer<[i32; N]>,
    y: Buffer<[i32; N]>,
}

/// The world: survives every outage, and counts what reaches it.
#[derive(Default)]
struct World {
    sent: Cell<[u32; N]>,
    reads: Cell<usize>,
    boots: Cell<u64>,
}

/// What a task is handed of it.
struct Device<'w>(&'w World);

impl Device<'_> {
    fn send(&mut self, i: usize) {
        let mut sent = self.0.sent.get();
        sent[i] += 1;
        self.0.sent.set(sent);
    }

    /// Another value each time.
    fn measure(&mut self) -> usize {
        self.0.reads.set(self.0.reads.get() + 1);
        self.0.reads.get() % N
    }
}

/// Runs a task to its end with the power cut at the `n`-th write, then once more at the `again`-th; gives what NVM holds,
/// and whether a cut came.
macro_rules! through {
    ($n:expr, $again:expr, |$cx:ident, $m:ident| $task:expr) => {{
        let ram = Ram::new(256);
        let boot = || {
            let mut nvm = Nvm::<Memory, _>::open(Cut::new(Bytes::new(ram.clone()))).unwrap();
            nvm.resume_or_start(&mut [0; 512], |$cx, $m| $task).unwrap();
        };
        {
            let mut nvm = Nvm::<Memory, _>::open(Bytes::new(ram.clone())).unwrap();
            nvm.write(|m| &mut m.x, &X).unwrap();
        }
        let cut = cut_after($n, 1, boot).is_err();
        if cut && cut_after($again, 0, boot).is_err() {
            boot();
        }
        let mut nvm = Nvm::<Memory, _>::open(Bytes::new(ram.clone())).unwrap();
        (nvm.read(|m: &Memory| &m.y).unwrap(), cut)
    }};
}

/// Every first cut with every of a few second ones; the number of runs.
fn every_cut(mut run: impl FnMut(usize, usize) -> bool) -> usize {
    let mut runs = 0;
    for n in 0.. {
        for again in [0, 1, 3, 7] {
            runs += 1;
            if !run(n, again) {
                return runs;
            }
        }
    }
    runs
}

#[intermittent_task]
fn at_most_once(x: Input<[i32; N]>, radio: &mut Device<'_>, y: Output<[i32; N]>) {
    for i in 0..N {
        y.set(i, x[i]);
        #[effect(at_most_once)]
        radio.send(i);
    }
}

#[test]
fn at_most_once_is_never_twice() {
    let mut left_out = 0;
    let runs = every_cut(|n, again| {
        let world = World::default();
        let (y, cut) = through!(n, again, |cx, m| {
            at_most_once(cx, &m.x, &mut Device(&world), &mut m.y)
        });
        assert_eq!(y, X);
        let sent = world.sent.get();
        assert!(sent.iter().all(|&s| s <= 1), "cut {n}, {again}: {sent:?}");
        if !cut {
            assert_eq!(sent, [1; N]);
        }
        left_out += sent.iter().filter(|&&s| s == 0).count();
        cut
    });
    assert!(runs > 20, "{runs} cuts show nothing");
    // The commit may be durable and the power gone before the message: that is what "at most" means.
    println!("{runs} runs, {left_out} messages left out");
}

#[intermittent_task]
fn at_least_once(x: Input<[i32; N]>, radio: &mut Device<'_>, y: Output<[i32; N]>) {
    #[commit]
    for i in 0..N {
        #[effect(at_least_once)]
        radio.send(i);
        y.set(i, x[i]);
    }
}

#[test]
fn at_least_once_is_never_left_out() {
    let mut twice = false;
    let runs = every_cut(|n, again| {
        let world = World::default();
        let (y, cut) = through!(n, again, |cx, m| {
            at_least_once(cx, &m.x, &mut Device(&world), &mut m.y)
        });
        assert_eq!(y, X);
        let sent = world.sent.get();
        assert!(sent.iter().all(|&s| s >= 1), "cut {n}, {again}: {sent:?}");
        twice |= sent.iter().any(|&s| s > 1);
        cut
    });
    assert!(runs > 20 && twice, "{runs} cuts show nothing");
}

#[intermittent_task]
fn sensed_by_a_function(y: Output<[i32; N]>, world: &World) {
    // A call with arguments: only its mark says that it is not a function of them.
    #[sense]
    let place: usize = measure(world);
    y.set(place, 1);
    #[commit]
    y.set((place + 1) % N, 2);
}

fn measure(world: &World) -> usize {
    Device(world).measure()
}

#[test]
fn a_marked_call_with_arguments_is_not_made_again() {
    let runs = every_cut(|n, again| {
        let world = World::default();
        let (y, cut) = through!(n, again, |cx, m| sensed_by_a_function(cx, &mut m.y, &world));
        let place = y.iter().position(|&v| v == 1).expect("it was written");
        assert_eq!(y[(place + 1) % N], 2, "cut {n}, {again}: {y:?}");
        cut
    });
    assert!(runs > 8, "{runs} cuts show nothing");
}

/// Stops in an outage, or not; an hour passes in each boot.
struct Hours<'w>(&'w World, bool);

impl Clock for Hours<'_> {
    fn now_ms(&self) -> Option<u64> {
        self.1.then(|| self.0.boots.get() * 3_600_000)
    }
}

/// Two readings: one that is as good as ever after a day, and one that expires.
#[intermittent_task]
fn expiring(world: &World, clock: &Hours<'_>, y: Output<[i32; N]>) {
    #[sense(expires = 86_400_000, clock = clock)]
    let lasting: i32 = reading(world);
    y.set(0, lasting);
    #[commit]
    y.set(1, lasting);
    #[sense(expires = 60_000, clock = clock)]
    let short: i32 = reading(world);
    y.set(2, short);
    #[commit]
    let kept: i32 = short;
    y.set(3, kept);
}

/// The number of the boot, so that a reading tells its age.
fn reading(world: &World) -> i32 {
    i32::try_from(world.boots.get()).unwrap()
}

#[test]
fn a_reading_that_has_expired_is_read_again_before_anything_is_made_of_it() {
    for knows in [true, false] {
        let mut again = false;
        let mut first = Vec::new();
        for n in 0.. {
            let world = World::default();
            let ram = Ram::new(256);
            let boot = || {
                world.boots.set(world.boots.get() + 1);
                let clock = Hours(&world, knows);
                let mut nvm = Nvm::<Memory, _>::open(Cut::new(Bytes::new(ram.clone()))).unwrap();
                nvm.resume_or_start(&mut [0; 512], |cx, m| {
                    expiring(cx, &world, &clock, &mut m.y)
                })
                .unwrap();
            };
            let cut = cut_after(n, 0, boot).is_err();
            if cut {
                boot();
            }
            let mut nvm = Nvm::<Memory, _>::open(Bytes::new(ram.clone())).unwrap();
            let y = nvm.read(|m: &Memory| &m.y).unwrap();
            // One reading in all places that it went to.
            assert_eq!((y[0], y[2]), (y[1], y[3]), "cut {n}: {y:?}");
            first.push(y[0]);
            again |= y[2] == 2;
            if !cut {
                assert_eq!(y, [1; N]);
                break;
            }
        }
        assert!(again, "no cut made a reading expire");
        // An hour is not a day; without a clock nobody can tell.
        let kept = first.iter().filter(|&&v| v == 1).count();
        println!("{} cuts, {kept} with the first reading", first.len());
        assert!(kept > 1);
        if !knows {
            assert!(kept < first.len());
        }
    }
}

#[intermittent_task]
fn sensed(sensor: &mut Device<'_>, y: Output<[i32; N]>) {
    #[sense]
    let place: usize = sensor.measure();
    y.set(place, 1);
    #[commit]
    y.set((place + 1) % N, 2);
}

#[test]
fn what_was_sensed_steers_the_same_way_after_every_outage() {
    let runs = every_cut(|n, again| {
        let world = World::default();
        let (y, cut) = through!(n, again, |cx, m| sensed(cx, &mut Device(&world), &mut m.y));
        let place = y.iter().position(|&v| v == 1).expect("it was written");
        let mut expected = [0; N];
        expected[place] = 1;
        expected[(place + 1) % N] = 2;
        assert_eq!(y, expected, "cut {n}, {again}");
        cut
    });
    assert!(runs > 8, "{runs} cuts show nothing");
}

#[derive(Layout)]
struct InPlaceMemory {
    b: Buffer<[i32; N]>,
}

#[intermittent_task]
fn assumed_rightly(b: InPlace<[i32; N]>) {
    for i in 0..N {
        let v = b.get(i);
        #[assume_idempotent("the greater of the two again is the same")]
        b.set(i, v.max(2));
        #[commit]
        {}
    }
}

#[intermittent_task]
fn assumed_wrongly(b: InPlace<[i32; N]>) {
    for i in 0..N {
        let v = b.get(i);
        #[assume_idempotent("it is not")]
        b.set(i, v + 1);
        #[commit]
        {}
    }
}

fn check() -> Check<'static, InPlaceMemory> {
    Check::new().init(|nvm| nvm.write(|m: &mut InPlaceMemory| &mut m.b, &X))
}

#[test]
fn an_assumption_that_holds_passes_the_crash_checker() {
    check()
        .try_mapped(|cx, m: &mut InPlaceMemory| assumed_rightly(cx, &mut m.b))
        .expect("it is the same twice");
}

#[test]
fn an_assumption_that_is_false_is_found_by_the_crash_checker() {
    let failure = check()
        .try_mapped(|cx, m: &mut InPlaceMemory| assumed_wrongly(cx, &mut m.b))
        .expect_err("it is not");
    println!("{failure}");
    let [(file, _, why)] = failure.assumptions()[..] else {
        panic!("one assumption: {failure}");
    };
    assert!(file.ends_with("effects.rs") && why == "it is not");
    assert!(failure.to_string().contains("assumes that repeating"));
}
