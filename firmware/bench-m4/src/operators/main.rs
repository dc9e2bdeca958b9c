//! Every operator, on mapped memory and on a byte store, so that a look at this program's symbols says whether any of
//! them can panic. Prints a line per operator, and whether both stores hold the same bytes; a line per kernel in tiles, with
//! what those take and the stack; and one per kernel with a line buffer.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod cases;
#[cfg(target_os = "none")]
#[path = "../machine.rs"]
mod machine;
#[cfg(target_os = "none")]
mod psram;
#[cfg(target_os = "none")]
mod rolling;
#[cfg(target_os = "none")]
mod stack;
#[cfg(target_os = "none")]
mod tiles;

#[cfg(target_os = "none")]
#[cortex_m_rt::entry]
fn main() -> ! {
    use core::fmt::Write;

    // SAFETY: the first and only use.
    let (mut uart, memory) = unsafe { machine::take(cases::MEMORY) };
    let mut good = true;
    let run = cases::all(memory, |name, mapped, bytes| {
        good &= mapped == bytes;
        let _ = writeln!(uart, "{name}|{mapped:08x}|{bytes:08x}");
    });
    let run = run.and_then(|()| {
        tiles::all(memory, |name, tiles, stack| {
            let _ = writeln!(uart, "{name}|{tiles}|{stack}|tiles");
        })
    });
    let run = run.and_then(|()| {
        rolling::all(memory, |name, taken| {
            let rolling::Taken {
                rows,
                arena,
                sums,
                stack,
                whole,
            } = taken;
            let _ = writeln!(uart, "{name}|{rows}|{arena}|{sums}|{stack}|{whole}|rows");
        })
    });
    if let Err(error) = &run {
        let _ = writeln!(uart, "{error}");
    }
    machine::exit(run.is_ok() && good)
}

#[cfg(not(target_os = "none"))]
fn main() {}
