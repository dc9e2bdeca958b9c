//! The converter: the supply on one channel, a sensor on the other.

use core::cell::RefCell;

use embassy_nrf::Peri;
use embassy_nrf::peripherals::SAADC;
use embassy_nrf::saadc::{ChannelConfig, Config, Input, Saadc, VddInput};
use rekindle::pace::Voltmeter;
use rekindle_app::{Sensor, Voltage};

use crate::board::Irqs;
use crate::wait;

/// Millivolts of the largest reading: the reference of 0.6 V, and a gain of 1/6.
const FULL_SCALE: u32 = 3600;
/// Counts of the largest reading.
const COUNTS: u32 = 1 << 12;

/// Both channels.
pub struct Analogue {
    converter: RefCell<Saadc<'static, 2>>,
}

impl Analogue {
    /// The supply, and this pin.
    pub fn new(saadc: Peri<'static, SAADC>, pin: impl Input + 'static) -> Self {
        let channels = [
            ChannelConfig::single_ended(VddInput),
            ChannelConfig::single_ended(pin),
        ];
        let converter = RefCell::new(Saadc::new(saadc, Irqs, Config::default(), channels));
        Self { converter }
    }

    /// Counts of the supply and of the sensor; below 0 is noise.
    fn read(&self) -> [u32; 2] {
        let mut counts = [0; 2];
        wait::until(self.converter.borrow_mut().sample(&mut counts));
        counts.map(|count| count.max(0).cast_unsigned().into())
    }
}

/// The supply.
pub struct Supply<'a>(pub &'a Analogue);

impl Voltmeter for Supply<'_> {
    fn millivolts(&mut self) -> u32 {
        let [supply, _] = self.0.read();
        supply * FULL_SCALE / COUNTS
    }
}

impl Voltage for Supply<'_> {
    fn sleep(&mut self) {
        wait::milliseconds(20);
    }
}

/// A sensor on an analogue pin, 784 readings of which make an image. It stands for a camera, of which the network would
/// make more: put your own here.
pub struct Trace<'a>(pub &'a Analogue);

impl Sensor for Trace<'_> {
    fn sense(&mut self, _: u32) -> [[[i8; 1]; 28]; 28] {
        let mut image = [[[0; 1]; 28]; 28];
        for value in image.as_flattened_mut().as_flattened_mut() {
            let [_, counts] = self.0.read();
            *value = ((counts * 256 / COUNTS).min(255) as u8)
                .wrapping_sub(128)
                .cast_signed();
        }
        image
    }
}
