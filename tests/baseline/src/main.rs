//! What `cargo xtask baseline` measures: `baseline WAY RUNS` runs, `baseline WAY RUNS --count` prints what is written.

use std::process::ExitCode;

use baseline::memory::{Counting, Fram, written};
use baseline::{O, W, X, diy, flash, kindled, unprotected};
use rekindle::prelude::*;

type Failure = Box<dyn std::error::Error>;

/// NVM bytes, pages erased, bytes of a stored state, bytes of SRAM.
type Costs = [u64; 4];

fn probe(way: &str, runs: usize, count: bool) -> Result<Costs, Failure> {
    let mut words = vec![0; 128];
    match way {
        "unprotected" => {
            let mut y = [0; O];
            for _ in 0..runs {
                unprotected(std::hint::black_box(&X), &W, &mut y);
            }
            std::hint::black_box(y);
            Ok([(runs * O) as u64, 0, 0, 0])
        }
        "diapause" => {
            let mut program = diy::Program::new(flash::Flash::default());
            for _ in 0..runs {
                program.run(O).map_err(|e| format!("{e:?}"))?;
            }
            std::hint::black_box(program.y);
            let flash = program.into_flash();
            Ok([
                flash.written,
                flash.erased,
                diy::state_bytes() as u64,
                (diy::SRAM + diy::commit_sram()) as u64,
            ])
        }
        "mapped" if count => rekindle(
            Counting(Mapped::from_words(&mut words)),
            runs,
            &mut [],
            size_of::<Counting<'_>>(),
        ),
        "mapped" => rekindle(
            Mapped::from_words(&mut words),
            runs,
            &mut [],
            size_of::<Mapped<'_>>(),
        ),
        "bytes" => {
            let fram = Bytes::new(Fram(vec![0; 1024]));
            rekindle(fram, runs, &mut [0; 1024], size_of::<Bytes<Fram>>())
        }
        _ => Err(format!("no way `{way}`").into()),
    }
}

fn rekindle<S: Store>(
    store: S,
    runs: usize,
    arena: &mut [u8],
    driver: usize,
) -> Result<Costs, Failure> {
    let mut nvm = kindled::Program::open(store)?;
    nvm.write(|m| &mut m.x, &X)?;
    written();
    for _ in 0..runs {
        kindled::run(&mut nvm, arena)?;
    }
    let sram = size_of_val(&nvm) - driver;
    Ok([written(), 0, kindled::STATE as u64, sram as u64])
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (way, runs) = match args.as_slice() {
        [way, runs, ..] => (way, runs.parse().unwrap_or(1)),
        _ => {
            eprintln!("usage: baseline unprotected|mapped|bytes|diapause RUNS [--count]");
            return ExitCode::from(2);
        }
    };
    match probe(way, runs, args.len() > 2) {
        Ok(costs) => {
            println!("{}", costs.map(|c| c.to_string()).join(" "));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("baseline: {error}");
            ExitCode::FAILURE
        }
    }
}
