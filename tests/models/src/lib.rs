//! Models that `build.rs` imported: the project's own, and the reference models where `../shared/models` is.
#![no_std]
#![allow(clippy::unreadable_literal, clippy::large_stack_arrays)]

/// Includes an imported model as a module, where its file is at hand, with the memory that its tests use.
macro_rules! model {
    ($(#[$doc:meta])* $name:ident if $has:ident) => {
        $(#[$doc])*
        #[cfg($has)]
        pub mod $name {
            $crate::imported!(concat!(env!("OUT_DIR"), "/", stringify!($name), ".rs"));
            include!(concat!(env!("OUT_DIR"), "/", stringify!($name), "_golden.rs"));
        }
    };
}

/// Includes an imported model, with its memory and a task that runs it there.
#[macro_export]
macro_rules! imported {
    ($file:expr) => {
        include!($file);

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
    };
}

/// The same, with so little SRAM that layers have only rows or tiles there.
macro_rules! tiled {
    ($(#[$doc:meta])* $name:ident of $model:ident if $has:ident) => {
        $(#[$doc])*
        #[cfg($has)]
        pub mod $name {
            $crate::imported!(concat!(env!("OUT_DIR"), "/", stringify!($name), ".rs"));
            pub use super::$model::SAMPLES;
        }
    };
}

tiled!(
    /// `gates` on 160 bytes.
    gates_tiled of gates if has_gates);
tiled!(
    /// `moves` on 160 bytes.
    moves_tiled of moves if has_moves);
tiled!(
    /// `keyword_spotting` on 1 KB.
    keyword_spotting_tiled of keyword_spotting if has_keyword_spotting);
tiled!(
    /// `resnet` on 2 KB.
    resnet_tiled of resnet if has_resnet);

tiled!(
    /// `micro_speech` with rows in SRAM.
    micro_speech_rows of micro_speech if has_micro_speech);
tiled!(
    /// `keyword_spotting` with rows in SRAM.
    keyword_spotting_rows of keyword_spotting if has_keyword_spotting);
tiled!(
    /// `resnet` with rows in SRAM.
    resnet_rows of resnet if has_resnet);
tiled!(
    /// `person_detection` with rows in SRAM.
    person_detection_rows of person_detection if has_person_detection);

/// `lenet` with rows in SRAM.
#[cfg(has_lenet)]
pub mod lenet_rows {
    crate::imported!(concat!(env!("OUT_DIR"), "/lenet_rows.rs"));
}

/// `lenet` with each convolution and its pooling as one task.
#[cfg(has_lenet)]
pub mod lenet_fused {
    crate::imported!(concat!(env!("OUT_DIR"), "/lenet_fused.rs"));
}

model!(
    /// The LeNet-class network of the examples.
    lenet if has_lenet);
model!(
    /// Functions value by value, a product, a concatenation and means; random weights.
    gates if has_gates);
model!(
    /// Paddings, slices, transpositions, and filters with dilation; random weights.
    moves if has_moves);
model!(
    /// Floats at both ends; random weights.
    floats if has_floats);
model!(
    /// `TensorFlow`'s sine.
    hello_world if has_hello_world);
model!(
    /// `TensorFlow`'s two words.
    micro_speech if has_micro_speech);
model!(
    /// `MLPerf` Tiny's ten words.
    keyword_spotting if has_keyword_spotting);
model!(
    /// `MLPerf` Tiny's ten classes of images.
    resnet if has_resnet);
model!(
    /// `TensorFlow`'s person, or none.
    person_detection if has_person_detection);
model!(
    /// What `REKINDLE_SEARCHED` names, such as a network that the architecture search has found.
    searched if has_searched);
