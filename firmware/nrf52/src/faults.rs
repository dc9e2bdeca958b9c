//! What ends a program early: here it is a reset, and to a task that is under way a power failure like any other.
//!
//! With `defmt`, the reason is logged and the core stops for the debugger instead.

#[cfg(feature = "defmt")]
use {defmt_rtt as _, panic_probe as _};

#[cfg(not(feature = "defmt"))]
mod reset {
    use cortex_m::peripheral::SCB;
    use cortex_m_rt::exception;

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        SCB::sys_reset()
    }

    /// The guard of the stack ends here. No stack is used.
    #[exception(trampoline = false)]
    unsafe fn HardFault() -> ! {
        SCB::sys_reset()
    }
}

/// Makes an overflow of the stack a fault.
pub fn guard_stack() {
    unsafe extern "C" {
        static _stack_end: u8;
    }
    // SAFETY: variables end there, and nothing else uses the unit.
    if unsafe { rekindle_stack_guard::enable(&raw const _stack_end) }.is_err() {
        crate::info!("no memory protection unit: the stack is not guarded");
    }
}
