//! Loop nests as one linear position: what generated code computes at their entry.

use crate::Error;

/// The iterator of a resumed loop: `done` of its items are skipped.
///
/// # Errors
///
/// [`Error::Foreign`] when it has fewer.
#[doc(hidden)]
#[inline(always)]
pub fn resume_iter<I: IntoIterator>(iter: I, done: u32) -> Result<I::IntoIter, Error> {
    let mut iter = iter.into_iter();
    if done > 0 {
        // No loop has more items than a `usize` can say, which is 16 bits on some devices.
        let last = usize::try_from(done - 1).map_err(|_| Error::Foreign)?;
        // Constant time for ranges and what the standard library makes of them.
        iter.nth(last).ok_or(Error::Foreign)?;
    }
    Ok(iter)
}

/// How many items are left.
///
/// # Errors
///
/// [`Error::NestTooLong`] when that is not known, or too large for a position.
#[doc(hidden)]
#[inline]
pub fn len_of(iter: &impl Iterator) -> Result<u32, Error> {
    match iter.size_hint() {
        (low, Some(high)) if low == high => u32::try_from(low).map_err(|_| Error::NestTooLong),
        _ => Err(Error::NestTooLong),
    }
}

/// How far apart the positions of two iterations are that contain a loop of `len` iterations, `stride` apart.
///
/// # Errors
///
/// [`Error::NestTooLong`] when a position cannot be that large.
#[doc(hidden)]
#[inline]
pub fn stride(stride: u32, len: u32) -> Result<u32, Error> {
    len.checked_add(1)
        .and_then(|len| stride.checked_mul(len))
        .ok_or(Error::NestTooLong)
}

/// The position of iteration `index`.
///
/// # Errors
///
/// [`Error::NestTooLong`] when a position cannot be that large.
#[doc(hidden)]
#[inline]
pub fn base(from: u32, index: u32, stride: u32) -> Result<u32, Error> {
    index
        .checked_mul(stride)
        .and_then(|offset| from.checked_add(offset))
        .ok_or(Error::NestTooLong)
}
