//! QEMU's `mps2-an386`: clock, serial port, and the way out.

use core::fmt::{self, Write};

use cortex_m_rt::entry;
use rekindle_bench_m4::{NVM, run_all};

/// Free-running counter of the FPGA's I/O block: 25 MHz of virtual time.
const COUNTER: *const u32 = 0x4002_8018 as *const u32;
const UART_DATA: *mut u32 = 0x4000_4000 as *mut u32;
const UART_CONTROL: *mut u32 = 0x4000_4008 as *mut u32;
/// PSRAM, which no segment of the program uses.
const PSRAM: *mut u8 = 0x2100_0000 as *mut u8;

fn now() -> u32 {
    // SAFETY: a readable register of this machine.
    unsafe { COUNTER.read_volatile() }
}

/// With `-icount shift=8` an instruction takes 256 ns, which is 6.4 ticks.
fn instructions(ticks: u32) -> u64 {
    (u64::from(ticks) * 5 + 16) / 32
}

struct Uart;

impl Write for Uart {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // SAFETY: the data register; QEMU's port is never full.
            unsafe { UART_DATA.write_volatile(byte.into()) }
        }
        Ok(())
    }
}

/// Ends the emulation with a status.
fn exit(ok: bool) -> ! {
    let reason = if ok { 0x20026_u32 } else { 0x20023 };
    loop {
        // SAFETY: semihosting's SYS_EXIT; QEMU does not return from it.
        unsafe { core::arch::asm!("bkpt 0xab", in("r0") 0x18, in("r1") reason) }
    }
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    let _ = writeln!(Uart, "{info}");
    exit(false)
}

#[entry]
fn main() -> ! {
    // SAFETY: enables the transmitter.
    unsafe { UART_CONTROL.write_volatile(1) }
    // SAFETY: memory of this machine that nothing else uses, and any bytes are bytes.
    let nvm = unsafe { core::slice::from_raw_parts_mut(PSRAM, NVM) };
    let run = run_all(nvm, now, |name, ticks, output| {
        let _ = write!(Uart, "{name}|{}|", instructions(ticks));
        for byte in output {
            let _ = write!(Uart, "{byte:02x}");
        }
        let _ = writeln!(Uart);
    });
    if let Err(error) = &run {
        let _ = writeln!(Uart, "{error}");
    }
    exit(run.is_ok())
}
