//! The engine of a run: what is committed, and the frames of the tasks that are under way.

mod arena;
mod commit;
mod frames;
mod recover;

use crate::buffer::{Buffer, Plain};
use crate::store::{Mapping, Store};
use crate::task::TaskInfo;
use crate::{Error, Fingerprint};

pub(crate) use recover::Found;

/// The state of a run. Generated code talks to it; users see [`Nvm`](crate::Nvm).
///
/// The last field is unsized, so that tasks do not depend on the size of records.
#[doc(hidden)]
#[derive(Debug)]
// Facts of their own, each of which changes at another time.
#[allow(clippy::struct_excessive_bools)]
pub struct Core<S, R: ?Sized = [u8]> {
    // These are read by every commit of a position.
    /// Where NVM is mapped; dangling where it is not.
    map: Mapping,
    /// Counter of the current record.
    base: u32,
    /// The first position that a word cannot say with the current record.
    end: u32,
    /// What makes a position a position word: tag of the current record, less `base`.
    bias: u16,
    store: S,

    /// Sequence number of the current record.
    seq: u8,
    epoch: u16,
    /// What the CRC of a record starts from.
    seed: u32,
    fingerprint: Fingerprint,
    pub(crate) found: Found,

    /// The innermost task, for messages.
    task: Option<&'static TaskInfo>,
    site: u8,
    /// Recorded frames are still to be entered.
    resuming: bool,
    /// The current record says idle: how a run goes that has no record of its own yet is in the position word.
    idle: bool,
    /// While a run without records resumes: the hash of its task, as the word or the record has it.
    begun: u16,
    /// In this run nothing was done that a task which is now entered must not see done twice.
    untouched: bool,
    /// The outermost task has ended.
    ended: bool,
    /// The state of this value is that of NVM: nothing has been written or run since it was read from there.
    known: bool,
    position: u32,
    /// Bytes of frames.
    len: usize,
    /// While resuming: the first byte of the frames that no task has claimed.
    next: usize,

    /// Address of the handles.
    owner: usize,
    /// First byte of the data.
    start: usize,

    /// Room for a record: header, then the stack of frames.
    record: R,
}

impl<S: Store, const N: usize> Core<S, [u8; N]> {
    /// `map` is where the store is mapped, if it is. The caller has checked capacity and alignment.
    pub(crate) fn new(store: S, map: Mapping, fingerprint: Fingerprint, start: usize) -> Self {
        Self {
            map,
            base: 0,
            end: 0,
            bias: 0,
            store,
            seq: 0,
            epoch: 0,
            seed: 0,
            fingerprint,
            found: Found::Blank,
            task: None,
            site: 0,
            resuming: false,
            idle: false,
            begun: 0,
            untouched: false,
            ended: false,
            known: false,
            position: 0,
            len: 0,
            next: 0,
            owner: 0,
            start,
            record: [0; N],
        }
    }

    pub(crate) fn into_store(self) -> S {
        self.store
    }

    pub(crate) fn store(&self) -> &S {
        &self.store
    }
}

impl<S: Store> Core<S> {
    pub(crate) fn set_owner(&mut self, owner: usize) {
        self.owner = owner;
    }

    pub(crate) fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    /// Where NVM is mapped; dangling where it is not.
    #[inline(always)]
    pub(crate) fn map(&self) -> Mapping {
        self.map
    }

    /// Refuses a handle that is not where it was placed.
    #[inline]
    pub(crate) fn check_home<T>(&self, buffer: &Buffer<T>) -> Result<(), Error> {
        if buffer.is_home(self.owner, self.start) {
            Ok(())
        } else {
            Err(Error::WrongStore)
        }
    }

    /// Makes durable what was written.
    pub(crate) fn settle(&mut self) -> Result<(), Error> {
        Ok(self.store.barrier()?)
    }

    /// Reads a whole buffer.
    ///
    /// # Errors
    ///
    /// When the store fails or the handle is not of this store.
    pub fn state<T: Plain>(&mut self, buffer: &Buffer<T>) -> Result<T, Error> {
        self.check_home(buffer)?;
        let mut value = <T as zerocopy::FromZeros>::new_zeroed();
        self.store.read(buffer.at(), value.as_mut_bytes())?;
        Ok(value)
    }

    /// Writes a whole buffer.
    ///
    /// # Errors
    ///
    /// When the store fails or the handle is not of this store.
    pub fn write_back<T: Plain>(&mut self, buffer: &mut Buffer<T>, value: &T) -> Result<(), Error> {
        self.check_home(buffer)?;
        Ok(self.store.write(buffer.at(), value.as_bytes())?)
    }
}
