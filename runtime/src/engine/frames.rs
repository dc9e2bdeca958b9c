//! The stack of frames: entered and rewritten while running, walked through while resuming.

use zerocopy::TryFromBytes;

use super::Core;
use crate::Error;
use crate::record::{self, HEADER};
use crate::saved::Saved;
use crate::store::Store;
use crate::task::{Frame, TaskInfo};

/// Bytes of a frame before the saved values: hash and site.
const FRAME: usize = 3;

impl<S: Store> Core<S> {
    /// Enters a task: commits that it has begun, or, when resuming, claims its frame.
    ///
    /// Its entry is what it goes on from after an outage, so that nothing its callers did before is done again, when it may
    /// have overwritten what they read. In a run that has done nothing yet there is no need of a record for that: a word
    /// says that the run has begun, and it starts from there again.
    ///
    /// # Errors
    ///
    /// [`Error::Foreign`] when another task is recorded here, [`Error::FrameTooLarge`], [`Error::SecondTask`], or when
    /// the store fails.
    #[inline]
    pub fn enter(&mut self, info: &'static TaskInfo) -> Result<Frame, Error> {
        let caller = self.task;
        let (start, next) = self.claim_frame(info)?;
        Ok(Frame {
            info,
            caller,
            start,
            next,
            site: if next == 0 { 0 } else { self.site },
        })
    }

    /// Where the frame of a task that is entered begins, and while resuming, what of it is restored next; then its recorded
    /// site is the current one.
    #[inline(never)]
    fn claim_frame(&mut self, info: &'static TaskInfo) -> Result<(usize, usize), Error> {
        if self.resuming {
            if self.len != 0 {
                return self.reenter(info);
            }
            let hash = if S::WORD_ATOMIC {
                record::word_begun(info.hash)
            } else {
                info.hash
            };
            if self.begun != hash {
                return Err(Error::Foreign);
            }
        }
        let start = self.len;
        if start == 0 && self.ended {
            return Err(Error::SecondTask { task: info.name });
        }
        self.task = Some(info);
        self.site = 0;
        let [h0, h1] = info.hash.to_le_bytes();
        self.push(&[h0, h1, info.first])?;
        if !self.untouched {
            self.commit()?;
        } else if start == 0 && !self.resuming {
            self.commit_begun(info.hash)?;
        }
        self.resuming = false;
        self.untouched &= info.leads;
        #[cfg(feature = "crash")]
        if crate::crash::seeded(crate::crash::Bug::EntryNotRecorded) {
            self.untouched = true;
        }
        self.site = info.first;
        Ok((start, 0))
    }

    #[cold]
    #[inline(never)]
    fn reenter(&mut self, info: &'static TaskInfo) -> Result<(usize, usize), Error> {
        let start = self.next;
        let &[h0, h1, site] = self
            .frames(start)
            .first_chunk::<FRAME>()
            .ok_or(Error::Foreign)?;
        if u16::from_le_bytes([h0, h1]) != info.hash {
            return Err(Error::Foreign);
        }
        self.task = Some(info);
        let next = start + FRAME;
        if site == 0 {
            // Only the entry of the task is committed: go on from the start of its body.
            self.end_resume(0, next)?;
        }
        self.site = site;
        Ok((start, next))
    }

    /// The recorded frames from `from` on.
    fn frames(&self, from: usize) -> &[u8] {
        self.record
            .get(HEADER + from..HEADER + self.len)
            .unwrap_or(&[])
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let at = HEADER + self.len;
        let (needed, capacity) = (at + bytes.len(), self.record.len());
        let task = self.task.map_or("", |task| task.name);
        let Some(room) = self.record.get_mut(at..needed) else {
            return Err(Error::FrameTooLarge {
                needed,
                capacity,
                task,
            });
        };
        room.copy_from_slice(bytes);
        self.len += bytes.len();
        Ok(())
    }

    /// Restores the next saved value of a frame.
    ///
    /// # Errors
    ///
    /// [`Error::Foreign`] when the frame has no such value.
    #[inline]
    pub fn restore<T: Saved>(&mut self, frame: &mut Frame) -> Result<T, Error> {
        let bytes = self
            .frames(frame.next)
            .get(..size_of::<T>())
            .ok_or(Error::Foreign)?;
        let value = TryFromBytes::try_read_from_bytes(bytes).map_err(|_| Error::Foreign)?;
        frame.next += size_of::<T>();
        Ok(value)
    }

    /// All of the innermost frame is restored: from here on the task runs.
    ///
    /// # Errors
    ///
    /// [`Error::Foreign`] when the record holds more than was restored.
    pub fn resumed(&mut self, frame: &mut Frame) -> Result<(), Error> {
        self.end_resume(frame.site, frame.next)
    }

    #[inline(never)]
    fn end_resume(&mut self, site: u8, restored: usize) -> Result<(), Error> {
        if !self.resuming || restored != self.len {
            return Err(Error::Foreign);
        }
        self.resuming = false;
        self.site = site;
        Ok(())
    }

    /// All of a caller's frame is restored, and the task that it was running is to be entered next.
    ///
    /// # Errors
    ///
    /// [`Error::Foreign`] when the record holds no further frame.
    pub fn resumed_into_child(&mut self, frame: &Frame) -> Result<(), Error> {
        if !self.resuming || frame.next >= self.len {
            return Err(Error::Foreign);
        }
        self.next = frame.next;
        Ok(())
    }

    /// The position that the loop nest of the resumed site had reached.
    #[inline]
    pub fn position(&self) -> u32 {
        self.position
    }

    /// Passes on a restored position, if the loop nest has it.
    ///
    /// # Errors
    ///
    /// [`Error::Foreign`] when `position` is beyond `total`.
    #[inline]
    pub fn check_position(&self, position: u32, total: u32) -> Result<u32, Error> {
        if position <= total {
            Ok(position)
        } else {
            Err(Error::Foreign)
        }
    }

    /// Starts the frame of a task anew, at a site. What ran inside it is forgotten.
    ///
    /// # Errors
    ///
    /// [`Error::FrameTooLarge`] when the record has no room for it.
    #[inline]
    pub fn begin(&mut self, frame: &Frame, site: u8) -> Result<(), Error> {
        self.len = frame.start + FRAME;
        self.task = Some(frame.info);
        self.site = site;
        // Its hash is there since the task was entered.
        match self.record.get_mut(HEADER + frame.start + FRAME - 1) {
            Some(at) => *at = site,
            None => return Err(Error::Foreign),
        }
        Ok(())
    }

    /// Adds a saved value to the frame that was begun last.
    ///
    /// # Errors
    ///
    /// [`Error::FrameTooLarge`] when the record has no room for it.
    #[inline]
    pub fn save<T: Saved>(&mut self, value: &T) -> Result<(), Error> {
        self.push(value.as_bytes())
    }

    /// A task has ended. Nothing is written: its caller goes on, and what it did since its last commit is repeated if
    /// the power fails before the next.
    #[inline]
    #[allow(clippy::needless_pass_by_value)] // The frame is over.
    pub fn leave(&mut self, frame: Frame) {
        self.len = frame.start;
        self.task = frame.caller;
        self.ended |= frame.start == 0;
    }
}
