//! Compares all of the application's NVM with that of an uninterrupted run.

use rekindle_app::Report;

use super::session::{Phase, control};
use super::{Mode, golden};
use crate::board::power::Hold;
use crate::board::{bytes, psram};

/// Where results go.
#[derive(Debug)]
pub struct Judge(());

impl Judge {
    /// Judges one inference.
    pub(super) const fn new() -> Self {
        Self(())
    }
}

impl Report for Judge {
    fn report(&mut self, number: u32, scores: &[i8; 10]) {
        // The result is the last of the buffers.
        self.judge(number, |golden| {
            let expected = &golden[golden.len() - scores.len()..];
            !expected
                .iter()
                .zip(scores)
                .all(|(a, b)| *a == b.cast_unsigned())
        });
    }
}

impl Judge {
    /// Judges the result of reading `number`: compares all of NVM, and asks whether what was reported `lies`, given the
    /// buffers of an uninterrupted run.
    pub fn judge(&mut self, number: u32, lies: impl FnOnce(&[u8]) -> bool) {
        let session = control();
        if session.is_new() {
            return; // an uninterrupted run
        }
        let sweep = session.config.mode == Mode::Sweep;
        if sweep && session.phase != Phase::Last {
            return; // the failure is still to come
        }
        let _hold = Hold::new();
        // SAFETY: the application waits for us, and only looks at copies.
        let nvm = unsafe {
            bytes(
                psram::NVM + rekindle_app::DATA_AT,
                session.nvm - rekindle_app::DATA_AT,
            )
        };
        let golden = golden::data(number as usize);
        let differ = nvm.iter().zip(&*golden).filter(|(a, b)| a != b).count();
        session.differences += differ as u32 + u32::from(lies(golden));
        if number == session.picture() {
            session.done += 1;
        } else {
            session.repeated += 1;
        }
        session.judged();
    }
}
