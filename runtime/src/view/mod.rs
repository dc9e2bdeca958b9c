//! What a task sees of its buffers.

mod at;
mod dirty;
mod inplace;
mod input;
mod output;
mod rolling;
mod state;
mod tile;

use core::ptr::NonNull;

use crate::Error;
use crate::buffer::Buffer;
use crate::engine::Core;
use crate::store::Store;

pub use at::{At, Run};
pub use inplace::InPlaceView;
pub use output::OutputView;
pub use rolling::{RollingInputView, RollingOutputView, Rows, RowsView};
pub use state::StateView;
pub use tile::{TileInputView, TileOutputView};

impl<S: Store> Core<S> {
    /// Where the data of a buffer are mapped, if they are: in the mapping, aligned, and belonging to this handle alone.
    #[inline(always)]
    #[allow(unsafe_code)]
    fn mapped<T>(&self, buffer: &Buffer<T>) -> Result<Option<NonNull<T>>, Error> {
        self.check_home(buffer)?;
        // SAFETY: the handle is where it was placed, so its data are within the mapping, as `Nvm::open` has checked.
        Ok(S::MAPPED.then(|| unsafe { self.map().base().byte_add(buffer.at()) }.cast()))
    }
}
