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

/// `acc` plus the products of values and weights, of which there are as many.
#[inline(always)]
pub(crate) fn dot(values: &[i8], weights: &[i8], acc: i32) -> i32 {
    #[cfg(target_feature = "sse2")]
    let (values, weights, acc) = {
        let ((xs, x), (ws, w)) = (values.as_chunks(), weights.as_chunks());
        (x, w, acc.wrapping_add(crate::sse2::dot(xs, ws)))
    };
    one_by_one(values, weights, acc)
}

#[inline(always)]
fn one_by_one(values: &[i8], weights: &[i8], mut acc: i32) -> i32 {
    for (value, weight) in values.iter().zip(weights) {
        acc = acc.wrapping_add(product(*value, *weight));
    }
    acc
}

/// The product of two int8 values is in 16 bits: it is at most 2¹⁴, for twice −128.
#[inline(always)]
const fn short(value: i16, weight: i8) -> i32 {
    value.wrapping_mul(weight as i16) as i32
}

#[cfg(test)]
mod tests {
    use super::{dot, product, short};

    #[test]
    fn rows_of_any_length_give_the_sum_of_their_products() {
        let row =
            |step: i32| -> [i8; 67] { core::array::from_fn(|i| (i as i32 * step - 128) as i8) };
        let (x, w) = (row(37), row(91));
        for len in 0..=x.len() {
            let all = x[..len].iter().zip(&w[..len]);
            let sum: i32 = all.map(|(x, w)| i32::from(*x) * i32::from(*w)).sum();
            assert_eq!(
                dot(&x[..len], &w[..len], i32::MAX),
                i32::MAX.wrapping_add(sum)
            );
        }
    }

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
