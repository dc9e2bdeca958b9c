//! Imports the model that `REKINDLE_MODEL` names; without it, the network of `examples/data`.

use std::error::Error;
use std::path::{Path, PathBuf};

use rekindle_import::{Options, import};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=REKINDLE_MODEL");
    let path = std::env::var_os("REKINDLE_MODEL").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data/lenet.tflite"),
        PathBuf::from,
    );
    println!("cargo::rerun-if-changed={}", path.display());
    let bytes = std::fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let model =
        import(&bytes, Options::default()).map_err(|e| format!("{}: {e}", path.display()))?;
    model.write(&PathBuf::from(std::env::var("OUT_DIR")?).join("model.rs"))?;
    Ok(())
}
