//! A task on the [`Flash`] store, with failures at every operation of the chip.

use rekindle::crash::NorSim;
use rekindle::prelude::*;
use rekindle::store::Flash;

/// Small pages, so that tasks open and erase some.
type Sim = NorSim<512, 4>;

/// Single failures that are tried, about.
const MOST: u64 = 400;
/// Runs with failures at random operations.
const RANDOM: u64 = 20;

/// One boot: goes on, or writes what the task starts from and begins. All of the data, unless the power failed.
fn boot<M: Layout>(
    sim: &Sim,
    init: &impl for<'a> Fn(&mut Nvm<M, Flash<'a, Sim>>) -> Result<(), Error>,
    task: &impl for<'a> Fn(&mut Cx<'_, Flash<'a, Sim>>, &mut M) -> Result<(), Error>,
) -> Result<Option<Vec<u8>>, Error> {
    let needed = Nvm::<M, Flash<'static, Sim>>::NEEDED;
    let data_at = Nvm::<M, Flash<'static, Sim>>::DATA_AT;
    let mut sram = vec![0x5a; needed];
    let mut run = || {
        let store = Flash::open(sim.clone(), &mut sram)?;
        let mut nvm = Nvm::<M, _>::open(store)?;
        if !matches!(nvm.status(), Status::Interrupted | Status::Complete) {
            init(&mut nvm)?;
        }
        nvm.resume_or_start(&mut [0xa5; 512], |cx, m| task(cx, m))?;
        let mut data = vec![0; needed - data_at];
        nvm.into_store().read(data_at, &mut data)?;
        Ok(data)
    };
    match run() {
        Err(_) if sim.is_off() => Ok(None),
        result => result.map(Some),
    }
}

/// Fails once at each operation of the task, or at so many of them if it has more, and again and again at random ones; all data
/// must be what it is without. Returns the number of failures.
///
/// # Panics
///
/// When it is not.
pub fn survives<M: Layout>(
    init: impl for<'a> Fn(&mut Nvm<M, Flash<'a, Sim>>) -> Result<(), Error>,
    task: impl for<'a> Fn(&mut Cx<'_, Flash<'a, Sim>>, &mut M) -> Result<(), Error>,
) -> u64 {
    let pages = Flash::<Sim>::pages_needed(Nvm::<M, Flash<'static, Sim>>::NEEDED) + 1;
    let calm = Sim::new(pages, 0xff, 1);
    let golden = boot(&calm, &init, &task).expect("nothing fails");
    let golden = golden.expect("the power is on");
    let mut failures = 0;
    let mut through = |seed: u64, gaps: &mut dyn Iterator<Item = u64>| {
        let sim = Sim::new(pages, if seed.is_multiple_of(2) { 0xff } else { 0 }, seed);
        let end = loop {
            sim.power_on();
            let gap = gaps.next();
            if let Some(gap) = gap {
                sim.cut_after(gap);
            }
            let data = boot(&sim, &init, &task);
            match data
                .unwrap_or_else(|error| panic!("after {gap:?} operations, seed {seed}: {error}"))
            {
                Some(data) => break data,
                None => failures += 1,
            }
        };
        assert_eq!(end, golden, "seed {seed}");
        assert_eq!(sim.rewritten(), 0);
    };
    // A stride without a common factor with what a loop's iteration takes.
    let stride = (calm.operations() / MOST).max(1) | 1;
    for operation in (0..calm.operations()).step_by(stride as usize) {
        through(operation, &mut std::iter::once(operation));
    }
    for seed in 0..RANDOM {
        let mut random = seed;
        let mut gaps = std::iter::from_fn(|| {
            random = random
                .wrapping_mul(0x5851_f42d_4c95_7f2d)
                .wrapping_add(0x1405_7b7e_f767_814f);
            // Long enough for an entry, now and then.
            Some((random >> 33) % 120)
        });
        through(seed, &mut gaps);
    }
    failures
}
