//! The SRAM arena, from which tasks on stores without a mapping take room for their buffers.

use super::Core;
use crate::Error;
use crate::store::Store;

impl<S: Store> Core<S> {
    /// Takes `size` bytes at a multiple of `align` from the arena.
    pub(crate) fn carve<'v>(
        &self,
        arena: &'v mut [u8],
        size: usize,
        align: usize,
    ) -> Result<(&'v mut [u8], &'v mut [u8]), Error> {
        let available = arena.len();
        let skip = arena.as_ptr().addr().wrapping_neg() % align;
        let needed = skip.saturating_add(size);
        let task = self.task.map_or("", |task| task.name);
        if needed > available {
            return Err(Error::ArenaTooSmall {
                needed,
                available,
                task,
            });
        }
        Ok(arena[skip..].split_at_mut(size))
    }
}
