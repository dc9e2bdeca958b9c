//! Kernels on NOR flash that enforces its rules: activations are in SRAM, and come back from the journal.

use rekindle::Plain;
use rekindle::crash::NorSim;
use rekindle::prelude::*;
use rekindle::store::Flash;

use super::{Memory, noise};

type Sim = NorSim<512, 4>;
/// The store.
pub type Nor<'a> = Flash<'a, Sim>;

/// One boot, with the program's whole image in SRAM that was scrambled: all of its data, unless the power fails.
fn boot<A: Plain, B: Plain, Y: Plain>(
    sim: &Sim,
    run: &mut impl FnMut(&mut Cx<'_, Nor<'_>>, &mut Memory<A, B, Y>) -> Result<(), Error>,
) -> Option<Vec<u8>> {
    let needed = Nvm::<Memory<A, B, Y>, Nor<'_>>::NEEDED;
    let at = Nvm::<Memory<A, B, Y>, Nor<'_>>::DATA_AT;
    let mut image = vec![0x5a; needed];
    let mut attempt = || -> Result<Vec<u8>, String> {
        let flash = Flash::open(sim.clone(), &mut image).map_err(|e| e.to_string())?;
        let mut nvm = Nvm::<Memory<A, B, Y>, _>::open(flash).map_err(|e| e.to_string())?;
        if !matches!(nvm.status(), Status::Interrupted | Status::Complete) {
            nvm.write(|m| &mut m.a, &noise(3))
                .map_err(|e| e.to_string())?;
            nvm.write(|m| &mut m.b, &noise(4))
                .map_err(|e| e.to_string())?;
        }
        let mut arena = vec![0xa5; 2 * needed];
        nvm.resume_or_start(&mut arena, &mut *run)
            .map_err(|e| e.to_string())?;
        let mut data = vec![0; needed - at];
        let read = nvm.into_store().read(at, &mut data);
        read.map_err(|e| e.to_string())?;
        Ok(data)
    };
    match attempt() {
        _ if sim.is_off() => None,
        Ok(data) => Some(data),
        Err(error) => panic!("{error}"),
    }
}

/// Fails at each operation of the flash (a word written, a page erased), and at one of the recovery after it; returns how
/// many failures there were.
pub(super) fn survives<A: Plain, B: Plain, Y: Plain>(
    mut run: impl FnMut(&mut Cx<'_, Nor<'_>>, &mut Memory<A, B, Y>) -> Result<(), Error>,
) -> u64 {
    let needed = Nvm::<Memory<A, B, Y>, Nor<'_>>::NEEDED;
    let new = Sim::new(Flash::<Sim>::pages_needed(needed) + 2, 0xff, 1);
    let calm = new.fork(1);
    let expected = boot(&calm, &mut run).expect("nothing fails");
    assert_eq!(calm.rewritten(), 0);
    let mut failures = 0;
    for cut in 0..calm.operations() {
        let sim = new.fork(cut);
        let mut gaps = [cut, cut * 7 % 23].into_iter();
        loop {
            if let Some(gap) = gaps.next() {
                sim.cut_after(gap);
            }
            if let Some(found) = boot(&sim, &mut run) {
                assert!(
                    found == expected,
                    "other bytes after a failure at operation {cut}"
                );
                break;
            }
            failures += 1;
            sim.power_on();
        }
    }
    failures
}

#[test]
fn a_fault_is_found_on_nor_flash_too() {
    use rekindle::crash::{Bug, seed_flash_bug};
    use rekindle_kernels::{Lookup, Quantization, lookup};

    static LOGISTIC: Lookup<2> = Lookup::logistic(Quantization::new(0.1, 0));
    let seed = seed_flash_bug(Bug::WrittenAgain);
    let found = std::panic::catch_unwind(|| {
        survives(|cx, m: &mut Memory<[i8; 8], i8, [i8; 8]>| lookup(cx, &m.a, &LOGISTIC, &mut m.y))
    });
    drop(seed);
    assert!(found.is_err(), "writing over torn entries is not found");
}
