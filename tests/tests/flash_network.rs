//! The network on NOR flash that enforces its rules, through power failures at random operations.

use rekindle::crash::NorSim;
use rekindle::prelude::*;
use rekindle::store::Flash;
use rekindle_examples::idx::Samples;
use rekindle_examples::lenet::{ARENA, Activations, Image, LENET, Scores, classify, image};

/// The pages and words of the nRF52.
type Sim = NorSim<4096, 4>;

#[derive(Layout)]
struct Memory {
    image: Buffer<Image>,
    net: Activations,
    scores: Buffer<Scores>,
}

const NVM: usize = Nvm::<Memory, Flash<'static, Sim>>::NEEDED;
const DATA_AT: usize = Nvm::<Memory, Flash<'static, Sim>>::DATA_AT;
const INFERENCES: usize = 3;

/// One boot: goes on with inference `n`, or begins it. `Ok(Some(..))` is all of its data.
fn boot(sim: &Sim, n: usize, input: &Image) -> Result<Option<Vec<u8>>, String> {
    let mut sram = vec![0x5a; NVM];
    let failed = |what: &str, error: String| {
        if sim.is_off() {
            Ok(None)
        } else {
            Err(format!("{what}: {error}"))
        }
    };
    let flash = match Flash::open(sim.clone(), &mut sram) {
        Ok(flash) => flash,
        Err(error) => return failed("open", error.to_string()),
    };
    // The number of the inference is the version: what another one has left is not taken for its own.
    let print = rekindle::Fingerprint::new().word(n as u64);
    let mut nvm = match Nvm::<Memory, _>::open_with(flash, print) {
        Ok(nvm) => nvm,
        Err(error) => return failed("nvm", error.to_string()),
    };
    let mut arena = vec![0xa5; ARENA];
    let mut run = || {
        if !matches!(nvm.status(), Status::Interrupted | Status::Complete) {
            nvm.write(|m| &mut m.image, input)?;
        }
        nvm.resume_or_start(&mut arena, |cx, m| {
            classify(cx, &m.image, &LENET, &mut m.net, &mut m.scores)
        })
    };
    match run() {
        Err(error) => return failed("run", error.to_string()),
        Ok(_) if sim.is_off() => return Ok(None),
        Ok(_) => {}
    }
    let mut data = vec![0; NVM - DATA_AT];
    let read = nvm.into_store().read(DATA_AT, &mut data);
    read.map_err(|error| error.to_string())?;
    Ok(Some(data))
}

/// All inferences, with failures `gaps` operations apart; their data, and how many failures there were.
fn through(sim: &Sim, mut gap: impl FnMut() -> Option<u64>) -> (Vec<Vec<u8>>, u64) {
    let samples = Samples::subset().unwrap();
    let mut failures = 0;
    let all = (0..INFERENCES).map(|n| {
        loop {
            sim.power_on();
            if let Some(operations) = gap() {
                sim.cut_after(operations);
            }
            match boot(sim, n, &image(&samples.images[n])) {
                Ok(Some(data)) => break data,
                Ok(None) => failures += 1,
                Err(error) => panic!("inference {n}, after {failures} failures: {error}"),
            }
        }
    });
    let all = all.collect();
    (all, failures)
}

#[test]
fn the_network_survives_on_nor_flash() {
    let pages = Flash::<Sim>::pages_needed(NVM) + 2;
    let calm = Sim::new(pages, 0xff, 1);
    let (expected, none) = through(&calm, || None);
    assert_eq!(none, 0);
    assert_eq!(calm.rewritten(), 0);

    // What it writes where there are no failures, against what the program writes.
    let words = calm.operations() - u64::from(calm.erases().iter().sum::<u32>());
    println!(
        "{INFERENCES} inferences on {pages} pages of 4 KiB: {} bytes written, {} erases; the buffers are {} bytes",
        words * 4,
        calm.erases().iter().sum::<u32>(),
        INFERENCES * (NVM - DATA_AT),
    );

    let mut all = 0;
    for seed in 0..10_u64 {
        let mut random = seed;
        let gap = || {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            Some(20 + (random >> 33) % 400)
        };
        let torn = Sim::new(pages, if seed % 2 == 0 { 0x00 } else { 0xff }, seed);
        let (found, failures) = through(&torn, gap);
        for (n, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let differing = found.iter().zip(expected).filter(|(a, b)| a != b).count();
            assert_eq!(
                differing, 0,
                "seed {seed}: bytes of inference {n} after {failures} failures"
            );
        }
        all += failures;
    }
    println!("{all} failures, no difference");
    assert!(all >= 500, "{all} failures");
}

/// Whether there is something to go on with for this inference.
fn is_interrupted(sim: &Sim, n: u64) -> bool {
    let mut sram = vec![0x5a; NVM];
    let flash = Flash::open(sim.clone(), &mut sram).unwrap();
    let print = rekindle::Fingerprint::new().word(n);
    let nvm = Nvm::<Memory, _>::open_with(flash, print).unwrap();
    nvm.status() == Status::Interrupted
}

#[test]
fn the_work_of_another_version_is_not_continued_on_nor_flash() {
    let samples = Samples::subset().unwrap();
    let sim = Sim::new(Flash::<Sim>::pages_needed(NVM) + 2, 0xff, 1);
    sim.cut_after(2_000);
    assert_eq!(boot(&sim, 0, &image(&samples.images[0])), Ok(None));
    sim.power_on();
    assert!(is_interrupted(&sim, 0));
    assert!(!is_interrupted(&sim, 1));
    // The other version begins its own, and what it finds is what it finds on a chip of its own.
    let own = Sim::new(Flash::<Sim>::pages_needed(NVM) + 2, 0xff, 2);
    let image = image(&samples.images[1]);
    let alone = boot(&own, 1, &image).unwrap().unwrap();
    let after = boot(&sim, 1, &image).unwrap().unwrap();
    assert!(alone == after, "buffers differ");
    assert!(!is_interrupted(&sim, 0));
}
