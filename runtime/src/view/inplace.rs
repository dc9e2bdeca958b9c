//! In-place buffers: read and written where they are.

#![allow(unsafe_code)] // Reads mapped memory.

use core::fmt;

use super::at::At;
use super::output::OutputView;
use crate::Error;
use crate::buffer::{Buffer, Plain};
use crate::engine::Core;
use crate::store::Store;

/// What a task's body sees of an [`InPlace`](crate::InPlace).
///
/// Writes are not undone by an outage, so between two commits no item may be read and then written (rule RK01, which
/// the macro checks). The form that always works saves what was read before it is overwritten:
///
/// ```
/// use rekindle::prelude::*;
///
/// #[intermittent_task]
/// fn relu<const N: usize>(b: InPlace<[i8; N]>) {
///     for i in 0..N {
///         #[commit]
///         let v: i8 = b.get(i); // part of the record from here on
///         b.set(i, v.max(0));
///     }
/// }
/// ```
pub struct InPlaceView<'v, T, S>(OutputView<'v, T, S>);

impl<T, S> fmt::Debug for InPlaceView<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InPlaceView").field(&self.0).finish()
    }
}

impl<T: Plain, S: Store> InPlaceView<'_, T, S> {
    /// Reads an item: an element, a row, or everything, depending on the index (see [`At`]).
    ///
    /// # Panics
    ///
    /// When the index is out of range, exactly as an array does.
    #[inline(always)]
    #[track_caller]
    #[must_use]
    pub fn get<I>(&self, index: I) -> T::Item
    where
        T: At<I>,
    {
        let from = self.0.item(T::offset(index)).cast::<T::Item>();
        // SAFETY: the offset is that of an item of `T` (`At` is sealed), in NVM or in the arena, and any bytes are
        // one. Volatile, as the writes are: the compiler must not move it over a commit.
        unsafe { from.read_volatile() }
    }

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
        self.0.set(index, value);
    }

    /// Passes what was set since the last call on to the store, where it is not there already.
    ///
    /// # Errors
    ///
    /// When the store fails.
    #[doc(hidden)]
    #[inline(always)]
    pub fn flush(&mut self, core: &mut Core<S>) -> Result<(), Error> {
        self.0.flush(core)
    }
}

impl<S: Store> Core<S> {
    /// The view of an in-place buffer, and what is left of the arena.
    ///
    /// # Errors
    ///
    /// [`Error::ArenaTooSmall`], [`Error::WrongStore`], or when the store fails.
    #[inline]
    pub fn in_place<'v, T: Plain>(
        &mut self,
        buffer: &'v mut Buffer<T>,
        arena: &'v mut [u8],
    ) -> Result<(InPlaceView<'v, T, S>, &'v mut [u8]), Error> {
        let at = buffer.at();
        let (mut view, rest) = self.output(buffer, arena)?;
        if !S::MAPPED {
            self.store_mut().read(at, view.staged_mut())?;
        }
        Ok((InPlaceView(view), rest))
    }
}
