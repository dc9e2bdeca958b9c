//! Outputs: written, never read.

#![allow(unsafe_code)] // Stores to mapped memory.

use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

use super::at::At;
use super::dirty::Dirty;
use crate::Error;
use crate::buffer::{Buffer, Plain};
use crate::engine::Core;
use crate::store::Store;

/// What a task's body sees of an [`Output`](crate::Output).
///
/// It has no way to read: a region that is run again writes the same values whatever it left behind the first time.
///
/// ```
/// use rekindle::prelude::*;
///
/// #[intermittent_task]
/// fn fill(y: Output<[[i8; 10]; 4]>) {
///     y.set((), [[0; 10]; 4]); // everything
///     y.set(2, [1; 10]); // a row
///     y.set([2, 3], 5); // an element
/// }
/// ```
pub struct OutputView<'v, T, S> {
    /// NVM itself where it is mapped, else its copy in the arena.
    data: NonNull<T>,
    at: usize,
    dirty: Dirty<'v>,
    borrow: PhantomData<Borrow<'v, T, S>>,
}

type Borrow<'v, T, S> = (&'v mut T, fn(S));

impl<T, S> fmt::Debug for OutputView<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OutputView({}..{})", self.at, self.at + size_of::<T>())
    }
}

impl<T: Plain, S: Store> OutputView<'_, T, S> {
    /// Writes an item: an element, a row, or everything, depending on the index (see [`At`]).
    ///
    /// # Panics
    ///
    /// When the index is out of range, exactly as an array does.
    #[inline(always)]
    #[track_caller]
    pub fn set<I>(&mut self, index: I, value: T::Item)
    where
        T: At<I>,
    {
        let offset = T::offset(index);
        // SAFETY: the offset is that of an item of `T` (`At` is sealed), and `data` is a `T` in NVM or in the arena.
        let to = unsafe { self.data.byte_add(offset).cast::<T::Item>() };
        if S::MAPPED {
            // SAFETY: in the mapping and aligned; the view borrows the only handle exclusively.
            unsafe { S::poke(to, value) }
        } else {
            // SAFETY: in the arena and aligned; the view borrows that part of it exclusively.
            unsafe { to.write(value) }
            self.dirty.add(offset, size_of::<T::Item>());
        }
    }

    /// Where the item at an offset is, of NVM or of the copy.
    #[inline(always)]
    pub(super) fn item(&self, offset: usize) -> NonNull<u8> {
        // SAFETY: callers give offsets of items of `T`, and `data` is a `T`.
        unsafe { self.data.cast::<u8>().byte_add(offset) }
    }

    /// The copy in the arena; only for stores that are not mapped.
    pub(super) fn staged_mut(&mut self) -> &mut [u8] {
        debug_assert!(!S::MAPPED, "NVM itself is never borrowed exclusively");
        // SAFETY: `data` is the copy in the arena, which the view borrows exclusively.
        unsafe { self.data.as_mut() }.as_mut_bytes()
    }

    /// Passes what was set since the last call on to the store, where it is not there already.
    ///
    /// # Errors
    ///
    /// When the store fails.
    #[doc(hidden)]
    #[inline(always)]
    pub fn flush(&mut self, core: &mut Core<S>) -> Result<(), Error> {
        if S::MAPPED {
            return Ok(());
        }
        // SAFETY: `data` is the copy in the arena, which the view borrows.
        let staged = unsafe { self.data.as_ref() }.as_bytes();
        let at = self.at;
        self.dirty.drain(|run| {
            // What was set lies within the value; without an index there is no code for a panic.
            let from = staged.get(run.clone()).unwrap_or(&[]);
            Ok(core.store_mut().write(at + run.start, from)?)
        })
    }
}

impl<S: Store> Core<S> {
    /// The view of an output, and what is left of the arena.
    ///
    /// # Errors
    ///
    /// [`Error::ArenaTooSmall`], [`Error::WrongStore`], or when the store fails.
    #[inline]
    pub fn output<'v, T: Plain>(
        &mut self,
        buffer: &'v mut Buffer<T>,
        arena: &'v mut [u8],
    ) -> Result<(OutputView<'v, T, S>, &'v mut [u8]), Error> {
        let (at, borrow) = (buffer.at(), PhantomData);
        if let Some(data) = self.mapped(buffer)? {
            return Ok((
                OutputView {
                    data,
                    at,
                    dirty: Dirty::none(),
                    borrow,
                },
                arena,
            ));
        }
        let (bytes, rest) = self.carve(arena, size_of::<T>(), align_of::<T>())?;
        let (bitmap, rest) = self.carve(rest, Dirty::bitmap(size_of::<T>(), align_of::<T>()), 1)?;
        // Only bytes that were set are ever written, so there is no need to fetch the others.
        bytes.fill(0);
        match T::mut_from_bytes(bytes) {
            Ok(staged) => {
                let data = NonNull::from(staged);
                Ok((
                    OutputView {
                        data,
                        at,
                        dirty: Dirty::new(align_of::<T>(), bitmap),
                        borrow,
                    },
                    rest,
                ))
            }
            // `carve` gives the size and alignment of a `T`.
            Err(_) => Err(Error::WrongStore),
        }
    }
}
