//! What can be wrong with a model, with the place.

use std::fmt::{self, Write as _};

/// Why a model was not imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file does not start as a `TFLite` model does.
    #[error("not a TFLite model: bytes 4 to 7 are {found:02x?}, not \"TFL3\"")]
    NotTflite {
        /// The bytes that are there.
        found: Vec<u8>,
    },
    /// The flatbuffer is damaged: an offset leaves the file, a table is cut off, or the like.
    #[error("the file is damaged: {0}")]
    Damaged(String),
    /// A part of the file contradicts another.
    #[error("{place}: {what}")]
    Invalid {
        /// The operator or tensor.
        place: Place,
        /// What is wrong with it.
        what: String,
    },
    /// Operators, or uses of them, that there are no kernels for: all of them.
    #[error("{}", unsupported(.0))]
    Unsupported(Vec<Unsupported>),
    /// The model needs more memory than it may have.
    #[error("{place}: needs {need} bytes of {memory}, and there are {limit}; {advice}")]
    Memory {
        /// The operator with the greatest need.
        place: Place,
        /// `SRAM` or `NVM`.
        memory: &'static str,
        /// Bytes needed.
        need: usize,
        /// Bytes there are.
        limit: usize,
        /// What would help.
        advice: &'static str,
    },
}

/// One operator that there is no kernel for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// Where it stands in the graph.
    pub place: Place,
    /// What of it is not supported.
    pub what: String,
}

/// A place in a model.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The whole model.
    Model,
    /// An operator.
    Operator {
        /// Its index in the file.
        index: usize,
        /// Its kind, as TensorFlow writes it.
        kind: String,
        /// The tensor that it makes.
        output: String,
    },
    /// A tensor.
    Tensor {
        /// Its index in the file.
        index: usize,
        /// Its name in the file.
        name: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model => f.write_str("the model"),
            Self::Operator {
                index,
                kind,
                output,
            } => write!(f, "operator {index}, {kind} (makes `{output}`)"),
            Self::Tensor { index, name } => write!(f, "tensor {index} (`{name}`)"),
        }
    }
}

impl Place {
    /// An error at this place.
    pub(crate) fn invalid(self, what: impl Into<String>) -> ImportError {
        ImportError::Invalid {
            place: self,
            what: what.into(),
        }
    }
}

fn unsupported(all: &[Unsupported]) -> String {
    let mut text = match all.len() {
        1 => "there is no kernel for one operator:".to_owned(),
        n => format!("there are no kernels for {n} operators:"),
    };
    for Unsupported { place, what } in all {
        let _ = write!(text, "\n  {place}: {what}");
    }
    text
}
