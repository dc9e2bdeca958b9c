//! Memory that plays NVM: it survives what a test does to everything else.

#![allow(unsafe_code)] // One block of memory is a byte device and mapped NVM by turns.

use core::convert::Infallible;
use core::fmt;
use core::ptr::NonNull;
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::rc::Rc;
use std::vec;
use std::vec::Vec;

use embedded_storage::{ReadStorage, Storage};

use crate::store::Mapped;

/// No type that a layout may hold asks for more.
const ALIGN: usize = 16;

struct Memory {
    base: NonNull<u8>,
    layout: Layout,
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: allocated in `Ram::new` with this layout, and freed once.
        unsafe { dealloc(self.base.as_ptr(), self.layout) }
    }
}

/// A handle to simulated NVM; clones share the memory.
///
/// Use it as the device behind [`Bytes`](crate::store::Bytes), or mapped.
///
/// ```
/// use embedded_storage::{ReadStorage, Storage};
/// use rekindle::crash::Ram;
///
/// let mut ram = Ram::new(8);
/// ram.clone().write(2, &[1, 2, 3]).unwrap();
/// assert_eq!(ram.contents(), [0, 0, 1, 2, 3, 0, 0, 0]);
/// ram.load(&[9; 8]);
/// let mut one = [0];
/// ram.read(7, &mut one).unwrap();
/// assert_eq!(one, [9]);
/// ```
#[derive(Clone)]
pub struct Ram(Rc<Memory>);

impl fmt::Debug for Ram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ram({} B)", self.len())
    }
}

impl Ram {
    /// Zeroed memory of this many bytes.
    ///
    /// # Panics
    ///
    /// When the host has no memory left.
    pub fn new(len: usize) -> Self {
        // An allocation of size 0 is not allowed.
        let layout = Layout::from_size_align(len.max(1), ALIGN).expect("a sensible size");
        // SAFETY: the layout's size is not 0.
        let base = NonNull::new(unsafe { alloc_zeroed(layout) });
        let Some(base) = base else {
            handle_alloc_error(layout)
        };
        // `len` itself is kept, so that bounds are exact.
        let layout = if len == 0 {
            layout
        } else {
            Layout::from_size_align(len, ALIGN).expect("as above")
        };
        Self(Rc::new(Memory { base, layout }))
    }

    /// Size in bytes.
    fn len(&self) -> usize {
        self.0.layout.size()
    }

    /// The memory as mapped NVM, for as long as this handle or a clone lives.
    pub(crate) fn mapped(&self) -> Mapped<'static> {
        // SAFETY: base and length are those of the allocation, which `Device` keeps for longer than the stores on it. It
        // touches the memory between boots only, when there is no store.
        unsafe { Mapped::from_raw(self.0.base, self.len()) }
    }

    /// A copy of the contents.
    pub fn contents(&self) -> Vec<u8> {
        let mut all = vec![0; self.len()];
        // SAFETY: both are `len` bytes long and do not overlap; the memory was initialised when it was allocated.
        unsafe {
            core::ptr::copy_nonoverlapping(self.0.base.as_ptr(), all.as_mut_ptr(), all.len());
        };
        all
    }

    /// Replaces the contents; no more than fits.
    pub fn load(&self, image: &[u8]) {
        let len = image.len().min(self.len());
        // SAFETY: `len` bytes are within both, which do not overlap.
        unsafe { core::ptr::copy_nonoverlapping(image.as_ptr(), self.0.base.as_ptr(), len) };
    }

    fn within(&self, offset: u32, len: usize) -> NonNull<u8> {
        let end = (offset as usize).checked_add(len);
        assert!(
            end.is_some_and(|end| end <= self.len()),
            "access beyond the end of {self:?}"
        );
        // SAFETY: within the allocation, as just checked.
        unsafe { self.0.base.add(offset as usize) }
    }
}

impl ReadStorage for Ram {
    type Error = Infallible;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        let from = self.within(offset, bytes.len());
        // SAFETY: `within` checked the range; `bytes` is borrowed exclusively, so they do not overlap.
        unsafe { core::ptr::copy_nonoverlapping(from.as_ptr(), bytes.as_mut_ptr(), bytes.len()) };
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.len()
    }
}

impl Storage for Ram {
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Infallible> {
        let to = self.within(offset, bytes.len());
        // SAFETY: as in `read`.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), to.as_ptr(), bytes.len()) };
        Ok(())
    }
}
