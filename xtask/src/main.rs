//! Developer commands of Rekindle: `cargo xtask COMMAND`.

mod audit;
mod baseline;
mod bench;
mod bench_host;
mod callgrind;
mod crash;
mod emulate;
mod expansion;
mod firmware;
mod flash;
mod generated;
mod machine;
mod overhead;
mod overhead_m4;
mod peers;
mod pipeline;
mod planner_report;
mod python;
mod rules;
mod search;
mod shell;
mod steps;
mod test;
mod tutorial;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Developer commands of Rekindle")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Installs or names what is needed, and runs every check. CI runs this and nothing else.
    Test {
        /// Only the steps whose name contains this.
        only: Option<String>,
    },
    /// Measures what protection costs on continuous power, in instructions and NVM bytes.
    Overhead {
        /// Count in an emulator: `cortex-m4`, which also reports sizes of code and stack.
        #[arg(long, value_parser = ["cortex-m4"])]
        target: Option<String>,
        /// Print a list of `{kernel, granularity, instructions_ratio, nvm_ratio}`.
        #[arg(long)]
        json: bool,
        /// Fail when a ratio is above its bar.
        #[arg(long)]
        check: bool,
    },
    /// Runs the kernels on an emulated microcontroller, beside CMSIS-NN; writes `docs/results/kernels-m4.md`.
    Bench {
        /// `cortex-m4`, the only one so far.
        #[arg(long, value_parser = ["cortex-m4"], default_value = "cortex-m4")]
        target: String,
        /// Whole imported models instead, beside TFLM and microflow; writes `docs/results/models-m4.md`.
        #[arg(long)]
        models: bool,
        /// Models on this machine instead, beside TFLM and microflow; writes `docs/results/models-host.md`.
        #[arg(long, conflicts_with = "target")]
        host: bool,
        /// Print the results as JSON instead.
        #[arg(long)]
        json: bool,
    },
    /// Runs the crash suite at every optimisation level, and writes `docs/results/crash.md`.
    Crash {
        /// A hundred times as many random schedules of the network.
        #[arg(long)]
        long: bool,
        /// Print the results as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Builds the firmware of every target, cuts its power in emulators, and writes `docs/results/firmware.md`.
    Firmware {
        /// Print the results as JSON.
        #[arg(long)]
        json: bool,
        /// Only the targets whose name contains this.
        #[arg(long)]
        only: Option<String>,
        /// As much as `cargo xtask test` has time for.
        #[arg(long)]
        short: bool,
        /// Instead: this `.tflite` file on the Cortex-M4, with the inputs and outputs in the `.golden` file beside it.
        #[arg(long, conflicts_with_all = ["only", "short"])]
        model: Option<std::path::PathBuf>,
        /// With `--model`: power failures.
        #[arg(long, default_value_t = 1_000)]
        failures: u32,
    },
    /// Searches architectures: `cargo xtask search -- --help`; installs what that needs (some 600 MB) under `target`
    Search {
        /// Passed on
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Plans beside published ones and beside the code that they plan, and pacers beside intervals; writes
    /// `docs/results/planner.md` and `docs/results/pacing.md`.
    PlannerReport {
        /// Print the results as JSON instead.
        #[arg(long)]
        json: bool,
    },
    /// Measures what the macro costs a build of the network.
    ExpansionTime {
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Gives random tasks to the macro, and what it says to the crash checker; writes `docs/results/generated.md`.
    Generate {
        /// How many.
        #[arg(long, default_value_t = generated::PROGRAMS)]
        programs: usize,
        /// Of all that is random; several, with commas, are several runs on one page.
        #[arg(long, value_delimiter = ',', default_values_t = [generated::SEED])]
        seed: Vec<u64>,
        /// Switch a rule off instead, and show the smallest program found that then goes wrong.
        #[arg(long, value_name = "RKnn", conflicts_with = "json")]
        off: Option<String>,
        /// Print the results as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Lists each `#[assume_idempotent("why")]`: what authors answer for instead of the rules.
    Audit {
        /// Of which crate or workspace.
        #[arg(default_value = ".")]
        folder: std::path::PathBuf,
        /// Print a list of `{file, line, reason}`.
        #[arg(long)]
        json: bool,
    },
    /// Writes the table of rules and cases, `docs/rules/README.md`, from the tests.
    Rules {
        /// Print a list of `{code, title, refused, accepted}` instead.
        #[arg(long)]
        json: bool,
    },
    /// Stores the network's commits on a simulated NOR flash, beside sequential-storage and ekv; writes
    /// `docs/results/flash.md`.
    Flash {
        /// Print the results as JSON instead.
        #[arg(long)]
        json: bool,
        /// As much as `cargo xtask test` has time for; writes nothing.
        #[arg(long)]
        short: bool,
    },
    /// Runs the commands of `docs/tutorial-kws.md`: keyword spotting on an emulated Cortex-M4 with an SPI FRAM, on harvested
    /// power; writes `docs/results/kws.md` and `docs/kws.svg`.
    Tutorial {
        /// Print the results as JSON at the end.
        #[arg(long)]
        json: bool,
        /// As much as `cargo xtask test` has time for; writes nothing in `docs`.
        #[arg(long)]
        short: bool,
    },
    /// Runs `firmware/kws` on the emulated Cortex-M4, its power failing as `rekindle cycles` says; writes `kws.md` and
    /// `kws.svg`.
    Emulate {
        /// What `rekindle cycles --out` has written.
        #[arg(long)]
        cycles: std::path::PathBuf,
        /// Where the table and the picture go.
        #[arg(long, default_value = "target")]
        out: std::path::PathBuf,
        /// Instead: keyword spotting with as much SRAM as the rows of the table in `docs/import.md` say, through 200 failures of
        /// these cycles each; writes that table.
        #[arg(long, conflicts_with = "json")]
        sram: bool,
        /// Print the results as JSON instead.
        #[arg(long)]
        json: bool,
    },
    /// Compares with the same layer made of diapause, postcard and sequential-storage.
    Baseline {
        /// Print the results as JSON.
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    let result = shell::enter_root().and_then(|()| match Args::parse().command {
        Command::Test { only } => Ok(test::all(only.as_deref())),
        Command::Overhead {
            json,
            check,
            target: None,
        } => overhead::report(json, check),
        Command::Overhead { json, check, .. } => overhead_m4::report(json, check),
        Command::Bench {
            json, host: true, ..
        } => bench_host::report(json),
        Command::Bench {
            json, models: true, ..
        } => firmware::models::bench(json),
        Command::Bench { json, .. } => bench::cortex_m4(json),
        Command::Flash { json, short } => flash::report(short, json),
        Command::ExpansionTime { json } => expansion::report(json),
        Command::Generate {
            programs,
            seed,
            off: Some(rule),
            ..
        } => generated::without(&rule, programs, seed[0]).map(|()| true),
        Command::Generate {
            programs,
            seed,
            json,
            off: None,
        } => generated::run(programs, &seed, json, true),
        Command::Audit { folder, json } => audit::report(&folder, json),
        Command::Rules { json } => rules::report(std::path::Path::new("."), json),
        Command::Tutorial { json, short } => tutorial::report(short, json),
        Command::Emulate {
            cycles, sram: true, ..
        } => emulate::sram(&cycles),
        Command::Emulate {
            cycles, out, json, ..
        } => emulate::report(&cycles, &out, json),
        Command::Baseline { json } => baseline::report(json),
        Command::Search { arguments } => search::search(&arguments).map(|()| true),
        Command::PlannerReport { json } => planner_report::report(json),
        Command::Firmware {
            json,
            model: Some(file),
            failures,
            ..
        } => firmware::models::own(&file, failures, json),
        Command::Firmware {
            json, only, short, ..
        } => {
            let effort = if short {
                firmware::Effort::Short
            } else {
                firmware::Effort::Full
            };
            firmware::command(effort, json, only.as_deref())
        }
        Command::Crash { long, json } => crash::report(long, json),
    });
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
