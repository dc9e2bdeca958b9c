//! What only the device has.

mod console;
mod control;
mod driver;
mod power;

use core::panic::PanicInfo;

use cortex_m_rt::entry;
use rekindle::store::{Flash, Store};
use rekindle_msp430::{DATA_AT, NVM, PROGRAM, Program, classify_once};

use self::console::{end, say};
use self::control::{Config, control, remember};
use self::driver::{BASE, Bench, SIZE};
use crate::{DIGEST, PICTURES, digest, picture, version};

/// Bytes of SRAM for a task's buffers.
const ARENA: usize = 2600;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    power::stay_on();
    say(format_args!("{info}\n"));
    end(false)
}

#[entry]
fn main() -> ! {
    if !control::is_set_up() {
        set_up();
    }
    loop {
        let now = control();
        if now.failures >= now.config.failures && now.done > 0 {
            finish();
        }
        inference();
    }
}

/// Reads what is to be done, computes what is to be found, and fills flash with what the first boot is to find.
fn set_up() {
    control::begin(Config::default());
    driver::fill(u32::MAX);
    for n in 0..PICTURES {
        inference();
        remember(|c| c.golden[n] = c.last);
    }
    let sram = power::deepest();
    let mut text = [0; 256];
    let config = match Config::parse(console::arguments(&mut text)) {
        Ok(config) => config,
        Err(word) => {
            say(format_args!("unknown: {word}\n"));
            end(false)
        }
    };
    driver::fill(config.fill);
    remember(|c| {
        // What the reference took is reported where nothing else is done.
        if config.failures > 0 {
            (c.n, c.done, c.words, c.erases, c.asked) = (0, 0, 0, 0, 0);
        }
        (c.config, c.random, c.sram) = (config, config.seed, sram);
        c.differences = 0;
    });
    power::next();
}

/// Goes on with an inference or begins it, and compares.
fn inference() {
    remember(|c| c.opened = 0);
    let mut image = [0x5a; NVM.next_multiple_of(4)];
    let mut arena = [0x5a_u64; ARENA / 8];
    let opened = match control().config.parts {
        0 => Flash::open(Bench::new(), &mut image),
        _ => Flash::open_in_parts(Bench::new(), &mut image),
    };
    let store = match opened {
        Ok(store) => store,
        Err(error) => panic!("open: {error}"),
    };
    remember(|c| c.opened = 1);
    let n = control().n;
    let print = match control().config.bug {
        // Seeded: the last inference is taken for this one.
        0 => version(n),
        _ => PROGRAM,
    };
    let mut nvm = match Program::open_with(store, print) {
        Ok(nvm) => nvm,
        Err(error) => panic!("nvm: {error}"),
    };
    // SAFETY: words are bytes.
    let (_, arena, _) = unsafe { arena.align_to_mut::<u8>() };
    if let Err(error) = classify_once(&mut nvm, arena, &picture(n)) {
        panic!("inference {n}: {error}");
    }
    power::stay_on();
    let mut store = nvm.into_store();
    let mut found = DIGEST;
    for at in (DATA_AT..NVM).step_by(64) {
        let mut bytes = [0; 64];
        let bytes = &mut bytes[..64.min(NVM - at)];
        if let Err(error) = store.read(at, bytes) {
            panic!("read: {error}");
        }
        found = digest(found, bytes);
    }
    let asked = store.stats().asked as u32;
    let retired = (0..store.pages())
        .filter(|&page| store.is_retired(page) == Ok(true))
        .count();
    remember(|c| {
        c.last = found;
        c.differences += u32::from(found != c.golden[n as usize % PICTURES]);
        (c.n, c.done, c.asked) = (n + 1, c.done + 1, c.asked + asked);
        c.retired = retired as u32;
    });
    if control().config.failures > 0 {
        power::next();
    }
}

fn finish() -> ! {
    let c = control();
    for (n, golden) in c.golden.iter().enumerate() {
        say(format_args!("result golden{n}=0x{golden:016x}\n"));
    }
    say(format_args!(
        "result failures={} done={} differences={} torn={} half={} in_open={} abandoned={} retired={} broken={}\n",
        c.failures,
        c.done,
        c.differences,
        c.torn,
        c.half,
        c.in_open,
        c.abandoned,
        c.retired,
        c.broken
    ));
    say(format_args!(
        "result sram={} nvm={} image={NVM} base={BASE} words={} erases={} asked={} seed={}\n",
        c.sram, SIZE, c.words, c.erases, c.asked, c.config.seed
    ));
    end(c.differences == 0 || c.config.bug > 0)
}
