//! Stopping ahead of a brown-out.
//!
//! Nothing is lost without this: Rekindle holds for an outage at any instruction. What a guard saves is work, and, on
//! memories that must not be cut off while they write (the flash of the nRF52, whose power-fail comparator blocks its
//! controller), the write.

use core::ptr::NonNull;

use rekindle::Store;
use rekindle::pace::Voltmeter;
use rekindle::store::{Commit, Mapping, StoreError};
use rekindle::zerocopy::{Immutable, IntoBytes};

/// The supply as a program sees it.
pub trait Supply {
    /// Returns when there is energy for the work up to the next commit, the commit included; at once if there is.
    /// If the power fails instead, it does not return, which is safe: this is called where everything is committed.
    fn ready(&mut self);
}

/// Measures the supply, and waits.
pub trait Voltage: Voltmeter {
    /// Sleeps for as long as it takes the voltage to change a little, with as much switched off as is possible.
    fn sleep(&mut self);
}

/// Works down to one voltage, and again from another one on.
///
/// ```
/// use rekindle::pace::{Voltmeter, millivolts_for};
/// use rekindle_app::{Supply, Voltage, VoltageGuard};
///
/// struct Bench(u32);
/// impl Voltmeter for Bench {
///     fn millivolts(&mut self) -> u32 { self.0 }
/// }
/// impl Voltage for Bench {
///     fn sleep(&mut self) { self.0 += 100 }
/// }
///
/// // Off at 1.9 V; 60 µJ of 100 µF are kept for one row and its commit.
/// const STOP: u32 = millivolts_for(60_000, 100_000, 1_900);
/// let mut guard = VoltageGuard::new(Bench(2_150), STOP, 2_800);
/// guard.ready();
/// assert_eq!(guard.stops(), 1);
/// ```
#[derive(Debug)]
pub struct VoltageGuard<V> {
    voltage: V,
    stop: u32,
    go: u32,
    stops: u32,
}

impl<V: Voltage> VoltageGuard<V> {
    /// Stops below `stop` millivolts until there are `go`.
    ///
    /// `stop` must lie above the voltage at which NVM can no longer be written by what the capacitor gives for the
    /// longest region and its commit.
    pub const fn new(voltage: V, stop: u32, go: u32) -> Self {
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

    /// The store and the supply.
    pub fn into_parts(self) -> (S, P) {
        (self.store, self.supply)
    }
}

impl<S: Store, P: Supply> Store for Guarded<S, P> {
    const MAPPED: bool = S::MAPPED;
    const WORD_ATOMIC: bool = S::WORD_ATOMIC;
    const PACED: bool = S::PACED;

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

    fn begins(&mut self) {
        self.store.begins();
    }

    fn due(&mut self, work: u32) -> bool {
        self.store.due(work)
    }

    fn committed(&mut self, commit: Commit) {
        self.store.committed(commit);
        self.supply.ready();
    }
}
