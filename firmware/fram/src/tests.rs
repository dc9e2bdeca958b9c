//! A chip that takes its commands as the data sheets say.

extern crate std;

use std::vec;
use std::vec::Vec;

use embedded_hal::spi::{ErrorKind, ErrorType, Operation, SpiDevice};
use embedded_storage::{ReadStorage, Storage};

use super::{CHUNK, Chip, Error, Fram};

/// Knows nothing of the driver but what comes over the bus.
struct Bus {
    memory: Vec<u8>,
    address: usize,
    enabled: bool,
    /// Longest part of a transfer that the host's DMA takes.
    longest: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fault;

impl embedded_hal::spi::Error for Fault {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

impl ErrorType for Bus {
    type Error = Fault;
}

impl SpiDevice for Bus {
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), Fault> {
        let mut sent: Vec<u8> = Vec::new();
        for operation in operations {
            match operation {
                Operation::Write(bytes) => {
                    assert!(bytes.len() <= self.longest);
                    sent.extend_from_slice(bytes);
                }
                Operation::Read(into) => {
                    assert!(into.len() <= self.longest);
                    assert_eq!((sent[0], sent.len()), (3, 1 + self.address));
                    let at = self.at(&sent);
                    into.copy_from_slice(&self.memory[at..at + into.len()]);
                }
                _ => return Err(Fault),
            }
        }
        match sent[0] {
            6 => {
                assert_eq!(sent.len(), 1);
                self.enabled = true;
            }
            2 if self.enabled => {
                let (at, data) = (self.at(&sent), &sent[1 + self.address..]);
                self.memory[at..at + data.len()].copy_from_slice(data);
                self.enabled = false;
            }
            _ => {}
        }
        Ok(())
    }
}

impl Bus {
    fn at(&self, sent: &[u8]) -> usize {
        let address = &sent[1..=self.address];
        address
            .iter()
            .fold(0, |at, byte| at << 8 | usize::from(*byte))
    }
}

fn fram(chip: Chip) -> Fram<Bus> {
    let bus = Bus {
        memory: vec![0xee; chip.capacity],
        address: chip.address,
        enabled: false,
        longest: 255,
    };
    Fram::new(bus, chip)
}

#[test]
fn what_is_written_is_read_and_nothing_else_changes() {
    for chip in [Chip::CY15B104QN, Chip::MB85RS256TY] {
        for len in [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK + 17] {
            for at in [0, 1, 0x1234, chip.capacity - len] {
                let mut fram = fram(chip);
                let data: Vec<u8> = (0..len).map(|i| (i * 7) as u8).collect();
                fram.write(at as u32, &data).unwrap();
                let mut back = vec![0; len];
                fram.read(at as u32, &mut back).unwrap();
                assert_eq!(back, data);
                let memory = fram.into_inner().memory;
                assert!(memory[..at].iter().all(|b| *b == 0xee));
                assert!(memory[at + len..].iter().all(|b| *b == 0xee));
            }
        }
    }
}

#[test]
fn a_range_beyond_the_chip_is_an_error_and_sends_nothing() {
    let mut fram = fram(Chip::MB85RS256TY);
    let error = Error::OutOfRange { at: 0x7fff, len: 2 };
    assert_eq!(fram.write(0x7fff, &[1, 2]), Err(error));
    assert_eq!(fram.read(0x7fff, &mut [0; 2]), Err(error));
    let error = Error::OutOfRange {
        at: u32::MAX,
        len: 1,
    };
    assert_eq!(fram.write(u32::MAX, &[1]), Err(error));
    assert!(fram.into_inner().memory.iter().all(|b| *b == 0xee));
}
