//! A capacitor between the harvester and the load.

/// Charge storage with a supervisor: the load is switched on at `on_v` and off at `off_v`.
#[derive(Clone, Copy, Debug)]
pub struct Capacitor {
    /// Capacitance in farads.
    pub farads: f64,
    /// Voltage at which the load is switched on.
    pub on_v: f64,
    /// Voltage at which it is switched off.
    pub off_v: f64,
    /// Voltage above which the harvester's surplus is lost.
    pub max_v: f64,
    /// Energy stored, in joules.
    energy_j: f64,
}

impl Capacitor {
    /// An empty one, switched at 2.8 V and 2.4 V and clamped at 3.3 V.
    pub const fn new(farads: f64) -> Self {
        Self {
            farads,
            on_v: 2.8,
            off_v: 2.4,
            max_v: 3.3,
            energy_j: 0.0,
        }
    }

    fn energy_at(&self, volts: f64) -> f64 {
        0.5 * self.farads * volts * volts
    }

    /// `½·C·(V_on² − V_off²)`: what one power cycle can spend without harvest, in joules.
    pub fn budget_j(&self) -> f64 {
        self.energy_at(self.on_v) - self.energy_at(self.off_v)
    }

    /// Voltage now.
    pub fn volts(&self) -> f64 {
        (2.0 * self.energy_j / self.farads).sqrt()
    }

    /// Adds harvest and takes the load's energy, both in joules.
    pub fn exchange(&mut self, harvested_j: f64, spent_j: f64) {
        self.energy_j =
            (self.energy_j + harvested_j - spent_j).clamp(0.0, self.energy_at(self.max_v));
    }

    /// Enough to switch the load on.
    pub fn is_charged(&self) -> bool {
        self.energy_j >= self.energy_at(self.on_v)
    }

    /// Too little to keep the load on.
    pub fn is_empty(&self) -> bool {
        self.energy_j < self.energy_at(self.off_v)
    }
}

/// Reads `100uF`, `4.7 mF`, `220nF`.
///
/// # Errors
///
/// What is wrong with the text.
pub fn parse_farads(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let unit_at = text
        .find(|c: char| c.is_alphabetic() || c == 'µ')
        .ok_or("a unit is missing: write 100uF, or 1mF")?;
    let (number, unit) = text.split_at(unit_at);
    let scale = match unit {
        "F" => 1.0,
        "mF" => 1e-3,
        "uF" | "µF" => 1e-6,
        "nF" => 1e-9,
        _ => return Err(format!("unknown unit `{unit}`: F, mF, uF or nF")),
    };
    let value: f64 = number
        .trim()
        .parse()
        .map_err(|_| format!("`{}` is not a number", number.trim()))?;
    if value > 0.0 && value.is_finite() {
        Ok(value * scale)
    } else {
        Err("a capacitance is more than nothing".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_of_100_uf_is_104_microjoules() {
        assert!((Capacitor::new(100e-6).budget_j() - 104e-6).abs() < 1e-9);
    }

    #[test]
    fn it_switches_on_and_off_at_its_thresholds() {
        let mut c = Capacitor::new(1e-3);
        c.exchange(0.5 * 1e-3 * 2.79 * 2.79, 0.0);
        assert!(!c.is_charged() && !c.is_empty());
        c.exchange(1e-4, 0.0);
        assert!(c.is_charged());
        c.exchange(0.0, c.budget_j() + 1e-4);
        assert!(c.is_empty() && c.volts() < 2.4);
    }

    #[test]
    fn capacitances_are_read_with_their_unit() {
        assert!((parse_farads("100uF").unwrap() - 100e-6).abs() < 1e-12);
        assert!((parse_farads(" 4.7 mF").unwrap() - 4.7e-3).abs() < 1e-12);
        for bad in ["", "100", "uF", "-1uF", "1kF", "infF", "1 µ"] {
            assert!(parse_farads(bad).is_err(), "{bad}");
        }
    }
}
