//! When the power comes and goes for a load that always computes: what an emulator needs to fail as a capacitor does.

use std::sync::Arc;

use super::{Board, Harvest, Reservoir};
use crate::units::{Joules, Seconds, Volts};

/// One power cycle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerCycle {
    /// When the load is switched on.
    pub on: Seconds,
    /// When the supply fails.
    pub off: Seconds,
    /// Cycles of the CPU in between, those of the start-up not counted.
    pub cycles: f64,
}

/// Power cycles, and the voltage over time.
#[derive(Clone, Debug, Default)]
pub struct PowerCycles {
    /// In sequence.
    pub cycles: Vec<PowerCycle>,
    /// Time and voltage: at each switching, and every 20 ms while the capacitor charges.
    pub volts: Vec<(Seconds, Volts)>,
}

/// Why there are no more power cycles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Supplied {
    /// The capacitor is not charged to the voltage that the supervisor waits for.
    #[error("the capacitor does not reach the switch-on voltage within an hour")]
    Dark,
    /// The harvest is more than the load takes.
    #[error("the supply does not fail within a minute: the harvest carries the load")]
    Enough,
    /// What the capacitor holds does not last for the start-up.
    #[error("the capacitor does not hold the start-up")]
    Boot,
}

/// The first `count` power cycles of a board that computes whenever it is on, on a harvest that goes on meanwhile.
///
/// # Errors
///
/// Where there are fewer.
pub fn power_cycles(
    board: &Board,
    harvest: &Arc<Harvest>,
    count: usize,
) -> Result<PowerCycles, Supplied> {
    const SLICE: Seconds = Seconds(20e-3);
    const HOUR: f64 = 3600.0;
    const MINUTE: f64 = 60.0;
    let mut supply = Reservoir::new(harvest, &board.storage);
    let mut all = PowerCycles::default();
    all.volts.push((supply.time, supply.volts()));
    for _ in 0..count {
        let dark = supply.time;
        while !supply.charge(SLICE) {
            if (supply.time - dark).get() > HOUR {
                return Err(Supplied::Dark);
            }
            all.volts.push((supply.time, supply.volts()));
        }
        let on = supply.time;
        all.volts.push((on, supply.volts()));
        if supply
            .draw(board.boot.energy, board.time(board.boot))
            .is_err()
        {
            return Err(Supplied::Boot);
        }
        let started = supply.time;
        let load = board.cycle.get() * board.clock.0;
        if supply.draw(Joules(load * MINUTE), Seconds(MINUTE)).is_ok() {
            return Err(Supplied::Enough);
        }
        all.volts.push((supply.time, supply.volts()));
        all.cycles.push(PowerCycle {
            on,
            off: supply.time,
            cycles: (supply.time - started).get() * board.clock.0,
        });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Farads, Watts};

    /// What comes in and is not in the capacitor has been spent.
    #[test]
    fn energy_is_what_the_harvest_gave() {
        let board = Board::nrf52840_spi_fram().with(Farads(100e-6));
        let power = 0.5e-3;
        let harvest = Arc::new(Harvest::constant(Watts(power)));
        let all = power_cycles(&board, &harvest, 50).unwrap();
        let spent: f64 = all
            .cycles
            .iter()
            .map(|c| c.cycles * board.cycle.get() + board.boot.energy.get())
            .sum();
        let end = all.cycles[49].off.get();
        assert!((spent / (power * end) - 1.0).abs() < 1e-9, "{spent} {end}");
        for c in &all.cycles {
            assert!(c.on < c.off && c.cycles > 0.0);
        }
        let (low, high) = (
            board.storage.off.get() - 1e-9,
            board.storage.on.get() + 1e-9,
        );
        assert!(
            all.volts
                .iter()
                .all(|(_, v)| (low..=high).contains(&v.get()))
        );
    }

    #[test]
    fn a_harvest_makes_power_cycles_longer() {
        let board = Board::nrf52840_spi_fram().with(Farads(100e-6));
        let of = |watts| {
            let harvest = Arc::new(Harvest::constant(Watts(watts)));
            power_cycles(&board, &harvest, 1).map(|all| all.cycles[0].cycles)
        };
        assert!(of(2e-3).unwrap() > of(0.2e-3).unwrap());
        assert_eq!(of(20e-3), Err(Supplied::Enough));
        assert_eq!(of(1e-9), Err(Supplied::Dark));
        let board = Board::nrf52840_spi_fram().with(Farads(1e-6));
        let harvest = Arc::new(Harvest::constant(Watts(1e-3)));
        assert_eq!(
            power_cycles(&board, &harvest, 1).unwrap_err(),
            Supplied::Boot
        );
    }
}
