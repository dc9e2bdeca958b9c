//! Results: a light, and a line of log. A radio would be here.

use embassy_nrf::gpio::Output;
use rekindle_app::{CLASSES, Report, answer};

use crate::{info, wait};

/// Flashes once for each report.
pub struct Light(pub Output<'static>);

impl Report for Light {
    fn report(&mut self, number: u32, scores: &[i8; 10]) {
        info!(
            "reading {=u32}: {=str}",
            number,
            CLASSES[usize::from(answer(scores))]
        );
        self.0.set_low();
        wait::milliseconds(1);
        self.0.set_high();
    }
}
