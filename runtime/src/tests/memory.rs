//! A memory whose power can be cut, without unwinding: after the cut every access is refused.

use std::cell::RefCell;
use std::rc::Rc;
use std::vec;
use std::vec::Vec;

use rekindle::store::{Operation, Store, StoreError};

/// Word-atomic or not.
#[derive(Clone)]
pub(super) struct Memory<const ATOMIC: bool>(Rc<RefCell<State>>);

struct State {
    bytes: Vec<u8>,
    /// Place and length of each write.
    log: Vec<(usize, usize)>,
    /// Writes before the cut, and how much of the write that is cut arrives.
    cut: Option<(usize, usize)>,
    off: bool,
}

impl<const ATOMIC: bool> Memory<ATOMIC> {
    pub(super) fn new(len: usize) -> Self {
        Self::holding(&vec![0; len])
    }

    pub(super) fn holding(bytes: &[u8]) -> Self {
        let state = State {
            bytes: bytes.to_vec(),
            log: Vec::new(),
            cut: None,
            off: false,
        };
        Self(Rc::new(RefCell::new(state)))
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.borrow().bytes.clone()
    }

    /// The writes since the last call.
    pub(super) fn log(&self) -> Vec<(usize, usize)> {
        core::mem::take(&mut self.0.borrow_mut().log)
    }

    /// Power on; off again in the write number `write` from now, of which `torn` bytes arrive.
    pub(super) fn cut_at(&self, write: usize, torn: usize) {
        let mut state = self.0.borrow_mut();
        state.off = false;
        state.cut = Some((write, torn));
    }

    /// Power on for good.
    pub(super) fn power_on(&self) {
        let mut state = self.0.borrow_mut();
        state.off = false;
        state.cut = None;
    }

    pub(super) fn is_off(&self) -> bool {
        self.0.borrow().off
    }
}

impl State {
    fn power(&self, operation: Operation, at: usize, len: usize) -> Result<(), StoreError> {
        if self.off {
            Err(StoreError::Device { operation, at, len })
        } else {
            Ok(())
        }
    }
}

impl<const ATOMIC: bool> Store for Memory<ATOMIC> {
    const MAPPED: bool = false;
    const WORD_ATOMIC: bool = ATOMIC;

    fn capacity(&self) -> usize {
        self.0.borrow().bytes.len()
    }

    fn read(&mut self, at: usize, into: &mut [u8]) -> Result<(), StoreError> {
        let state = self.0.borrow();
        StoreError::check(at, into.len(), state.bytes.len())?;
        state.power(Operation::Read, at, into.len())?;
        into.copy_from_slice(&state.bytes[at..at + into.len()]);
        Ok(())
    }

    fn write(&mut self, at: usize, from: &[u8]) -> Result<(), StoreError> {
        let mut state = self.0.borrow_mut();
        let state = &mut *state;
        let (operation, len) = (Operation::Write, from.len());
        StoreError::check(at, len, state.bytes.len())?;
        state.power(operation, at, len)?;
        state.log.push((at, len));
        let arrived = match &mut state.cut {
            Some((0, torn)) => {
                let arrived = (*torn).min(len);
                state.off = true;
                arrived
            }
            Some((left, _)) => {
                *left -= 1;
                len
            }
            None => len,
        };
        // A single word of a word-atomic memory is all or nothing.
        let arrived = if ATOMIC && len == 2 && at.is_multiple_of(2) && arrived < 2 {
            0
        } else {
            arrived
        };
        state.bytes[at..at + arrived].copy_from_slice(&from[..arrived]);
        if state.off {
            Err(StoreError::Device { operation, at, len })
        } else {
            Ok(())
        }
    }

    fn barrier(&mut self) -> Result<(), StoreError> {
        let (operation, at, len) = (Operation::Barrier, 0, 0);
        self.0.borrow_mut().power(operation, at, len)
    }
}
