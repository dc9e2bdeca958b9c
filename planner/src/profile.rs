//! Boards as TOML: those that come with the planner, and the user's own. `docs/planner.md` describes the file.

use serde::Deserialize;
use toml::Spanned;

use crate::device::Device;
use crate::place::{Bound, Problem, problem, toml};
use crate::program::{Board, Load, Memory, Point, Storage};
use crate::units::{Bytes, Cost, Farads, Hertz, Joules, Ohms, Volts, Watts};

/// Boards for [`board`]: name and text.
pub const SHIPPED: [(&str, &str); 5] = [
    (
        "nrf52840-spi-fram",
        include_str!("../profiles/nrf52840-spi-fram.toml"),
    ),
    (
        "nrf52840-flash",
        include_str!("../profiles/nrf52840-flash.toml"),
    ),
    (
        "msp430fr5994",
        include_str!("../profiles/msp430fr5994.toml"),
    ),
    (
        "msp430fr5969",
        include_str!("../profiles/msp430fr5969.toml"),
    ),
    ("riotee", include_str!("../profiles/riotee.toml")),
];

/// The device of the published plans, for [`tiles`].
pub const INAS: &str = include_str!("../profiles/msp430fr5994-inas.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BoardFile {
    name: String,
    sources: String,
    processor: Processor,
    nvm: Nvm,
    supply: Supply,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Processor {
    clock_hz: Spanned<f64>,
    cycle_j: Spanned<f64>,
    sram_bytes: u64,
    boot: Entry,
    unit: Entry,
    adc: Entry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nvm {
    kind: Kind,
    bytes: u64,
    word: Option<Spanned<Entry>>,
    access: Entry,
    byte: Entry,
    read_access: Option<Entry>,
    read_byte: Option<Entry>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Words,
    Bytes,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Supply {
    capacitance_f: Spanned<f64>,
    on_v: Spanned<f64>,
    off_v: Spanned<f64>,
    max_v: Spanned<f64>,
    esr_ohm: Option<Spanned<f64>>,
    #[serde(default)]
    load: LoadKind,
    nominal_v: Option<Spanned<f64>>,
    output_efficiency: Option<Spanned<f64>>,
    #[serde(default)]
    booster: Vec<Step>,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum LoadKind {
    #[default]
    ConstantPower,
    ConstantCurrent,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    input_w: Spanned<f64>,
    efficiency: Spanned<f64>,
}

/// What an operation costs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    cycles: Spanned<f64>,
    joules: Option<Spanned<f64>>,
    /// The processor draws nothing meanwhile: `joules` is all.
    #[serde(default)]
    idle: bool,
}

struct Reader<'t> {
    text: &'t str,
    wrong: Vec<Problem>,
}

impl Reader<'_> {
    fn value(&mut self, value: &Spanned<f64>, bound: Bound, name: &str) -> f64 {
        self.wrong.extend(bound.check(self.text, value, name));
        *value.get_ref()
    }

    fn or(&mut self, value: Option<&Spanned<f64>>, else_: f64, bound: Bound, name: &str) -> f64 {
        value.map_or(else_, |v| self.value(v, bound, name))
    }

    fn cost(&mut self, entry: &Entry, cycle: f64) -> Cost {
        let cycles = self.value(&entry.cycles, Bound::NotNegative, "cycles");
        let joules = self.or(entry.joules.as_ref(), 0.0, Bound::NotNegative, "joules");
        let running = if entry.idle { 0.0 } else { cycles * cycle };
        Cost::new(joules + running, cycles)
    }

    fn storage(&mut self, supply: &Supply) -> Storage {
        let on = self.value(&supply.on_v, Bound::Positive, "on_v");
        let off = self.value(&supply.off_v, Bound::Positive, "off_v");
        let max = self.value(&supply.max_v, Bound::Positive, "max_v");
        for (low, high, value, what) in [
            (off, on, &supply.on_v, "`on_v` must be above `off_v`"),
            (
                on,
                max + 1e-12,
                &supply.max_v,
                "`max_v` must not be below `on_v`",
            ),
        ] {
            if low >= high {
                self.wrong.push(problem(self.text, value.span(), what));
            }
        }
        let load = match (supply.load, &supply.nominal_v) {
            (LoadKind::ConstantPower, None) => Load::Power,
            (LoadKind::ConstantCurrent, Some(v)) => {
                Load::Current(Volts(self.value(v, Bound::Positive, "nominal_v")))
            }
            (LoadKind::ConstantPower, Some(v)) => {
                let what = "`nominal_v` is the voltage at which a `constant-current` load takes what the costs say";
                self.wrong.push(problem(self.text, v.span(), what));
                Load::Power
            }
            (LoadKind::ConstantCurrent, None) => {
                let what = "a `constant-current` load needs `nominal_v`, the voltage at which it takes what the costs say";
                self.wrong
                    .push(problem(self.text, supply.capacitance_f.span(), what));
                Load::Power
            }
        };
        let mut booster: Vec<Point> = Vec::new();
        for step in &supply.booster {
            let point = Point {
                input: Watts(self.value(&step.input_w, Bound::Positive, "input_w")),
                efficiency: self.value(&step.efficiency, Bound::Share, "efficiency"),
            };
            if booster.last().is_some_and(|last| last.input >= point.input) {
                let what = "`input_w` must rise from point to point";
                self.wrong
                    .push(problem(self.text, step.input_w.span(), what));
            }
            booster.push(point);
        }
        Storage {
            capacitance: Farads(self.value(
                &supply.capacitance_f,
                Bound::Positive,
                "capacitance_f",
            )),
            on: Volts(on),
            off: Volts(off),
            max: Volts(max),
            esr: Ohms(self.or(supply.esr_ohm.as_ref(), 0.0, Bound::NotNegative, "esr_ohm")),
            load,
            output: self.or(
                supply.output_efficiency.as_ref(),
                1.0,
                Bound::Share,
                "output_efficiency",
            ),
            booster,
        }
    }
}

/// Reads a board.
///
/// # Errors
///
/// All that is wrong with its values; or the first place where it is not the TOML that is expected.
pub fn board(text: &str) -> Result<Board, Vec<Problem>> {
    let file: BoardFile = toml(text).map_err(|e| vec![e])?;
    let mut reader = Reader {
        text,
        wrong: Vec::new(),
    };
    let r = &mut reader;
    let (cpu, nvm) = (&file.processor, &file.nvm);
    let clock = r.value(&cpu.clock_hz, Bound::Positive, "clock_hz");
    let cycle = r.value(&cpu.cycle_j, Bound::Positive, "cycle_j");
    let (memory, word) = match (nvm.kind, &nvm.word) {
        (Kind::Words, Some(word)) => (Memory::Words, r.cost(word.get_ref(), cycle)),
        (Kind::Bytes, None) => (Memory::Bytes, Cost::ZERO),
        (Kind::Words, None) => {
            let what = "`kind = \"words\"` needs `word`, the cost of a 16-bit store";
            let at = nvm.access.cycles.span();
            r.wrong.push(problem(text, at, what));
            (Memory::Words, Cost::ZERO)
        }
        (Kind::Bytes, Some(word)) => {
            let what = "`word` is for NVM that is mapped, `kind = \"words\"`";
            r.wrong.push(problem(text, word.span(), what));
            (Memory::Bytes, Cost::ZERO)
        }
    };
    let access = r.cost(&nvm.access, cycle);
    let byte = r.cost(&nvm.byte, cycle);
    let board = Board {
        name: file.name,
        sources: file.sources,
        memory,
        sram: Bytes(cpu.sram_bytes),
        nvm: Bytes(nvm.bytes),
        clock: Hertz(clock),
        cycle: Joules(cycle),
        boot: r.cost(&cpu.boot, cycle),
        unit: r.cost(&cpu.unit, cycle),
        adc: r.cost(&cpu.adc, cycle),
        word,
        access,
        byte,
        read_access: nvm
            .read_access
            .as_ref()
            .map_or(access, |e| r.cost(e, cycle)),
        read_byte: nvm.read_byte.as_ref().map_or(byte, |e| r.cost(e, cycle)),
        storage: r.storage(&file.supply),
    };
    let mut wrong = reader.wrong;
    if wrong.is_empty() {
        return Ok(board);
    }
    wrong.sort_by_key(|p| (p.line, p.column));
    Err(wrong)
}

/// A board that comes with the planner.
pub fn shipped(name: &str) -> Option<Board> {
    let (_, text) = SHIPPED.iter().find(|(n, _)| *n == name)?;
    board(text).ok()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TilesFile {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "sources")]
    _sources: String,
    tiles: Tiles,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tiles {
    clock_hz: Spanned<f64>,
    sram_values: u64,
    reboot: Entry,
    read_fixed: Entry,
    read_value: Entry,
    write_fixed: Entry,
    write_value: Entry,
    mac_fixed: Entry,
    mac_element: Entry,
    add: Entry,
    mul: Entry,
    max: Entry,
}

/// Reads a device whose operations cost a fixed part and a part per value. Energies are complete: cycles add none.
///
/// # Errors
///
/// As [`board`].
pub fn tiles(text: &str) -> Result<Device, Vec<Problem>> {
    let file: TilesFile = toml(text).map_err(|e| vec![e])?;
    let mut reader = Reader {
        text,
        wrong: Vec::new(),
    };
    let t = &file.tiles;
    let clock = reader.value(&t.clock_hz, Bound::Positive, "clock_hz");
    let mut cost = |entry: &Entry| reader.cost(entry, 0.0);
    let device = Device {
        clock: Hertz(clock),
        sram_values: t.sram_values,
        reboot: cost(&t.reboot),
        read_fixed: cost(&t.read_fixed),
        read_value: cost(&t.read_value),
        write_fixed: cost(&t.write_fixed),
        write_value: cost(&t.write_value),
        mac_fixed: cost(&t.mac_fixed),
        mac_element: cost(&t.mac_element),
        add: cost(&t.add),
        mul: cost(&t.mul),
        max: cost(&t.max),
    };
    if reader.wrong.is_empty() {
        Ok(device)
    } else {
        Err(reader.wrong)
    }
}
