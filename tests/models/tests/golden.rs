//! Imported models give the reference interpreter's bits: at their ends and after every layer.

use std::fs::File;
use std::path::{Path, PathBuf};

use npyz::NpyFile;
use rekindle::prelude::*;
use rekindle::zerocopy::{FromBytes, IntoBytes};
use zip::ZipArchive;

/// A file of `../shared/models`, or `None` with a message that says what is not tested.
fn reference(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/models")
        .join(name);
    if path.exists() {
        return Some(path);
    }
    println!("SKIPPED: shared/models/{name} is not here");
    None
}

/// All arrays of a file, as bytes, by name.
fn arrays(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(File::open(path).unwrap()).unwrap();
    let count = archive.len();
    let read = |i| {
        let member = archive.by_index(i).unwrap();
        let name = member.name().trim_end_matches(".npy").to_owned();
        let values = NpyFile::new(member).unwrap().into_vec::<i8>().unwrap();
        (name, values.iter().map(|v| v.cast_unsigned()).collect())
    };
    (0..count).map(read).collect()
}

/// Asserts that all bytes are equal, and names the first that is not.
fn same(what: &str, found: &[u8], expected: &[u8]) {
    assert_eq!(found.len(), expected.len(), "size of {what}");
    if let Some(at) = (0..found.len()).find(|i| found[*i] != expected[*i]) {
        let [found, expected] = [found[at], expected[at]].map(u8::cast_signed);
        panic!("{what} differs at value {at}: {found} instead of {expected}");
    }
}

/// A test of a model's outputs for all samples.
macro_rules! ends {
    ($name:ident) => {
        #[test]
        fn gives_the_reference_bits() {
            use rekindle_models::$name::{InputTensor, Memory, SAMPLES, whole};

            let mut words = vec![0_u64; Memory::SIZE / 8 + 256];
            let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words)).unwrap();
            assert_eq!(SAMPLES.len(), 4);
            for (sample, (input, expected)) in SAMPLES.iter().enumerate() {
                nvm.restart().unwrap();
                let input = InputTensor::ref_from_bytes(input.as_bytes()).unwrap();
                nvm.write(|m| &mut m.input, input).unwrap();
                nvm.resume_or_start(&mut [], whole).unwrap();
                let output = nvm.read(|m| &m.output).unwrap();
                same(
                    &format!("output of sample {sample}"),
                    output.as_bytes(),
                    expected.as_bytes(),
                );
            }
        }
    };
}

/// NVM behind a driver.
struct Driven(Vec<u8>);

impl embedded_storage::ReadStorage for Driven {
    type Error = ();
    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), ()> {
        into.copy_from_slice(&self.0[at as usize..][..into.len()]);
        Ok(())
    }
    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl embedded_storage::Storage for Driven {
    fn write(&mut self, at: u32, from: &[u8]) -> Result<(), ()> {
        self.0[at as usize..][..from.len()].copy_from_slice(from);
        Ok(())
    }
}

/// Asserts that a model with little SRAM gives the outputs of all samples where NVM is behind a driver, on exactly the
/// arena that it states.
macro_rules! tiled {
    ($($test:ident: $name:ident if $has:ident, $most:literal;)*) => {$(
        #[test]
        #[cfg($has)]
        fn $test() {
            use rekindle_models::$name::{ARENA, InputTensor, Memory, SAMPLES, TILES, whole};

            const { assert!(ARENA + TILES <= $most) };
            let store = Bytes::new(Driven(vec![0; Memory::SIZE + 512]));
            let mut nvm = Nvm::<Memory, _>::open(store).unwrap();
            for (input, expected) in SAMPLES {
                nvm.restart().unwrap();
                let input = InputTensor::ref_from_bytes(input.as_bytes()).unwrap();
                nvm.write(|m| &mut m.input, input).unwrap();
                nvm.resume_or_start(&mut [0; ARENA], whole).unwrap();
                let output = nvm.read(|m| &m.output).unwrap();
                same("output", output.as_bytes(), expected.as_bytes());
            }
        }
    )*};
}

tiled! {
    functions_and_products_in_tiles: gates_tiled if has_gates, 160;
    paddings_and_slices_in_tiles: moves_tiled if has_moves, 160;
    keyword_spotting_on_one_kilobyte: keyword_spotting_tiled if has_keyword_spotting, 1024;
    resnet_on_two_kilobytes: resnet_tiled if has_resnet, 2048;
    micro_speech_by_rows: micro_speech_rows if has_micro_speech, 1200;
    keyword_spotting_by_rows: keyword_spotting_rows if has_keyword_spotting, 1600;
    resnet_by_rows: resnet_rows if has_resnet, 2600;
    person_detection_by_rows: person_detection_rows if has_person_detection, 3200;
}

/// All layers of a model whose layers have only rows in SRAM, behind a driver and on exactly the arena that it states.
macro_rules! by_rows {
    ($($name:ident if $has:ident: $file:literal, $layers:literal;)*) => {$(
        #[cfg($has)]
        #[allow(dead_code, reason = "scales and sizes, which this test does not need")]
        mod $name {
            use super::{Driven, arrays, reference, same};
            use rekindle::zerocopy::IntoBytes;

            rekindle_models::imported!(concat!(env!("OUT_DIR"), "/", stringify!($name), "_apart.rs"));
            include!(concat!(env!("OUT_DIR"), "/", stringify!($name), "_layers.rs"));

            #[test]
            fn every_layer_gives_the_reference_bits() {
                let Some(detailed) = reference(concat!($file, ".layers.npz")) else {
                    return;
                };
                let expected = arrays(&detailed);
                let input = &expected.iter().find(|(n, _)| n == "input").unwrap().1;
                let store = Bytes::new(Driven(vec![0; Memory::SIZE + 512]));
                let mut nvm = Nvm::<Memory, _>::open(store).unwrap();
                nvm.write(|m| &mut m.input, InputTensor::ref_from_bytes(input).unwrap()).unwrap();
                nvm.resume_or_start(&mut [0xa5; ARENA], whole).unwrap();
                let found = layers(&mut nvm).unwrap();
                assert_eq!(found.len(), $layers, "layers that are compared");
                for (index, bytes) in found {
                    let prefix = format!("op{index:02}_");
                    let (name, expected) = expected.iter().find(|(n, _)| n.starts_with(&prefix)).unwrap();
                    same(name, &bytes, expected);
                }
            }
        }
    )*};
}

by_rows! {
    micro_speech_rows if has_micro_speech: "micro_speech_quantized", 3;
    keyword_spotting_rows if has_keyword_spotting: "kws_ref_model", 12;
    resnet_rows if has_resnet: "pretrainedResnet_quant", 15;
    person_detection_rows if has_person_detection: "person_detect", 30;
}

/// A convolution and its pooling in one task give the bits of the two, in a third of the memory.
#[test]
fn fused_layers_give_the_same_bits_in_less_memory() {
    use rekindle_models::{lenet, lenet_fused};

    const { assert!(3 * lenet_fused::NVM < lenet::NVM && 3 * lenet_fused::ARENA < lenet::ARENA) };
    let mut state = 1_u32;
    for _ in 0..20 {
        let mut input = [[[0_i8; 1]; 28]; 28];
        for byte in input.as_flattened_mut().as_flattened_mut() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (state >> 24) as u8 as i8;
        }
        let mut words = vec![0_u64; lenet::Memory::SIZE / 8 + 256];
        let mut nvm = Nvm::<lenet::Memory, _>::open(Mapped::from_words(&mut words)).unwrap();
        nvm.write(|m| &mut m.input, &input).unwrap();
        nvm.resume_or_start(&mut [], lenet::whole).unwrap();
        let expected = nvm.read(|m| &m.output).unwrap();

        let store = Bytes::new(Driven(vec![0; lenet_fused::Memory::SIZE + 512]));
        let mut nvm = Nvm::<lenet_fused::Memory, _>::open(store).unwrap();
        nvm.write(|m| &mut m.input, &input).unwrap();
        nvm.resume_or_start(&mut [0; lenet_fused::ARENA], lenet_fused::whole)
            .unwrap();
        let found = nvm.read(|m| &m.output).unwrap();
        same("output", found.as_bytes(), expected.as_bytes());
    }
}

/// The project's own models, of the operators that the reference models lack.
mod gates {
    use super::*;

    ends!(gates);
}

mod moves {
    use super::*;

    ends!(moves);
}

/// Floats at the ends of a file are int8 at the ends of the code.
mod floats {
    use super::*;

    ends!(floats);
}

macro_rules! golden {
    ($($name:ident if $has:ident: $file:literal, $layers:literal;)*) => {$(
        #[cfg($has)]
        mod $name {
            use super::*;

            ends!($name);

            /// The same model with all activations kept.
            #[allow(dead_code, reason = "scales and sizes, which this test does not need")]
            mod apart {
                use rekindle::zerocopy::IntoBytes;

                rekindle_models::imported!(concat!(env!("OUT_DIR"), "/", stringify!($name), "_apart.rs"));
                include!(concat!(env!("OUT_DIR"), "/", stringify!($name), "_layers.rs"));

                #[test]
                fn every_layer_gives_the_reference_bits() {
                    let Some(detailed) = super::reference(concat!($file, ".layers.npz")) else {
                        return;
                    };
                    let expected = super::arrays(&detailed);
                    let input = &expected.iter().find(|(n, _)| n == "input").unwrap().1;
                    let mut words = vec![0_u64; Memory::SIZE / 8 + 256];
                    let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words)).unwrap();
                    nvm.write(|m| &mut m.input, InputTensor::ref_from_bytes(input).unwrap()).unwrap();
                    nvm.resume_or_start(&mut [], whole).unwrap();
                    let found = layers(&mut nvm).unwrap();
                    assert_eq!(found.len(), $layers, "layers that are compared");
                    for (index, bytes) in found {
                        let prefix = format!("op{index:02}_");
                        let (name, expected) = expected.iter().find(|(n, _)| n.starts_with(&prefix)).unwrap();
                        super::same(name, &bytes, expected);
                    }
                }
            }
        }

        #[cfg(not($has))]
        #[test]
        fn $name() {
            assert!(reference(concat!($file, ".tflite")).is_none(), "the model is here, and was not imported");
        }
    )*};
}

golden! {
    hello_world if has_hello_world: "hello_world_int8", 3;
    micro_speech if has_micro_speech: "micro_speech_quantized", 3;
    keyword_spotting if has_keyword_spotting: "kws_ref_model", 12;
    resnet if has_resnet: "pretrainedResnet_quant", 15;
    person_detection if has_person_detection: "person_detect", 30;
}
