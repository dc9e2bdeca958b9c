//! NVM addresses that follow from types, so that no offset is ever written by hand.

use core::array;
use core::marker::PhantomData;

use crate::Fingerprint;
use crate::buffer::{Buffer, Home, Plain};

/// The buffers of a program: a struct whose fields are [`Buffer`]s, arrays of them, or other such structs.
///
/// Derive it:
///
/// ```
/// use rekindle::prelude::*;
///
/// #[derive(Layout)]
/// struct Activations {
///     image: Buffer<[i8; 784]>,
///     logits: Buffer<[i32; 10]>,
/// }
///
/// // 784 is a multiple of 4: nothing is lost to alignment.
/// assert_eq!(Activations::SIZE, 784 + 40);
/// assert_eq!(Activations::ALIGN, 4);
/// ```
///
/// Fields are placed in the order in which they are written. A crate that re-exports `rekindle` under another path
/// says so: `#[rekindle(crate = my_sdk::rekindle)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be laid out in non-volatile memory",
    label = "not a buffer",
    note = "every field of a memory layout is a `Buffer<T>`, an array of them, or a struct that derives `Layout`"
)]
pub trait Layout: Sized {
    /// Bytes of NVM, a multiple of `ALIGN`.
    const SIZE: usize;
    /// Alignment in NVM.
    const ALIGN: usize;
    /// Hash of the names, types and sizes.
    const FINGERPRINT: Fingerprint;

    /// Places the handles. Only [`Nvm`](crate::Nvm) calls it.
    #[doc(hidden)]
    fn place(place: &mut Place) -> Self;
}

/// Hands out NVM, front to back, and notes where in SRAM each handle will be.
///
/// Two handles never get the same bytes, whatever an implementation of [`Layout`] does.
#[doc(hidden)]
#[derive(Debug)]
pub struct Place {
    next: usize,
    home: Home,
}

impl Place {
    pub(crate) const fn at(start: usize) -> Self {
        Self {
            next: start,
            home: Home { offset: 0, start },
        }
    }

    /// First byte that is not handed out.
    pub(crate) const fn end(&self) -> usize {
        self.next
    }

    /// Places a field that is `offset` bytes into its parent.
    pub fn field<L: Layout>(&mut self, offset: usize) -> L {
        let parent = self.home.offset;
        self.home.offset += offset;
        self.next = align_up(self.next, L::ALIGN);
        let field = L::place(self);
        self.next = align_up(self.next, L::ALIGN);
        self.home.offset = parent;
        field
    }

    /// Takes `size` bytes: their address, and where the handle will be.
    pub(crate) fn take(&mut self, size: usize) -> (usize, Home) {
        let at = self.next;
        self.next = at.saturating_add(size);
        (at, self.home)
    }
}

/// `at`, rounded up to a multiple of `align`.
#[doc(hidden)]
pub const fn align_up(at: usize, align: usize) -> usize {
    at.saturating_add(align - 1) / align * align
}

/// Size of a struct whose fields have these sizes and alignments.
#[doc(hidden)]
pub const fn size_of_fields(fields: &[(usize, usize)]) -> usize {
    let mut end = 0;
    let mut i = 0;
    while i < fields.len() {
        let (size, align) = fields[i];
        end = align_up(end, align) + size;
        i += 1;
    }
    align_up(end, align_of_fields(fields))
}

/// Alignment of a struct whose fields have these sizes and alignments.
#[doc(hidden)]
pub const fn align_of_fields(fields: &[(usize, usize)]) -> usize {
    let mut align = 1;
    let mut i = 0;
    while i < fields.len() {
        if fields[i].1 > align {
            align = fields[i].1;
        }
        i += 1;
    }
    align
}

impl<T: Plain> Layout for Buffer<T> {
    const SIZE: usize = size_of::<T>();
    const ALIGN: usize = align_of::<T>();
    const FINGERPRINT: Fingerprint = Fingerprint::new()
        .word(size_of::<T>() as u64)
        .word(align_of::<T>() as u64);

    fn place(place: &mut Place) -> Self {
        Self::new(place)
    }
}

impl<L: Layout, const N: usize> Layout for [L; N] {
    const SIZE: usize = N * L::SIZE;
    const ALIGN: usize = L::ALIGN;
    const FINGERPRINT: Fingerprint = L::FINGERPRINT.word(N as u64);

    fn place(place: &mut Place) -> Self {
        array::from_fn(|i| place.field(i * size_of::<L>()))
    }
}

/// For generic parameters that only the type system sees.
impl<T: ?Sized> Layout for PhantomData<T> {
    const SIZE: usize = 0;
    const ALIGN: usize = 1;
    const FINGERPRINT: Fingerprint = Fingerprint::new();

    fn place(_: &mut Place) -> Self {
        Self
    }
}
