//! A NOR flash that enforces its rules, wears out, and loses its power at any operation.

use core::cell::RefCell;
use std::rc::Rc;
use std::vec;
use std::vec::Vec;

use embedded_storage::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashErrorKind, ReadNorFlash,
};

use super::bugs::{Bug, Seed};
use super::rng::Rng;
use crate::store::PartialErase;

/// NOR flash in memory, with pages of `PAGE` bytes and units of `UNIT` bytes; clones are the same chip.
///
/// A breach of the rules panics: an unaligned access, a write of a unit that was written since the erase of its page
/// (the first of a page, its mark, may be; an attempt that the power failed in before any bit changed is none), an erase of a part of a page. The power fails when
/// [`cut_after`](Self::cut_after) says: between two units, inside a unit (any mix of its old and new bits, which reads the
/// same from then on), or inside an erase (any mix over the whole page). Then every access is an error until
/// [`power_on`](Self::power_on).
///
/// Pages can be erased in [`PARTS`](PartialErase::PARTS) = 6 parts. Until so many of them were completed in sequence, a page
/// reads as any mix, which may well be blank, and a write to it panics.
#[derive(Debug, Clone)]
pub struct NorSim<const PAGE: usize, const UNIT: usize>(Rc<RefCell<Chip>>);

#[derive(Debug)]
struct Chip {
    bytes: Vec<u8>,
    /// Writes of each unit since the erase of its page.
    writes: Vec<u8>,
    /// Begun erases of each page.
    erases: Vec<u32>,
    /// Erases that each page stands.
    endurance: Vec<u32>,
    /// A unit of which a bit stays one, in each page.
    stuck: Vec<Option<usize>>,
    /// Failures in each erase before it is done, and those so far.
    erase_failures: u32,
    erase_failed: Vec<u32>,
    /// Completed parts of an erase since the last write to each page or its last erase at once.
    parts: Vec<Option<u32>>,
    /// Operations that an erase at once counts as.
    erase_cost: u64,
    /// Writes that each unit stands.
    most_writes: u8,
    left: Option<u64>,
    dead: bool,
    operations: u64,
    rewritten: u64,
    rng: Rng,
}

impl<const PAGE: usize, const UNIT: usize> NorSim<PAGE, UNIT> {
    /// So many pages, which read as `fill` and were not erased.
    pub fn new(pages: usize, fill: u8, seed: u64) -> Self {
        Self(Rc::new(RefCell::new(Chip {
            bytes: vec![fill; pages * PAGE],
            writes: vec![u8::MAX; pages * PAGE / UNIT],
            erases: vec![0; pages],
            endurance: vec![u32::MAX; pages],
            stuck: vec![None; pages],
            erase_failures: 0,
            erase_failed: vec![0; pages],
            parts: vec![None; pages],
            erase_cost: 1,
            most_writes: 1,
            left: None,
            dead: false,
            operations: 0,
            rewritten: 0,
            rng: Rng::new(seed),
        })))
    }

    /// After so many erases in all, an erase leaves bits of this page as they are.
    pub fn endurance(&self, page: usize, erases: u32) {
        self.0.borrow_mut().endurance[page] = erases;
    }

    /// From now on, a bit of this unit of a page cannot be programmed.
    pub fn stuck(&self, page: usize, unit: usize) {
        self.0.borrow_mut().stuck[page] = Some(unit);
    }

    /// The power fails so many times in each erase before it is done.
    pub fn fail_erases(&self, times: u32) {
        self.0.borrow_mut().erase_failures = times;
    }

    /// Units may be written twice between erases, as [`MultiwriteNorFlash`] says.
    pub fn written_twice(&self) {
        self.0.borrow_mut().most_writes = 2;
    }

    /// From now on, an erase counts as so many operations, and a part of one as a share of them.
    pub fn erase_cost(&self, operations: u64) {
        self.0.borrow_mut().erase_cost = operations;
    }

    /// The power fails in the operation after so many: a unit written or a page erased.
    pub fn cut_after(&self, operations: u64) {
        self.0.borrow_mut().left = Some(operations);
    }

    /// The power is back, and stays.
    pub fn power_on(&self) {
        let mut chip = self.0.borrow_mut();
        (chip.left, chip.dead) = (None, false);
    }

    /// Whether the power has failed.
    pub fn is_off(&self) -> bool {
        self.0.borrow().dead
    }

    /// Operations so far.
    pub fn operations(&self) -> u64 {
        self.0.borrow().operations
    }

    /// Units that were written a second time.
    pub fn rewritten(&self) -> u64 {
        self.0.borrow().rewritten
    }

    /// How often the erase of each page was begun.
    pub fn erases(&self) -> Vec<u32> {
        self.0.borrow().erases.clone()
    }

    /// All bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.borrow().bytes.clone()
    }

    /// A chip in the same state that shares nothing with this one.
    #[must_use]
    pub fn fork(&self, seed: u64) -> Self {
        let chip = self.0.borrow();
        Self(Rc::new(RefCell::new(Chip {
            bytes: chip.bytes.clone(),
            writes: chip.writes.clone(),
            erases: chip.erases.clone(),
            endurance: chip.endurance.clone(),
            stuck: chip.stuck.clone(),
            erase_failed: chip.erase_failed.clone(),
            parts: chip.parts.clone(),
            rng: Rng::new(seed),
            ..*chip
        })))
    }
}

/// Seeds a fault of [`Flash`](crate::store::Flash) on this thread until the result is dropped.
#[must_use]
pub fn seed_flash_bug(bug: Bug) -> Seed {
    Seed::new(Some(bug), 0)
}

impl Chip {
    /// Counts an operation; whether the power fails in it.
    fn fails(&mut self, cost: u64) -> bool {
        self.operations += cost;
        match &mut self.left {
            Some(left) if *left < cost => self.dead = true,
            Some(left) => *left -= cost,
            None => {}
        }
        self.dead
    }

    /// Counts an erase of this page, or a part of one; whether the power fails in it.
    fn erase_fails(&mut self, page: usize, cost: u64) -> bool {
        let fails = self.fails(cost);
        let failed = &mut self.erase_failed[page];
        *failed += 1;
        if *failed <= self.erase_failures {
            self.dead = true;
            return true;
        }
        *failed = 0;
        fails
    }

    /// Sets bits of a page: any, or all that can be.
    fn set(&mut self, page: std::ops::Range<usize>, all: bool, worn: bool) {
        // Half erased, now and then hardly at all or nearly.
        let kind = self.rng.below(4);
        let middle = usize::midpoint(page.start, page.end);
        for byte in &mut self.bytes[page] {
            *byte |= match (all, kind) {
                (true, _) if worn => self.rng.next() as u8 | 0xfe,
                (true, _) | (false, 1) => 0xff,
                (false, 0) => 0,
                (false, _) => self.rng.next() as u8,
            };
        }
        if worn && all {
            self.bytes[middle] &= 0xfe;
        }
    }
}

impl<const PAGE: usize, const UNIT: usize> ErrorType for NorSim<PAGE, UNIT> {
    type Error = NorFlashErrorKind;
}

impl<const PAGE: usize, const UNIT: usize> ReadNorFlash for NorSim<PAGE, UNIT> {
    const READ_SIZE: usize = UNIT;

    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        let chip = self.0.borrow();
        if chip.dead {
            return Err(NorFlashErrorKind::Other);
        }
        let at = at as usize;
        assert!(
            at.is_multiple_of(UNIT) && into.len().is_multiple_of(UNIT),
            "unaligned read of {} at {at}",
            into.len()
        );
        into.copy_from_slice(&chip.bytes[at..at + into.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.borrow().bytes.len()
    }
}

impl<const PAGE: usize, const UNIT: usize> NorFlash for NorSim<PAGE, UNIT> {
    const WRITE_SIZE: usize = UNIT;
    const ERASE_SIZE: usize = PAGE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        let mut chip = self.0.borrow_mut();
        let chip = &mut *chip;
        let (from, to) = (from as usize, to as usize);
        assert!(
            from % PAGE == 0 && to % PAGE == 0 && from < to,
            "erase of a part of a page: {from}..{to}"
        );
        for page in from / PAGE..to / PAGE {
            if chip.dead {
                return Err(NorFlashErrorKind::Other);
            }
            chip.erases[page] += 1;
            let fails = chip.erase_fails(page, chip.erase_cost);
            let worn = chip.erases[page] > chip.endurance[page];
            chip.set(page * PAGE..(page + 1) * PAGE, !fails, worn);
            let state = if fails { u8::MAX } else { 0 };
            chip.writes[page * PAGE / UNIT..(page + 1) * PAGE / UNIT].fill(state);
            if !fails {
                chip.parts[page] = None;
            }
        }
        if chip.dead {
            Err(NorFlashErrorKind::Other)
        } else {
            Ok(())
        }
    }

    fn write(&mut self, at: u32, from: &[u8]) -> Result<(), NorFlashErrorKind> {
        let mut chip = self.0.borrow_mut();
        let chip = &mut *chip;
        let at = at as usize;
        assert!(
            at.is_multiple_of(UNIT) && from.len().is_multiple_of(UNIT),
            "unaligned write of {} at {at}",
            from.len()
        );
        for (i, new) in from.chunks(UNIT).enumerate() {
            if chip.dead {
                return Err(NorFlashErrorKind::Other);
            }
            let (unit, place) = (at / UNIT + i, at + i * UNIT);
            let mark = place % PAGE == 0;
            assert!(
                chip.writes[unit] < chip.most_writes || mark,
                "write {} of the unit at {place} since its page was erased",
                chip.writes[unit].saturating_add(1)
            );
            chip.rewritten += u64::from(chip.writes[unit] > 0);
            if let Some(parts) = chip.parts[place / PAGE].take() {
                assert!(
                    parts >= Self::PARTS,
                    "write to page {} after {parts} of {} parts of its erase",
                    place / PAGE,
                    Self::PARTS
                );
            }
            let fails = chip.fails(1);
            let kind = chip.rng.below(4);
            let stuck = chip.stuck[place / PAGE] == Some(place % PAGE / UNIT);
            let before = chip.bytes[place..place + UNIT].to_vec();
            for (byte, &new) in chip.bytes[place..place + UNIT].iter_mut().zip(new) {
                // Bits that do not arrive.
                let mask = match (fails, kind) {
                    (false, _) | (true, 0) => 0,
                    (true, 1) => 0xff,
                    _ => chip.rng.next() as u8,
                };
                *byte &= new | mask;
            }
            if stuck {
                let last = &mut chip.bytes[place + UNIT - 1];
                *last |= before[UNIT - 1] & 0x80;
            }
            if !fails || chip.bytes[place..place + UNIT] != before[..] {
                chip.writes[unit] = chip.writes[unit].saturating_add(1);
            }
        }
        if chip.dead {
            Err(NorFlashErrorKind::Other)
        } else {
            Ok(())
        }
    }
}

impl<const PAGE: usize, const UNIT: usize> MultiwriteNorFlash for NorSim<PAGE, UNIT> {}

impl<const PAGE: usize, const UNIT: usize> PartialErase for NorSim<PAGE, UNIT> {
    const PARTS: u32 = 6;

    fn erase_part(&mut self, at: u32) -> Result<(), NorFlashErrorKind> {
        let mut chip = self.0.borrow_mut();
        let chip = &mut *chip;
        let at = at as usize;
        assert!(
            at.is_multiple_of(PAGE),
            "erase of a part of a page from {at}"
        );
        if chip.dead {
            return Err(NorFlashErrorKind::Other);
        }
        let page = at / PAGE;
        let before = chip.parts[page].unwrap_or_else(|| {
            chip.erases[page] += 1;
            0
        });
        let fails = chip.erase_fails(page, chip.erase_cost.div_ceil(u64::from(Self::PARTS)));
        let parts = before + u32::from(!fails);
        let done = parts >= Self::PARTS;
        chip.parts[page] = Some(parts);
        let worn = chip.erases[page] > chip.endurance[page];
        chip.set(at..at + PAGE, done, worn);
        let state = if done { 0 } else { u8::MAX };
        chip.writes[at / UNIT..(at + PAGE) / UNIT].fill(state);
        if fails {
            Err(NorFlashErrorKind::Other)
        } else {
            Ok(())
        }
    }
}
