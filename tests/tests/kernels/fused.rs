//! Kernels that save a buffer give the bits of those that do not, and survive.

use rekindle::crash::Check;
use rekindle::prelude::*;
use rekindle_kernels::{
    Activation, Between, Conv2d, Depthwise, Multiplier, Pool, Rows, conv2d, conv2d_max_pool,
    depthwise, depthwise_in_place, max_pool, per_tensor,
};

use super::{Fram, Memory, flash, good, noise, output, room};

const ACTIVATION: Activation = Activation {
    zero: -5,
    min: -100,
    max: 90,
};
const SCALE: Multiplier = Multiplier::from_real(0.004);

/// A layer with weights from a seed.
macro_rules! layer {
    ($kind:ident, $seed:expr) => {
        $kind::new(noise($seed), [77; _], per_tensor(SCALE), 4, ACTIVATION)
    };
}

macro_rules! pooled {
    ($($name:ident, $seed:literal: [$h:literal, $w:literal, $c:literal] -> [$ch:literal, $cw:literal, $m:literal] -> [$oh:literal, $ow:literal], $conv:ty, $pool:ty;)*) => {$(
        #[test]
        fn $name() {
            type X = [[[i8; $c]; $w]; $h];
            type Middle = [[[i8; $m]; $cw]; $ch];
            type Y = [[[i8; $m]; $ow]; $oh];
            let conv: $conv = layer!(Conv2d, $seed);
            let pool = <$pool>::clamped(-80, 70);
            for seed in 0..20 {
                let bytes = |room| Bytes::new(Fram(vec![0; room]));
                let middle = output(bytes(room::<X, i8, Middle>()), 8192, seed, |cx, m: &mut Memory<X, i8, Middle>| {
                    conv2d(cx, &m.a, &conv, &mut m.y)
                });
                let mut nvm = Nvm::<Memory<Middle, i8, Y>, _>::open(bytes(room::<Middle, i8, Y>())).unwrap();
                let middle = rekindle::zerocopy::FromBytes::read_from_bytes(&middle).unwrap();
                nvm.write(|m| &mut m.a, &middle).unwrap();
                nvm.resume_or_start(&mut [0; 8192], |cx, m| max_pool(cx, &m.a, &pool, &mut m.y)).unwrap();
                let expected = nvm.read(|m| &m.y).unwrap();
                let found = output(bytes(room::<X, i8, Y>()), 8192, seed, |cx, m: &mut Memory<X, i8, Y>| {
                    conv2d_max_pool(cx, &m.a, &conv, Between::<$ch, $cw>, &pool, &mut m.y)
                });
                assert_eq!(found, rekindle::zerocopy::IntoBytes::as_bytes(&expected), "seed {seed}");
            }
            let check = || Check::<Memory<X, i8, Y>>::new().init(|nvm| nvm.write(|m| &mut m.a, &noise(1))).random(50).seed(1);
            good(&check().run_mapped(|cx, m| conv2d_max_pool(cx, &m.a, &conv, Between::<$ch, $cw>, &pool, &mut m.y)));
            good(&check().run_bytes(|cx, m| conv2d_max_pool(cx, &m.a, &conv, Between::<$ch, $cw>, &pool, &mut m.y)));
            flash::survives(|cx, m: &mut Memory<X, i8, Y>| conv2d_max_pool(cx, &m.a, &conv, Between::<$ch, $cw>, &pool, &mut m.y));
        }
    )*};
}

pooled! {
    pooled_without_padding, 1: [8, 9, 2] -> [6, 7, 3] -> [3, 3], Conv2d<3, 3, 2, 3>, Pool<2, 2>;
    pooled_with_padding, 2: [5, 7, 3] -> [5, 7, 4] -> [3, 4], Conv2d<3, 3, 3, 4>, Pool<2, 2>;
    pooled_overlapping, 3: [6, 6, 1] -> [6, 6, 5] -> [3, 6], Conv2d<2, 3, 1, 5>, Pool<3, 3, 2, 1>;
    pooled_strided, 4: [9, 10, 2] -> [5, 5, 2] -> [2, 2], Conv2d<5, 4, 2, 2, 2, 2>, Pool<2, 3, 2, 2>;
    pooled_dilated, 5: [7, 6, 2] -> [5, 2, 3] -> [2, 1], Conv2d<2, 3, 2, 3, 1, 1, 2, 2>, Pool<2, 2>;
    pooled_globally, 6: [4, 5, 4] -> [4, 5, 2] -> [1, 1], Conv2d<1, 1, 4, 2>, Pool<4, 5>;
}

macro_rules! in_place {
    ($($name:ident, $seed:literal: [$h:literal, $w:literal, $c:literal] in $all:literal rows, $front:literal, $layer:ty;)*) => {$(
        #[test]
        fn $name() {
            type X = [[[i8; $c]; $w]; $h];
            type All = [[[i8; $c]; $w]; $all];
            #[derive(Layout)]
            struct One {
                b: Buffer<All>,
            }
            let layer: $layer = layer!(Depthwise, $seed);
            let start = |seed| {
                let mut all: All = noise(seed + 100);
                all[$all - $h..].copy_from_slice(&noise::<X>(seed));
                all
            };
            for seed in 0..20 {
                let bytes = Bytes::new(Fram(vec![0; room::<X, i8, X>()]));
                let expected = output(bytes, 8192, seed, |cx, m: &mut Memory<X, i8, X>| depthwise(cx, &m.a, &layer, &mut m.y));
                let mut words = [0_u64; 512];
                let mut nvm = Nvm::<One, _>::open(Mapped::from_words(&mut words)).unwrap();
                nvm.write(|m| &mut m.b, &start(seed)).unwrap();
                nvm.resume_or_start(&mut [], |cx, m| depthwise_in_place(cx, Rows::<$h, $front>, &mut m.b, &layer)).unwrap();
                let found = nvm.read(|m| &m.b).unwrap();
                assert_eq!(found[..$h].as_flattened().as_flattened(), expected.iter().map(|b| *b as i8).collect::<Vec<_>>(), "seed {seed}");
            }
            let check = || Check::<One>::new().init(|nvm| nvm.write(|m| &mut m.b, &start(1))).random(50).seed(1).again(false);
            good(&check().run_mapped(|cx, m| depthwise_in_place(cx, Rows::<$h, $front>, &mut m.b, &layer)));
            // On this store a task begins by fetching the whole buffer, which counts as a read of what it writes later.
            let report = check().run_bytes(|cx, m| depthwise_in_place(cx, Rows::<$h, $front>, &mut m.b, &layer));
            assert_eq!(report.unexplored, 0, "{report}");
            flash::survives(|cx, m: &mut Memory<All, i8, i8>| depthwise_in_place(cx, Rows::<$h, $front>, &mut m.a, &layer));
        }
    )*};
}

in_place! {
    three_by_three_in_place, 1: [6, 5, 3] in 8 rows, 1, Depthwise<3, 3, 3, 3>;
    five_by_three_in_place, 2: [7, 4, 2] in 10 rows, 2, Depthwise<5, 3, 2, 2>;
    two_by_two_in_place, 3: [4, 4, 2] in 5 rows, 0, Depthwise<2, 2, 2, 2>;
    dilated_in_place, 4: [6, 5, 1] in 9 rows, 2, Depthwise<3, 3, 1, 1, 1, 1, 2, 1>;
}
