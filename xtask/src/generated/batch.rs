//! Programs as crates below `target/generated`, built and judged.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use crate::shell::{command, target};

/// What the checker says of a program.
#[derive(Clone, Debug, Deserialize)]
pub struct Verdict {
    /// Its number.
    pub id: usize,
    /// What went wrong after an outage.
    pub failure: Option<String>,
    /// Commits of the run on continuous power.
    pub commits: usize,
    /// Distinct images recovered.
    pub images: u64,
    /// Images left out for want of time.
    pub unexplored: u64,
}

/// A program to be built.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its number.
    pub id: usize,
    /// Its tasks.
    pub text: String,
    /// How they are called, with `cx` and `m` in scope.
    pub calls: Vec<String>,
}

/// What became of each program.
#[derive(Debug, Default)]
pub struct Judged {
    /// Those that ran.
    pub verdicts: BTreeMap<usize, Verdict>,
    /// Those that the Rust compiler refuses, with its first error.
    pub uncompilable: BTreeMap<usize, String>,
}

/// The crate of programs that parts were taken away from.
pub const SMALLER: &str = "generated-smaller";
/// Programs per executable.
const PER_CRATE: usize = 128;
/// Most rounds of building without what the compiler refused before.
const ROUNDS: usize = 8;

/// Builds all programs in one crate `name`, leaves out what the Rust compiler refuses, and runs the rest, each for so
/// many seconds at most.
pub fn judge(name: &str, programs: &[Source], seed: u64, patience: u64) -> Result<Judged> {
    let folder = target().join("generated").join(name);
    let mut judged = Judged::default();
    if programs.is_empty() {
        return Ok(judged);
    }
    let _ = std::fs::remove_dir_all(folder.join("src"));
    write_crate(&folder, name, programs)?;
    let start = std::time::Instant::now();
    for _ in 0..ROUNDS {
        write_batches(&folder, programs, &judged.uncompilable, seed, patience)?;
        let refused = build(&folder)?;
        if refused.is_empty() {
            let left: Vec<&Source> = programs
                .iter()
                .filter(|p| !judged.uncompilable.contains_key(&p.id))
                .collect();
            eprintln!("{name}: built in {:?}", start.elapsed());
            let start = std::time::Instant::now();
            judged.verdicts = execute(&left)?;
            eprintln!("{name}: ran in {:?}", start.elapsed());
            return Ok(judged);
        }
        // Parts that are taken away may leave no Rust.
        for (id, error) in refused.iter().filter(|_| name != SMALLER) {
            eprintln!("{name}: the Rust compiler refuses program {id}: {error}");
        }
        judged.uncompilable.extend(refused);
    }
    anyhow::bail!("{name}: still errors after {ROUNDS} rounds")
}

fn write_if_new(path: &Path, text: &str) -> Result<()> {
    if std::fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    std::fs::create_dir_all(path.parent().context("a file has a folder")?)?;
    Ok(std::fs::write(path, text)?)
}

fn write_crate(folder: &Path, name: &str, programs: &[Source]) -> Result<()> {
    let root = std::env::current_dir()?;
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         rekindle = {{ path = \"{}\", features = [\"crash\"] }}\nrekindle-generated = {{ path = \"{}\" }}\n\n[workspace]\n\n\
         [profile.dev]\nopt-level = 0\ndebug = false\nincremental = false\n\n[profile.dev.package.\"*\"]\nopt-level = 2\n\n\
         [profile.dev.build-override]\nopt-level = 0\n",
        root.join("runtime").display(),
        root.join("tests/generated").display()
    );
    write_if_new(&folder.join("Cargo.toml"), &manifest)?;
    // The versions that everything else is tested with.
    let lock = folder.join("Cargo.lock");
    if !lock.exists() {
        std::fs::copy(root.join("Cargo.lock"), lock)?;
    }
    for p in programs {
        let text = format!(
            "#![allow(warnings)]\nuse rekindle::prelude::*;\nuse rekindle_generated::*;\n{}",
            p.text
        );
        write_if_new(
            &folder.join(format!("src/bin/{}/p{}.rs", crate_of(p.id), p.id)),
            &text,
        )?;
    }
    Ok(())
}

fn crate_of(id: usize) -> String {
    format!("batch{}", id / PER_CRATE)
}

fn write_batches(
    folder: &Path,
    programs: &[Source],
    without: &BTreeMap<usize, String>,
    seed: u64,
    patience: u64,
) -> Result<()> {
    let mut batches: BTreeMap<String, (String, String)> = BTreeMap::new();
    for p in programs {
        let (modules, calls) = batches.entry(crate_of(p.id)).or_default();
        if without.contains_key(&p.id) {
            continue;
        }
        let id = p.id;
        let _ = writeln!(modules, "mod p{id};");
        let _ = writeln!(calls, "        Program {{ id: {id}, runs: vec![");
        for call in &p.calls {
            let _ = writeln!(
                calls,
                "            Run {{ mapped: |cx, m| p{id}::{call}, bytes: |cx, m| p{id}::{call} }},"
            );
        }
        calls.push_str("        ] },\n");
    }
    for (batch, (modules, calls)) in batches {
        let text = format!(
            "#![allow(warnings)]\nuse rekindle_generated::{{Program, Run, judge}};\n{modules}fn main() {{\n    let programs: \
             Vec<Program> = vec![\n{calls}    ];\n    judge(&programs, {seed}, {patience});\n}}\n"
        );
        write_if_new(&folder.join(format!("src/bin/{batch}/main.rs")), &text)?;
    }
    Ok(())
}

fn cargo(folder: &Path) -> Command {
    let mut cargo = command("cargo build --offline --keep-going --message-format=json");
    cargo
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", output_folder())
        .env("RUSTFLAGS", "-Awarnings");
    cargo
}

fn output_folder() -> PathBuf {
    target().join("generated/target")
}

/// The programs with errors.
fn build(folder: &Path) -> Result<BTreeMap<usize, String>> {
    let mut child = cargo(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stderr = child.stderr.take().context("a pipe")?;
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        let _ = std::io::Read::read_to_string(&mut stderr, &mut text);
        text
    });
    let mut refused = BTreeMap::new();
    let mut elsewhere = String::new();
    for line in BufReader::new(child.stdout.take().context("a pipe")?).lines() {
        let message: Value = serde_json::from_str(&line?).unwrap_or_default();
        let message = &message["message"];
        if message["level"] != "error" {
            continue;
        }
        let text = message["rendered"].as_str().unwrap_or_default();
        let files: BTreeSet<usize> = message["spans"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|s| number(s["file_name"].as_str()?))
            .collect();
        if files.is_empty() {
            elsewhere.push_str(text);
        }
        for id in files {
            refused.entry(id).or_insert_with(|| text.to_owned());
        }
    }
    let status = child.wait()?;
    let stderr = reader.join().unwrap_or_default();
    ensure!(
        status.success() || !refused.is_empty(),
        "cannot build the generated programs:\n{elsewhere}\n{stderr}"
    );
    Ok(refused)
}

fn number(path: &str) -> Option<usize> {
    let stem = Path::new(path).file_stem()?.to_str()?;
    stem.strip_prefix('p')?.parse().ok()
}

fn execute(programs: &[&Source]) -> Result<BTreeMap<usize, Verdict>> {
    let batches: Vec<String> = programs
        .iter()
        .map(|p| crate_of(p.id))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let queue = std::sync::Mutex::new(batches);
    let verdicts = std::sync::Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores)
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    loop {
                        let Some(batch) = queue.lock().ok().and_then(|mut q| q.pop()) else {
                            return Ok(());
                        };
                        let out = Command::new(output_folder().join("debug").join(&batch))
                            .stderr(Stdio::null())
                            .output()
                            .with_context(|| format!("cannot run {batch}"))?;
                        for line in String::from_utf8_lossy(&out.stdout).lines() {
                            let verdict: Verdict = serde_json::from_str(line)
                                .with_context(|| format!("{batch} printed {line}"))?;
                            if let Ok(mut verdicts) = verdicts.lock() {
                                verdicts.insert(verdict.id, verdict);
                            }
                        }
                    }
                })
            })
            .collect();
        workers.into_iter().try_for_each(|w| match w.join() {
            Ok(result) => result,
            Err(_) => anyhow::bail!("a worker panicked"),
        })
    })?;
    let mut verdicts = verdicts.into_inner().unwrap_or_default();
    for p in programs {
        // A program that ends its process (an abort, a stack that is full) is no good either.
        verdicts.entry(p.id).or_insert_with(|| Verdict {
            id: p.id,
            failure: Some("the process ended without a verdict".to_owned()),
            commits: 0,
            images: 0,
            unexplored: 0,
        });
    }
    Ok(verdicts)
}
