//! Pacing by the capacitor's voltage.

use super::Pacer;

/// Reads the supply voltage: an ADC channel, a fuel gauge, or a closure.
///
/// ```
/// use rekindle::pace::Voltmeter;
///
/// let mut adc = || 2_800; // counts · reference / full scale
/// assert_eq!(adc.millivolts(), 2_800);
/// ```
pub trait Voltmeter {
    /// The voltage in millivolts. A reading that fails should be 0: the pacer then commits.
    fn millivolts(&mut self) -> u32;
}

impl<F: FnMut() -> u32> Voltmeter for F {
    #[inline(always)]
    fn millivolts(&mut self) -> u32 {
        self()
    }
}

/// No commits while the capacitor holds enough, then one after each piece of work.
///
/// A conversion takes time and energy itself, so the voltage is read once per `check_every` units of work; an iteration
/// in between costs one subtraction and one compare. Below `low` a commit is due at each reading, until the voltage has
/// risen above `high` again: the hysteresis keeps noise at one threshold from switching the pacer with every reading.
///
/// Take `low` such that the capacitor still holds, above the voltage at which the device stops, the work between two
/// readings and a commit: [`millivolts_for`]. If the supply falls faster than that, work is repeated and nothing else.
///
/// ```
/// use rekindle::pace::{ByVoltage, Pacer};
///
/// let mut volts = [3_100, 2_700, 2_600, 2_850, 3_000].into_iter();
/// let mut pacer = ByVoltage::new(|| volts.next().unwrap_or(0), 2_650, 2_900).check_every(10);
/// assert!(!pacer.due(9)); // not read
/// assert!(!pacer.due(1)); // 3.1 V
/// assert!(!pacer.due(10)); // 2.7 V
/// assert!(pacer.due(10)); // 2.6 V: running low
/// pacer.committed();
/// assert!(pacer.due(10)); // 2.85 V: not high enough yet
/// pacer.committed();
/// assert!(!pacer.due(10)); // 3.0 V
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ByVoltage<V> {
    voltmeter: V,
    low: u32,
    high: u32,
    check_every: u32,
    left: u32,
    is_low: bool,
    due: bool,
}

impl<V: Voltmeter> ByVoltage<V> {
    /// Commits below `low` millivolts, until the voltage is above `high`. A `high` below `low` is taken to be `low`.
    pub const fn new(voltmeter: V, low: u32, high: u32) -> Self {
        Self {
            voltmeter,
            low,
            high: if high < low { low } else { high },
            check_every: 0,
            left: 0,
            is_low: false,
            due: false,
        }
    }

    /// Units of work between two readings. Default: a reading after each iteration.
    #[must_use]
    pub const fn check_every(mut self, units: u32) -> Self {
        self.check_every = units;
        self.left = units;
        self
    }

    #[cold]
    #[inline(never)]
    fn read(&mut self) -> bool {
        self.left = self.check_every;
        let millivolts = self.voltmeter.millivolts();
        self.is_low = if self.is_low {
            millivolts <= self.high
        } else {
            millivolts < self.low
        };
        self.due = self.is_low;
        self.due
    }
}

impl<V: Voltmeter> Pacer for ByVoltage<V> {
    #[inline(always)]
    fn due(&mut self, work: u32) -> bool {
        self.left = self.left.saturating_sub(work);
        if self.left == 0 {
            self.read()
        } else {
            self.due
        }
    }
    #[inline(always)]
    fn committed(&mut self) {
        self.due = false;
    }
}

/// The voltage at which a capacitor of `nanofarads` holds `nanojoules` more than at `off` millivolts, rounded up:
/// `E = ½·C·(V² − V_off²)`.
///
/// ```
/// use rekindle::pace::millivolts_for;
///
/// // 100 µF, off at 2.4 V, 10 µJ for the work between two readings and a commit.
/// const LOW: u32 = millivolts_for(10_000, 100_000, 2_400);
/// assert_eq!(LOW, 2_442);
/// ```
pub const fn millivolts_for(nanojoules: u32, nanofarads: u32, off: u32) -> u32 {
    // nJ / nF = V²; times 10⁶ in mV².
    let farads = if nanofarads == 0 { 1 } else { nanofarads } as u64;
    let square =
        (off as u64 * off as u64).saturating_add((nanojoules as u64 * 2_000_000).div_ceil(farads));
    let root = square.isqrt();
    let root = if root * root < square { root + 1 } else { root };
    if root > u32::MAX as u64 {
        u32::MAX
    } else {
        root as u32
    }
}
