//! The demonstration: a network on a device that keeps losing power, against the same network on a bench supply.

pub mod capacitor;
pub mod experiment;
pub mod harvest;
pub mod kill;
pub mod lock;
pub mod plot;
pub mod powered;
pub mod program;
pub mod report;
pub mod tally;

use std::fmt;
use std::path::PathBuf;

/// Why the demonstration could not go on. Committed work stays in the store in each case.
#[derive(Debug)]
pub enum Failure {
    /// The store file cannot be used.
    Store(String),
    /// A trace or an image file cannot be used: where, and why.
    Data(String),
    /// No region of work fits the capacitor.
    NoProgress {
        /// What was under way.
        task: String,
        /// Energy of one charge, in microjoules.
        budget_uj: f64,
    },
    /// The capacitor is never charged.
    NoPower {
        /// Time of the model after which this was given up.
        days: f64,
    },
    /// The user stopped it.
    Stopped,
    /// A file could not be written.
    Output(PathBuf, std::io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(why) | Self::Data(why) => f.write_str(why),
            Self::NoProgress { task, budget_uj } => write!(
                f,
                "no progress: {task} needs more than the {budget_uj:.3} µJ of one charge; take a larger capacitor"
            ),
            Self::NoPower { days } => write!(
                f,
                "the harvest did not charge the capacitor in {days:.0} days; take a smaller one, or another trace"
            ),
            Self::Stopped => {
                f.write_str("stopped; run the same command again to go on from the last commit")
            }
            Self::Output(path, why) => write!(f, "{}: {why}", path.display()),
        }
    }
}

impl Failure {
    /// Exit status: 2 is clap's, 1 a mismatch.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Store(_) => 3,
            Self::Data(_) => 4,
            Self::NoProgress { .. } | Self::NoPower { .. } => 5,
            Self::Output(..) => 6,
            Self::Stopped => 130,
        }
    }
}
