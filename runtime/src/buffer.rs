//! Handles of the data that live in NVM, and the roles that a task gives them.

use core::fmt;
use core::marker::PhantomData;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::layout::Place;

/// Data that NVM can hold as it is: every bit pattern is a value, and there is no padding, pointer or cell.
///
/// Integers, floats and arrays of them are plain. A struct becomes plain by deriving the four traits of
/// [`zerocopy`](crate::zerocopy):
///
/// ```
/// use rekindle::Plain;
/// use rekindle::zerocopy::{self, FromBytes, Immutable, IntoBytes, KnownLayout};
///
/// #[derive(FromBytes, IntoBytes, Immutable, KnownLayout)]
/// #[repr(C)]
/// struct Reading { time: u32, value: i16, quality: u16 }
///
/// fn fits<T: Plain>() -> usize { size_of::<T>() }
/// assert_eq!(fits::<Reading>(), 8);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not plain data, so a buffer cannot hold it",
    label = "not plain data",
    note = "integers, floats and arrays of them are plain; a `#[repr(C)]` struct derives `FromBytes`, `IntoBytes`, `Immutable` and `KnownLayout` of `rekindle::zerocopy`"
)]
pub trait Plain: FromBytes + IntoBytes + Immutable + KnownLayout {}

impl<T: FromBytes + IntoBytes + Immutable + KnownLayout> Plain for T {}

/// The handle of a `T` in NVM.
///
/// It holds an address, not the data, and exists only inside the [`Layout`](trait@crate::Layout) that an
/// [`Nvm`](crate::Nvm) owns; tasks borrow it as [`Input`], [`Output`] or [`State`]. It cannot be copied, and one that was
/// swapped with another is refused with [`Error::WrongStore`](crate::Error::WrongStore), since an outage would
/// silently undo the swap.
///
/// ```
/// use rekindle::prelude::*;
///
/// #[derive(Layout)]
/// struct Memory { x: Buffer<[i8; 64]>, y: Buffer<[i32; 10]> }
///
/// let mut words = [0u64; 64];
/// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.write(|m| &mut m.y, &[7; 10])?;
/// assert_eq!(nvm.read(|m| &m.y)?, [7; 10]);
/// # Ok::<(), rekindle::Error>(())
/// ```
#[repr(C)] // An `Overlay` sees one handle as that of another type.
pub struct Buffer<T> {
    at: usize,
    home: Home,
    data: PhantomData<fn(T) -> T>,
}

/// Where a handle belongs. Together with its type this determines `at`, so that a handle at its home is the only one
/// of its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Home {
    /// Offset in SRAM from the start of the layout.
    pub offset: usize,
    /// Where the data of the layout begin in NVM.
    pub start: usize,
}

impl<T> fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Buffer({}..{})",
            self.at,
            self.at.saturating_add(size_of::<T>())
        )
    }
}

impl<T> Buffer<T> {
    pub(crate) fn new(place: &mut Place) -> Self {
        let (at, home) = place.take(size_of::<T>());
        Self {
            at,
            home,
            data: PhantomData,
        }
    }

    /// Offset of the data in the store.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// Whether this handle is where it was placed in the layout that is now at `owner` and whose data begin at `start`.
    #[inline]
    pub(crate) fn is_home(&self, owner: usize, start: usize) -> bool {
        let offset = (&raw const *self).addr().wrapping_sub(owner);
        self.home == Home { offset, start }
    }
}

/// A buffer that a task reads and does not write.
///
/// In the task's body it is a `&T`: a borrow of NVM where that is mapped, else a copy in SRAM that is fetched when the
/// task starts or resumes.
///
/// ```
/// use rekindle::prelude::*;
///
/// // An ordinary shared borrow is an `Input`.
/// fn first<'a>(buffer: &'a Buffer<[i8; 64]>) -> Input<'a, [i8; 64]> { buffer }
/// ```
pub type Input<'a, T> = &'a Buffer<T>;

/// A buffer that a task writes and does not read.
///
/// In the task's body it is an [`OutputView`](crate::OutputView), so running a part of the task twice writes the same
/// values to the same places.
///
/// ```
/// use rekindle::prelude::*;
///
/// // An ordinary exclusive borrow is an `Output`.
/// fn first<'a>(buffer: &'a mut Buffer<[i8; 64]>) -> Output<'a, [i8; 64]> { buffer }
/// ```
pub type Output<'a, T> = &'a mut Buffer<T>;

/// A buffer that a task reads and writes where it is; in the task's body it is an
/// [`InPlaceView`](crate::InPlaceView).
///
/// The macro refuses a task that reads an item and writes it before the next commit (rule RK01): after an outage it
/// would read its own result.
///
/// ```
/// use rekindle::prelude::*;
///
/// // An ordinary exclusive borrow is an `InPlace`.
/// fn first<'a>(buffer: &'a mut Buffer<[i8; 64]>) -> InPlace<'a, [i8; 64]> { buffer }
/// ```
pub type InPlace<'a, T> = &'a mut Buffer<T>;

/// An [`Input`] that stays in the store: the task fetches tiles of it, and needs SRAM for those alone.
///
/// In the task's body it is a [`TileInputView`](crate::TileInputView).
///
/// ```
/// use rekindle::prelude::*;
///
/// // An ordinary shared borrow is a `TileInput`.
/// fn first<'a>(buffer: &'a Buffer<[i8; 64]>) -> TileInput<'a, [i8; 64]> { buffer }
/// ```
pub type TileInput<'a, T> = &'a Buffer<T>;

/// An [`Output`] that stays in the store: what the task sets is written at once.
///
/// In the task's body it is a [`TileOutputView`](crate::TileOutputView).
///
/// ```
/// use rekindle::prelude::*;
///
/// // An ordinary exclusive borrow is a `TileOutput`.
/// fn first<'a>(buffer: &'a mut Buffer<[i8; 64]>) -> TileOutput<'a, [i8; 64]> { buffer }
/// ```
pub type TileOutput<'a, T> = &'a mut Buffer<T>;

/// An [`Input`] of rows, of which `ROWS` are in SRAM at a time where the store is not mapped: a line buffer for tasks that
/// go through their input from the top.
///
/// In the task's body it is a [`RollingInputView`](crate::RollingInputView).
///
/// ```
/// use rekindle::prelude::*;
///
/// // An ordinary shared borrow is a `RollingInput`.
/// fn first<'a>(buffer: &'a Buffer<[[i8; 64]; 64]>) -> RollingInput<'a, [[i8; 64]; 64], 3> { buffer }
/// ```
pub type RollingInput<'a, T, const ROWS: usize> = &'a Buffer<T>;

/// An [`Output`] that is put together row by row where the store is not mapped.
///
/// In the task's body it is a [`RollingOutputView`](crate::RollingOutputView).
///
/// ```
/// use rekindle::prelude::*;
///
/// // An ordinary exclusive borrow is a `RollingOutput`.
/// fn first<'a>(buffer: &'a mut Buffer<[[i8; 64]; 64]>) -> RollingOutput<'a, [[i8; 64]; 64]> { buffer }
/// ```
pub type RollingOutput<'a, T> = &'a mut Buffer<T>;

/// A small buffer that a task reads and writes.
///
/// In the task's body it is a [`StateView`](crate::StateView): a copy in SRAM that every commit saves.
///
/// ```
/// use rekindle::prelude::*;
///
/// // An ordinary exclusive borrow is a `State`.
/// fn first<'a>(buffer: &'a mut Buffer<u32>) -> State<'a, u32> { buffer }
/// ```
pub type State<'a, T> = &'a mut Buffer<T>;
