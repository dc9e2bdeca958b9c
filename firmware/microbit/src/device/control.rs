//! What the harness remembers through resets, above the program's SRAM.

use crate::PICTURES;

/// Where it lies.
const CONTROL: *mut Control = 0x2000_3f00 as *mut Control;
/// Bytes there.
const ROOM: usize = 256;
const MAGIC: u32 = 0x5eed_f1a5;

/// A session: `key=number` words on the emulator's command line.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub struct Config {
    /// Power failures; none: only the reference is computed.
    pub failures: u32,
    /// Where random numbers start.
    pub seed: u32,
    /// The power stays on for at most so many instructions.
    pub max: u32,
    /// Word that fills flash at first; 1 is noise.
    pub fill: u32,
    /// One in so many failures tears a word or an erase; 0 is never.
    pub torn: u32,
    /// One in so many failures is followed by a firmware of another version; 0 is never.
    pub other: u32,
    /// This page (from 1 on; 0 is none) has a bit that is not erased.
    pub worn: u32,
    /// Pages are erased in parts.
    pub parts: u32,
    /// A fault is seeded.
    pub bug: u32,
}

impl Config {
    /// Reads the words.
    pub fn parse(words: &str) -> Result<Self, &str> {
        let mut config = Self {
            max: 1_000_000,
            ..Self::default()
        };
        for word in words.split_ascii_whitespace() {
            let (key, value) = word.split_once('=').ok_or(word)?;
            let field = match key {
                "failures" => &mut config.failures,
                "seed" => &mut config.seed,
                "max" => &mut config.max,
                "fill" => &mut config.fill,
                "torn" => &mut config.torn,
                "other" => &mut config.other,
                "worn" => &mut config.worn,
                "parts" => &mut config.parts,
                "bug" => &mut config.bug,
                _ => return Err(word),
            };
            *field = value.parse().map_err(|_| word)?;
        }
        if config.max == 0 || config.max > 16_000_000 {
            return Err("max");
        }
        Ok(config)
    }
}

/// All of it. The start-up code knows the first three words.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub struct Control {
    magic: u32,
    /// The noise that fills SRAM at the next reset starts from this, and is not 0.
    pub noise: u32,
    /// Ticks until the power fails in the next boot; 0 is never.
    pub on: u32,
    /// Words until one is torn, and erases; 0 is never.
    pub tear_word: u32,
    pub tear_erase: u32,
    pub random: u32,
    pub config: Config,
    /// The inference that is under way.
    pub n: u32,
    /// Inferences that were completed, and those of them with other bits.
    pub done: u32,
    pub differences: u32,
    pub failures: u32,
    /// Failures in the middle of a word, in the middle of an erase, and before the store was open.
    pub torn: u32,
    pub half: u32,
    pub in_open: u32,
    /// Inferences that another version has begun and not completed.
    pub abandoned: u32,
    pub retired: u32,
    pub opened: u32,
    /// The page (from 1 on) whose erase in parts is under way, how many it had, and writes to such pages.
    pub part_page: u32,
    pub part_done: u32,
    pub broken: u32,
    /// Words and pages that were written and erased; bytes that the program wrote.
    pub words: u32,
    pub erases: u32,
    pub asked: u32,
    /// Bytes of stack, at most.
    pub sram: u32,
    pub last: u64,
    pub golden: [u64; PICTURES],
}

const _: () = assert!(size_of::<Control>() <= ROOM);

/// All of it.
pub fn control() -> Control {
    // SAFETY: memory that no segment uses, and any bytes are a `Control`.
    unsafe { CONTROL.read_volatile() }
}

/// Changes it.
pub fn remember(change: impl FnOnce(&mut Control)) {
    let mut now = control();
    change(&mut now);
    // SAFETY: as above.
    unsafe { CONTROL.write_volatile(now) }
}

/// Whether a session has begun.
pub fn is_set_up() -> bool {
    control().magic == MAGIC
}

/// Begins one.
pub fn begin(config: Config) {
    let now = Control {
        magic: MAGIC,
        noise: 1,
        config,
        ..Control::default()
    };
    // SAFETY: as above.
    unsafe { CONTROL.write_volatile(now) }
}

/// The next random number.
pub fn random() -> u32 {
    let mut x = control().random | 1;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    remember(|c| c.random = x);
    // The low bits of such a state are poor.
    x.wrapping_mul(0x9e37_79b1) >> 4
}
