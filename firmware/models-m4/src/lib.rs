//! Imported models on an emulated Cortex-M4, a program per model, so that its size is that of the model.
//!
//! The programs in `bin` called `NAME_outages` run under the harness of `rekindle-cortex-m4`, whose power fails at
//! chosen instructions. Those called `NAME` print the instructions and the stack of an inference, and how many bytes
//! differ from the reference interpreter's; they are built with and without protection. With the feature `once` they run
//! once on zeros and compare nothing, as the programs of microflow do: for their size.
#![no_std]

use rekindle::Error;
use rekindle::zerocopy::{Immutable, IntoBytes};
use rekindle_cortex_m4::board::{instructions, now, stack};

/// NVM that a model may take here: PSRAM that nothing else uses.
pub const NVM_SIZE: usize = 1 << 20;

/// What an inference takes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// Instructions from its start to its completion.
    pub instructions: u32,
    /// Bytes of stack.
    pub stack: u32,
}

/// How many values are not as expected.
pub fn differing<O: IntoBytes + Immutable>(found: &O, expected: &[i8]) -> usize {
    let pairs = found.as_bytes().iter().zip(expected);
    pairs.filter(|(a, b)| a.cast_signed() != **b).count()
}

/// Runs `work`.
///
/// # Errors
///
/// Those of `work`.
#[inline(never)]
pub fn timed(work: impl FnOnce() -> Result<(), Error>) -> Result<Cost, Error> {
    let top = stack::paint();
    let before = now();
    work()?;
    let ticks = now().wrapping_sub(before);
    Ok(Cost {
        instructions: instructions(ticks),
        stack: stack::painted(top),
    })
}

/// A program that runs a model on every sample, compares the outputs with the reference's, and prints the cost.
#[macro_export]
macro_rules! measured {
    ($model:ident) => {
        #[cfg(not(feature = "once"))]
        use $crate::differing;
        use $crate::{Cost, NVM_SIZE, timed};
        use rekindle::prelude::*;
        #[cfg(feature = "once")]
        use rekindle::zerocopy::FromZeros;
        #[cfg(not(feature = "once"))]
        use rekindle::zerocopy::{FromBytes, IntoBytes};
        use rekindle_cortex_m4::board::{bytes, console, psram};
        use rekindle_cortex_m4::say;
        use rekindle_models::$model::{InputTensor, Memory, NETWORK, infer};
        #[cfg(not(feature = "once"))]
        use rekindle_models::$model::{ARENA, SAMPLES};

        /// As `docs/import.md` says.
        fn whole<S: Store>(cx: &mut Cx<'_, S>, m: &mut Memory) -> Result<(), Error> {
            infer(cx, &m.input, &NETWORK, &mut m.net, &mut m.output)
        }

        type Device = Nvm<Memory, Mapped<'static>>;

        fn open() -> Result<Device, Error> {
            // SAFETY: nothing else is there.
            Nvm::open(Mapped::from_bytes(unsafe { bytes(psram::NVM, NVM_SIZE) }))
        }

        fn measure(nvm: &mut Device, input: &InputTensor) -> Result<Cost, Error> {
            nvm.restart()?;
            nvm.write(|m| &mut m.input, input)?;
            if cfg!(rekindle_unprotected) {
                // Nothing is recorded, and so nothing is there that starts or ends a run.
                let mut cost = Cost::default();
                nvm.resume_or_start(&mut [], |cx, m| {
                    cost = timed(|| whole(cx, m))?;
                    Ok(())
                })?;
                Ok(cost)
            } else {
                timed(|| nvm.resume_or_start(&mut [], whole).map(drop))
            }
        }

        /// On every sample: what the last took, and how many bytes differ.
        #[cfg(not(feature = "once"))]
        fn run() -> Result<(Cost, usize), Error> {
            let mut nvm = open()?;
            let (mut cost, mut differences) = (Cost::default(), 0);
            for (input, output) in SAMPLES {
                if let Ok(input) = InputTensor::ref_from_bytes(input.as_bytes()) {
                    cost = measure(&mut nvm, input)?;
                }
                differences += differing(&nvm.read(|m| &m.output)?, output);
            }
            Ok((cost, differences))
        }

        /// As the programs of others do that it is compared with in size.
        #[cfg(feature = "once")]
        fn run() -> Result<Cost, Error> {
            let mut nvm = open()?;
            let cost = measure(&mut nvm, &InputTensor::new_zeroed())?;
            core::hint::black_box(nvm.read(|m| &m.output)?);
            Ok(cost)
        }

        #[cortex_m_rt::entry]
        fn main() -> ! {
            match run() {
                #[cfg(not(feature = "once"))]
                Ok((Cost { instructions, stack }, differences)) => say!(
                    "result instructions={instructions} stack={stack} arena={ARENA} nvm={} samples={} bytes={} differences={differences}",
                    Device::NEEDED,
                    SAMPLES.len(),
                    SAMPLES.iter().map(|(i, o)| i.len() + o.len()).sum::<usize>()
                ),
                #[cfg(feature = "once")]
                Ok(Cost { instructions, stack }) => {
                    say!("result instructions={instructions} stack={stack}");
                }
                Err(error) => say!("error: {error}"),
            }
            console::end(true)
        }
    };
}

/// A program that runs a model under the harness, whose power fails.
#[macro_export]
macro_rules! outages {
    ($model:ident) => {
        use rekindle::Fingerprint;
        use rekindle::prelude::*;
        use rekindle::zerocopy::{FromBytes, IntoBytes};
        use rekindle_cortex_m4::harness::{By, Judge, Program, run};
        use rekindle_cortex_m4::pictures::Pictures;
        use rekindle_models::$model::{InputTensor, Memory, SAMPLES, whole};

        #[derive(Layout)]
        struct Numbered {
            number: Buffer<u32>,
            model: Memory,
        }

        struct Imported;

        impl Program for Imported {
            const NVM: usize = Nvm::<Numbered, Mapped<'static>>::NEEDED;

            fn step(
                nvm: &'static mut [u8],
                print: Fingerprint,
                _: By,
                sensor: &mut Pictures,
                judge: &mut Judge,
            ) -> Result<(), Error> {
                let mut nvm = Nvm::<Numbered, _>::open_with(Mapped::from_bytes(nvm), print)?;
                if !matches!(nvm.status(), Status::Interrupted | Status::Complete) {
                    nvm.write(|m| &mut m.number, &sensor.next)?;
                    let (input, _) = SAMPLES[sensor.next as usize % SAMPLES.len()];
                    if let Ok(input) = InputTensor::ref_from_bytes(input.as_bytes()) {
                        nvm.write(|m| &mut m.model.input, input)?;
                    }
                    (sensor.taken)();
                }
                nvm.resume_or_start(&mut [], |cx, m| whole(cx, &mut m.model))?;
                let number = nvm.read(|m| &m.number)?;
                let found = nvm.read(|m| &m.model.output)?;
                let (_, expected) = SAMPLES[number as usize % SAMPLES.len()];
                judge.judge(number, |_| $crate::differing(&found, expected) > 0);
                nvm.restart()
            }
        }

        #[cortex_m_rt::entry]
        fn main() -> ! {
            run::<Imported>()
        }
    };
}
