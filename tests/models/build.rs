//! Imports the models that are here: the project's own, and the reference models where they are at hand, with the
//! reference interpreter's inputs and outputs.

use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use npyz::NpyFile;
use rekindle_import::program::{Buffer, Program, Role};
use rekindle_import::{Fuse, Limits, Options, Place, Rows, import};
use zip::ZipArchive;

/// Name, and path relative to the repository's root without `.tflite`; golden vectors are beside the reference models.
const MODELS: [(&str, &str); 9] = [
    ("lenet", "examples/data/lenet"),
    ("gates", "tests/data/import/gates"),
    ("moves", "tests/data/import/moves"),
    ("floats", "tests/data/import/floats"),
    ("hello_world", "../shared/models/hello_world_int8"),
    ("micro_speech", "../shared/models/micro_speech_quantized"),
    ("keyword_spotting", "../shared/models/kws_ref_model"),
    ("resnet", "../shared/models/pretrainedResnet_quant"),
    ("person_detection", "../shared/models/person_detect"),
];

/// Names one more, `searched`, without `.tflite`; its inputs and outputs are beside it (`.golden`).
const SEARCHED: &str = "REKINDLE_SEARCHED";

/// SRAM in bytes with which these are imported once more, so little that layers are in tiles.
const SHORT: [(&str, usize); 4] = [
    ("gates", 160),
    ("moves", 160),
    ("keyword_spotting", 1024),
    ("resnet", 2048),
];

/// Those whose layers have only rows in SRAM, once more; also with all activations kept.
const BY_ROWS: [&str; 5] = [
    "lenet",
    "micro_speech",
    "keyword_spotting",
    "resnet",
    "person_detection",
];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    println!("cargo::rerun-if-env-changed={SEARCHED}");
    let searched = std::env::var(SEARCHED).unwrap_or_default();
    for (name, stem) in MODELS.into_iter().chain([("searched", searched.as_str())]) {
        println!("cargo::rustc-check-cfg=cfg(has_{name})");
        if stem.is_empty() {
            continue;
        }
        let path = root.join(stem).with_extension("tflite");
        println!("cargo::rerun-if-changed={}", path.display());
        if !path.exists() {
            continue;
        }
        println!("cargo::rustc-cfg=has_{name}");
        let bytes = fs::read(&path)?;
        let options = Options {
            name: name.to_owned(),
            ..Options::default()
        };
        let model = import(&bytes, options.clone())?;
        model.write(&out.join(name).with_extension("rs"))?;
        for (_, sram) in SHORT.iter().filter(|(short, _)| *short == name) {
            let short = Options {
                limits: Limits {
                    sram: *sram,
                    ..Limits::default()
                },
                ..options.clone()
            };
            let model = import(&bytes, short)?;
            model.write(&out.join(format!("{name}_tiled.rs")))?;
        }
        if name == "lenet" {
            let fused = Options {
                fuse: Fuse::Always,
                ..options.clone()
            };
            let model = import(&bytes, fused)?;
            model.write(&out.join("lenet_fused.rs"))?;
        }
        if BY_ROWS.contains(&name) {
            for (apart, suffix) in [(false, "rows"), (true, "rows_apart")] {
                let rows = Options {
                    rows: Rows::Always,
                    apart,
                    ..options.clone()
                };
                let model = import(&bytes, rows)?;
                model.write(&out.join(format!("{name}_{suffix}.rs")))?;
                if apart {
                    let layers = layers(&model.program);
                    fs::write(out.join(format!("{name}_rows_layers.rs")), layers)?;
                }
            }
        }
        // Once more with all activations kept, for a look at each layer.
        let apart = Options {
            apart: true,
            ..options
        };
        let model = import(&bytes, apart)?;
        model.write(&out.join(format!("{name}_apart.rs")))?;
        fs::write(
            out.join(format!("{name}_layers.rs")),
            layers(&model.program),
        )?;
        let stem = root.join(stem);
        let own = stem.with_extension("golden");
        println!("cargo::rerun-if-changed={}", own.display());
        let samples = if own.exists() {
            raw(&fs::read(own)?, &model.program)
        } else {
            archived(&stem.with_extension("golden.npz"))?
        };
        fs::write(out.join(format!("{name}_golden.rs")), text(&samples))?;
    }
    Ok(())
}

/// A function that reads the output of each layer: index of the operator in the file, and bytes.
fn layers(program: &Program) -> String {
    let mut text = "/// Output of each layer, with the index of its operator in the file.\n\
                    fn layers<S: Store>(nvm: &mut Nvm<Memory, S>) -> Result<Vec<(usize, Vec<u8>)>, rekindle::Error> {\n\
                    Ok(vec![\n"
        .to_owned();
    for layer in &program.layers {
        let Place::Operator { index, .. } = layer.place else {
            continue;
        };
        let buffer = program.buffer(layer.output);
        let field = match buffer.role {
            Role::Activation => format!("net.{0}[{1}]", buffer.name, buffer.name.to_uppercase()),
            _ => buffer.name.clone(),
        };
        let _ = writeln!(
            text,
            "({index}, nvm.read(|m| &m.{field})?.as_bytes().to_vec()),"
        );
    }
    text + "])\n}\n"
}

/// Inputs and outputs of the reference interpreter.
type Samples = Vec<[Vec<i8>; 2]>;

/// Those of the project's own models: inputs and outputs in turns.
fn raw(bytes: &[u8], program: &Program) -> Samples {
    let size = |role| {
        program
            .buffers
            .iter()
            .filter(|b| b.role == role)
            .map(Buffer::bytes)
            .sum()
    };
    let (input, output): (usize, usize) = (size(Role::Input), size(Role::Output));
    let samples = bytes.chunks(input + output).map(|sample| {
        let (input, output) = sample.split_at(input);
        [input, output].map(|part| part.iter().map(|b| b.cast_signed()).collect())
    });
    samples.collect()
}

/// Those of the reference models: `tflm`, the reference kernels for microcontrollers.
fn archived(golden: &Path) -> Result<Samples, Box<dyn Error>> {
    if !golden.exists() {
        return Ok(Vec::new());
    }
    let mut archive = ZipArchive::new(File::open(golden)?)?;
    let mut array = |name: String| -> Result<Vec<i8>, Box<dyn Error>> {
        Ok(NpyFile::new(archive.by_name(&name)?)?.into_vec()?)
    };
    let samples = (0..4).map(|s| {
        Ok([
            array(format!("in{s}_0.npy"))?,
            array(format!("tflm{s}_0.npy"))?,
        ])
    });
    samples.collect()
}

fn text(samples: &Samples) -> String {
    let mut text = "/// Inputs of the reference interpreter, and its outputs.\n\
                    pub static SAMPLES: &[(&[i8], &[i8])] = &[\n"
        .to_owned();
    for [input, output] in samples {
        let _ = writeln!(text, "(&{input:?}, &{output:?}),");
    }
    text + "];\n"
}
