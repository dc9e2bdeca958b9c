//! Running other programs.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context, Result, bail};

/// Works from the root of the workspace, wherever the command was called.
pub fn enter_root() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("xtask lies in the workspace")?;
    std::env::set_current_dir(root).context("cannot enter the workspace")
}

/// Cargo's target directory, absolute, for commands that run elsewhere.
pub fn target() -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    std::path::absolute(&target).unwrap_or(target)
}

/// A command from words; the first is the program.
pub fn command(line: &str) -> Command {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("true"));
    command.args(words).stdin(Stdio::null());
    command
}

/// Cargo in a crate outside of the workspace, with its outputs below the workspace's. What these crates have in common,
/// the macros and all they depend on, is compiled once for all of them.
pub fn outside(folder: &str, words: &str) -> Command {
    let mut cargo = command(words);
    cargo
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target().join(folder))
        .env("CARGO_BUILD_BUILD_DIR", target().join("outside"));
    cargo
}

/// Runs a command with its output shown.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot run {}", describe(command)))?;
    if !status.success() {
        bail!("{} failed: {status}", describe(command));
    }
    Ok(())
}

/// Runs a command with its output shown; `line` gets each line of it as well.
pub fn watch(command: &mut Command, mut line: impl FnMut(&str)) -> Result<()> {
    lines(command, |text| {
        println!("{text}");
        line(text);
    })
}

/// Runs a command whose output is shown only when it fails; `line` gets each line of it.
pub fn quietly(command: &mut Command, mut line: impl FnMut(&str)) -> Result<()> {
    let mut all = Vec::new();
    let result = lines(command, |text| {
        line(text);
        all.push(text.to_owned());
    });
    if result.is_err() {
        println!("{}", all.join("\n"));
    }
    result
}

fn lines(command: &mut Command, mut line: impl FnMut(&str)) -> Result<()> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}", describe(command)))?;
    let (lines, received) = mpsc::channel();
    let readers = [
        child
            .stdout
            .take()
            .map(|out| read_lines(out, lines.clone())),
        child.stderr.take().map(|err| read_lines(err, lines)),
    ];
    for text in received {
        line(&text);
    }
    for reader in readers.into_iter().flatten() {
        let _ = reader.join();
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("{} failed: {status}", describe(command));
    }
    Ok(())
}

/// Runs a command and returns what it prints.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::piped())
        .output()
        .with_context(|| format!("cannot run {}", describe(command)))?;
    if !output.status.success() {
        bail!(
            "{} failed: {}\n{}",
            describe(command),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a command runs and succeeds, silently.
pub fn works(line: &str) -> bool {
    command(line)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

/// Makes sure that `probe` works, by one of the `installs`; else says what is missing.
pub fn need(what: &str, probe: &str, installs: &[&str]) -> Result<()> {
    if works(probe) {
        return Ok(());
    }
    for install in installs {
        println!("{what} is missing; trying `{install}`");
        if works(install) && works(probe) {
            return Ok(());
        }
    }
    bail!(
        "{what} is missing; `{}` would install it",
        installs.first().unwrap_or(&"")
    )
}

fn read_lines(
    from: impl Read + Send + 'static,
    to: mpsc::Sender<String>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            if to
                .send(String::from_utf8_lossy(&line).into_owned())
                .is_err()
            {
                break;
            }
        }
    })
}

fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|w| w.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
