//! Imported models survive: small ones every NVM write cut, large ones at random places, ten thousand and more.

use rekindle::crash::{Check, Report};
use rekindle::prelude::*;
use rekindle::{Plain, zerocopy::FromZeros};

/// Cuts at random places that each model gets at least, per store.
#[cfg(any(
    has_micro_speech,
    has_keyword_spotting,
    has_resnet,
    has_person_detection
))]
const LEAST: u64 = 10_000;

/// An input that is not constant, from a seed.
fn input(bytes: &mut [u8], mut seed: u64) {
    for byte in bytes {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        *byte = (seed >> 56) as u8;
    }
}

fn check<M: Layout, T: Plain + FromZeros + 'static>(
    to: impl Fn(&mut M) -> &mut Buffer<T> + Copy + 'static,
) -> Check<'static, M> {
    let mut sample = T::new_zeroed();
    input(sample.as_mut_bytes(), 7);
    Check::new()
        .init(move |nvm| nvm.write(to, &sample))
        .seed(2026)
}

/// Every image of NVM that an outage can leave was recovered.
fn complete(report: &Report) {
    assert_eq!(report.unexplored, 0, "states that were not recovered");
    assert!(report.hazards.is_empty(), "{:?}", report.hazards);
}

#[test]
fn other_operators_survive_every_outage() {
    use rekindle_models::{gates, moves};
    complete(&check(|m: &mut gates::Memory| &mut m.input).run_mapped(gates::whole));
    complete(&check(|m: &mut gates::Memory| &mut m.input).run_bytes(gates::whole));
    complete(&check(|m: &mut moves::Memory| &mut m.input).run_mapped(moves::whole));
    complete(&check(|m: &mut moves::Memory| &mut m.input).run_bytes(moves::whole));
}

#[test]
fn layers_in_tiles_survive_every_outage() {
    use rekindle_models::{gates_tiled, moves_tiled};
    complete(&check(|m: &mut gates_tiled::Memory| &mut m.input).run_bytes(gates_tiled::whole));
    complete(&check(|m: &mut moves_tiled::Memory| &mut m.input).run_bytes(moves_tiled::whole));
}

#[test]
fn layers_by_rows_survive_every_outage() {
    use rekindle_models::lenet_rows::{ARENA, Memory, whole};
    let check = || check(|m: &mut Memory| &mut m.input).arena(ARENA);
    complete(&check().run_bytes(whole));
    complete(&check().run_mapped(whole));
}

#[test]
#[cfg(has_micro_speech)]
fn micro_speech_by_rows_survives_every_outage() {
    use rekindle_models::micro_speech_rows::{ARENA, Memory, whole};
    complete(
        &check(|m: &mut Memory| &mut m.input)
            .arena(ARENA)
            .run_bytes(whole),
    );
}

#[test]
fn fused_layers_survive_every_outage() {
    use rekindle_models::lenet_fused::{Memory, whole};
    complete(&check(|m: &mut Memory| &mut m.input).run_mapped(whole));
    complete(&check(|m: &mut Memory| &mut m.input).run_bytes(whole));
}

#[test]
#[cfg(has_hello_world)]
fn hello_world_survives_every_outage() {
    use rekindle_models::hello_world::{Memory, whole};
    complete(&check(|m: &mut Memory| &mut m.input).run_mapped(whole));
    complete(&check(|m: &mut Memory| &mut m.input).run_bytes(whole));
}

#[test]
#[cfg(has_micro_speech)]
fn micro_speech_survives_every_outage() {
    use rekindle_models::micro_speech::{Memory, whole};
    complete(&check(|m: &mut Memory| &mut m.input).run_mapped(whole));
    complete(&check(|m: &mut Memory| &mut m.input).run_bytes(whole));
}

macro_rules! sampled {
    ($($test:ident: $name:ident if $has:ident, $schedules:literal;)*) => {$(
        #[test]
        #[cfg($has)]
        fn $test() {
            use rekindle_models::$name::{Memory, whole};
            let sampled = || check(|m: &mut Memory| &mut m.input).max_states(0).random($schedules);
            for report in [
                sampled().run_mapped(whole),
                sampled().run_bytes(whole),
            ] {
                assert!(report.outages >= LEAST, "{} outages", report.outages);
            }
        }
    )*};
}

sampled! {
    keyword_spotting_survives_ten_thousand_outages: keyword_spotting if has_keyword_spotting, 300;
    keyword_spotting_by_rows_survives_ten_thousand_outages: keyword_spotting_rows if has_keyword_spotting, 300;
    resnet_survives_ten_thousand_outages: resnet if has_resnet, 300;
    person_detection_survives_ten_thousand_outages: person_detection if has_person_detection, 300;
}
