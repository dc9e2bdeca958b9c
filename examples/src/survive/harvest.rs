//! Harvested power over time: a seeded radio-like source, or a recorded trace.

use std::path::Path;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Load of the front end with which the voltage traces of the Mementos project were recorded, in ohms.
const MEMENTOS_LOAD_OHM: f64 = 30_000.0;
/// What a solar cell of 5 cm² at 15 % gives of the irradiance in W/m².
const SOLAR_W_PER_IRRADIANCE: f64 = 5e-4 * 0.15;

/// Power by time.
#[derive(Debug)]
pub enum Harvest {
    /// A person with a tag walks about near a reader.
    Radio(Box<Radio>),
    /// A recording, repeated from its start when it ends.
    Recorded(Recording),
}

/// Samples at a fixed distance.
#[derive(Debug)]
pub struct Recording {
    step_s: f64,
    watts: Vec<f64>,
}

/// Bursts of power with fading, from a seed.
#[derive(Debug)]
pub struct Radio {
    rng: ChaCha8Rng,
    until_s: f64,
    level_w: f64,
    watts: f64,
    next_s: f64,
}

impl Harvest {
    /// The synthetic source.
    pub fn radio(seed: u64) -> Self {
        let rng = ChaCha8Rng::seed_from_u64(seed);
        Self::Radio(Box::new(Radio {
            rng,
            until_s: 0.0,
            level_w: 0.0,
            watts: 0.0,
            next_s: 0.0,
        }))
    }

    /// Reads a trace: `time<tab>volts` at 1 kHz (Mementos), `date,time,W/m²` per minute (NREL), or `seconds,watts`.
    ///
    /// # Errors
    ///
    /// The file, line and column of what cannot be read.
    pub fn read(path: &Path) -> Result<Self, String> {
        let place = path.display();
        let text = std::fs::read_to_string(path).map_err(|e| format!("{place}: {e}"))?;
        parse(&text)
            .map(Self::Recorded)
            .map_err(|e| format!("{place}:{e}"))
    }

    /// Power at `time_s`, which never goes back.
    pub fn watts(&mut self, time_s: f64) -> f64 {
        match self {
            Self::Radio(radio) => radio.watts(time_s),
            Self::Recorded(r) => r.watts[(time_s / r.step_s) as usize % r.watts.len()],
        }
    }
}

impl Radio {
    fn watts(&mut self, time_s: f64) -> f64 {
        while time_s >= self.next_s {
            self.next_s += 1e-3;
            if self.next_s >= self.until_s {
                // A stay of 0.1–2 s at one distance: near the reader, or almost out of reach.
                self.until_s = self.next_s + self.rng.random_range(0.1..2.0);
                let near = self.rng.random_bool(0.6);
                self.level_w = if near {
                    self.rng.random_range(2e-4..1.2e-3)
                } else {
                    self.rng.random_range(0.0..5e-5)
                };
            }
            // Fading: the field moves by a tenth each millisecond, between nothing and twice the level.
            let target = self.level_w * self.rng.random_range(0.0..2.0);
            self.watts += 0.1 * (target - self.watts);
        }
        self.watts
    }
}

fn parse(text: &str) -> Result<Recording, String> {
    let mut rows = text
        .lines()
        .enumerate()
        .filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#'))
        .peekable();
    let Some(&(at, first)) = rows.peek() else {
        return Err("1:1: the trace is empty".to_owned());
    };
    if !first.contains(',') {
        let samples: Result<Vec<f64>, String> = rows
            .map(|(n, line)| column(n, line, 1, char::is_whitespace))
            .collect();
        let watts = samples?
            .into_iter()
            .map(|v| v * v / MEMENTOS_LOAD_OHM)
            .collect();
        return checked(1e-3, watts);
    }
    if first.split(',').count() >= 3 {
        if column(at, first, 2, |c| c == ',').is_err() {
            rows.next(); // a heading
        }
        let samples: Result<Vec<f64>, String> = rows
            .map(|(n, line)| column(n, line, 2, |c| c == ','))
            .collect();
        // Pyranometers read slightly below zero at night.
        let watts = samples?
            .into_iter()
            .map(|g| g.max(0.0) * SOLAR_W_PER_IRRADIANCE)
            .collect();
        return checked(60.0, watts);
    }
    if column(at, first, 0, |c| c == ',').is_err() {
        rows.next();
    }
    let (mut last, mut step_s) = (None, None);
    let mut watts = Vec::new();
    for (n, line) in rows {
        let time = column(n, line, 0, |c| c == ',')?;
        if let Some(last) = last {
            if time <= last {
                return Err(format!("{}:1: time does not go on", n + 1));
            }
            let step = *step_s.get_or_insert(time - last);
            if (time - last - step).abs() > 1e-3 * step {
                return Err(format!("{}:1: samples are not evenly spaced", n + 1));
            }
        }
        last = Some(time);
        let power = column(n, line, 1, |c| c == ',')?;
        if power < 0.0 {
            let at = line.find(',').map_or(1, |comma| comma + 2);
            return Err(format!("{}:{at}: power is not below zero", n + 1));
        }
        watts.push(power);
    }
    checked(step_s.unwrap_or(1.0), watts)
}

fn checked(step_s: f64, watts: Vec<f64>) -> Result<Recording, String> {
    if watts.iter().all(|w| *w == 0.0) {
        return Err("1:1: there is no power in the whole trace".to_owned());
    }
    Ok(Recording { step_s, watts })
}

/// Column `n` of a line, both counted from 0.
fn column(
    line: usize,
    text: &str,
    n: usize,
    separator: impl Fn(char) -> bool,
) -> Result<f64, String> {
    let mut at = 0;
    for (i, part) in text.split(separator).enumerate() {
        if i == n {
            let number = part.trim().parse().ok().filter(|v: &f64| v.is_finite());
            return number.ok_or_else(|| {
                format!("{}:{}: `{}` is not a number", line + 1, at + 1, part.trim())
            });
        }
        at += part.chars().count() + 1;
    }
    Err(format!(
        "{}:{}: column {} is missing",
        line + 1,
        text.chars().count() + 1,
        n + 1
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_power() {
        let mut a = Harvest::radio(7);
        let mut b = Harvest::radio(7);
        for ms in 0..5000 {
            assert_eq!(
                a.watts(f64::from(ms) * 1e-3).to_bits(),
                b.watts(f64::from(ms) * 1e-3).to_bits()
            );
        }
    }

    #[test]
    fn three_formats_are_read() {
        let mementos = parse("123\t3.0\n124\t0\n").unwrap();
        assert!((mementos.watts[0] - 300e-6).abs() < 1e-12);
        let sun = parse("DATE,MST,GHI\n6/1/2023,00:00,-1.5\n6/1/2023,00:01,100\n").unwrap();
        assert_eq!((sun.step_s, sun.watts[0]), (60.0, 0.0));
        let plain = parse("time_s,power_w\n0,0.001\n0.5,0.002\n").unwrap();
        assert_eq!((plain.step_s, plain.watts[1]), (0.5, 0.002));
    }

    #[test]
    fn errors_name_line_and_column() {
        assert_eq!(
            parse("1\t2.0\n2\tx\n").unwrap_err(),
            "2:3: `x` is not a number"
        );
        assert_eq!(
            parse("0,1\n1,2\n1,3\n").unwrap_err(),
            "3:1: time does not go on"
        );
        assert_eq!(
            parse("time_s,power_w\n0,1\n1,2\n5,3\n").unwrap_err(),
            "4:1: samples are not evenly spaced"
        );
        assert_eq!(
            parse("time_s,power_w\n0,1\n1,-2\n").unwrap_err(),
            "3:3: power is not below zero"
        );
        assert_eq!(
            parse("0,1\n1,NaN\n").unwrap_err(),
            "2:3: `NaN` is not a number"
        );
        assert_eq!(parse("0,1\n1\n").unwrap_err(), "2:2: column 2 is missing");
        assert!(parse("").is_err() && parse("0,0\n1,0\n").is_err() && parse("0,-1\n").is_err());
    }
}
