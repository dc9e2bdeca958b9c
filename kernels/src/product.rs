//! What accumulators sum up: products of an int8 activation and an int8 weight.

/// `value · weight` for a `value` in the range of int8, whatever its type.
#[inline(always)]
pub(crate) fn product(value: impl Into<i16>, weight: i8) -> i32 {
    let value = value.into();
    if cfg!(target_pointer_width = "16") {
        // On a 16-bit CPU a 32-bit product is a call with three multiplications in it.
        short(value, weight)
    } else {
        i32::from(value) * i32::from(weight)
    }
}

/// The product of two int8 values is in 16 bits: it is at most 2¹⁴, for twice −128.
#[inline(always)]
const fn short(value: i16, weight: i8) -> i32 {
    value.wrapping_mul(weight as i16) as i32
}

#[cfg(test)]
mod tests {
    use super::{product, short};

    #[test]
    fn all_products_of_int8_fit_16_bits() {
        for value in i8::MIN..=i8::MAX {
            for weight in i8::MIN..=i8::MAX {
                let expected = i32::from(value) * i32::from(weight);
                assert_eq!(short(i16::from(value), weight), expected);
                assert_eq!(product(value, weight), expected);
            }
        }
    }
}
