//! The pins of Nordic's development kits; yours will differ.

use embassy_nrf::gpio::{Level, Output, OutputDrive};
use embassy_nrf::{Peri, Peripherals, bind_interrupts, peripherals, saadc, spim};
use embedded_hal_bus::spi::ExclusiveDevice;

use crate::analogue::Analogue;

bind_interrupts!(
    /// Interrupts of the drivers.
    pub struct Irqs {
        SAADC => saadc::InterruptHandler;
        SPI2 => spim::InterruptHandler<peripherals::SPI2>;
    }
);

/// An SPI bus with one device.
pub type Spi =
    ExclusiveDevice<spim::Spim<'static>, Output<'static>, embedded_hal_bus::spi::NoDelay>;

/// What is on the board.
pub struct Board {
    /// Supply and sensor.
    pub analogue: Analogue,
    /// The bus with the FRAM.
    pub spi: Spi,
    /// The controller of the device's own flash.
    pub flash: Peri<'static, peripherals::NVMC>,
    /// A light, on when low.
    pub light: Output<'static>,
}

impl Board {
    /// Starts the device's clocks and drivers.
    pub fn new() -> Self {
        let p: Peripherals = embassy_nrf::init(Default::default());
        let mut config = spim::Config::default();
        config.frequency = spim::Frequency::M8;

        // Arduino header and LED 1 of the nRF52840 DK.
        #[cfg(feature = "nrf52840")]
        let (sck, miso, mosi, cs, light) = (p.P1_15, p.P1_14, p.P1_13, p.P1_12, p.P0_13);
        // The same of the nRF52 DK.
        #[cfg(feature = "nrf52832")]
        let (sck, miso, mosi, cs, light) = (p.P0_25, p.P0_24, p.P0_23, p.P0_22, p.P0_17);

        let bus = spim::Spim::new(p.SPI2, Irqs, sck, miso, mosi, config);
        let cs = Output::new(cs, Level::High, OutputDrive::Standard);
        let Ok(spi) = ExclusiveDevice::new_no_delay(bus, cs);
        Self {
            analogue: Analogue::new(p.SAADC, p.P0_02),
            spi,
            flash: p.NVMC,
            light: Output::new(light, Level::High, OutputDrive::Standard),
        }
    }
}

impl Default for Board {
    fn default() -> Self {
        Self::new()
    }
}
