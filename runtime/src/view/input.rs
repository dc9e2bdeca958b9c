//! Inputs: a borrow of NVM, or a copy in the arena.

#![allow(unsafe_code)] // Borrows mapped memory.

use crate::Error;
use crate::buffer::{Buffer, Plain};
use crate::engine::Core;
use crate::store::Store;

impl<S: Store> Core<S> {
    /// The view of an input, and what is left of the arena.
    ///
    /// # Errors
    ///
    /// [`Error::ArenaTooSmall`], [`Error::WrongStore`], or when the store fails.
    #[inline]
    pub fn input<'v, T: Plain>(
        &mut self,
        buffer: &'v Buffer<T>,
        arena: &'v mut [u8],
    ) -> Result<(&'v T, &'v mut [u8]), Error> {
        if let Some(data) = self.mapped(buffer)? {
            // SAFETY: in the mapping and aligned, and any bytes are a `T`. The handle is the only one of this memory
            // and is borrowed as long as the view, so nobody writes it.
            return Ok((unsafe { data.as_ref() }, arena));
        }
        let (bytes, rest) = self.carve(arena, size_of::<T>(), align_of::<T>())?;
        self.store_mut().read(buffer.at(), bytes)?;
        match T::ref_from_bytes(bytes) {
            Ok(view) => Ok((view, rest)),
            // `carve` gives the size and alignment of a `T`.
            Err(_) => Err(Error::WrongStore),
        }
    }
}
