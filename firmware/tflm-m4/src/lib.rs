//! TensorFlow Lite for Microcontrollers on the machine of `rekindle-models-m4`: instructions, stack, arena and sizes, of
//! the same model files, with its reference kernels.
#![no_std]

use core::slice;

/// The C interface of `tflm.cc`.
mod ffi {
    unsafe extern "C" {
        pub fn tflm_begin();
        pub fn tflm_add();
        pub fn tflm_average_pool();
        pub fn tflm_conv();
        pub fn tflm_depthwise_conv();
        pub fn tflm_fully_connected();
        pub fn tflm_reshape();
        pub fn tflm_softmax();
        pub fn tflm_prepare(model: *const u8, arena: *mut u8, size: usize) -> usize;
        pub fn tflm_input(size: *mut usize) -> *mut i8;
        pub fn tflm_output(size: *mut usize) -> *const i8;
        pub fn tflm_invoke() -> i32;
    }
}

/// An operator that a model has.
#[derive(Debug, Clone, Copy)]
pub enum Operator {
    /// `ADD`.
    Add,
    /// `AVERAGE_POOL_2D`.
    AveragePool,
    /// `CONV_2D`.
    Conv,
    /// `DEPTHWISE_CONV_2D`.
    DepthwiseConv,
    /// `FULLY_CONNECTED`.
    FullyConnected,
    /// `RESHAPE`.
    Reshape,
    /// `SOFTMAX`.
    Softmax,
}

impl Operator {
    /// Tells the resolver; what is never named is not linked.
    #[inline(always)]
    fn register(self) {
        // SAFETY: after `tflm_begin`, and not more often than the resolver has room.
        unsafe {
            match self {
                Self::Add => ffi::tflm_add(),
                Self::AveragePool => ffi::tflm_average_pool(),
                Self::Conv => ffi::tflm_conv(),
                Self::DepthwiseConv => ffi::tflm_depthwise_conv(),
                Self::FullyConnected => ffi::tflm_fully_connected(),
                Self::Reshape => ffi::tflm_reshape(),
                Self::Softmax => ffi::tflm_softmax(),
            }
        }
    }
}

/// A model file, aligned as flatbuffers want it.
#[repr(align(16))]
pub struct File<T: ?Sized>(pub T);

/// A prepared model. There is one at a time.
#[derive(Debug)]
pub struct Interpreter {
    /// Bytes of the arena that it uses.
    pub arena: usize,
}

impl Interpreter {
    /// None where the arena is too small or an operator is not registered.
    #[inline(always)]
    pub fn new(
        model: &'static [u8],
        operators: &[Operator],
        arena: &'static mut [u8],
    ) -> Option<Self> {
        // SAFETY: nothing is registered yet.
        unsafe { ffi::tflm_begin() };
        for operator in operators {
            operator.register();
        }
        // SAFETY: both live for ever, and the arena is the interpreter's from here on.
        let used = unsafe { ffi::tflm_prepare(model.as_ptr(), arena.as_mut_ptr(), arena.len()) };
        (used > 0).then_some(Self { arena: used })
    }

    /// The input.
    pub fn input(&mut self) -> &mut [i8] {
        let mut size = 0;
        // SAFETY: the tensor is in the arena, or in the interpreter's own memory.
        unsafe { slice::from_raw_parts_mut(ffi::tflm_input(&mut size), size) }
    }

    /// The output.
    pub fn output(&self) -> &[i8] {
        let mut size = 0;
        // SAFETY: as for the input.
        unsafe { slice::from_raw_parts(ffi::tflm_output(&mut size), size) }
    }

    /// One inference.
    #[inline(never)]
    pub fn invoke(&mut self) -> bool {
        // SAFETY: it is prepared.
        unsafe { ffi::tflm_invoke() != 0 }
    }
}

/// A program that runs a model on every sample, compares the outputs with the reference's, and prints what it takes.
#[macro_export]
macro_rules! measured {
    ($model:ident, $file:literal, $operators:expr) => {
        use rekindle_cortex_m4::{
            board::{bytes, console, psram},
            say,
        };
        use rekindle_models::$model::SAMPLES;
        use rekindle_models_m4::{Cost, NVM_SIZE, differing, timed};
        use $crate::Operator::*;
        use $crate::{File, Interpreter};

        static MODEL: &File<[u8]> =
            &File(*include_bytes!(concat!("../../../../../shared/models/", $file, ".tflite")));

        #[cortex_m_rt::entry]
        fn main() -> ! {
            // SAFETY: nothing else is there.
            let arena = unsafe { bytes(psram::NVM, NVM_SIZE) };
            let Some(mut model) = Interpreter::new(&MODEL.0, &$operators, arena) else {
                say!("error: it cannot be prepared");
                console::end(false)
            };
            let (mut cost, mut differences) = (Cost::default(), 0);
            for (input, output) in SAMPLES {
                model.input().copy_from_slice(input);
                cost = timed(|| {
                    model.invoke();
                    Ok(())
                })
                .unwrap_or_default();
                differences += model.output().iter().zip(*output).filter(|(a, b)| a != b).count();
            }
            let Cost { instructions, stack } = cost;
            say!(
                "result instructions={instructions} stack={stack} arena={} differences={differences} bytes={}",
                model.arena,
                SAMPLES.iter().map(|(i, o)| i.len() + o.len()).sum::<usize>()
            );
            console::end(true)
        }
    };
}
