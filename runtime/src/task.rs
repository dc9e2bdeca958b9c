//! What the macros tell the runtime about a task, and the frame of a running one.

/// Facts about a task that the macros know.
#[doc(hidden)]
#[derive(Debug)]
pub struct TaskInfo {
    /// The function's name.
    pub name: &'static str,
    /// Hash of its source; a frame with another one is not this task's.
    pub hash: u16,
    /// The site that the record of its entry names: 0 is the start of the body; another one says that nothing before
    /// that site needs to be repeated, and saves the record that would otherwise be written there.
    pub first: u8,
    /// It does nothing before it runs another task, first of all. A run that begins with such a task has no need of
    /// records until a task that does something commits.
    pub leads: bool,
    /// Source file, for the crash checker.
    pub file: &'static str,
    /// Source line by site; entry 0 is the function itself.
    pub lines: &'static [u32],
    /// Line and reason of each `#[assume_idempotent("why")]`, for the crash checker.
    pub assumed: &'static [(u32, &'static str)],
}

/// A task that is under way: its place in the stack of frames.
#[doc(hidden)]
#[derive(Debug)]
pub struct Frame {
    pub(crate) info: &'static TaskInfo,
    pub(crate) caller: Option<&'static TaskInfo>,
    /// Where its frame begins in the stack.
    pub(crate) start: usize,
    /// While resuming: first byte not yet restored.
    pub(crate) next: usize,
    pub(crate) site: u8,
}

impl Frame {
    /// The site to go on from; 0 is the start of the body.
    #[inline(always)]
    pub const fn site(&self) -> u8 {
        self.site
    }
}
