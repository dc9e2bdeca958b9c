//! The host behind the emulator: arguments, output, exit.

use core::fmt::{self, Arguments, Write};

use cortex_m_semihosting::debug::{EXIT_FAILURE, EXIT_SUCCESS, exit};
use cortex_m_semihosting::{nr, syscall1};

/// A text for one call of the host.
struct Text {
    bytes: [u8; 160],
    used: usize,
}

impl Text {
    fn flush(&mut self) {
        self.bytes[self.used] = 0;
        // SAFETY: a text with a zero at its end.
        unsafe { syscall1(nr::WRITE0, self.bytes.as_ptr() as usize) };
        self.used = 0;
    }
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for &byte in text.as_bytes() {
            if self.used + 1 == self.bytes.len() {
                self.flush();
            }
            self.bytes[self.used] = byte;
            self.used += 1;
        }
        Ok(())
    }
}

/// Prints.
pub fn say(words: Arguments<'_>) {
    let mut text = Text {
        bytes: [0; 160],
        used: 0,
    };
    let _ = text.write_fmt(words);
    text.flush();
}

/// What the emulator was given as arguments.
pub fn arguments(into: &mut [u8; 256]) -> &str {
    let mut block = [into.as_mut_ptr() as usize, into.len()];
    // SAFETY: the call writes a text of at most so many bytes there, and its length into the block.
    let failed = unsafe { syscall1(nr::GET_CMDLINE, block.as_mut_ptr() as usize) } != 0;
    let len = if failed { 0 } else { block[1].min(into.len()) };
    let text = core::str::from_utf8(&into[..len]).unwrap_or_default();
    // The first word is the program.
    text.trim_end_matches('\0')
        .split_once(' ')
        .map_or("", |(_, words)| words)
}

/// Ends the emulation.
pub fn end(ok: bool) -> ! {
    loop {
        exit(if ok { EXIT_SUCCESS } else { EXIT_FAILURE });
    }
}
