//! What a session does: `key=value` words on the emulator's command line.

use crate::board::psram;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Mode {
    /// Prints the NVM after uninterrupted runs.
    Golden,
    /// Failures at random times, over as many inferences as it takes.
    Random,
    /// One failure per case, each case at the next instruction, always from the same state of NVM.
    Sweep,
}

/// How often the network commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum By {
    /// After each output row.
    Row,
    /// After each output value.
    Element,
}

/// A session.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Config {
    /// What is done.
    pub mode: Mode,
    /// How often the network commits.
    pub by: By,
    /// Where random numbers start.
    pub seed: u32,
    /// Power failures of a random session.
    pub failures: u32,
    /// Power stays on for at least so many instructions.
    pub min: u32,
    /// And for less than so many.
    pub max: u32,
    /// Where it is not 0, power stays on for so long as the words at `psram::SUPPLY` say, so many of them in turn.
    pub supply: u32,
    /// Images in turn.
    pub pictures: u32,
    /// Word that fills NVM at first; 1 is noise.
    pub fill: u32,
    /// A sweep starts from the NVM as it is when the power fails so many instructions before the end of an inference; 0
    /// is before the first boot.
    pub before: u32,
    /// What makes that state is a firmware of another version.
    pub old: u32,
    /// The first instruction after the reset at which the power fails.
    pub first: u32,
    /// Cases of a sweep.
    pub count: u32,
    /// Instructions between them.
    pub stride: u32,
    /// In each case the power fails once more, after less than so many instructions of the boot that follows.
    pub again: u32,
    /// The program overflows its stack so many times.
    pub overflows: u32,
    /// The fault that is seeded.
    pub bug: u32,
    /// The program stops and waits when so many instructions are left before the power fails.
    pub reserve: u32,
}

impl Config {
    /// Reads the words; unknown ones are an error.
    ///
    /// # Errors
    ///
    /// The word.
    pub fn parse(words: &str) -> Result<Self, &str> {
        let mut config = Self {
            mode: Mode::Golden,
            by: By::Row,
            seed: 1,
            failures: 1000,
            min: 1,
            max: 200_000,
            supply: 0,
            pictures: 4,
            fill: 0,
            before: 0,
            old: 0,
            first: 1,
            count: 1000,
            stride: 1,
            again: 0,
            overflows: 0,
            bug: 0,
            reserve: 0,
        };
        for word in words.split_ascii_whitespace() {
            let (key, value) = word.split_once('=').ok_or(word)?;
            let number = value.parse();
            match (key, value) {
                ("mode", "golden") => config.mode = Mode::Golden,
                ("mode", "random") => config.mode = Mode::Random,
                ("mode", "sweep") => config.mode = Mode::Sweep,
                ("by", "row") => config.by = By::Row,
                ("by", "element") => config.by = By::Element,
                ("seed", _) => config.seed = number.map_err(|_| word)?,
                ("failures", _) => config.failures = number.map_err(|_| word)?,
                ("min", _) => config.min = number.map_err(|_| word)?,
                ("max", _) => config.max = number.map_err(|_| word)?,
                ("supply", _) => config.supply = number.map_err(|_| word)?,
                ("pictures", _) => config.pictures = number.map_err(|_| word)?,
                ("fill", _) => config.fill = number.map_err(|_| word)?,
                ("before", _) => config.before = number.map_err(|_| word)?,
                ("old", _) => config.old = number.map_err(|_| word)?,
                ("first", _) => config.first = number.map_err(|_| word)?,
                ("count", _) => config.count = number.map_err(|_| word)?,
                ("stride", _) => config.stride = number.map_err(|_| word)?,
                ("again", _) => config.again = number.map_err(|_| word)?,
                ("overflows", _) => config.overflows = number.map_err(|_| word)?,
                ("bug", _) => config.bug = number.map_err(|_| word)?,
                ("reserve", _) => config.reserve = number.map_err(|_| word)?,
                _ => return Err(word),
            }
        }
        if config.max <= config.min
            || config.pictures == 0
            || config.stride == 0
            || config.supply as usize > psram::SUPPLY_SIZE / 4
        {
            return Err("max, pictures, stride, supply");
        }
        Ok(config)
    }
}
