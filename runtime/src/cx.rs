//! What a running task is handed.

use core::fmt;

use crate::engine::Core;
use crate::store::Store;

/// The context that tasks pass on to each other: the store, and SRAM for buffers.
///
/// The closure of [`Nvm::resume_or_start`](crate::Nvm::resume_or_start) gets one and hands it to its task; tasks hand it
/// on to theirs by themselves.
///
/// ```
/// use rekindle::prelude::*;
///
/// #[derive(Layout)]
/// struct Memory { y: Buffer<[i32; 10]> }
///
/// fn run<S: Store>(cx: &mut Cx<'_, S>, mem: &mut Memory) -> Result<(), Error> {
///     // task(cx, &mut mem.y)
///     # let _ = (cx, mem);
///     Ok(())
/// }
/// ```
pub struct Cx<'a, S> {
    core: &'a mut Core<S>,
    arena: &'a mut [u8],
}

impl<S> fmt::Debug for Cx<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cx({} bytes of arena)", self.arena.len())
    }
}

impl<'a, S: Store> Cx<'a, S> {
    /// Made by [`Nvm`](crate::Nvm) and by generated code.
    #[doc(hidden)]
    #[inline(always)]
    pub fn new(core: &'a mut Core<S>, arena: &'a mut [u8]) -> Self {
        Self { core, arena }
    }

    /// Taken apart by generated code.
    #[doc(hidden)]
    #[inline(always)]
    pub fn parts(&mut self) -> (&mut Core<S>, &mut [u8]) {
        (self.core, self.arena)
    }
}
