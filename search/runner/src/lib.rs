//! A network as the code that a device gets, on the host: over a whole test set, and through outages.

/// What `rekindle import` made of the model, and the memory to run it in.
#[allow(clippy::unreadable_literal, clippy::large_stack_arrays)]
pub mod model {
    include!(concat!(env!("OUT_DIR"), "/model.rs"));

    /// All that the model has in NVM.
    #[derive(Layout)]
    pub struct Memory {
        /// What it takes.
        pub input: Buffer<InputTensor>,
        /// What is between its layers.
        pub net: Activations,
        /// What it gives.
        pub output: Buffer<OutputTensor>,
    }

    /// Runs it on `m`.
    ///
    /// # Errors
    ///
    /// Those of the store and of the arena.
    #[intermittent_task]
    pub fn whole(m: &mut Memory) {
        #[run]
        infer(&m.input, &NETWORK, &mut m.net, &mut m.output);
    }
}

use std::path::{Path, PathBuf};

use model::{InputTensor, Memory, whole};
use rekindle::crash::Check;
use rekindle::prelude::*;
use rekindle::zerocopy::{FromBytes, IntoBytes};
use serde::Serialize;

/// Bytes of one input, int8 as the model takes it.
pub const INPUT: usize = size_of::<InputTensor>();

/// What went wrong, with the place.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file cannot be read.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// A file of inputs ends within one, or there are more or fewer labels.
    #[error("{path}: {bytes} B are not {labels} inputs of {INPUT} B")]
    Length {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: usize,
        /// Labels.
        labels: usize,
    },
    /// The run failed.
    #[error("input {0}: {1}")]
    Run(usize, String),
    /// An outage changed the result.
    #[error("{0}")]
    Outage(String),
}

/// Inputs as the model takes them, one behind the other, and their classes.
#[derive(Debug)]
pub struct Samples {
    inputs: Vec<u8>,
    labels: Vec<u8>,
}

impl Samples {
    /// Reads both files: `INPUT` bytes for each input, a byte for each class.
    ///
    /// # Errors
    ///
    /// [`Failure::File`], [`Failure::Length`].
    pub fn read(inputs: &Path, labels: &Path) -> Result<Self, Failure> {
        let file = |path: &Path| std::fs::read(path).map_err(|e| Failure::File(path.into(), e));
        let samples = Self {
            inputs: file(inputs)?,
            labels: file(labels)?,
        };
        if samples.labels.is_empty() || samples.inputs.len() != samples.labels.len() * INPUT {
            return Err(Failure::Length {
                path: inputs.into(),
                bytes: samples.inputs.len(),
                labels: samples.labels.len(),
            });
        }
        Ok(samples)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.labels.len()
    }

    fn input(&self, number: usize) -> &[u8] {
        &self.inputs[number * INPUT..(number + 1) * INPUT]
    }
}

/// Accuracy of the generated code.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Accuracy {
    /// Inputs.
    pub images: usize,
    /// Those whose class has the largest output; of equal ones, the first.
    pub correct: usize,
    /// Their share.
    pub accuracy: f64,
}

/// Runs the generated code, commits and all, on each of the samples.
///
/// # Errors
///
/// [`Failure::Run`].
pub fn accuracy(samples: &Samples, mut done: impl FnMut()) -> Result<Accuracy, Failure> {
    let mut words = vec![0_u64; Memory::SIZE / 8 + 256];
    let fail = |number, error: &dyn std::fmt::Display| Failure::Run(number, error.to_string());
    let mut nvm =
        Nvm::<Memory, _>::open(Mapped::from_words(&mut words)).map_err(|e| fail(0, &e))?;
    let mut correct = 0;
    for (number, label) in samples.labels.iter().enumerate() {
        nvm.restart().map_err(|e| fail(number, &e))?;
        let input = InputTensor::ref_from_bytes(samples.input(number))
            .map_err(|_| fail(number, &"not an input"))?;
        nvm.write(|m| &mut m.input, input)
            .map_err(|e| fail(number, &e))?;
        nvm.resume_or_start(&mut [], whole)
            .map_err(|e| fail(number, &e))?;
        let output = nvm.read(|m| &m.output).map_err(|e| fail(number, &e))?;
        let values = output.as_bytes();
        let best = (0..values.len())
            .rev()
            .max_by_key(|i| values[*i].cast_signed());
        correct += usize::from(best == Some(usize::from(*label)));
        done();
    }
    Ok(Accuracy {
        images: samples.count(),
        correct,
        accuracy: correct as f64 / samples.count() as f64,
    })
}

/// Outages that the generated code came through with the same bits in all of NVM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Survived {
    /// On mapped memory and behind a driver.
    pub outages: u64,
}

/// Takes an input through random outages: `schedules` series of them on each kind of memory.
///
/// # Errors
///
/// [`Failure::Outage`] with the first outage after which it goes another way than on continuous power.
pub fn survive(
    samples: &Samples,
    number: usize,
    schedules: u64,
    seed: u64,
) -> Result<Survived, Failure> {
    let input = samples.input(number % samples.count());
    let check = || {
        let input = InputTensor::read_from_bytes(input);
        Check::<Memory>::new()
            .init(move |nvm| match &input {
                Ok(input) => nvm.write(|m| &mut m.input, input),
                Err(_) => Ok(()),
            })
            .max_states(0)
            .random(schedules)
            .seed(seed)
    };
    let failed = |failure: rekindle::crash::Failure| Failure::Outage(failure.to_string());
    let mapped = check().try_mapped(whole).map_err(failed)?;
    let bytes = check().try_bytes(whole).map_err(failed)?;
    Ok(Survived {
        outages: mapped.outages + bytes.outages,
    })
}
