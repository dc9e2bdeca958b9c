//! What protection costs on a Cortex-M4: one program per kernel, so that its size is that of the kernel.
//!
//! Each is built twice: as it is, and with `--cfg rekindle_unprotected`, where the attributes leave the bodies as they
//! are written. It prints the instructions of one run, from its start to its completion, and the stack that it took.
//! `cargo xtask overhead --target cortex-m4` builds, runs and compares them.
#![no_std]

use rekindle::prelude::*;
use rekindle::{Cx, Mapped};
use rekindle_cortex_m4::board::{bytes, console, instructions, now, psram, stack};
use rekindle_cortex_m4::say;
use rekindle_kernels::{Activation, Depthwise, Multiplier, per_tensor};
use rekindle_lenet::{Activations, Image, Scores};

type Map<const C: usize, const N: usize> = [[[i8; C]; N]; N];

/// One memory for all: each kernel has buffers of the shapes that it has in the network.
#[derive(Layout)]
pub struct Memory {
    /// The network's input.
    pub image: Buffer<Image>,
    /// What it computes on its way.
    pub activations: Activations,
    /// Its output.
    pub scores: Buffer<Scores>,
    /// Output of [`DEPTHWISE`].
    pub depthwise: Buffer<Map<12, 14>>,
    /// Output of average pooling.
    pub average: Buffer<Map<16, 7>>,
}

/// A layer that the network does not have.
pub static DEPTHWISE: Depthwise<3, 3, 12, 12> = Depthwise::new(
    [[[3, -20, 60, 127, 5, 6, 7, 8, -9, 10, 11, 12]; 3]; 3],
    [0; 12],
    per_tensor(Multiplier::from_real(0.004)),
    -3,
    Activation::linear(0),
);

/// Runs the task twice, as firmware would, and prints what the second run took.
pub fn measure(
    mut task: impl FnMut(&mut Cx<'_, Mapped<'static>>, &mut Memory) -> Result<(), Error>,
) -> ! {
    // SAFETY: nothing else is there.
    let nvm = unsafe { bytes(psram::NVM, psram::NVM_SIZE) };
    let mut noise = 1_u32;
    for byte in &mut nvm[Nvm::<Memory, Mapped<'_>>::DATA_AT..] {
        noise ^= noise << 13;
        noise ^= noise >> 17;
        noise ^= noise << 5;
        *byte = noise as u8;
    }
    match run(nvm, &mut task) {
        Ok((instructions, stack)) => say!("{instructions} {stack}"),
        Err(error) => say!("error: {error}"),
    }
    console::end(true)
}

fn run(
    nvm: &'static mut [u8],
    task: &mut impl FnMut(&mut Cx<'_, Mapped<'static>>, &mut Memory) -> Result<(), Error>,
) -> Result<(u32, u32), Error> {
    let mut nvm = Nvm::<Memory, _>::open(Mapped::from_bytes(nvm))?;
    let mut took = (0, 0);
    if cfg!(rekindle_unprotected) {
        // Nothing is recorded, and so nothing is there that starts or ends a run.
        nvm.resume_or_start(&mut [], |cx, m| {
            for _ in 0..2 {
                took = timed(|| task(cx, m))?;
            }
            Ok(())
        })?;
    } else {
        for _ in 0..2 {
            took = timed(|| {
                nvm.restart()?;
                nvm.resume_or_start(&mut [], &mut *task).map(drop)
            })?;
        }
    }
    Ok(took)
}

/// Instructions and bytes of stack.
#[inline(never)]
fn timed(work: impl FnOnce() -> Result<(), Error>) -> Result<(u32, u32), Error> {
    let top = stack::paint();
    let before = now();
    work()?;
    let ticks = now().wrapping_sub(before);
    Ok((instructions(ticks), stack::painted(top)))
}

/// The program of one kernel.
#[macro_export]
macro_rules! program {
    (|$cx:ident, $m:ident| $call:expr) => {
        #[cortex_m_rt::entry]
        fn main() -> ! {
            $crate::measure(|$cx, $m| $call)
        }
    };
}
