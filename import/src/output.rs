//! The whole way, and the files at its end.

use std::io;
use std::path::Path;

use crate::emit::{self, Names};
use crate::fuse::{chain, fuse};
use crate::memory::{self, Limits, Need, Shared};
use crate::program::Program;
use crate::{ImportError, ends, tflite};

/// How to import a model.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What the model is called in the documentation of the code.
    pub name: String,
    /// Memory that the device has for it.
    pub limits: Limits,
    /// Gives each activation a place of its own, so that all can be looked at after a run.
    pub apart: bool,
    /// Whether a convolution and the maximum pooling behind it become one task.
    pub fuse: Fuse,
}

/// When layers become one task: less memory, as what is between them is not stored, and more instructions (24 % for the
/// example network on a Cortex-M4), as a convolution's places are computed one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fuse {
    /// Where the memory does not do otherwise, before layers are put into tiles.
    #[default]
    WhereShort,
    /// Wherever they can.
    Always,
    /// Each layer has a task of its own, small fully connected ones as well.
    Never,
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
    let mut graph = tflite::read(copy)?;
    ends::strip(&mut graph);
    let single = Program::new(&graph)?;
    let chained = (!options.apart && options.fuse != Fuse::Never)
        .then(|| chain(&single))
        .flatten();
    let chained = chained.as_ref().unwrap_or(&single);
    let of = |mut program: Program| {
        let places = memory::share(&program, options.apart);
        let need = memory::plan(&mut program, &places, options.limits)?;
        Ok(Import {
            program,
            places,
            need,
            plan: None,
            options: options.clone(),
        })
    };
    // There are no tiles for two layers at once.
    let fused = || of(fuse(chained)?).ok().filter(|i| i.need.tiles == 0);
    let fits = |import: &Result<Import, ImportError>| {
        import.as_ref().is_ok_and(|import| import.need.tiles == 0)
    };
    if options.fuse == Fuse::Always
        && let Some(fused) = fused()
    {
        return Ok(fused);
    }
    let first = of(chained.clone());
    if options.fuse == Fuse::WhereShort
        && !options.apart
        && !fits(&first)
        && let Some(fused) = fused()
    {
        return Ok(fused);
    }
    if fits(&first) { first } else { of(single) }
}

impl Import {
    /// Puts a layer into tiles, so that nothing of it is fetched before an outage's work goes on.
    pub fn tile(&mut self, layer: usize) {
        if let Some(tiles) = self
            .program
            .layers
            .get(layer)
            .map(|l| memory::tile(&self.program, l))
        {
            self.program.layers[layer].tiles = Some(tiles);
            self.need.tiles = self.need.tiles.max(tiles.bytes);
            let whole = self.program.layers.iter().filter(|l| l.tiles.is_none());
            let arenas = whole.map(|l| memory::arena(&self.program, l));
            self.need.arena = arenas.max().unwrap_or(0);
        }
    }

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
