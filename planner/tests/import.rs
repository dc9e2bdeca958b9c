//! `rekindle import` as a user runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs the command on the project's own model.
fn import(out: &Path, words: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rekindle"))
        .args(["import", "examples/data/lenet.tflite", "--out"])
        .arg(out)
        .args(words.split_whitespace())
        .current_dir(root())
        .output()
        .unwrap()
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn the_committed_example_is_what_the_command_writes() {
    let out = folder("example").join("model.rs");
    let run = import(
        &out,
        "--device nrf52840-spi-fram --capacitor 100u --sram 32K",
    );
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    for extension in ["rs", "bin"] {
        let committed = root()
            .join("examples/imported/src/model")
            .with_extension(extension);
        let written = std::fs::read(out.with_extension(extension)).unwrap();
        assert!(
            written == std::fs::read(&committed).unwrap(),
            "{} is stale: run the command in examples/imported/src/lib.rs",
            committed.display()
        );
    }
}

#[test]
fn json_lists_layers_and_memory() {
    let run = import(&folder("json").join("model.rs"), "--json");
    let report: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    let names: Vec<_> = report["layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l["name"].clone())
        .collect();
    assert_eq!(
        names,
        [
            "conv1", "pool1", "conv2", "pool2", "dense1", "dense2", "softmax"
        ]
    );
    assert_eq!(report["layers"][0]["macs"], 28 * 28 * 12 * 25);
    assert!(report["arena_bytes"].as_u64().unwrap() < 16 << 10);
}

#[test]
fn a_small_capacitor_gets_commits_per_value_and_a_smaller_one_the_reason() {
    let out = folder("small").join("model.rs");
    let run = import(&out, "--device nrf52840-spi-fram --capacitor 50u --json");
    let report: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(report["layers"][2]["commit"], "element", "{report:#}");
    assert!(
        std::fs::read_to_string(&out)
            .unwrap()
            .contains("by_element::conv2d(")
    );

    let run = import(&out, "--device nrf52840-spi-fram --capacitor 10u");
    assert_eq!(run.status.code(), Some(1));
    let text = String::from_utf8_lossy(&run.stderr);
    assert!(
        text.contains("operator 0, CONV_2D") && text.contains("µJ"),
        "{text}"
    );
}

#[test]
fn what_is_missing_is_named() {
    let run = Command::new(env!("CARGO_BIN_EXE_rekindle"))
        .args(["import", "no-such.tflite", "--out", "x.rs"])
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&run.stderr).starts_with("error: no-such.tflite: "));
}
