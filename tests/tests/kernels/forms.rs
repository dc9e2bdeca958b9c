//! What is tested of a kernel that has a form for little SRAM.

/// Inputs that the results are compared for.
pub const SEEDS: u32 = 20;

/// Tests of tasks that have a form on whole buffers and one that needs so many bytes of arena, and no more.
macro_rules! forms {
    ($($name:ident($a:ty, $b:ty) -> $y:ty, $arena:expr; |$cx:ident, $m:ident| $whole:expr, $small:expr;)*) => {$(
        mod $name {
            #[allow(clippy::wildcard_imports)]
            use super::*;
            use rekindle::crash::Check;
            use $crate::forms::SEEDS;
            use $crate::{Fram, flash, good, noise, output, room};

            #[test]
            fn it_gives_the_bits_of_whole_buffers() {
                for seed in 0..SEEDS {
                    let bytes = || Bytes::new(Fram(vec![0; room::<$a, $b, $y>()]));
                    let mut words = vec![0; room::<$a, $b, $y>() / 8 + 1];
                    let expected = output(bytes(), 4096, seed, |$cx, $m: &mut Memory<$a, $b, $y>| $whole);
                    let found = output(bytes(), $arena, seed, |$cx, $m: &mut Memory<$a, $b, $y>| $small);
                    assert_eq!(found, expected, "seed {seed}");
                    let mapped = Mapped::from_words(&mut words);
                    let found = output(mapped, 0, seed, |$cx, $m: &mut Memory<$a, $b, $y>| $small);
                    assert_eq!(found, expected, "mapped, seed {seed}");
                }
            }

            #[test]
            fn it_survives() {
                let check = || {
                    Check::<Memory<$a, $b, $y>>::new()
                        .init(|nvm| {
                            nvm.write(|m: &mut Memory<$a, $b, $y>| &mut m.a, &noise(1))?;
                            nvm.write(|m| &mut m.b, &noise(2))
                        })
                        .arena($arena)
                        .random(50)
                        .seed(1)
                };
                good(&check().run_mapped(|$cx, $m| $small));
                good(&check().run_bytes(|$cx, $m| $small));
            }

            #[test]
            fn both_forms_survive_on_nor_flash() {
                let whole = flash::survives(|$cx, $m: &mut Memory<$a, $b, $y>| $whole);
                let small = flash::survives(|$cx, $m: &mut Memory<$a, $b, $y>| $small);
                assert!(whole >= 20 && small >= 20, "{whole} and {small} failures");
            }
        }
    )*};
}

pub(crate) use forms;
