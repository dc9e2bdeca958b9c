//! An image as a moment of the golden run and the few writes that lead away from it.
//!
//! There can be hundreds of thousands of images to recover, and each is a small step away from another one: writes form a
//! list that grows at its head and shares its tail, so that remembering one more image takes constant space.

use std::boxed::Box;
use std::rc::Rc;
use std::vec::Vec;

use super::image::Image;

/// Writes, last first.
#[derive(Clone, Default)]
pub(crate) struct Patch(Option<Rc<Node>>);

struct Node {
    at: u32,
    bytes: Box<[u8]>,
    before: Patch,
}

impl Patch {
    /// These writes and one more.
    pub(crate) fn with(&self, at: usize, bytes: &[u8]) -> Self {
        Self(Some(Rc::new(Node {
            at: at as u32,
            bytes: bytes.into(),
            before: self.clone(),
        })))
    }

    /// Carries out the writes, first to last.
    pub(crate) fn apply(&self, image: &mut Image) {
        let mut writes = Vec::new();
        let mut next = &self.0;
        while let Some(node) = next {
            writes.push(node);
            next = &node.before.0;
        }
        for node in writes.into_iter().rev() {
            image.put(node.at as usize, &node.bytes);
        }
    }
}

impl Drop for Patch {
    // The derived one recurses as deep as the list is long.
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(mut node) = next.and_then(Rc::into_inner) {
            next = node.before.0.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    #[test]
    fn writes_apply_in_order_and_long_lists_drop() {
        let mut patch = Patch::default();
        // Miri is slow, and as strict about a shorter list.
        let count: usize = if cfg!(miri) { 2_000 } else { 200_000 };
        for i in 0..count {
            patch = patch.with(i % 4, &[i as u8, (i >> 8) as u8]);
        }
        let shorter = patch.clone();
        patch = patch.with(0, &[1]);
        let mut image = Image::new(vec![0; 5], 0);
        shorter.apply(&mut image);
        let last = count - 1;
        assert_eq!(image.bytes()[3..], [last as u8, (last >> 8) as u8]);
        patch.apply(&mut image);
        assert_eq!(image.bytes()[0], 1);
    }
}
