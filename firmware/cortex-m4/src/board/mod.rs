//! The machine: memory, instruction counter, power.

pub mod console;
pub mod power;
pub mod stack;

/// Free-running counter of the FPGA's I/O block: 25 MHz of virtual time.
const COUNTER: *const u32 = 0x4002_8018 as *const u32;

/// PSRAM by use. All of it survives a reset, and is zero when the emulator starts.
pub mod psram {
    /// NVM of the application.
    pub const NVM: usize = 0x2100_0000;
    /// Bytes of it.
    pub const NVM_SIZE: usize = 128 << 10;
    /// What the harness remembers.
    pub const CONTROL: usize = 0x2180_0000;
    /// NVM after uninterrupted runs, one area of `NVM_SIZE` for each picture.
    pub const GOLDEN: usize = 0x2190_0000;
    /// NVM as a sweep finds it each time.
    pub const SNAPSHOT: usize = 0x21a0_0000;
    /// Where each failure came.
    pub const LOG: usize = 0x21b0_0000;
    /// Bytes of it.
    pub const LOG_SIZE: usize = 4 << 20;
    /// How long the power stays on in each power cycle, in instructions, where the emulator loads such a table.
    pub const SUPPLY: usize = 0x21f0_0000;
    /// Bytes of it.
    pub const SUPPLY_SIZE: usize = 1 << 20;
}

/// Ticks of the counter.
pub fn now() -> u32 {
    // SAFETY: a readable register of this machine.
    unsafe { COUNTER.read_volatile() }
}

/// With `-icount shift=8` an instruction takes 256 ns, which is 6.4 ticks of 40 ns.
pub const fn instructions(ticks: u32) -> u32 {
    ((ticks as u64 * 5 + 16) / 32) as u32
}

/// The ticks after which a timer of 25 MHz has seen so many instructions.
pub const fn ticks(instructions: u32) -> u32 {
    ((instructions as u64 * 32).div_ceil(5)) as u32
}

/// Bytes of PSRAM.
///
/// # Safety
///
/// No other reference to them is used as long as this one is.
pub unsafe fn bytes(at: usize, len: usize) -> &'static mut [u8] {
    // SAFETY: memory of this machine that no segment of the program uses, and any bytes are bytes.
    unsafe { core::slice::from_raw_parts_mut(at as *mut u8, len) }
}
