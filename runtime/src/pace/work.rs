//! Pacing by work.

use super::Pacer;

/// A commit after so many units of work.
///
/// An iteration costs one subtraction and one compare. Commits that nobody asked this pacer for start its count anew, so
/// loops with a commit of their own are not committed twice.
///
/// ```
/// use rekindle::pace::{ByWork, Pacer};
///
/// let mut pacer = ByWork::new(100);
/// assert!(!pacer.due(99));
/// assert!(pacer.due(1));
/// pacer.committed();
/// assert!(!pacer.due(99));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ByWork {
    budget: u32,
    left: u32,
}

impl ByWork {
    /// `units` is the work that an outage may cost; 0 is a commit after each iteration.
    pub const fn new(units: u32) -> Self {
        Self {
            budget: units,
            left: units,
        }
    }
}

impl Pacer for ByWork {
    #[inline(always)]
    fn due(&mut self, work: u32) -> bool {
        self.left = self.left.saturating_sub(work);
        self.left == 0
    }
    #[inline(always)]
    fn committed(&mut self) {
        self.left = self.budget;
    }
}
