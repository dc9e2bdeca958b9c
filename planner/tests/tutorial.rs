//! Runs the commands of `docs/tutorial-planner.md`, and holds the page to what they print.

use std::path::PathBuf;
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The commands of a page, each with the lines that it shows.
fn commands(page: &str) -> Vec<(Vec<&str>, Vec<&str>)> {
    let mut all = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ rekindle ") {
            all.push((command.split_whitespace().collect(), Vec::new()));
        } else if let (true, Some((_, shown))) = (inside, all.last_mut()) {
            shown.push(line);
        }
    }
    all
}

#[test]
fn every_command_prints_what_the_page_shows() {
    let page = std::fs::read_to_string(root().join("docs/tutorial-planner.md")).expect("the page");
    let all = commands(&page);
    assert!(all.len() >= 8, "{} commands", all.len());
    for (command, shown) in all {
        let output = Command::new(env!("CARGO_BIN_EXE_rekindle"))
            .current_dir(root())
            .args(&command)
            .output()
            .expect("the command runs");
        let fails = shown.iter().any(|line| line.starts_with("error:"));
        assert_eq!(output.status.success(), !fails, "{command:?}: {output:?}");
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8(printed).expect("UTF-8");
        let mut lines = printed.lines();
        for line in shown.into_iter().filter(|line| *line != "…") {
            assert!(
                lines.any(|l| l.trim_end() == line.trim_end()),
                "`rekindle {}` does not print, in this order:\n{line}\n{printed}",
                command.join(" ")
            );
        }
    }
}

#[test]
fn the_pictures_are_those_of_the_command() {
    let out = std::env::temp_dir().join(format!("rekindle-tutorial-{}", std::process::id()));
    let status = Command::new(env!("CARGO_BIN_EXE_rekindle"))
        .current_dir(root())
        .args("plot examples/data/lenet.tflite --device nrf52840-spi-fram --capacitor 47u --step element --trace radio:1 --out".split(' '))
        .arg(&out)
        .output()
        .expect("the command runs")
        .status;
    assert!(status.success());
    for name in ["timeline", "capacitors", "intervals", "energy"] {
        let file = format!("{name}.svg");
        let read = |path: PathBuf| std::fs::read_to_string(path).expect(name);
        let (drawn, committed) = (
            read(out.join(&file)),
            read(root().join("docs/plots").join(&file)),
        );
        assert!(
            drawn == committed,
            "docs/plots/{file} is stale: draw it with the command in docs/tutorial-planner.md, `--out docs/plots`"
        );
    }
    std::fs::remove_dir_all(out).expect("it was there");
}
