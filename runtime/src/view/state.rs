//! State: a copy in SRAM.

use core::ops::{Deref, DerefMut};

/// What a task's body sees of a [`State`](crate::State): a copy in SRAM, which every commit saves and the end of the
/// task writes back.
///
/// It dereferences to the value; `get` and `set` spare the asterisk for small ones.
///
/// ```
/// use rekindle::StateView;
///
/// let mut state = StateView::new([1u32, 2]); // the task's macro does this
/// state[1] += 5;
/// assert_eq!(state.get(), [1, 7]);
/// state.set([0; 2]);
/// assert_eq!(*state, [0, 0]);
/// ```
#[derive(Debug)]
pub struct StateView<T>(T);

impl<T> StateView<T> {
    /// Wraps the copy.
    #[inline(always)]
    pub const fn new(copy: T) -> Self {
        Self(copy)
    }

    /// The value.
    #[inline(always)]
    pub fn get(&self) -> T
    where
        T: Copy,
    {
        self.0
    }

    /// Replaces the value.
    #[inline(always)]
    pub fn set(&mut self, value: T) {
        self.0 = value;
    }
}

impl<T> Deref for StateView<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for StateView<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}
