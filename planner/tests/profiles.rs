//! Profiles of boards: those that come with the planner, and what is said of a bad one.

use rekindle_planner::device::Device;
use rekindle_planner::profile::{INAS, SHIPPED, board, tiles};
use rekindle_planner::program::{Board, Load, Memory};
use rekindle_planner::units::{Farads, Joules, Volts};

#[test]
fn shipped_profiles_are_sound_and_their_figures_are_those_of_the_data_sheets() {
    for (name, text) in SHIPPED {
        let board = board(text).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        assert_eq!(Board::shipped(name), Some(board.clone()));
        assert!(!board.sources.trim().is_empty(), "{name}");
        assert!(board.usable() > Joules::ZERO, "{name}");
        // A commit and the way back to it fit a power cycle many times.
        let both = board.commit().energy + board.restart(0).energy;
        assert!(board.usable() / both > 2.0, "{name}");
    }
    let board = Board::nrf52840_spi_fram();
    assert_eq!(board.memory, Memory::Bytes);
    // C·(V_on² − V_off²)/2 of 100 µF.
    assert!((board.usable().get() - 104e-6).abs() < 1e-9);
    assert!((board.unit.energy.get() - 0.6e-9).abs() < 1e-15);
    // A constant current is budgeted as charge.
    let board = Board::msp430fr5994().with(Farads(100e-6));
    assert_eq!(board.storage.load, Load::Current(Volts(3.0)));
    assert!((board.usable().get() - 100e-6 * 0.4 * 3.0).abs() < 1e-12);
    // Committing 256 bytes: SPI FRAM takes microjoules, flash tens of them with its share of erases.
    let flash = Board::shipped("nrf52840-flash").expect("a board");
    let (fram, flash) = (
        Board::nrf52840_spi_fram().transfer(256).energy,
        flash.transfer(256).energy,
    );
    assert!((0.5e-6..4e-6).contains(&fram.get()), "{fram:?}");
    assert!((60e-6..200e-6).contains(&flash.get()), "{flash:?}");
}

#[test]
fn the_reference_device_is_read_to_the_last_digit() {
    let device = tiles(INAS).expect("a device");
    assert_eq!(
        device.mul.energy.get().to_bits(),
        (250.2935e-9_f64 / 13.0).to_bits()
    );
    assert_eq!(
        device.reboot.cycles.get().to_bits(),
        (0.07_f64 * 16e6).to_bits()
    );
    assert_eq!(device.sram_values, Device::inas().sram_values);
}

#[test]
fn what_is_wrong_is_named_with_line_and_column() {
    let (_, good) = SHIPPED[0];
    let line = |text: &str, what: &str| {
        let at = text.lines().position(|l| l.starts_with(what));
        at.map_or(0, |at| at + 1)
    };
    let cases = [
        (
            "on_v = 2.8",
            "on_v = 2.3",
            "on_v",
            "`on_v` must be above `off_v`",
        ),
        (
            "on_v = 2.8",
            "on_v = -1",
            "on_v",
            "`on_v` must be above zero",
        ),
        (
            "on_v = 2.8",
            "on_v = nan",
            "on_v",
            "`on_v` must be above zero",
        ),
        (
            "max_v = 3.3",
            "max_v = 2.5",
            "max_v",
            "`max_v` must not be below `on_v`",
        ),
        ("clock_hz = 64e6", "clock_hz = 0", "clock_hz", "above zero"),
        ("clock_hz", "clok_hz", "clok_hz", "unknown field `clok_hz`"),
        (
            "kind = \"bytes\"",
            "kind = \"words\"",
            "access",
            "needs `word`",
        ),
        (
            "kind = \"bytes\"",
            "kind = \"flash\"",
            "kind",
            "unknown variant `flash`",
        ),
        (
            "off_v = 2.4",
            "off_v = 2.4\nload = \"constant-current\"",
            "capacitance_f",
            "needs `nominal_v`",
        ),
        (
            "off_v = 2.4",
            "off_v = 2.4\nnominal_v = 3.0",
            "nominal_v",
            "`constant-current`",
        ),
        (
            "off_v = 2.4",
            "off_v = 2.4\noutput_efficiency = 1.2",
            "output_efficiency",
            "1 at most",
        ),
        (
            "unit = { cycles = 4 }",
            "unit = { cycles = -4 }",
            "unit",
            "`cycles` must be not negative",
        ),
    ];
    for (from, to, at, what) in cases {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good, "{from}");
        let all = board(&text).expect_err(to);
        assert!(
            all.iter()
                .any(|p| p.what.contains(what) && p.line == line(&text, at)),
            "{to}: {all:?}"
        );
    }
    // All at once.
    let text =
        good.replacen("on_v = 2.8", "on_v = -1", 1)
            .replacen("clock_hz = 64e6", "clock_hz = 0", 1);
    let all = board(&text).expect_err("two");
    assert!(
        all.len() >= 2 && all.is_sorted_by_key(|p| p.line),
        "{all:?}"
    );
}
