//! The MSP430FR5969: start-up, board, and arithmetic that the CPU does not have.

mod arithmetic;
mod board;
#[cfg(feature = "seeded-bug")]
mod late;
mod start;

use core::cell::UnsafeCell;
use core::panic::PanicInfo;
use core::ptr::NonNull;

use rekindle::store::Mapped;
use rekindle_msp430::{Board, Image, NVM, PROGRAM, Program, Scores, cycle};

use board::LaunchPad;

/// FRAM for commits and activations. The linker script keeps it where it is, and programming does not touch it.
#[repr(C, align(2))]
struct Fram(UnsafeCell<[u8; NVM]>);

// SAFETY: there is one thread, and it takes the memory once.
unsafe impl Sync for Fram {}

#[unsafe(link_section = ".nvm")]
#[unsafe(export_name = "NVM")]
static FRAM: Fram = Fram(UnsafeCell::new([0; NVM]));

/// Called by the start-up code, once per boot.
#[unsafe(no_mangle)]
extern "C" fn main() -> ! {
    let mut board = Guarded(LaunchPad::new());
    let base = NonNull::from(&FRAM).cast();
    // SAFETY: these bytes are reserved for the store, and this is called once per boot.
    let store = unsafe { Mapped::from_raw(base, NVM) };
    #[cfg(feature = "seeded-bug")]
    let store = late::Late(store);
    let done = Program::open_with(store, PROGRAM).and_then(|mut nvm| cycle(&mut nvm, &mut board));
    match done {
        Ok(_) => done_here(),
        Err(_) => failed(),
    }
}

/// A board that reports nothing after the stack was too small: variables may be damaged.
struct Guarded(LaunchPad);

impl Board for Guarded {
    fn sense(&mut self) -> Image {
        self.0.sense()
    }

    fn report(&mut self, scores: &Scores) {
        if start::stack_overflow() {
            failed();
        }
        self.0.report(scores);
    }
}

/// The inference is complete and reported. What a product does now (sleep, take the next image) is left out, so that
/// a debugger finds the result.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn done_here() -> ! {
    loop {
        core::hint::spin_loop();
    }
}

/// Nothing that a power failure does leads here; a stack that is too small does.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn failed() -> ! {
    loop {
        // Not the code of `done_here`, or the two would be merged.
        // SAFETY: an instruction without operands.
        unsafe { core::arch::asm!("nop", options(nomem, nostack, preserves_flags)) }
    }
}

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    failed()
}
