//! Turns a stack overflow on Cortex-M into a fault, with one region of the memory protection unit.
//!
//! Without it, a stack that is too small grows into the program's variables: a result may then be wrong although every
//! power failure was survived. With it, the overflow is a `HardFault`, whose handler resets the device; from there on it
//! is a power failure like any other.
//!
//! The `HardFault` handler must not use the stack that has overflowed: set the stack pointer first.
#![no_std]

#[cfg(target_arch = "arm")]
mod mpu;

#[cfg(target_arch = "arm")]
pub use mpu::{NoMpu, enable};

/// Bytes of the guard: the smallest region that the unit has. A frame with a larger gap may step over it.
pub const GUARD: usize = 32;

/// Where the guard lies when variables end at `end`.
pub const fn guard_at(end: usize) -> usize {
    end.next_multiple_of(GUARD)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_guard_lies_above_the_variables() {
        assert_eq!(super::guard_at(0x2000_0100), 0x2000_0100);
        assert_eq!(super::guard_at(0x2000_0101), 0x2000_0120);
    }
}
