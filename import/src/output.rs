//! The whole way, and the files at its end.

use std::io;
use std::path::Path;

use crate::emit::{self, Names};
use crate::forms::{Form, Rows};
use crate::fuse::{chain, fuse};
use crate::memory::{self, Limits, Need, Shared};
use crate::program::{Kernel, Layer, Program};
use crate::{ImportError, ends, forms, tflite};

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
    /// When layers have only rows in SRAM, as they do not need to be there as a whole.
    pub rows: Rows,
}

/// When layers become one task: less memory, as what is between them is not stored, and more instructions (24 % for the
/// example network on a Cortex-M4), as a convolution's places are computed one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fuse {
    /// Where the memory does not do otherwise, before anything is fetched twice.
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
        let need = memory::plan(&mut program, &places, options.limits, options.rows)?;
        Ok(Import {
            program,
            places,
            need,
            plan: None,
            options: options.clone(),
        })
    };
    let once = |import: &Import| {
        let mut layers = import.program.layers.iter();
        !layers.any(|l| l.fetches_again(&import.program))
    };
    let fused = || of(fuse(chained)?).ok().filter(once);
    let fits = |import: &Result<Import, ImportError>| import.as_ref().is_ok_and(once);
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
    /// The forms that a layer can have instead, those that cost least first, as far as there is SRAM for them.
    pub fn others(&self, layer: &Layer) -> Vec<Form> {
        let whole = (layer.form != Form::Whole).then_some(Form::Whole);
        let rolling = forms::rolling(&self.program, layer).map(Form::Rolling);
        // For several layers at once there are no tiles.
        let single = !matches!(layer.kernel, Kernel::Fused(_) | Kernel::Chain(_));
        let tiles = single.then(|| Form::Tiles(memory::tile(&self.program, layer)));
        let all = [rolling, whole, tiles.filter(|_| layer.tiles().is_none())];
        let fits = |form: &Form| {
            let layer = Layer {
                form: *form,
                ..layer.clone()
            };
            let arena = self.need.arena.max(layer.arena(&self.program));
            let stack = self.need.tiles.max(layer.stack());
            arena + stack <= self.options.limits.sram
        };
        let all = all.into_iter().flatten();
        all.filter(|form| *form != layer.form && fits(form))
            .collect()
    }

    /// Gives a layer another form.
    pub fn set(&mut self, layer: usize, form: Form) {
        if let Some(layer) = self.program.layers.get_mut(layer) {
            layer.form = form;
        }
        self.need.update(&self.program);
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
