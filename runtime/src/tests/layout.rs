//! `#[derive(Layout)]`: addresses follow from types.

use core::marker::PhantomData;
use rekindle::prelude::*;
use std::vec;
use std::vec::Vec;

use super::memory::Memory;

#[derive(Layout)]
struct Inner {
    a: Buffer<u8>,
    b: Buffer<u64>,
}

#[derive(Layout)]
struct Outer<const N: usize, T>
where
    T: Copy,
{
    first: Buffer<[u8; 3]>,
    pair: [Inner; 2],
    tail: Tail,
    sized: Buffer<[u16; N]>,
    marker: PhantomData<T>,
}

#[derive(Layout)]
struct Tail(Buffer<u8>, Buffer<u32>);

#[derive(Layout)]
struct Empty;

type Outer2 = Outer<2, f32>;

#[test]
fn sizes_are_those_of_a_c_struct() {
    assert_eq!((Inner::SIZE, Inner::ALIGN), (16, 8));
    assert_eq!((Tail::SIZE, Tail::ALIGN), (8, 4));
    assert_eq!((Outer2::SIZE, Outer2::ALIGN), (56, 8));
    assert_eq!((Empty::SIZE, Empty::ALIGN), (0, 1));
}

fn zeroed<T: rekindle::Plain>(_: &T) -> T {
    zerocopy::FromZeros::new_zeroed()
}

#[test]
fn no_two_buffers_overlap_and_all_are_aligned() {
    /// Writes one buffer, and says which bytes of NVM that was.
    macro_rules! at {
        ($($path:tt)+) => {{
            let memory = Memory::<false>::new(Nvm::<Outer2, Memory<false>>::NEEDED);
            let mut nvm = Nvm::<Outer2, _>::open(memory.clone()).unwrap();
            nvm.restart().unwrap();
            memory.log();
            let value = zeroed(&nvm.read(|m| &m.$($path)+).unwrap());
            nvm.write(|m| &mut m.$($path)+, &value).unwrap();
            let log = memory.log();
            (log[0].0 - Nvm::<Outer2, Memory<false>>::DATA_AT, log[0].1)
        }};
    }
    let places: Vec<(usize, usize)> = vec![
        at!(first),
        at!(pair[0].a),
        at!(pair[0].b),
        at!(pair[1].a),
        at!(pair[1].b),
        at!(tail.0),
        at!(tail.1),
        at!(sized),
    ];
    assert_eq!(
        places,
        [
            (0, 3),
            (8, 1),
            (16, 8),
            (24, 1),
            (32, 8),
            (40, 1),
            (44, 4),
            (48, 4)
        ]
    );
}

#[test]
fn another_name_type_or_order_is_another_fingerprint() {
    mod variants {
        use rekindle::prelude::*;
        macro_rules! variant {
            ($name:ident { $($field:ident: $ty:ty),* }) => {
                pub mod $name {
                    use super::*;
                    #[derive(Layout)]
                    pub struct M { $($field: Buffer<$ty>),* }
                }
            };
        }
        variant!(base { a: u32, b: u32 });
        variant!(renamed { a: u32, c: u32 });
        variant!(retyped { a: u32, b: i32 });
        variant!(resized {
            a: u32,
            b: [u32; 2]
        });
        variant!(reordered { b: u32, a: u32 });
    }
    let prints = [
        variants::base::M::FINGERPRINT,
        variants::renamed::M::FINGERPRINT,
        variants::retyped::M::FINGERPRINT,
        variants::resized::M::FINGERPRINT,
        variants::reordered::M::FINGERPRINT,
    ];
    for (i, a) in prints.iter().enumerate() {
        assert!(prints[..i].iter().all(|b| a != b));
    }
    assert_ne!(Outer::<2, u8>::FINGERPRINT, Outer::<3, u8>::FINGERPRINT);
}

#[test]
fn an_overlay_is_one_place_for_all_types() {
    #[derive(Layout)]
    struct Shared {
        odd: Buffer<[u8; 3]>,
        place: Overlay<10>,
        after: Buffer<u8>,
    }
    const BYTES: As<[u8; 10]> = As::new();
    const WORDS: As<[u32; 2]> = As::new();
    assert_eq!((Shared::SIZE, Shared::ALIGN), (20, 4));
    let mut words = [0u64; 32];
    let mut nvm = Nvm::<Shared, _>::open(Mapped::from_words(&mut words)).unwrap();
    nvm.write(|m| &mut m.place[BYTES], &[1; 10]).unwrap();
    nvm.write(|m| &mut m.place[WORDS], &[2, 3]).unwrap();
    nvm.write(|m| &mut m.after, &9).unwrap();
    assert_eq!(
        nvm.read(|m| &m.place[BYTES]).unwrap(),
        [2, 0, 0, 0, 3, 0, 0, 0, 1, 1]
    );
    assert_eq!(nvm.read(|m| &m.after).unwrap(), 9);
}
