//! Dot products on x86, where every processor of 64 bits has SSE2: tests and simulations run there.
//!
//! LLVM finds these instructions for long rows only. A short one it unrolls, and then it finds none.

#![allow(unsafe_code)] // The intrinsics are safe in functions with a `target_feature` only, which are not inlined always.

#[cfg(target_arch = "x86")]
use core::arch::x86 as arch;
#[cfg(target_arch = "x86_64")]
use core::arch::x86_64 as arch;

use arch::{
    __m128i, _mm_add_epi32, _mm_cvtsi128_si32, _mm_madd_epi16, _mm_set_epi32, _mm_setzero_si128,
    _mm_shuffle_epi32, _mm_srai_epi16, _mm_unpacklo_epi8,
};

/// Eight int8, sign-extended to 16 bits.
#[inline(always)]
fn widened(eight: [i8; 8]) -> __m128i {
    let [a, b, c, d, e, f, g, h] = eight.map(i8::cast_unsigned);
    let (low, high) = (
        i32::from_le_bytes([a, b, c, d]),
        i32::from_le_bytes([e, f, g, h]),
    );
    // SAFETY: this module is there only where all code may use SSE2.
    unsafe {
        let bytes = _mm_set_epi32(0, 0, high, low);
        _mm_srai_epi16::<8>(_mm_unpacklo_epi8(bytes, bytes))
    }
}

/// The sum of all products.
#[inline(always)]
pub(crate) fn dot(values: &[[i8; 8]], weights: &[[i8; 8]]) -> i32 {
    // SAFETY: this module is there only where all code may use SSE2.
    unsafe {
        let mut sums = _mm_setzero_si128();
        for (x, w) in values.iter().zip(weights) {
            sums = _mm_add_epi32(sums, _mm_madd_epi16(widened(*x), widened(*w)));
        }
        let sums = _mm_add_epi32(sums, _mm_shuffle_epi32::<0b1110>(sums));
        _mm_cvtsi128_si32(_mm_add_epi32(sums, _mm_shuffle_epi32::<0b01>(sums)))
    }
}
