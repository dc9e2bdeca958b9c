//! Locals that a record can hold.

use zerocopy::{Immutable, IntoBytes, TryFromBytes};

/// A local that can be saved at a commit and restored after an outage.
///
/// All [plain data](crate::Plain) can, and also `bool`, `char` and other types whose invalid bit patterns are
/// recognised: a record that holds one is not this program's and is not resumed. References cannot, because what they
/// point to is gone after an outage.
///
/// ```
/// use rekindle::Saved;
///
/// fn bytes<T: Saved>(_: &T) -> usize { size_of::<T>() }
/// assert_eq!(bytes(&[0u32; 3]), 12);
/// assert_eq!(bytes(&true), 1);
/// ```
#[diagnostic::on_unimplemented(
    message = "a local of type `{Self}` is needed after a commit, but cannot be saved in non-volatile memory",
    label = "cannot be saved",
    note = "save plain data: integers, floats, `bool`, `char` and arrays of them; a struct derives `FromBytes`, `IntoBytes` and `Immutable` of `rekindle::zerocopy`"
)]
pub trait Saved: TryFromBytes + IntoBytes + Immutable {}

#[diagnostic::do_not_recommend]
impl<T: TryFromBytes + IntoBytes + Immutable> Saved for T {}
