//! Buffers of rows that pass through SRAM: an input of which some rows are there at a time, and an output that is put
//! together row by row.

#![allow(unsafe_code)] // Stores to mapped memory.

use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, Range};
use core::ptr::NonNull;

use zerocopy::{FromBytes, IntoBytes};

use super::at::At;
use crate::Error;
use crate::buffer::{Buffer, Plain};
use crate::engine::Core;
use crate::store::{Store, StoreError};

/// How many rows an input has in SRAM, for generated code.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Rows<const ROWS: usize>;

/// No row.
const NONE: usize = usize::MAX;

/// What a task sees of a [`RollingInput`](crate::RollingInput): a line buffer. `ROWS` rows of the input are in SRAM at a time,
/// row `r` in place `r % ROWS`, so that going on by a row fetches one.
///
/// It begins empty whenever the task starts or resumes: what was in SRAM before an outage, or belongs to another task, is
/// never taken for a row. On a mapped store rows are borrowed from NVM, and nothing is in SRAM.
///
/// ```
/// use rekindle::prelude::*;
///
/// #[derive(Layout)]
/// struct Memory { x: Buffer<[[i8; 100]; 100]>, y: Buffer<[[i8; 100]; 98]> }
///
/// /// The greatest of three values below one another. Each row of the input is fetched once.
/// #[intermittent_task]
/// fn greatest(x: RollingInput<[[i8; 100]; 100], 3>, y: RollingOutput<[[i8; 100]; 98]>) {
///     #[commit]
///     for r in 0..98 {
///         let rows = x.rows::<3>(r, 1, 3);
///         for c in 0..100 {
///             y.set([r, c], rows[0][c].max(rows[1][c]).max(rows[2][c]));
///         }
///     }
/// }
///
/// let mut words = [0u64; 2560];
/// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.write(|m| &mut m.x, &[[2; 100]; 100])?;
/// nvm.resume_or_start(&mut [], |cx, m| greatest(cx, &m.x, &mut m.y))?;
/// assert_eq!(nvm.read(|m| &m.y)?, [[2; 100]; 98]);
/// # Ok::<(), rekindle::Error>(())
/// ```
pub struct RollingInputView<'v, R, S, const N: usize, const ROWS: usize> {
    rows: Source<'v, R>,
    /// The row in each place of the ring.
    resident: [usize; ROWS],
    at: usize,
    store: PhantomData<fn(S)>,
}

/// Where the rows are; it is the store that decides.
enum Source<'v, R> {
    /// All of them, in NVM.
    Mapped(&'v [R]),
    /// Some, in the arena.
    Ring(&'v mut [R]),
}

impl<R, S, const N: usize, const ROWS: usize> fmt::Debug for RollingInputView<'_, R, S, N, ROWS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.at + N * size_of::<R>();
        write!(f, "RollingInputView({}..{end}, {ROWS} rows)", self.at)
    }
}

/// Rows of an input, as [`RollingInputView::rows`] gives them: a slice of references.
#[derive(Clone, Copy, Debug)]
pub struct RowsView<'x, R, const K: usize> {
    rows: [&'x R; K],
    len: usize,
}

impl<'x, R, const K: usize> Deref for RowsView<'x, R, K> {
    type Target = [&'x R];

    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        // No longer than the array; without an index there is no code for a panic.
        self.rows.get(..self.len).unwrap_or(&self.rows)
    }
}

impl<R: Plain, S: Store, const N: usize, const ROWS: usize> RollingInputView<'_, R, S, N, ROWS> {
    /// Rows `first`, `first + step` and so on, `len` of them, `K` at most: `x.rows::<3>(first, 1, 3)`. Those that are not
    /// in SRAM are fetched. The macro adds the last argument, and the task ends with an error of the store.
    ///
    /// # Errors
    ///
    /// Those of the store; [`StoreError::OutOfRange`] for rows that are not the buffer's, and for more than `ROWS` rows from
    /// the first to the last of them.
    #[inline]
    pub fn rows<const K: usize>(
        &mut self,
        first: usize,
        step: usize,
        len: usize,
        core: &mut Core<S>,
    ) -> Result<RowsView<'_, R, K>, Error> {
        let len = if len < K { len } else { K };
        // One more than from the first to the last.
        let extent = if len == 0 { 0 } else { (len - 1) * step + 1 };
        StoreError::check(first, extent, N)?;
        StoreError::check(0, extent, ROWS)?;
        if !S::MAPPED {
            self.fill(first..first + extent, step, core)?;
            #[cfg(feature = "crash")]
            crate::crash::keep_rows(self.at, &self.resident);
        }
        let (rows, ring): (&[R], _) = match &self.rows {
            Source::Mapped(all) => (all, false),
            Source::Ring(ring) => (ring, true),
        };
        // Stands for those that are not wanted.
        let Some(any) = rows.first() else {
            StoreError::check(0, 1, 0)?;
            return Err(Error::WrongStore);
        };
        let mut found = [any; K];
        for (k, found) in found.iter_mut().take(len).enumerate() {
            let row = first + k * step;
            let place = if ring {
                row.checked_rem(ROWS).unwrap_or(0)
            } else {
                row
            };
            *found = rows.get(place).unwrap_or(any);
        }
        Ok(RowsView { rows: found, len })
    }

    /// Fetches those of `wanted`, `step` apart, that are not in SRAM: in one piece, where they lie next to each other there.
    #[inline(never)]
    fn fill(&mut self, wanted: Range<usize>, step: usize, core: &mut Core<S>) -> Result<(), Error> {
        let Source::Ring(ring) = &mut self.rows else {
            return Ok(());
        };
        let mut row = wanted.start;
        while row < wanted.end {
            // `ROWS` is not 0: a row would not have passed the check.
            let place = row.checked_rem(ROWS).unwrap_or(0);
            let tags = self.resident.get_mut(place..).unwrap_or(&mut []);
            let most = if step == 1 { wanted.end - row } else { 1 };
            let missing = |(at, tag): &(usize, &usize)| **tag != row + at && *at < most;
            let len = tags.iter().enumerate().take_while(missing).count();
            if len > 0 {
                let tags = tags.get_mut(..len).unwrap_or(&mut []);
                // No rows while they are fetched: that may fail half-way.
                tags.fill(NONE);
                let to = ring.get_mut(place..place + len).unwrap_or(&mut []);
                let at = self.at + row * size_of::<R>();
                core.store_mut().read(at, to.as_mut_bytes())?;
                for (at, tag) in tags.iter_mut().enumerate() {
                    *tag = row + at;
                }
            }
            // One that was there, or those that were not.
            row += if len > 1 || step == 0 {
                len.max(1)
            } else {
                step
            };
        }
        Ok(())
    }

    /// Row `row`: `x.row(r)`. The macro adds the last argument.
    ///
    /// # Errors
    ///
    /// As [`rows`](Self::rows).
    #[inline]
    pub fn row(&mut self, row: usize, core: &mut Core<S>) -> Result<&R, Error> {
        let RowsView { rows: [row], .. } = self.rows::<1>(row, 1, 1, core)?;
        Ok(row)
    }
}

/// What a task sees of a [`RollingOutput`](crate::RollingOutput): what is set one after the other is put together in SRAM, up to
/// the bytes of a row, and reaches the store in one piece: with the commit, or before something is set elsewhere.
///
/// That a part may be written before the commit is as safe as writing at the commit: the region that is repeated after an
/// outage writes the same again. On a mapped store everything is written where it belongs at once.
pub struct RollingOutputView<'v, T, S> {
    data: NonNull<T>,
    at: usize,
    /// Room for a row, none where the store is mapped.
    row: &'v mut [u8],
    /// The bytes of the buffer that are in `row`, and not yet in the store.
    run: Range<usize>,
    borrow: PhantomData<Borrow<'v, T, S>>,
}

/// The borrow of the handle; a store is not owned.
type Borrow<'v, T, S> = (&'v mut T, fn(S));

/// A view, and what is left of the arena.
type Opened<'v, V> = Result<(V, &'v mut [u8]), Error>;

impl<T, S> fmt::Debug for RollingOutputView<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.at + size_of::<T>();
        write!(f, "RollingOutputView({}..{end})", self.at)
    }
}

impl<T: Plain, S: Store> RollingOutputView<'_, T, S> {
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
        if offset != self.run.end || self.put(value.as_bytes()).is_none() {
            self.apart(offset, value.as_bytes(), core)?;
        }
        Ok(())
    }

    /// Puts bytes behind the run, if there is room for them.
    #[inline(always)]
    fn put(&mut self, bytes: &[u8]) -> Option<()> {
        let free = self.row.get_mut(self.run.end - self.run.start..)?;
        free.get_mut(..bytes.len())?.copy_from_slice(bytes);
        self.run.end += bytes.len();
        Some(())
    }

    /// Bytes that do not go on where the run ends, or for which the row has no room.
    #[inline(never)]
    fn apart(&mut self, offset: usize, bytes: &[u8], core: &mut Core<S>) -> Result<(), Error> {
        self.flush(core)?;
        self.run = offset..offset;
        if self.put(bytes).is_none() {
            // More than a row.
            core.store_mut().write(self.at + offset, bytes)?;
        }
        Ok(())
    }

    /// Passes what was set since the last call on to the store, where it is not there already.
    ///
    /// # Errors
    ///
    /// When the store fails.
    #[doc(hidden)]
    #[inline]
    pub fn flush(&mut self, core: &mut Core<S>) -> Result<(), Error> {
        if S::MAPPED || self.run.is_empty() {
            return Ok(());
        }
        let run = self.run.clone();
        let bytes = self.row.get(..run.len()).unwrap_or(&[]);
        core.store_mut().write(self.at + run.start, bytes)?;
        // What follows begins a piece of its own.
        self.run = run.end..run.end;
        Ok(())
    }
}

impl<S: Store> Core<S> {
    /// The view of an input of which `ROWS` rows are in SRAM, and what is left of the arena.
    ///
    /// # Errors
    ///
    /// [`Error::ArenaTooSmall`], [`Error::WrongStore`], or when the store fails.
    #[inline]
    pub fn rolling_input<'v, R: Plain, const N: usize, const ROWS: usize>(
        &mut self,
        buffer: &'v Buffer<[R; N]>,
        _: Rows<ROWS>,
        arena: &'v mut [u8],
    ) -> Opened<'v, RollingInputView<'v, R, S, N, ROWS>> {
        let (rows, rest) = if S::MAPPED {
            let (all, rest) = self.input(buffer, arena)?;
            (Source::Mapped(&all[..]), rest)
        } else {
            self.check_home(buffer)?;
            let (bytes, rest) = self.carve(arena, ROWS * size_of::<R>(), align_of::<R>())?;
            match <[R; ROWS]>::mut_from_bytes(bytes) {
                Ok(ring) => (Source::Ring(&mut ring[..]), rest),
                // `carve` gives the size and alignment of as many rows.
                Err(_) => return Err(Error::WrongStore),
            }
        };
        // Whatever an outage, or another task, has left in the arena is no row of this input.
        #[allow(unused_mut)]
        let mut resident = [NONE; ROWS];
        #[cfg(feature = "crash")]
        crate::crash::kept_rows(buffer.at(), &mut resident);
        Ok((
            RollingInputView {
                rows,
                resident,
                at: buffer.at(),
                store: PhantomData,
            },
            rest,
        ))
    }

    /// The view of an output that is written by rows, and what is left of the arena.
    ///
    /// # Errors
    ///
    /// [`Error::ArenaTooSmall`], [`Error::WrongStore`].
    #[inline]
    pub fn rolling_output<'v, R: Plain, const N: usize>(
        &self,
        buffer: &'v mut Buffer<[R; N]>,
        arena: &'v mut [u8],
    ) -> Opened<'v, RollingOutputView<'v, [R; N], S>> {
        let (data, at) = (self.mapped(buffer)?, buffer.at());
        let size = if S::MAPPED { 0 } else { size_of::<R>() };
        let (row, rest) = self.carve(arena, size, 1)?;
        let view = RollingOutputView {
            data: data.unwrap_or(NonNull::dangling()),
            at,
            row,
            run: 0..0,
            borrow: PhantomData,
        };
        Ok((view, rest))
    }
}
