//! Prints a line `name|instructions|output in hexadecimal` per kernel: on the device with the instructions that QEMU
//! counts, on the host, which takes the portable path, with 0. `cargo xtask bench` compares the two.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod device;
#[cfg(target_os = "none")]
mod machine;

#[cfg(not(target_os = "none"))]
fn main() {
    let mut nvm = vec![0_u64; rekindle_bench_m4::NVM / 8];
    let nvm = rekindle::zerocopy::IntoBytes::as_mut_bytes(&mut nvm[..]);
    let run = rekindle_bench_m4::run_all(
        nvm,
        || 0,
        |name, _, output| {
            let hex: String = output.iter().map(|byte| format!("{byte:02x}")).collect();
            println!("{name}|0|{hex}");
        },
    );
    if let Err(error) = run {
        eprintln!("{error}");
        std::process::exit(1);
    }
}
