//! QEMU's `mps2-an386`: memory, serial port, and the way out.

use core::fmt::{self, Write};

const UART_DATA: *mut u32 = 0x4000_4000 as *mut u32;
const UART_CONTROL: *mut u32 = 0x4000_4008 as *mut u32;
/// PSRAM, which no segment of the program uses.
const PSRAM: *mut u8 = 0x2100_0000 as *mut u8;

/// The serial port, which is on; and the first bytes of PSRAM.
///
/// # Safety
///
/// Only once: the memory is borrowed exclusively.
pub unsafe fn take(bytes: usize) -> (Uart, &'static mut [u8]) {
    // SAFETY: enables the transmitter.
    unsafe { UART_CONTROL.write_volatile(1) }
    // SAFETY: memory of this machine that nothing else uses, and any bytes are bytes.
    (Uart, unsafe {
        core::slice::from_raw_parts_mut(PSRAM, bytes)
    })
}

/// The serial port.
pub struct Uart;

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
pub fn exit(ok: bool) -> ! {
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
