//! Work on a [`Flash`] store, and what must be there after each outage.

use rekindle::crash::NorSim;
use rekindle::prelude::*;
use rekindle::store::Flash;

/// Bytes of the image.
pub const IMAGE: usize = 600;
/// Small pages, words of four bytes.
pub type Sim = NorSim<512, 4>;

/// How a store is used.
#[derive(Debug, Clone, Copy, Default)]
pub struct How {
    /// With maintenance after each write.
    pub maintain: bool,
    /// With erases in parts.
    pub parts: bool,
}

impl From<bool> for How {
    fn from(maintain: bool) -> Self {
        Self {
            maintain,
            parts: false,
        }
    }
}

/// The `i`-th write of the work: address and bytes.
pub fn write(i: u64) -> (usize, Vec<u8>) {
    let mix = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ i << 7;
    let len = match mix % 7 {
        0 => 1,
        1 => 40,
        2 => 300,
        _ => 13,
    };
    let at = (mix >> 11) as usize % (IMAGE - len);
    let bytes = (0..len).map(|k| (mix >> (k % 53)) as u8).collect();
    (at, bytes)
}

/// What it makes of an image.
pub fn apply(image: &mut [u8], i: u64) {
    let (at, bytes) = write(i);
    image[at..at + bytes.len()].copy_from_slice(&bytes);
}

/// Opens, checks that all is there that was written, goes on with the work. `done` tells how much is done.
///
/// `before` is what must be there; a write that was interrupted may be there in parts.
///
/// # Errors
///
/// What is not as promised.
///
/// # Panics
///
/// When the store refuses an address.
pub fn work(
    sim: &Sim,
    done: &mut u64,
    to: u64,
    before: &mut [u8],
    how: impl Into<How>,
) -> Result<(), String> {
    let How { maintain, parts } = how.into();
    let mut image = [0xa5; IMAGE];
    let opened = if parts {
        Flash::open_in_parts(sim.clone(), &mut image)
    } else {
        Flash::open(sim.clone(), &mut image)
    };
    let mut store = match opened {
        Ok(store) => store,
        Err(_) if sim.is_off() => return Ok(()),
        Err(error) => return Err(format!("open: {error}")),
    };
    let mut seen = vec![0; IMAGE];
    store.read(0, &mut seen).unwrap();
    let (at, bytes) = write(*done);
    for (i, (&seen, &want)) in seen.iter().zip(before.iter()).enumerate() {
        let torn = i.checked_sub(at).and_then(|i| bytes.get(i));
        if seen != want && torn != Some(&seen) {
            return Err(format!(
                "byte {i} is {seen:#x} instead of {want:#x} after {done} writes"
            ));
        }
    }
    before.copy_from_slice(&seen);
    while *done < to {
        let (at, bytes) = write(*done);
        let mut result = store.write(at, &bytes);
        if result.is_ok() {
            apply(before, *done);
            *done += 1;
            if maintain {
                result = store.maintain().map(|_| ());
            }
        }
        match result {
            Ok(()) => {}
            Err(_) if sim.is_off() => return Ok(()),
            Err(error) => return Err(format!("write {done}: {error}")),
        }
    }
    Ok(())
}

/// Begins at `start`, fails after each number of operations in `cuts`, and goes on to the end.
///
/// # Errors
///
/// What is not as promised.
pub fn through(
    sim: &Sim,
    cuts: impl Iterator<Item = u64>,
    to: u64,
    how: impl Into<How>,
) -> Result<u64, String> {
    let how = how.into();
    let mut done = 0;
    let mut before = vec![0; IMAGE];
    let mut failures = 0;
    for cut in cuts {
        sim.cut_after(cut);
        work(sim, &mut done, to, &mut before, how)?;
        failures += u64::from(sim.is_off());
        sim.power_on();
        if done == to {
            break;
        }
    }
    work(sim, &mut done, to, &mut before, how)?;
    work(sim, &mut done, to, &mut before, how)?;
    if done != to {
        return Err(format!("{done} of {to} writes"));
    }
    Ok(failures)
}

/// A chip with two spare pages.
pub fn fresh(seed: u64) -> Sim {
    let pages = Flash::<Sim>::pages_needed(IMAGE) + 2;
    Sim::new(pages, if seed.is_multiple_of(2) { 0 } else { 0xff }, seed)
}

/// Random gaps between failures, also within recoveries and erases.
pub fn schedule(seed: u64, mean: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::from_fn(move || {
        state = state
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        Some((state >> 33) % (2 * mean))
    })
}
