//! Imports the models that are here: the project's own, and the reference models where they are at hand.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rekindle_import::program::{Program, Role};
use rekindle_import::{Options, import};

/// Name and file, relative to the repository's root.
const MODELS: [(&str, &str); 6] = [
    ("lenet", "examples/data/lenet.tflite"),
    ("hello_world", "../shared/models/hello_world_int8.tflite"),
    (
        "micro_speech",
        "../shared/models/micro_speech_quantized.tflite",
    ),
    ("keyword_spotting", "../shared/models/kws_ref_model.tflite"),
    ("resnet", "../shared/models/pretrainedResnet_quant.tflite"),
    ("person_detection", "../shared/models/person_detect.tflite"),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (name, file) in MODELS {
        println!("cargo::rustc-check-cfg=cfg(has_{name})");
        let path = root.join(file);
        println!("cargo::rerun-if-changed={}", path.display());
        if !path.exists() {
            continue;
        }
        println!("cargo::rustc-cfg=has_{name}");
        let options = Options {
            name: name.to_owned(),
            ..Options::default()
        };
        let model = import(&std::fs::read(&path)?, options)?;
        model.write(&out.join(name).with_extension("rs"))?;
        std::fs::write(
            out.join(format!("{name}_layers.rs")),
            layers(&model.program),
        )?;
    }
    Ok(())
}

/// A function that reads the output of each layer: index of the operator in the file, and bytes.
fn layers(program: &Program) -> String {
    let mut text = "/// Output of each layer, with the index of its operator in the file.\n\
                    ///\n/// # Errors\n///\n/// Those of the store.\n\
                    pub fn layers<S: Store>(nvm: &mut Nvm<Memory, S>) -> Result<Vec<(usize, Vec<u8>)>, rekindle::Error> {\n\
                    Ok(vec![\n"
        .to_owned();
    for layer in &program.layers {
        let rekindle_import::Place::Operator { index, .. } = layer.place else {
            continue;
        };
        let buffer = program.buffer(layer.output);
        let field = match buffer.role {
            Role::Activation => format!("net.{}", buffer.name),
            _ => buffer.name.clone(),
        };
        let _ = writeln!(
            text,
            "({index}, nvm.read(|m| &m.{field})?.as_bytes().to_vec()),"
        );
    }
    text + "])\n}\n"
}
