//! microflow's inference on the machine of `rekindle-models-m4`: instructions, stack and sizes, of the same model files.
#![no_std]

/// A program that runs a model once and prints what it takes.
#[macro_export]
macro_rules! measured {
    ($model:ident, $input:expr) => {
        use core::hint::black_box;
        use rekindle_cortex_m4::{board::console, say};
        use rekindle_models_m4::{Cost, timed};

        // A frame of its own, below what is painted.
        #[inline(never)]
        fn predict() {
            black_box($model::predict_quantized(black_box($input)));
        }

        #[cortex_m_rt::entry]
        fn main() -> ! {
            let run = timed(|| {
                predict();
                Ok(())
            });
            match run {
                Ok(Cost {
                    instructions,
                    stack,
                }) => {
                    say!("result instructions={instructions} stack={stack}");
                }
                Err(error) => say!("error: {error}"),
            }
            console::end(true)
        }
    };
}
