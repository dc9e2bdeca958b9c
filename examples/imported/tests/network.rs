//! The imported network computes what the one written by hand computes, in less memory than it says.

use rekindle::crash::Check;
use rekindle::prelude::*;
use rekindle_imported::model::{ARENA, Activations, InputTensor, NETWORK, OutputTensor, infer};
use rekindle_lenet::{LENET, classify};

#[derive(Layout)]
struct Imported {
    input: Buffer<InputTensor>,
    net: Activations,
    output: Buffer<OutputTensor>,
}

#[derive(Layout)]
struct ByHand {
    input: Buffer<InputTensor>,
    net: rekindle_lenet::Activations,
    output: Buffer<OutputTensor>,
}

/// A picture of stripes.
fn input(seed: usize) -> InputTensor {
    core::array::from_fn(|r| core::array::from_fn(|c| [((r * c + seed * 37) % 251) as u8 as i8]))
}

#[test]
fn it_is_the_network_written_by_hand() {
    for seed in 0..8 {
        let mut words = vec![0_u64; Nvm::<Imported, Mapped<'_>>::NEEDED / 8 + 1];
        let mut nvm = Nvm::<Imported, _>::open(Mapped::from_words(&mut words)).unwrap();
        nvm.write(|m| &mut m.input, &input(seed)).unwrap();
        nvm.resume_or_start(&mut [], |cx, m| {
            infer(cx, &m.input, &NETWORK, &mut m.net, &mut m.output)
        })
        .unwrap();
        let imported = nvm.read(|m| &m.output).unwrap();

        let mut words = vec![0_u64; Nvm::<ByHand, Mapped<'_>>::NEEDED / 8 + 1];
        let mut nvm = Nvm::<ByHand, _>::open(Mapped::from_words(&mut words)).unwrap();
        nvm.write(|m| &mut m.input, &input(seed)).unwrap();
        nvm.resume_or_start(&mut [], |cx, m| {
            classify(cx, &m.input, &LENET, &mut m.net, &mut m.output)
        })
        .unwrap();
        assert_eq!(imported, nvm.read(|m| &m.output).unwrap(), "seed {seed}");
    }
}

/// On a byte store, with exactly the arena that the import promises, through outages at random places.
#[test]
fn the_promised_arena_is_enough_through_outages() {
    let report = Check::<Imported>::new()
        .init(|nvm| nvm.write(|m: &mut Imported| &mut m.input, &input(1)))
        .arena(ARENA)
        .max_states(0)
        .random(50)
        .run_bytes(|cx, m| infer(cx, &m.input, &NETWORK, &mut m.net, &mut m.output));
    assert!(report.outages > 500, "{} outages", report.outages);
}
