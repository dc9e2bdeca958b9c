//! NVM that several buffers take in turn.

#![allow(unsafe_code)] // One handle, seen as that of another type.

use core::marker::PhantomData;
use core::ops::{Index, IndexMut};
use core::{any, fmt};

use crate::Fingerprint;
use crate::buffer::{Buffer, Plain};
use crate::layout::{Layout, Place, align_up};

/// `N` bytes of NVM that buffers of different types take in turn, such as activations of layers that are far enough apart.
///
/// Indexed with [`As`] it is the handle of what is there now. The borrow checker sees to it that no task has the same
/// bytes twice, since a handle borrows the whole overlay. What was there under another type is gone with the first write, so
/// a later task must not need it. That is a question of the order of tasks only, and not of outages: a task that has
/// completed is never entered again, so what it read may be overwritten.
///
/// ```
/// use rekindle::prelude::*;
///
/// #[derive(Layout)]
/// struct Memory { x: Buffer<[i16; 4]>, one: Overlay<16>, two: Overlay<16> }
///
/// const SQUARES: As<[i32; 4]> = As::new();
/// const DIFFERENCES: As<[i32; 3]> = As::new();
/// const PARITIES: As<[u8; 3]> = As::new();
///
/// #[intermittent_task]
/// fn square(x: Input<[i16; 4]>, y: Output<[i32; 4]>) {
///     #[commit]
///     for i in 0..4 {
///         y.set(i, i32::from(x[i]) * i32::from(x[i]));
///     }
/// }
///
/// #[intermittent_task]
/// fn differences(x: Input<[i32; 4]>, y: Output<[i32; 3]>) {
///     #[commit]
///     for i in 0..3 {
///         y.set(i, x[i + 1] - x[i]);
///     }
/// }
///
/// #[intermittent_task]
/// fn parities(x: Input<[i32; 3]>, y: Output<[u8; 3]>) {
///     #[commit]
///     for i in 0..3 {
///         y.set(i, (x[i] & 1) as u8);
///     }
/// }
///
/// #[intermittent_task]
/// fn all(m: &mut Memory) {
///     #[run] square(&m.x, &mut m.one[SQUARES]);
///     #[run] differences(&m.one[SQUARES], &mut m.two[DIFFERENCES]);
///     #[run] parities(&m.two[DIFFERENCES], &mut m.one[PARITIES]); // where the squares were
/// }
///
/// let mut words = [0u64; 64];
/// let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.write(|m| &mut m.x, &[1, 2, 3, 5])?;
/// nvm.resume_or_start(&mut [], all)?;
/// assert_eq!(nvm.read(|m| &m.one[PARITIES])?, [1, 1, 0]);
/// # Ok::<(), rekindle::Error>(())
/// ```
///
/// A task cannot read what it overwrites:
///
/// ```compile_fail,E0502
/// # use rekindle::prelude::*;
/// # const SQUARES: As<[i32; 4]> = As::new();
/// # const DIFFERENCES: As<[i32; 3]> = As::new();
/// # #[intermittent_task]
/// # fn differences(x: Input<[i32; 4]>, y: Output<[i32; 3]>) {
/// #     #[commit]
/// #     for i in 0..3 {
/// #         y.set(i, x[i + 1] - x[i]);
/// #     }
/// # }
/// #[intermittent_task]
/// fn all(one: &mut Overlay<16>) {
///     #[run] differences(&one[SQUARES], &mut one[DIFFERENCES]);
/// }
/// ```
///
/// And what does not fit does not compile:
///
/// ```compile_fail,E0080
/// # use rekindle::prelude::*;
/// #[derive(Layout)]
/// struct Memory { one: Overlay<16> }
///
/// const LONG: As<[i32; 5]> = As::new();
///
/// # let mut words = [0u64; 64];
/// # let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words))?;
/// nvm.write(|m| &mut m.one[LONG], &[0; 5])?;
/// # Ok::<(), rekindle::Error>(())
/// ```
#[derive(Debug)]
#[repr(transparent)]
pub struct Overlay<const N: usize>(Buffer<[u8; N]>);

/// What an [`Overlay`] holds for a time: a `T`.
pub struct As<T>(PhantomData<fn() -> T>);

impl<T: Plain> As<T> {
    /// The index of a `T`.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: Plain> Default for As<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for As<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for As<T> {}

impl<T> fmt::Debug for As<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "As<{}>", any::type_name::<T>())
    }
}

/// That of the largest elements that an overlay holds.
const ALIGN: usize = 4;

impl<T: Plain, const N: usize> Index<As<T>> for Overlay<N> {
    type Output = Buffer<T>;

    #[inline(always)]
    fn index(&self, _: As<T>) -> &Buffer<T> {
        const { Self::fits::<T>() }
        // SAFETY: handles of all types have one layout (`repr(C)`, the type is only a marker), `T` fits, and all bits are
        // values of a plain type; the overlay stays borrowed.
        unsafe { &*(&raw const self.0).cast() }
    }
}

impl<T: Plain, const N: usize> IndexMut<As<T>> for Overlay<N> {
    #[inline(always)]
    fn index_mut(&mut self, _: As<T>) -> &mut Buffer<T> {
        const { Self::fits::<T>() }
        // SAFETY: as in `index`; the overlay stays borrowed exclusively, so that this is the only handle of its bytes.
        unsafe { &mut *(&raw mut self.0).cast() }
    }
}

impl<const N: usize> Overlay<N> {
    const fn fits<T>() {
        assert!(
            size_of::<T>() <= N,
            "what an overlay is to hold is larger than the overlay"
        );
        assert!(
            align_of::<T>() <= ALIGN,
            "an overlay is aligned for elements of 4 bytes at most"
        );
    }
}

impl<const N: usize> Layout for Overlay<N> {
    const SIZE: usize = align_up(N, ALIGN);
    const ALIGN: usize = ALIGN;
    const FINGERPRINT: Fingerprint = Fingerprint::new().text("overlay").word(N as u64);

    fn place(place: &mut Place) -> Self {
        Self(Buffer::new(place))
    }
}
