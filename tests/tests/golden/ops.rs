//! One operator at a time, with random shapes and parameters.
//!
//! Each vector is run by row and by element, and its multipliers are computed from its scales as well.

use rekindle::prelude::*;
use rekindle_kernels::{
    self as by_row, Activation, Conv2d, Dense, Depthwise, Multiplier, Pool, Softmax, by_element,
};

use crate::archive::Archive;

/// The vectors of `tools/gen_op_vectors.py`.
pub fn open() -> Archive {
    Archive::open("ops.golden")
}

#[derive(Layout)]
struct Memory<X, Y> {
    x: Buffer<X>,
    y: Buffer<Y>,
}

/// Runs `$task` on the case's input, and compares.
macro_rules! check {
    ($golden:ident, $name:ident, $x:ty => $y:ty, $layer:expr, $($task:path)*) => {$({
        let mut words = vec![0u64; (size_of::<$x>() + size_of::<$y>()) / 8 + 128];
        let mut nvm = Nvm::<Memory<$x, $y>, _>::open(Mapped::from_words(&mut words)).unwrap();
        nvm.write(|m| &mut m.x, &$golden.i8::<$x>(&format!("{}.x", $name))).unwrap();
        nvm.resume_or_start(&mut [], |cx, m| $task(cx, &m.x, $layer, &mut m.y)).unwrap();
        $golden.check(&format!("{}.y", $name), &nvm.read(|m| &m.y).unwrap());
    })*};
}

/// The output multipliers of a case, and that they follow from its scales.
fn scale<const M: usize>(golden: &Archive, name: &str) -> [Multiplier; M] {
    let (q, shift): ([i32; M], [i32; M]) = (
        golden.i32(&format!("{name}.q")),
        golden.i32(&format!("{name}.shift")),
    );
    let scales = golden.f32(&format!("{name}.scales"));
    let (input, output, weight) = (scales[0], scales[1], &scales[2..]);
    // Per-tensor dense layers multiply in single precision first.
    let per_tensor = name.starts_with("dense");
    std::array::from_fn(|m| {
        let product = if per_tensor {
            f64::from(input * weight[m])
        } else {
            f64::from(input) * f64::from(weight[m])
        };
        let given = Multiplier::new(q[m], shift[m]);
        assert_eq!(
            Multiplier::from_real(product / f64::from(output)),
            given,
            "{name}, channel {m}"
        );
        given
    })
}

/// Zero point of the input, and the activation.
fn activation(golden: &Archive, name: &str) -> (i8, Activation) {
    let [input_zero, zero, min, max] = golden.i32(&format!("{name}.zeros")).map(|v| v as i8);
    (input_zero, Activation { zero, min, max })
}

pub fn conv<
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const M: usize,
    const KH: usize,
    const KW: usize,
    const SH: usize,
    const SW: usize,
>(
    golden: &Archive,
    name: &str,
) {
    let (zero, activation) = activation(golden, name);
    let (weight, bias) = (
        golden.i8(&format!("{name}.weight")),
        golden.i32(&format!("{name}.bias")),
    );
    let layer =
        Conv2d::<KH, KW, C, M, SH, SW>::new(weight, bias, scale(golden, name), zero, activation);
    check!(golden, name, [[[i8; C]; W]; H] => [[[i8; M]; OW]; OH], &layer, by_row::conv2d by_element::conv2d);
}

pub fn depthwise<
    const H: usize,
    const W: usize,
    const C: usize,
    const OH: usize,
    const OW: usize,
    const M: usize,
    const KH: usize,
    const KW: usize,
    const SH: usize,
    const SW: usize,
>(
    golden: &Archive,
    name: &str,
) {
    let (zero, activation) = activation(golden, name);
    let (weight, bias) = (
        golden.i8(&format!("{name}.weight")),
        golden.i32(&format!("{name}.bias")),
    );
    let layer =
        Depthwise::<KH, KW, C, M, SH, SW>::new(weight, bias, scale(golden, name), zero, activation);
    check!(golden, name, [[[i8; C]; W]; H] => [[[i8; M]; OW]; OH], &layer, by_row::depthwise by_element::depthwise);
}

pub fn dense<const I: usize, const M: usize>(golden: &Archive, name: &str) {
    let (zero, activation) = activation(golden, name);
    let (weight, bias) = (
        golden.i8(&format!("{name}.weight")),
        golden.i32(&format!("{name}.bias")),
    );
    let layer = Dense::<I, M>::new(weight, bias, scale(golden, name), zero, activation);
    check!(golden, name, [i8; I] => [i8; M], &layer, by_row::dense by_element::dense);
    // Any shape with the same values.
    check!(golden, name, [[i8; 1]; I] => [i8; M], &layer, by_row::dense by_element::dense);
}

macro_rules! pool {
    ($check:ident, $row:path, $element:path) => {
        pub fn $check<
            const H: usize,
            const W: usize,
            const C: usize,
            const OH: usize,
            const OW: usize,
            const KH: usize,
            const KW: usize,
            const SH: usize,
            const SW: usize,
        >(
            golden: &Archive,
            name: &str,
        ) {
            let [min, max] = golden.i32(&format!("{name}.range")).map(|v| v as i8);
            let layer = Pool::<KH, KW, SH, SW>::clamped(min, max);
            check!(golden, name, [[[i8; C]; W]; H] => [[[i8; C]; OW]; OH], &layer, $row $element);
        }
    };
}

pool!(max_pool, by_row::max_pool, by_element::max_pool);
pool!(average_pool, by_row::average_pool, by_element::average_pool);

pub fn softmax<const N: usize>(golden: &Archive, name: &str) {
    let scales = golden.f32(&format!("{name}.scale"));
    let layer = Softmax::new(scales[0], scales[1]);
    check!(golden, name, [i8; N] => [i8; N], &layer, by_row::softmax);
}
