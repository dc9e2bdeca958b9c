//! Harvest traces from files: recorded voltages (Mementos), irradiance (NREL), or plain CSV.

use super::Harvest;
use crate::units::{Ohms, Seconds, Watts};

/// What a file of numbers stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Format {
    /// `time<tab>volts`, a line per millisecond: the voltage over a resistance, as the Mementos project recorded it for a
    /// WISP in a reader's field. The first column is a packed clock and is not used. P = V²/R.
    Mementos(Ohms),
    /// `date,time,W/m²` with a heading, a line per minute, as NREL's stations publish irradiance: times area in m² times
    /// the efficiency of cell and converter. Values below zero, as instruments give at night, are zero.
    Nrel {
        /// In m².
        area: f64,
        /// 0 to 1.
        efficiency: f64,
    },
    /// `seconds,watts`, at equal distances, with or without a heading.
    Csv,
}

impl Format {
    /// The format that the first lines look like, with the resistance of the Mementos recordings (30 kΩ) and a cell of
    /// 1 cm² at 15 %.
    pub fn guess(text: &str) -> Self {
        let first = text.lines().next().unwrap_or_default();
        if first.contains('\t') {
            Self::Mementos(Ohms(30e3))
        } else if first.contains("W/m^2") || first.starts_with("DATE") {
            Self::Nrel {
                area: 1e-4,
                efficiency: 0.15,
            }
        } else {
            Self::Csv
        }
    }
}

/// A line of a trace that is not what its format says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub struct TraceError {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub what: String,
}

/// Reads a trace; it is repeated from its start when a simulation is longer.
///
/// # Errors
///
/// The first line that cannot be read, and a trace without power.
pub fn read(name: &str, text: &str, format: Format) -> Result<Harvest, TraceError> {
    let mut watts = Vec::new();
    let mut step = match format {
        Format::Mementos(_) => Seconds(1e-3),
        Format::Nrel { .. } => Seconds(60.0),
        Format::Csv => Seconds::ZERO,
    };
    let mut times: Vec<f64> = Vec::new();
    let mut count = 0;
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        count = number + 1;
        let heading = number == 0 && !matches!(format, Format::Mementos(_));
        let fields: Vec<&str> = line
            .split(if matches!(format, Format::Mementos(_)) {
                '\t'
            } else {
                ','
            })
            .collect();
        let wanted = if matches!(format, Format::Nrel { .. }) {
            3
        } else {
            2
        };
        if fields.len() != wanted {
            return Err(TraceError {
                line: number + 1,
                column: 1,
                what: format!(
                    "{wanted} fields are expected, and there are {}",
                    fields.len()
                ),
            });
        }
        let field = |i: usize| {
            let column = 1 + fields[..i]
                .iter()
                .map(|f| f.chars().count() + 1)
                .sum::<usize>();
            let number_of = fields[i]
                .trim()
                .parse::<f64>()
                .ok()
                .filter(|v| v.is_finite());
            number_of.ok_or_else(|| TraceError {
                line: number + 1,
                column,
                what: format!("`{}` is not a number", fields[i].trim()),
            })
        };
        let value = match field(wanted - 1) {
            Err(_) if heading => continue,
            value => value?,
        };
        let power = match format {
            Format::Mementos(r) => value * value / r.get(),
            Format::Nrel { area, efficiency } => value.max(0.0) * area * efficiency,
            Format::Csv => {
                times.push(field(0)?);
                value
            }
        };
        if power < 0.0 {
            return Err(TraceError {
                line: number + 1,
                column: 1,
                what: "a harvester does not take power".to_owned(),
            });
        }
        if let [.., before, now] = times[..] {
            let distance = now - before;
            if step == Seconds::ZERO && distance > 0.0 {
                step = Seconds(distance);
            }
            if distance <= 0.0 || (distance - step.get()).abs() > 1e-3 * step.get() {
                return Err(TraceError {
                    line: number + 1,
                    column: 1,
                    what: format!(
                        "{distance} s after the line before; lines are to be {} s apart",
                        step.get()
                    ),
                });
            }
        }
        watts.push(Watts(power));
    }
    if step == Seconds::ZERO {
        step = Seconds(1.0);
    }
    if watts.iter().all(|w| w.get() <= 0.0) {
        return Err(TraceError {
            line: count.max(1),
            column: 1,
            what: "the trace ends without any power".to_owned(),
        });
    }
    Ok(Harvest {
        name: name.to_owned(),
        step,
        watts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_is_read_as_what_it_is() {
        let text = "34921266\t0.3\n34921267\t0.6\n";
        let h = read("m", text, Format::guess(text)).unwrap();
        assert_eq!((h.step, h.watts.len()), (Seconds(1e-3), 2));
        assert!((h.watts[1].get() - 12e-6).abs() < 1e-12);

        let text =
            "DATE (MM/DD/YYYY),MST,Global [W/m^2]\n6/1/2023,00:00,-1.5\n6/1/2023,00:01,800\n";
        let h = read("n", text, Format::guess(text)).unwrap();
        assert_eq!((h.step, h.watts[0]), (Seconds(60.0), Watts(0.0)));
        assert!((h.watts[1].get() - 12e-3).abs() < 1e-12);

        let text = "time_s,power_w\n0,0.001\n0.5,0.002\n1.0,0\n";
        let h = read("c", text, Format::guess(text)).unwrap();
        assert_eq!((h.step, h.watts.len()), (Seconds(0.5), 3));
    }

    #[test]
    fn bad_lines_are_named() {
        for (text, line, column) in [
            ("0,1\n1,x\n", 2, 3),
            ("0,1\n1\n", 2, 1),
            ("0,1\n1,1\n3,1\n", 3, 1),
            ("0,1\n0,1\n", 2, 1),
            ("0,-1\n", 1, 1),
            ("0,0\n1,0\n", 2, 1),
            ("0,inf\n1,nan\n", 2, 3),
            ("", 1, 1),
            ("1\t0.5\n2\tx\n", 2, 3),
            ("DATE,MST,W/m^2\n6/1/2023,00:00,dark\n", 2, 16),
        ] {
            let e = read("t", text, Format::guess(text)).unwrap_err();
            assert_eq!((e.line, e.column), (line, column), "{text:?}: {e}");
        }
    }

    #[test]
    fn the_recorded_traces_are_read() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/traces");
        if !folder.exists() {
            println!("skipped: no ../shared/traces");
            return;
        }
        // Means as their description gives them: 189 and 90 µW.
        for (file, mean, pieces) in [
            ("mementos-rf/2.txt", 189e-6, 39_232),
            ("mementos-rf/9.txt", 90e-6, 25_192),
        ] {
            let text = std::fs::read_to_string(folder.join(file)).unwrap();
            let h = read(file, &text, Format::guess(&text)).unwrap();
            let of = h.watts.iter().map(|w| w.get()).sum::<f64>() / h.watts.len() as f64;
            assert!((of / mean - 1.0).abs() < 0.02, "{file}: {of}");
            assert_eq!(h.watts.len(), pieces);
        }
        let text = std::fs::read_to_string(folder.join("nrel-ghi/2023jun.txt")).unwrap();
        let h = read("june", &text, Format::guess(&text)).unwrap();
        assert_eq!(
            h.watts.len(),
            30 * 24 * 60 - 1 + usize::from(h.watts.len() == 43_200)
        );
    }
}
