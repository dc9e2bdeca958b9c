//! The program's non-volatile memory: opened at every boot, it knows what is to be done.

use core::fmt;

use crate::buffer::{Buffer, Plain};
use crate::cx::Cx;
use crate::engine::{Core, Found};
use crate::layout::{Layout, Place, align_up};
use crate::record::{HEADER, control_size};
use crate::store::{Mapping, Store};
use crate::{Error, Fingerprint};

/// What NVM holds.
///
/// ```
/// use rekindle::prelude::*;
///
/// #[derive(Layout)]
/// struct Memory { y: Buffer<[i32; 10]> }
///
/// let mut words = [0u64; 32];
/// let nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// assert_eq!(nvm.status(), Status::Blank);
/// # Ok::<(), rekindle::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// It was never used.
    Blank,
    /// It holds something that is not this program's, or damaged: the next write or run starts anew.
    Foreign,
    /// It is this program's, and nothing is under way.
    Idle,
    /// A task was interrupted: [`resume_or_start`](Nvm::resume_or_start) goes on with it.
    Interrupted,
    /// A task ran to its end, and its outputs are there.
    Complete,
}

/// What [`Nvm::resume_or_start`] did.
///
/// ```
/// use rekindle::prelude::*;
/// # #[derive(Layout)]
/// # struct Memory { y: Buffer<[i32; 10]> }
/// # let mut words = [0u64; 32];
/// # let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// let outcome = nvm.resume_or_start(&mut [], |_cx, _mem| Ok(()))?;
/// assert_eq!(outcome, Outcome::Completed { restarted: false });
/// let outcome = nvm.resume_or_start(&mut [], |_cx, _mem| unreachable!())?;
/// assert_eq!(outcome, Outcome::AlreadyComplete);
/// # Ok::<(), rekindle::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The task ran to its end.
    Completed {
        /// The record in NVM was not of this task, and it ran from its start.
        restarted: bool,
    },
    /// The task had run to its end before; nothing was done. [`Nvm::restart`] lets it run again.
    AlreadyComplete,
}

/// A store with the buffers `M` in it.
///
/// `RECORD` is the largest size of a record in bytes: 11 for its header, and for each active task 3 and the size of what
/// it saves. The store holds two of them.
///
/// ```
/// use rekindle::prelude::*;
///
/// #[derive(Layout)]
/// struct Memory { x: Buffer<[i8; 4]>, y: Buffer<[i32; 1]> }
///
/// # let mut words = [0u64; 64];
/// # let store = Mapped::from_words(&mut words);
/// let mut nvm = Nvm::<Memory, _>::open(store)?; // reads what there is, writes nothing
/// if nvm.status() != Status::Interrupted {
///     nvm.restart()?;
///     nvm.write(|m| &mut m.x, &[1, 2, 3, 4])?; // a sensor, say
/// }
/// let mut arena = [0; 256]; // SRAM for buffers, where the store is not memory-mapped
/// nvm.resume_or_start(&mut arena, |cx, mem| {
///     // task(cx, &mem.x, &mut mem.y)
///     # let _ = (cx, mem);
///     Ok(())
/// })?;
/// let [_answer] = nvm.read(|m| &m.y)?;
/// # Ok::<(), rekindle::Error>(())
/// ```
pub struct Nvm<M, S, const RECORD: usize = 96> {
    core: Core<S, [u8; RECORD]>,
    memory: M,
}

impl<M, S, const RECORD: usize> fmt::Debug for Nvm<M, S, RECORD> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nvm")
            .field("found", &self.core.found)
            .finish_non_exhaustive()
    }
}

impl<M: Layout, S: Store, const RECORD: usize> Nvm<M, S, RECORD> {
    /// Bytes of NVM before the buffers: position word, epoch, and two records.
    pub const DATA_AT: usize = align_up(control_size(RECORD), M::ALIGN);

    /// Bytes of NVM in all.
    ///
    /// ```
    /// use rekindle::prelude::*;
    /// # #[derive(Layout)]
    /// # struct Memory { y: Buffer<[i32; 10]> }
    ///
    /// let mut words = [0u64; Nvm::<Memory, Mapped<'_>>::NEEDED.div_ceil(8)];
    /// let nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
    /// # Ok::<(), rekindle::Error>(())
    /// ```
    pub const NEEDED: usize = Self::DATA_AT + M::SIZE;

    /// What records are bound to whatever the program: a constant, so that hashing it takes no code.
    const FORMAT: Fingerprint = Fingerprint::new()
        .word(M::FINGERPRINT.value())
        .word(RECORD as u64)
        .word(S::WORD_ATOMIC as u64)
        .text("rekindle 2");

    /// Reads what the store holds. Writes nothing.
    ///
    /// Records are bound to the layout of `M` and to the source of the tasks. A program whose meaning also depends on
    /// something else, such as a table of weights, says so with [`open_with`](Self::open_with).
    ///
    /// # Errors
    ///
    /// [`Error::NvmTooSmall`], [`Error::Misaligned`], or when the store fails.
    pub fn open(store: S) -> Result<Self, Error> {
        Self::open_with(store, Fingerprint::new())
    }

    /// Like [`open`](Self::open); a record is valid only if it was written with the same fingerprint.
    ///
    /// ```
    /// use rekindle::prelude::*;
    /// use rekindle::Fingerprint;
    /// # #[derive(Layout)]
    /// # struct Memory { y: Buffer<[i32; 10]> }
    ///
    /// static WEIGHTS: [i8; 3] = [1, 2, 3];
    /// const PRINT: Fingerprint = Fingerprint::new().i8s(&WEIGHTS);
    ///
    /// let mut words = [0u64; 32];
    /// let mut nvm = Nvm::<Memory, _>::open_with(Mapped::from_words(&mut words), PRINT)?;
    /// nvm.restart()?;
    ///
    /// // Another program finds nothing that it could take for its own.
    /// let nvm = Nvm::<Memory, _>::open(nvm.into_store())?;
    /// assert_eq!(nvm.status(), Status::Foreign);
    /// # Ok::<(), rekindle::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NvmTooSmall`], [`Error::Misaligned`], or when the store fails.
    pub fn open_with(store: S, program: Fingerprint) -> Result<Self, Error> {
        const {
            assert!(
                RECORD >= HEADER + 3,
                "`RECORD` has no room for the frame of one task"
            );
            assert!(
                RECORD - HEADER <= u16::MAX as usize,
                "`RECORD` is larger than a record can say"
            );
        }
        let mut place = Place::at(Self::DATA_AT);
        let memory = place.field::<M>(0);
        // A hand-written `SIZE` may be wrong; what was handed out is not.
        let needed = place.end().max(Self::NEEDED);
        let mapping = store.mapping().filter(|_| S::MAPPED);
        let capacity = if S::MAPPED {
            mapping.map_or(0, Mapping::len)
        } else {
            store.capacity()
        };
        if capacity < needed {
            return Err(Error::NvmTooSmall { needed, capacity });
        }
        let map = mapping.unwrap_or(Mapping::NONE);
        // The position word and the epoch need 2.
        let align = if M::ALIGN > 2 { M::ALIGN } else { 2 };
        if S::MAPPED && !map.base().addr().get().is_multiple_of(align) {
            return Err(Error::Misaligned { align });
        }
        let fingerprint = program.word(Self::FORMAT.value());
        let mut core = Core::new(store, map, fingerprint, Self::DATA_AT);
        as_dyn(&mut core).recover()?;
        Ok(Self { core, memory })
    }

    /// What NVM holds.
    pub fn status(&self) -> Status {
        match self.core.found {
            Found::Blank => Status::Blank,
            Found::Foreign => Status::Foreign,
            Found::Idle => Status::Idle,
            Found::Interrupted => Status::Interrupted,
            Found::Complete => Status::Complete,
        }
    }

    /// Finishes what was under way, or starts it: what firmware does on every boot.
    ///
    /// `run` calls one task. When its record is found, the task goes on from its last commit; the closure itself runs
    /// from its beginning each time and is no place for effects. `arena` is SRAM for buffers; a memory-mapped store
    /// needs none.
    ///
    /// # Errors
    ///
    /// What the task returns; work up to its last commit is kept, and the next call goes on from there.
    pub fn resume_or_start(
        &mut self,
        arena: &mut [u8],
        mut run: impl FnMut(&mut Cx<'_, S>, &mut M) -> Result<(), Error>,
    ) -> Result<Outcome, Error> {
        let core = as_dyn(&mut self.core);
        core.set_owner((&raw const self.memory).addr());
        // An earlier call may have ended with an error or a panic: then only NVM says where we are.
        core.claim()?;
        if core.found == Found::Complete {
            return Ok(Outcome::AlreadyComplete);
        }
        let mut restarted = false;
        loop {
            core.begin_run();
            let resuming = core.is_resuming();
            let result = run(&mut Cx::new(core, arena), &mut self.memory);
            match result {
                // The record is not this task's, which shows before the task has written anything.
                Err(Error::Foreign) if resuming => {}
                Ok(()) if core.is_resuming() => {}
                Err(error) => return Err(error),
                Ok(()) if core.is_unfinished() => return Err(Error::Unfinished),
                Ok(()) => {
                    core.complete()?;
                    return Ok(Outcome::Completed { restarted });
                }
            }
            core.forget()?;
            restarted = true;
        }
    }

    /// Forgets what was under way or complete, so that the next [`resume_or_start`](Self::resume_or_start) starts.
    /// The buffers keep their contents.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn restart(&mut self) -> Result<(), Error> {
        let core = as_dyn(&mut self.core);
        core.claim()?;
        if core.found == Found::Idle {
            Ok(())
        } else {
            core.forget()
        }
    }

    /// Writes a whole buffer, between runs. This is not atomic: an outage may leave a part of it written.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`] while a task is under way, because it may have read the buffer already;
    /// [`Error::WrongStore`] when the buffer is not one of `M`; or when the store fails.
    pub fn write<T: Plain>(
        &mut self,
        buffer: impl FnOnce(&mut M) -> &mut Buffer<T>,
        value: &T,
    ) -> Result<(), Error> {
        let core = as_dyn(&mut self.core);
        core.set_owner((&raw const self.memory).addr());
        core.claim()?;
        if core.found == Found::Interrupted {
            return Err(Error::Interrupted);
        }
        core.write_back(buffer(&mut self.memory), value)?;
        core.settle()
    }

    /// Reads a whole buffer.
    ///
    /// # Errors
    ///
    /// [`Error::WrongStore`] when the buffer is not one of `M`, or when the store fails.
    pub fn read<T: Plain>(&mut self, buffer: impl FnOnce(&M) -> &Buffer<T>) -> Result<T, Error> {
        let core = as_dyn(&mut self.core);
        core.set_owner((&raw const self.memory).addr());
        core.state(buffer(&self.memory))
    }

    /// The store.
    pub fn store(&self) -> &S {
        self.core.store()
    }

    /// Gives the store back.
    pub fn into_store(self) -> S {
        self.core.into_store()
    }
}

/// Tasks see a record room of unknown size.
fn as_dyn<S, const N: usize>(core: &mut Core<S, [u8; N]>) -> &mut Core<S> {
    core
}
