//! TI's LaunchPad MSP-EXP430FR5969: clock, pins, and a camera that always shows the same.

use msp430fr5969::{Cs, Pmm, Port1_2, Port3_4};
use rekindle_msp430::{Board, Image, Scores, answer, halved};

/// What stands for a sensor: the first image of the test set. A debugger may put another one here.
#[unsafe(export_name = "SENSOR")]
static SENSOR: Image = halved(include_bytes!("../../data/image.bin"));

/// The board, ready for use.
pub struct LaunchPad {
    lamp: Port1_2,
    class: Port3_4,
}

impl LaunchPad {
    /// Sets up what every boot needs: 8 MHz, the most that FRAM follows without wait states, and outputs at rest.
    pub fn new() -> Self {
        // SAFETY: this is called once per boot, and nothing else uses these peripherals.
        let (clocks, power, lamp, class) = unsafe {
            (
                Cs::steal(),
                Pmm::steal(),
                Port1_2::steal(),
                Port3_4::steal(),
            )
        };
        // SAFETY: the password of the clock registers, and what closes them again.
        clocks.csctl0().write(|w| unsafe { w.bits(0xA500) });
        clocks.csctl3().modify(|_, w| w.divm().divm_0());
        clocks.csctl0().write(|w| unsafe { w.bits(0) });

        lamp.p1out().modify(|_, w| w.p1out0().clear_bit());
        lamp.p1dir().modify(|_, w| w.p1dir0().set_bit());
        // SAFETY: any bits are a direction.
        class.p3dir().write(|w| unsafe { w.bits(0x0f) });
        // Pins are held as they were before the outage until this.
        power.pm5ctl0().modify(|_, w| w.locklpm5().clear_bit());
        Self { lamp, class }
    }
}

impl Board for LaunchPad {
    fn sense(&mut self) -> Image {
        // SAFETY: a readable image. Volatile, because its value is not that of this program.
        unsafe { (&raw const SENSOR).read_volatile() }
    }

    /// P3.0 to P3.3 show the class, and then the lamp at P1.0 says that there is one.
    fn report(&mut self, scores: &Scores) {
        let class = answer(scores);
        // SAFETY: any bits are an output.
        self.class.p3out().write(|w| unsafe { w.bits(class) });
        self.lamp.p1out().modify(|_, w| w.p1out0().set_bit());
    }
}
