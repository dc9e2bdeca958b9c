//! RK05 holds for the instance that is built: of one generic task, one instance builds, and another is over its budget.
//!
//! Such errors come when code is generated, which neither `trybuild` nor doc tests do: a small program is built by cargo.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const PROGRAM: &str = r"
use rekindle::budget::{Budget, Costs};
use rekindle::prelude::*;

const CAPACITOR: Budget = Budget { power_cycle_nj: 5_000, costs: Costs::MSP430FR5994 };

#[intermittent_task(budget = CAPACITOR)]
fn fill<const N: usize>(y: Output<[i32; N]>) {
    #[commit(every = N)]
    for o in 0..N {
        y.set(o, 1);
    }
}

#[derive(Layout)]
struct Memory {
    y: Buffer<[i32; LENGTH]>,
}

fn main() {
    let mut words = [0_u64; 500];
    let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words)).unwrap();
    nvm.resume_or_start(&mut [], |cx, m| fill(cx, &mut m.y)).unwrap();
    assert!(nvm.read(|m| &m.y).unwrap().iter().all(|y| *y == 1));
}
";

fn build(folder: &Path, length: usize) -> (bool, String) {
    let program = format!("const LENGTH: usize = {length};\n{PROGRAM}");
    fs::write(folder.join("src/main.rs"), program).expect("a source file");
    let out = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--offline"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs");
    (
        out.status.success(),
        String::from_utf8_lossy(&out.stderr).into_owned(),
    )
}

#[test]
fn the_instance_that_is_built_is_held_against_the_budget() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a workspace")
        .to_owned();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("instances");
    fs::create_dir_all(folder.join("src")).expect("a folder");
    let runtime = root.join("runtime");
    fs::write(
        folder.join("Cargo.toml"),
        format!(
            "[package]\nname = \"instances\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\nrekindle = {{ path = {runtime:?}, features = [\"std\"] }}\n\n[workspace]\n"
        ),
    )
    .expect("a manifest");
    // The versions of the workspace, which are at hand.
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).expect("a lock file");

    for fits in [4, 57] {
        let (built, errors) = build(&folder, fits);
        assert!(built, "{errors}");
    }
    let (built, errors) = build(&folder, 100);
    assert!(!built, "over its budget, and built");
    assert!(
        errors.contains("[RK05] in `fill`") && errors.contains("write `every = 57`"),
        "{errors}"
    );
    // At the loop, not at the attribute.
    assert!(errors.contains("for o in 0..N"), "{errors}");
}
