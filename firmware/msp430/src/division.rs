//! Division by shifting and subtracting: neither the CPU nor its multiplier divides.

/// Quotient and remainder; all ones and `a` for `b` 0.
pub const fn divide(a: u16, b: u16) -> (u16, u16) {
    let (mut quotient, mut rest, mut bit) = (0_u16, 0_u16, 16);
    while bit > 0 {
        bit -= 1;
        let carry = rest >> 15 != 0;
        rest = rest << 1 | a >> bit & 1;
        quotient <<= 1;
        if carry || rest >= b {
            rest = rest.wrapping_sub(b);
            quotient |= 1;
        }
    }
    (quotient, rest)
}

/// Quotient and remainder; all ones and `a` for `b` 0.
pub const fn divide_long(mut a: u32, b: u32) -> (u32, u32) {
    let (mut rest, mut bit) = (0_u32, 0);
    while bit < 32 {
        let carry = rest >> 31 != 0;
        rest = rest << 1 | a >> 31;
        // The quotient comes in where the dividend goes out.
        a <<= 1;
        if carry || rest >= b {
            rest = rest.wrapping_sub(b);
            a |= 1;
        }
        bit += 1;
    }
    (a, rest)
}

#[cfg(test)]
mod tests {
    use super::{divide, divide_long};

    #[test]
    fn all_divisors_of_interest() {
        let edges = [
            1, 2, 3, 5, 7, 10, 255, 256, 1000, 0x7fff, 0x8000, 0x8001, 0xfffe, 0xffff,
        ];
        for a in 0..=u16::MAX {
            for b in edges {
                assert_eq!(divide(a, b), (a / b, a % b), "{a} / {b}");
            }
        }
    }

    #[test]
    fn long_ones() {
        let mut state = 1_u32;
        for i in 0..200_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (a, b) = (state.rotate_left(i), (state >> (i % 32)).max(1));
            assert_eq!(divide_long(a, b), (a / b, a % b), "{a} / {b}");
        }
    }
}
