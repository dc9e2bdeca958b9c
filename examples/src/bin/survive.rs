//! Runs a real network on a device that keeps losing power, and compares every bit with one that does not.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use rekindle_examples::idx::Samples;
use rekindle_examples::lenet::{Image, image};
use rekindle_examples::survive::capacitor::{Capacitor, parse_farads};
use rekindle_examples::survive::harvest::Harvest;
use rekindle_examples::survive::kill::Pace;
use rekindle_examples::survive::program::{MOST, uninterrupted};
use rekindle_examples::survive::report::Report;
use rekindle_examples::survive::tally::Tally;
use rekindle_examples::survive::{Failure, experiment, kill, plot};

/// An int8 `LeNet` classifies Fashion-MNIST images on a store that survives power failures.
///
/// The state is in the store file: Ctrl-C, kill -9 or a power cut lose nothing that was committed, and the same
/// command goes on. Exit status: 0 if nothing differs, 1 if any bit does, 3 for a store file that cannot be used, 4 for
/// a trace or image file, 5 when the capacitor is too small for any progress, 6 for an output that cannot be written, 130
/// after Ctrl-C.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The non-volatile memory: a file, made if there is none. Default: `survive-IMAGES.nvm`.
    #[arg(long)]
    store: Option<PathBuf>,
    /// Seed of the harvest, of the noise that SRAM holds after an outage, and of the kills.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many test images: a number or `all`; default: all 10,000 where Debian's dataset-fashion-mnist is installed,
    /// else the 256 that come with the project.
    #[arg(long, value_parser = parse_images)]
    images: Option<usize>,
    /// Capacitance, such as 100uF or 1mF; switched on at 2.8 V, off at 2.4 V.
    #[arg(long, default_value = "100uF", value_parser = parse_farads)]
    capacitor: f64,
    /// A harvest trace: `time<tab>volts` at 1 kHz into 30 kΩ, `date,time,W/m²` per minute, or `seconds,watts`.
    #[arg(long)]
    trace: Option<PathBuf>,
    /// Kill real processes with SIGKILL at random moments instead of simulating the supply.
    #[arg(long)]
    kill: bool,
    /// Print one JSON object instead of the table.
    #[arg(long)]
    json: bool,
    /// Where the picture goes.
    #[arg(long, default_value = "survive.svg")]
    svg: PathBuf,
    /// Be the process that is killed by this one.
    #[arg(long, hide = true)]
    parent: Option<u32>,
    /// Pause in the middle of each write, in microseconds.
    #[arg(long, hide = true, default_value_t = 0)]
    pause: u64,
}

static STOP: AtomicBool = AtomicBool::new(false);

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(mismatches) => ExitCode::from(u8::from(mismatches > 0)),
        Err(failure) => {
            eprintln!("survive: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(args: &Args) -> Result<u64, Failure> {
    let start = Instant::now();
    let (images, labels) = load(args.images)?;
    let store = args
        .store
        .clone()
        .unwrap_or_else(|| format!("survive-{}.nvm", images.len()).into());
    if let Some(parent) = args.parent {
        let pause = Duration::from_micros(args.pause);
        kill::child(&store, &images, Pace { parent, pause })?;
        return Ok(0);
    }
    let start_up = start.elapsed();
    let _ = ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed));
    let harvest = match &args.trace {
        None => Harvest::radio(args.seed),
        Some(path) => Harvest::read(path).map_err(Failure::Data)?,
    };
    let bar = bar(images.len(), args.json);
    let tick = |tally: &Tally| {
        bar.set_position(tally.images());
        bar.set_message(format!(
            "{} outages, {} kills, {} commits",
            tally.outages, tally.kills, tally.commits
        ));
    };
    let capacitor = Capacitor::new(args.capacitor);
    let mut picture = None;
    let (tally, results) = if args.kill {
        kill::parent(
            &store,
            &images,
            args.seed,
            start_up,
            || child(&store, images.len()),
            &STOP,
            tick,
        )?
    } else {
        let out = experiment::run(&store, &images, capacitor, harvest, args.seed, &STOP, tick)?;
        if out.resumed && !args.json {
            bar.println("took up an earlier run; the picture shows what came after it");
        }
        picture = Some((out.probe, out.time_s));
        (out.tally, out.results)
    };
    bar.finish_and_clear();
    let expected = uninterrupted(&images).map_err(|e| Failure::Data(e.to_string()))?;
    let report = Report::new(&tally, &results, &expected, &labels);
    let text = if args.json {
        serde_json::to_string(&report).unwrap_or_default()
    } else {
        format!("\n{report}")
    };
    print(&text)?;
    if let Some((probe, time_s)) = picture {
        let total = images.len() as u64;
        plot::draw(&args.svg, &probe, &capacitor, time_s, total)?;
        if !args.json {
            print(&format!("  picture: {}", args.svg.display()))?;
        }
    }
    Ok(report.mismatches)
}

/// `println!` panics when nobody reads.
fn print(text: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{text}").map_err(|e| Failure::Output("standard output".into(), e))
}

/// The images and labels: the committed subset, or the full test set where it is installed.
fn load(count: Option<usize>) -> Result<(Vec<Image>, Vec<u8>), Failure> {
    let subset = Samples::subset().map_err(|e| Failure::Data(e.to_string()))?;
    let mut samples = match count {
        Some(count) if count <= subset.images.len() => subset,
        _ => match (Samples::installed(), count) {
            (Some(all), _) => all.map_err(|e| Failure::Data(e.to_string()))?,
            (None, None) => subset,
            (None, Some(count)) => {
                return Err(Failure::Data(format!(
                    "{count} images: only {} are here; install Debian's dataset-fashion-mnist for all 10,000",
                    subset.images.len()
                )));
            }
        },
    };
    let count = count.unwrap_or(MOST).min(samples.images.len());
    samples.images.truncate(count);
    samples.labels.truncate(count);
    Ok((samples.images.iter().map(image).collect(), samples.labels))
}

fn child(store: &Path, images: usize) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap_or_else(|_| "survive".into()));
    command
        .arg("--store")
        .arg(store)
        .arg("--images")
        .arg(images.to_string());
    // Small experiments are slowed down, so that there is something to kill.
    let pause_us = if images > 1000 { 0 } else { 50 };
    command
        .arg(format!("--parent={}", std::process::id()))
        .arg(format!("--pause={pause_us}"));
    command
}

fn bar(images: usize, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} images, {msg} [{elapsed}]");
    ProgressBar::new(images as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn parse_images(text: &str) -> Result<usize, String> {
    let n = if text == "all" {
        MOST
    } else {
        text.parse()
            .map_err(|_| format!("`{text}` is neither a number nor `all`"))?
    };
    if (1..=MOST).contains(&n) {
        Ok(n)
    } else {
        Err(format!("from 1 to {MOST}"))
    }
}
