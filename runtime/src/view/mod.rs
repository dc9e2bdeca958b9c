//! What a task sees of its buffers.

mod at;
mod dirty;
mod input;
mod output;
mod state;

pub use at::At;
pub use output::OutputView;
pub use state::StateView;
