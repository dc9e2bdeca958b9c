//! Buffers that stay in the store, and are moved in tiles.

#![allow(unsafe_code)] // Copies from and to mapped memory.

use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

use zerocopy::{FromBytes, FromZeros, IntoBytes};

use super::at::At;
use crate::Error;
use crate::buffer::{Buffer, Plain};
use crate::engine::Core;
use crate::store::{Store, StoreError};

/// What a task sees of a [`TileInput`](crate::TileInput).
///
/// ```
/// use rekindle::prelude::*;
///
/// #[derive(Layout)]
/// struct Memory { x: Buffer<[[i8; 100]; 100]>, y: Buffer<[i32; 100]> }
///
/// /// Sums of rows, with 20 bytes of SRAM for the values.
/// #[intermittent_task]
/// fn sums(x: TileInput<[[i8; 100]; 100]>, y: TileOutput<[i32; 100]>) {
///     #[commit]
///     for r in 0..100 {
///         let mut sum = 0;
///         for part in 0..5 {
///             let mut tile = [0_i8; 20];
///             x.fetch(100 * r + 20 * part, &mut tile);
///             sum += tile.iter().map(|v| i32::from(*v)).sum::<i32>();
///         }
///         y.set(r, sum + i32::from(x.tile([r, 0])));
///     }
/// }
///
/// let mut words = [0u64; 2048];
/// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.write(|m| &mut m.x, &[[2; 100]; 100])?;
/// nvm.resume_or_start(&mut [], |cx, m| sums(cx, &m.x, &mut m.y))?;
/// assert_eq!(nvm.read(|m| &m.y)?, [202; 100]);
/// # Ok::<(), rekindle::Error>(())
/// ```
pub struct TileInputView<'v, T, S> {
    /// Where the data are mapped, if they are.
    data: NonNull<T>,
    at: usize,
    borrow: PhantomData<Shared<'v, T, S>>,
}

/// The borrow of the handle; a store is not owned.
type Shared<'v, T, S> = (&'v T, fn(S));
type Exclusive<'v, T, S> = (&'v mut T, fn(S));

impl<T, S> fmt::Debug for TileInputView<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "TileInputView({}..{})",
            self.at,
            self.at + size_of::<T>()
        )
    }
}

impl<T: Plain, S: Store> TileInputView<'_, T, S> {
    /// A copy of the item at `index`: `x.tile([r, c])`. The macro adds the last argument, and the task ends with an error
    /// of the store.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Panics
    ///
    /// An index out of range panics, exactly as it does with an array.
    #[inline(always)]
    #[track_caller]
    pub fn tile<I>(&self, index: I, core: &mut Core<S>) -> Result<T::Item, Error>
    where
        T: At<I>,
    {
        let offset = T::offset(index);
        if S::MAPPED {
            // SAFETY: the offset is that of an item of `T` (`At` is sealed) in the mapping, and any bytes are one.
            return Ok(unsafe { self.data.byte_add(offset).cast::<T::Item>().read() });
        }
        let mut item = <T::Item as FromZeros>::new_zeroed();
        core.store_mut()
            .read(self.at + offset, item.as_mut_bytes())?;
        Ok(item)
    }

    /// Copies bytes from byte `at` of the buffer on: `x.fetch(at, &mut tile[..n])`. The macro adds the last argument.
    ///
    /// # Errors
    ///
    /// Those of the store; [`StoreError::OutOfRange`] for bytes that are not the buffer's.
    #[inline]
    pub fn fetch<U>(&self, at: usize, into: &mut U, core: &mut Core<S>) -> Result<(), Error>
    where
        U: FromBytes + IntoBytes + ?Sized,
    {
        let into = into.as_mut_bytes();
        StoreError::check(at, into.len(), size_of::<T>())?;
        if S::MAPPED {
            // SAFETY: within the value by the check, which is in the mapping; `into` is in SRAM.
            unsafe {
                let from = self.data.cast::<u8>().byte_add(at);
                from.copy_to_nonoverlapping(NonNull::from(&mut *into).cast(), into.len());
            }
            return Ok(());
        }
        Ok(core.store_mut().read(self.at + at, into)?)
    }
}

/// What a task sees of a [`TileOutput`](crate::TileOutput): what is set reaches the store at once.
///
/// That is as safe as writing at the commit: the region that is repeated after an outage writes the same again.
pub struct TileOutputView<'v, T, S> {
    data: NonNull<T>,
    at: usize,
    borrow: PhantomData<Exclusive<'v, T, S>>,
}

impl<T, S> fmt::Debug for TileOutputView<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "TileOutputView({}..{})",
            self.at,
            self.at + size_of::<T>()
        )
    }
}

impl<T: Plain, S: Store> TileOutputView<'_, T, S> {
    /// Writes the item at `index`: `y.set([r, c], pixel)`. The macro adds the last argument.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Panics
    ///
    /// An index out of range panics, exactly as it does with an array.
    #[inline(always)]
    #[track_caller]
    pub fn set<I>(&mut self, index: I, value: T::Item, core: &mut Core<S>) -> Result<(), Error>
    where
        T: At<I>,
    {
        let offset = T::offset(index);
        if S::MAPPED {
            // SAFETY: the offset is that of an item of `T` (`At` is sealed), in the mapping and aligned; the view borrows
            // the only handle exclusively.
            unsafe { S::poke(self.data.byte_add(offset).cast::<T::Item>(), value) }
            return Ok(());
        }
        Ok(core.store_mut().write(self.at + offset, value.as_bytes())?)
    }

    /// Writes bytes from byte `at` of the buffer on: `y.store(at, &tile[..n])`. The macro adds the last argument.
    ///
    /// # Errors
    ///
    /// Those of the store; [`StoreError::OutOfRange`] for bytes that are not the buffer's.
    #[inline]
    pub fn store<U>(&mut self, at: usize, from: &U, core: &mut Core<S>) -> Result<(), Error>
    where
        U: IntoBytes + zerocopy::Immutable + ?Sized,
    {
        let from = from.as_bytes();
        StoreError::check(at, from.len(), size_of::<T>())?;
        Ok(core.store_mut().write(self.at + at, from)?)
    }

    #[doc(hidden)]
    #[inline(always)]
    pub fn flush(&mut self, _: &mut Core<S>) -> Result<(), Error> {
        Ok(())
    }
}

impl<S: Store> Core<S> {
    /// Opens a buffer that is read in tiles.
    ///
    /// # Errors
    ///
    /// [`Error::WrongStore`] for a handle that is not at its place.
    #[inline]
    pub fn tile_input<'v, T: Plain>(
        &self,
        buffer: &'v Buffer<T>,
    ) -> Result<TileInputView<'v, T, S>, Error> {
        Ok(TileInputView {
            data: self.mapped(buffer)?.unwrap_or(NonNull::dangling()),
            at: buffer.at(),
            borrow: PhantomData,
        })
    }

    /// Opens a buffer that is written in tiles.
    ///
    /// # Errors
    ///
    /// [`Error::WrongStore`] for a handle that is not at its place.
    #[inline]
    pub fn tile_output<'v, T: Plain>(
        &self,
        buffer: &'v mut Buffer<T>,
    ) -> Result<TileOutputView<'v, T, S>, Error> {
        Ok(TileOutputView {
            data: self.mapped(buffer)?.unwrap_or(NonNull::dangling()),
            at: buffer.at(),
            borrow: PhantomData,
        })
    }
}
