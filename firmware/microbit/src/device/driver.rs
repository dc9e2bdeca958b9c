//! The driver under test, and what the emulated controller does not do: words and erases that a failure has torn.

use embedded_storage::nor_flash::{ErrorType, MultiwriteNorFlash, NorFlash, ReadNorFlash};
use rekindle::store::PartialErase;
use rekindle_nvmc::{Nvmc, Refused};

use super::control::{Control, control, random, remember};
use super::power;

/// The journal's pages.
pub const BASE: usize = 160 << 10;
/// Bytes of them.
pub const SIZE: usize = 96 << 10;
const PAGE: usize = 1024;

/// The driver on a bench that can cut the power in the middle of an operation.
pub struct Bench(Nvmc<PAGE>);

impl Bench {
    /// The one there is.
    pub fn new() -> Self {
        // SAFETY: the linker script keeps these pages free, and there is one store at a time.
        Self(unsafe { Nvmc::new(BASE, SIZE) })
    }

    /// Whether this operation is the one that is torn.
    fn tears(left: fn(&mut Control) -> &mut u32) -> bool {
        let mut torn = false;
        remember(|c| {
            let left = left(c);
            torn = *left == 1;
            *left = left.saturating_sub(1);
        });
        torn
    }

    fn word(&mut self, at: u32) -> u32 {
        let mut bytes = [0; 4];
        match self.0.read(at, &mut bytes) {
            Ok(()) => u32::from_le_bytes(bytes),
            Err(_) => panic!("read at {at}"),
        }
    }

    /// With a bit that stays, where the page is worn.
    fn whole_erase(&mut self, page: u32) -> Result<(), Refused> {
        self.0.erase(page, page + PAGE as u32)?;
        let number = page / PAGE as u32 + 1;
        remember(|c| {
            c.erases += 1;
            (c.part_page, c.part_done) = (number, Self::PARTS);
        });
        if control().config.worn == number {
            self.0.write(page + 400, &0xffff_dfff_u32.to_le_bytes())?;
        }
        Ok(())
    }

    /// Any mix of the old bits and ones, over the whole page.
    fn half_erase(&mut self, page: u32) -> Result<(), Refused> {
        let mut old = [0; PAGE / 4];
        for (at, word) in (page..).step_by(4).zip(&mut old) {
            *word = self.word(at);
        }
        self.0.erase(page, page + PAGE as u32)?;
        // Few bits, about half of them, or most.
        let density = random() % 3;
        for (at, word) in (page..).step_by(4).zip(old) {
            let erased = match density {
                0 => random() & random() & random(),
                1 => random(),
                _ => random() | random() | random() | 0xf000_0000,
            };
            self.0.write(at, &(word | erased).to_le_bytes())?;
        }
        Ok(())
    }
}

impl ErrorType for Bench {
    type Error = Refused;
}

impl ReadNorFlash for Bench {
    const READ_SIZE: usize = 1;

    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), Refused> {
        self.0.read(at, into)
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl NorFlash for Bench {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Refused> {
        for page in (from..to).step_by(PAGE) {
            if Self::tears(|c| &mut c.tear_erase) {
                power::stay_on();
                self.half_erase(page)?;
                remember(|c| c.half += 1);
                power::failed_now();
            }
            self.whole_erase(page)?;
        }
        Ok(())
    }

    fn write(&mut self, at: u32, from: &[u8]) -> Result<(), Refused> {
        remember(|c| {
            if c.part_page == at / PAGE as u32 + 1 {
                c.broken += u32::from(c.part_done < Self::PARTS);
                c.part_page = 0;
            }
        });
        if control().tear_word == 0 {
            // As it is, in one call.
            self.0.write(at, from)?;
            remember(|c| c.words += from.len() as u32 / 4);
            return Ok(());
        }
        let (words, _) = from.as_chunks::<4>();
        for (at, word) in (at..).step_by(4).zip(words) {
            if Self::tears(|c| &mut c.tear_word) {
                power::stay_on();
                let some = u32::from_le_bytes(*word) | random();
                self.0.write(at, &some.to_le_bytes())?;
                remember(|c| c.torn += 1);
                power::failed_now();
            }
            self.0.write(at, word)?;
            remember(|c| c.words += 1);
        }
        Ok(())
    }
}

impl MultiwriteNorFlash for Bench {}

/// The controller of the nRF51 has no such erase; what a page looks like after a part of one is made up here.
impl PartialErase for Bench {
    const PARTS: u32 = 4;

    fn erase_part(&mut self, at: u32) -> Result<(), Refused> {
        let page = at / PAGE as u32 + 1;
        remember(|c| {
            if c.part_page != page {
                (c.part_page, c.part_done) = (page, 0);
            }
        });
        let fails = Self::tears(|c| &mut c.tear_erase);
        if fails {
            power::stay_on();
            self.half_erase(at)?;
            remember(|c| c.half += 1);
            power::failed_now();
        }
        if control().part_done + 1 < Self::PARTS {
            self.half_erase(at)?;
            remember(|c| c.part_done += 1);
            return Ok(());
        }
        // One more does no harm to a page that had all of them.
        self.whole_erase(at)
    }
}

/// Fills the journal's pages: with ones, a word, or (1) noise.
pub fn fill(word: u32) {
    let mut flash = Bench::new().0;
    let mut done = flash.erase(0, SIZE as u32);
    for at in (0..SIZE as u32).step_by(4) {
        let word = if word == 1 { random() } else { word };
        if word != u32::MAX {
            done = done.and(flash.write(at, &word.to_le_bytes()));
        }
    }
    if done.is_err() {
        panic!("fill");
    }
}
