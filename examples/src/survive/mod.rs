//! The demonstration: a network on a device that keeps losing power, against the same network on a bench supply.

pub mod capacitor;
pub mod experiment;
pub mod harvest;
pub mod kill;
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
        task: &'static str,
        /// Energy of one charge, in microjoules.
        budget_uj: f64,
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
                "no progress: a region of `{task}` needs more than the {budget_uj:.1} µJ of one charge; \
                 take a larger capacitor, or commit more often"
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
            Self::NoProgress { .. } => 5,
            Self::Output(..) => 6,
            Self::Stopped => 130,
        }
    }
}
