//! Stopping ahead of a brown-out.
//!
//! Nothing is lost without this: Rekindle holds for an outage at any instruction. What a guard saves is work, and, on
//! memories that must not be cut off while they write (the flash of the nRF52, whose power-fail comparator blocks its
//! controller), the write.

use core::ptr::NonNull;

use rekindle::Store;
use rekindle::store::{Commit, Mapping, StoreError};
use rekindle::zerocopy::{Immutable, IntoBytes};

/// The supply as a program sees it.
pub trait Supply {
    /// Returns when there is energy for the work up to the next commit, the commit included; at once if there is.
    /// If the power fails instead, it does not return, which is safe: this is called where everything is committed.
    fn ready(&mut self);
}

/// Measures the supply, and waits.
pub trait Voltage {
    /// The supply in millivolts.
    fn millivolts(&mut self) -> u16;

    /// Sleeps for as long as it takes the voltage to change a little, with as much switched off as is possible.
    fn sleep(&mut self);
}

/// Works down to one voltage, and again from another one on.
///
/// ```
/// use rekindle_app::{Supply, Voltage, VoltageGuard};
///
/// struct Bench(u16);
/// impl Voltage for Bench {
///     fn millivolts(&mut self) -> u16 { self.0 }
///     fn sleep(&mut self) { self.0 += 100 }
/// }
///
/// // ½ · 100 µF · (2.2 V² − 1.9 V²) = 61 µJ are left for one row and its commit.
/// let mut guard = VoltageGuard::new(Bench(2150), 2200, 2800);
/// guard.ready();
/// assert_eq!(guard.stops(), 1);
/// ```
#[derive(Debug)]
pub struct VoltageGuard<V> {
    voltage: V,
    stop: u16,
    go: u16,
    stops: u32,
}

impl<V: Voltage> VoltageGuard<V> {
    /// Stops below `stop` millivolts until there are `go`.
    ///
    /// `stop` must lie above the voltage at which NVM can no longer be written by what the capacitor gives for the
    /// longest region and its commit.
    pub const fn new(voltage: V, stop: u16, go: u16) -> Self {
        Self {
            voltage,
            stop,
            go,
            stops: 0,
        }
    }

    /// How often it has stopped since the boot.
    pub const fn stops(&self) -> u32 {
        self.stops
    }
}

impl<V: Voltage> Supply for VoltageGuard<V> {
    fn ready(&mut self) {
        if self.voltage.millivolts() >= self.stop {
            return;
        }
        self.stops += 1;
        while self.voltage.millivolts() < self.go {
            self.voltage.sleep();
        }
    }
}

/// A store that looks at the supply after each commit, and goes on only when there is energy for the next.
#[derive(Debug)]
pub struct Guarded<S, P> {
    store: S,
    supply: P,
}

impl<S: Store, P: Supply> Guarded<S, P> {
    /// Waits for the supply, then uses the store.
    pub fn new(store: S, mut supply: P) -> Self {
        supply.ready();
        Self { store, supply }
    }

    /// The supply.
    pub const fn supply(&self) -> &P {
        &self.supply
    }
}

impl<S: Store, P: Supply> Store for Guarded<S, P> {
    const MAPPED: bool = S::MAPPED;
    const WORD_ATOMIC: bool = S::WORD_ATOMIC;

    fn capacity(&self) -> usize {
        self.store.capacity()
    }

    fn mapping(&self) -> Option<Mapping> {
        self.store.mapping()
    }

    fn read(&mut self, at: usize, into: &mut [u8]) -> Result<(), StoreError> {
        self.store.read(at, into)
    }

    fn write(&mut self, at: usize, from: &[u8]) -> Result<(), StoreError> {
        self.store.write(at, from)
    }

    fn write_word(&mut self, at: usize, word: u16) -> Result<(), StoreError> {
        self.store.write_word(at, word)
    }

    fn barrier(&mut self) -> Result<(), StoreError> {
        self.store.barrier()
    }

    #[allow(unsafe_code)]
    unsafe fn poke<E: IntoBytes + Immutable>(to: NonNull<E>, value: E) {
        // SAFETY: the caller's promise, passed on.
        unsafe { S::poke(to, value) }
    }

    fn committed(&mut self, commit: Commit) {
        self.store.committed(commit);
        self.supply.ready();
    }
}
