//! Time and memory per inference of microflow and of Rekindle, in turns, one process: prints `model|microflow|Rekindle|NVM`. Each
//! of the two is nanoseconds (medians of the rounds), peak of the stack and peak of the heap in bytes, separated by spaces;
//! `-` where microflow does not have the operators.
//!
//! The models are those of `../shared/models`, which both read at build time. Rekindle commits each output row; its NVM is
//! memory.

mod memory;

use std::hint::black_box;

use cpu_time::ProcessTime;
use memory::{Peak, peak};
use microflow::buffer::Buffer2D;
use microflow_macros::model;
use rekindle::prelude::*;
use rekindle::zerocopy::FromZeros;

#[model("../../../shared/models/hello_world_int8.tflite")]
struct Sine;

#[model("../../../shared/models/micro_speech_quantized.tflite")]
struct Speech;

#[model("../../../shared/models/kws_ref_model.tflite")]
struct Keywords;

#[model("../../../shared/models/person_detect.tflite")]
struct Person;

/// Rounds; the median counts.
const ROUNDS: usize = 31;

/// Nanoseconds of processor time per call, of `calls` of them.
fn time(calls: u32, mut call: impl FnMut()) -> u128 {
    let start = ProcessTime::now();
    for _ in 0..calls {
        call();
    }
    start.elapsed().as_nanos() / u128::from(calls)
}

/// Nanoseconds, and bytes of stack and heap.
fn text(time: u128, peak: Peak) -> String {
    format!("{time} {} {}", peak.stack, peak.heap)
}

/// Medians of both, taken in turns.
fn medians(calls: u32, a: &mut impl FnMut(), b: &mut impl FnMut()) -> [u128; 2] {
    let mut rounds: [Vec<u128>; 2] = Default::default();
    for _ in 0..ROUNDS {
        rounds[0].push(time(calls, &mut *a));
        rounds[1].push(time(calls, &mut *b));
    }
    rounds.map(|mut times| {
        times.sort_unstable();
        times[ROUNDS / 2]
    })
}

macro_rules! compare {
    ($module:ident, $calls:literal $(, $peer:expr)?) => {{
        use rekindle_models::$module::{InputTensor, Memory, NETWORK, infer};

        let mut words = vec![0_u64; Memory::SIZE / 8 + 256];
        let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
        nvm.write(|m| &mut m.input, &InputTensor::new_zeroed())?;
        let mut result = Ok(());
        // microflow does not have the operators of all models.
        let peer: Option<fn()> = None$(.or(Some(|| {
            let _ = black_box($peer);
        })))?;
        let mut call = peer.unwrap_or(|| ());
        let mut run = || {
            let run = nvm
                .restart()
                .and_then(|()| nvm.resume_or_start(&mut [], |cx, m| {
                    infer(cx, &m.input, &NETWORK, &mut m.net, &mut m.output)
                }));
            if let Err(error) = run {
                result = Err(error);
            }
        };
        let [microflow, ours] = medians($calls, &mut call, &mut run);
        let microflow = peer.map_or("-".to_owned(), |_| text(microflow, peak(&mut call)));
        let ours = text(ours, peak(&mut run));
        result?;
        println!("{}|{microflow}|{ours}|{}", stringify!($module), Memory::SIZE);
    }};
}

fn main() -> Result<(), Error> {
    compare!(
        hello_world,
        2000,
        Sine::predict_quantized(black_box(Buffer2D::from_element(0)))
    );
    compare!(
        micro_speech,
        20,
        Speech::predict_quantized(black_box(Buffer2D::from_element(0)))
    );
    compare!(
        keyword_spotting,
        2,
        Keywords::predict_quantized(black_box([Buffer2D::from_element([0])]))
    );
    compare!(resnet, 1);
    compare!(
        person_detection,
        1,
        Person::predict_quantized(black_box([Buffer2D::from_element([0])]))
    );
    Ok(())
}
