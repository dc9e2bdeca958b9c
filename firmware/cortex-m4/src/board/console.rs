//! The host behind the emulator: arguments, output, exit.

use core::fmt::{self, Write};

use cortex_m_semihosting::debug::{EXIT_FAILURE, EXIT_SUCCESS, exit};
use cortex_m_semihosting::{nr, syscall1};

/// Standard output, a text at a time.
#[derive(Debug)]
pub struct Console {
    buffer: [u8; 512],
    used: usize,
}

impl Console {
    /// Empty.
    pub const fn new() -> Self {
        Self {
            buffer: [0; 512],
            used: 0,
        }
    }

    fn flush(&mut self) {
        if self.used > 0 {
            self.buffer[self.used] = 0;
            // SAFETY: a text with a zero at its end.
            unsafe { syscall1(nr::WRITE0, self.buffer.as_ptr() as usize) };
            self.used = 0;
        }
    }
}

impl Default for Console {
    fn default() -> Self {
        Self::new()
    }
}

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for &byte in text.as_bytes() {
            if self.used + 1 == self.buffer.len() {
                self.flush();
            }
            self.buffer[self.used] = byte;
            self.used += 1;
        }
        Ok(())
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Prints a line.
#[macro_export]
macro_rules! say {
    ($($words:tt)*) => {{
        use core::fmt::Write as _;
        let _ = writeln!($crate::board::console::Console::new(), $($words)*);
    }};
}

/// What the emulator was given as arguments, if that is readable.
pub fn arguments(into: &mut [u8; 256]) -> &str {
    let mut block = [into.as_mut_ptr() as usize, into.len()];
    // SAFETY: the call writes a text of at most so many bytes there, and its length into the block.
    let failed = unsafe { syscall1(nr::GET_CMDLINE, block.as_mut_ptr() as usize) } != 0;
    let len = if failed { 0 } else { block[1].min(into.len()) };
    core::str::from_utf8(&into[..len])
        .unwrap_or_default()
        .trim_end_matches('\0')
}

/// Ends the emulation.
pub fn end(ok: bool) -> ! {
    loop {
        exit(if ok { EXIT_SUCCESS } else { EXIT_FAILURE });
    }
}
