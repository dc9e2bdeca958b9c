//! The whole way, and the files at its end.

use std::io;
use std::path::Path;

use crate::emit::{self, Names};
use crate::memory::{self, Limits, Need, Shared};
use crate::program::Program;
use crate::{ImportError, tflite};

/// How to import a model.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What the model is called in the documentation of the code.
    pub name: String,
    /// Memory that the device has for it.
    pub limits: Limits,
    /// Gives each activation a place of its own, so that all can be looked at after a run.
    pub apart: bool,
}

/// An imported model.
#[derive(Clone, Debug)]
pub struct Import {
    /// Its tasks and buffers.
    pub program: Program,
    /// Places of its activations in NVM.
    pub places: Vec<Shared>,
    /// Memory that it needs.
    pub need: Need,
    /// Text of a module of constants that the code is held against, as `rekindle_planner::emit_rust` writes it.
    pub plan: Option<String>,
    options: Options,
}

/// Imports a model.
///
/// # Errors
///
/// What is wrong with the file, all operators that there are no kernels for, or where memory is short.
pub fn import(bytes: &[u8], options: Options) -> Result<Import, ImportError> {
    // The reader wants the values aligned as in the file, whatever the slice's address.
    let mut words = vec![0_u64; bytes.len().div_ceil(8)];
    let copy = &mut zerocopy::IntoBytes::as_mut_bytes(&mut words[..])[..bytes.len()];
    copy.copy_from_slice(bytes);
    let graph = tflite::read(copy)?;
    let mut program = Program::new(&graph)?;
    let places = memory::share(&program, options.apart);
    let need = memory::plan(&mut program, &places, options.limits)?;
    Ok(Import {
        program,
        places,
        need,
        plan: None,
        options,
    })
}

impl Import {
    /// The Rust module; it includes `data` from its own folder.
    pub fn rust(&self, data: &str) -> String {
        let names = Names {
            model: &self.options.name,
            data,
        };
        emit::rust(
            &self.program,
            &self.places,
            self.need,
            self.plan.as_deref(),
            names,
        )
    }

    /// The file of constants.
    pub fn data(&self) -> Vec<u8> {
        emit::data(&self.program)
    }

    /// Writes the module to `rust` and the constants beside it, with the extension `bin`.
    ///
    /// # Errors
    ///
    /// What the system says, with the file.
    pub fn write(&self, rust: &Path) -> io::Result<()> {
        let data = rust.with_extension("bin");
        let named = |path: &Path, e: io::Error| {
            io::Error::new(e.kind(), format!("{}: {e}", path.display()))
        };
        let name = data
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        std::fs::write(&data, self.data()).map_err(|e| named(&data, e))?;
        std::fs::write(rust, self.rust(&name)).map_err(|e| named(rust, e))
    }
}
