//! What the harness remembers from boot to boot, and what it does when the power fails.

use rekindle::Fingerprint;
use rekindle_app::{FINGERPRINT, version};

use super::config::{Config, Mode};
use crate::board::power::{MAGIC, Supply, lose_ram};
use crate::board::{bytes, console, instructions, now, psram, ticks};
use crate::pictures::PICTURES;
use crate::say;

/// One power failure.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Address of the instruction that was not executed any more.
    pc: u32,
    /// Instructions since the reset.
    at: u32,
    /// Hash of the control area of NVM: which commit was the last.
    state: u32,
    /// Inferences that were completed before it.
    done: u32,
}

const ENTRIES: usize = psram::LOG_SIZE / size_of::<Entry>();

/// Where in a case of a sweep we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Phase {
    /// The state from which all cases start is being made.
    Preparing,
    /// The failure of the case is to come.
    First,
    /// Another one is to come.
    Again,
    /// No more: the inference ends, and is judged.
    Last,
}

/// All of it. Only changed while no failure can come.
#[repr(C)]
#[derive(Debug)]
pub struct Control {
    pub(super) supply: Supply,
    /// Bytes of NVM that the program needs.
    pub(super) nvm: usize,
    /// What is done.
    pub config: Config,
    random: u32,
    pub(super) phase: Phase,
    /// Power failures so far, those of the preparation not counted.
    pub(super) failures: u32,
    /// Inferences that were completed and judged.
    pub(super) done: u32,
    /// Bytes of NVM or of results that differed.
    pub(super) differences: u32,
    /// Reports that came twice.
    pub(super) repeated: u32,
    /// Faults.
    pub faults: u32,
    /// Status of the last one.
    pub(super) fault: u32,
    /// Failures while the program waited for its supply.
    pub waiting: u32,
    /// Whether it is waiting.
    pub is_waiting: u32,
    /// Readings that were taken.
    pub sensed: u32,
    /// Instructions of an inference without failures.
    pub(super) instructions: u32,
    /// Deepest stack of an inference without failures.
    pub(super) stack: u32,
}

/// The session.
pub fn control() -> &'static mut Control {
    // SAFETY: memory of the machine that only the harness uses. Its handlers do not return, so that what they change is
    // not seen by code that they have interrupted.
    unsafe { &mut *(psram::CONTROL as *mut Control) }
}

impl Control {
    /// Whether this is the first boot.
    pub fn is_new(&self) -> bool {
        self.supply.magic != MAGIC
    }

    /// Starts a session; the next boot belongs to it.
    pub(super) fn begin(&mut self, config: Config) {
        *self = Self {
            supply: Supply {
                magic: MAGIC,
                on: 0,
                since: 0,
            },
            nvm: self.nvm,
            config,
            random: config.seed.wrapping_mul(0x9e37_79b9) | 1,
            phase: Phase::First,
            failures: 0,
            done: 0,
            differences: 0,
            repeated: 0,
            faults: 0,
            fault: 0,
            waiting: 0,
            is_waiting: 0,
            sensed: 0,
            instructions: self.instructions,
            stack: self.stack,
        };
        self.fill();
        match config.mode {
            Mode::Golden => console::end(true),
            Mode::Random => self.fail_later(),
            Mode::Sweep if config.before == 0 => {
                copy(psram::NVM, psram::SNAPSHOT);
                self.start_case();
            }
            Mode::Sweep => {
                self.phase = Phase::Preparing;
                self.supply.on = ticks(self.instructions.saturating_sub(config.before));
            }
        }
        lose_ram(self.next())
    }

    /// The next random number (xorshift32).
    fn next(&mut self) -> u32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        self.random
    }

    /// What NVM holds before the first boot.
    fn fill(&mut self) {
        // SAFETY: the application is not running.
        let nvm = unsafe { bytes(psram::NVM, psram::NVM_SIZE) };
        for word in nvm.as_chunks_mut::<4>().0 {
            *word = match self.config.fill {
                1 => self.next(),
                fill => fill,
            }
            .to_le_bytes();
        }
    }

    /// Number of the next reading.
    pub fn picture(&self) -> u32 {
        match self.config.mode {
            // So that it shows when the work of another firmware is taken for our own.
            Mode::Sweep => u32::from(self.config.old != 0 && self.phase == Phase::Preparing),
            _ => self.done % self.config.pictures.min(PICTURES as u32),
        }
    }

    /// The version of the firmware that is running.
    pub fn print(&self) -> Fingerprint {
        if self.config.old != 0 && self.phase == Phase::Preparing {
            const { version("another") }
        } else {
            FINGERPRINT
        }
    }

    fn fail_later(&mut self) {
        let Config {
            min,
            max,
            failures,
            supply,
            ..
        } = self.config;
        self.supply.on = if self.failures >= failures {
            0
        } else if supply > 0 {
            let at = self.failures % supply;
            // SAFETY: in range, as `Config` checks; the emulator has put it there.
            ticks(unsafe { (psram::SUPPLY as *const u32).add(at as usize).read() })
        } else {
            ticks(min + self.next() % (max - min))
        };
    }

    fn start_case(&mut self) {
        copy(psram::SNAPSHOT, psram::NVM);
        self.phase = Phase::First;
        self.supply.on = ticks(self.config.first + self.done * self.config.stride);
    }

    /// After an inference was judged.
    pub(super) fn judged(&mut self) {
        match self.config.mode {
            Mode::Golden => {}
            Mode::Random => {
                if self.failures >= self.config.failures {
                    self.end();
                }
            }
            Mode::Sweep => {
                if self.done == self.config.count {
                    self.end();
                }
                self.start_case();
                lose_ram(self.next())
            }
        }
    }

    fn log(&mut self, pc: u32) {
        let at = instructions(now().wrapping_sub(self.supply.since));
        // SAFETY: the application does not run any more.
        let area = unsafe { bytes(psram::NVM, rekindle_app::DATA_AT) };
        let hash = area.iter().fold(0x811c_9dc5_u32, |h, b| {
            (h ^ u32::from(*b)).wrapping_mul(0x0100_0193)
        });
        if (self.failures as usize) < ENTRIES {
            let entry = Entry {
                pc,
                at,
                state: hash,
                done: self.done,
            };
            // SAFETY: in range by the check, and only the harness uses it.
            unsafe {
                (psram::LOG as *mut Entry)
                    .add(self.failures as usize)
                    .write(entry)
            }
        }
        self.failures += 1;
        self.waiting += self.is_waiting;
        self.is_waiting = 0;
    }

    fn failed(&mut self, pc: u32) -> ! {
        if self.phase == Phase::Preparing {
            copy(psram::NVM, psram::SNAPSHOT);
            self.sensed = 0;
            self.start_case();
            lose_ram(self.next())
        }
        self.log(pc);
        match self.config.mode {
            Mode::Golden => {}
            Mode::Random => self.fail_later(),
            Mode::Sweep => {
                let again = self.config.again;
                (self.phase, self.supply.on) = match self.phase {
                    Phase::First if again > 0 => (Phase::Again, ticks(1 + self.next() % again)),
                    _ => (Phase::Last, 0),
                };
            }
        }
        lose_ram(self.next())
    }

    /// Prints what came of it, and ends the emulation.
    fn end(&self) -> ! {
        unsafe extern "C" {
            static _ram_start: u8;
            static _stack_end: u8;
        }
        let variables = (&raw const _stack_end).addr() - (&raw const _ram_start).addr();
        say!(
            "result failures={} done={} differences={} repeated={} faults={} fault={:#x} waiting={} sensed={} instructions={} stack={} sram={} nvm={}",
            self.failures,
            self.done,
            self.differences,
            self.repeated,
            self.faults,
            self.fault,
            self.waiting,
            self.sensed,
            self.instructions,
            self.stack,
            variables as u32 + self.stack,
            self.nvm,
        );
        let mut console = console::Console::new();
        for i in 0..(self.failures as usize).min(ENTRIES) {
            use core::fmt::Write as _;
            // SAFETY: `log` has written so many.
            let Entry {
                pc,
                at,
                state,
                done,
            } = unsafe { (psram::LOG as *const Entry).add(i).read() };
            let _ = writeln!(console, "{pc:x} {at} {state:x} {done}");
        }
        drop(console);
        console::end(true)
    }
}

fn copy(from: usize, to: usize) {
    // SAFETY: two areas that nothing else uses now.
    unsafe { bytes(to, psram::NVM_SIZE).copy_from_slice(bytes(from, psram::NVM_SIZE)) }
}

/// The handler of `SysTick`: `pc` is where the program was.
#[unsafe(no_mangle)]
extern "C" fn power_failed(pc: u32) -> ! {
    control().failed(pc)
}

/// The handler of faults. To the NVM it is a power failure.
#[unsafe(no_mangle)]
extern "C" fn fault() -> ! {
    let session = control();
    // SAFETY: `CFSR` of the core.
    session.fault = unsafe { (0xe000_ed28 as *const u32).read_volatile() };
    session.faults += 1;
    if session.is_new() || session.faults > session.config.overflows {
        say!("error: fault, CFSR {:#x}", session.fault);
        console::end(false);
    }
    session.failed(0)
}
