//! Views of buffers, where NVM is mapped and where it is not.

use proptest::prelude::*;
use rekindle::At;
use rekindle::prelude::*;
use std::string::String;
use std::vec;
use std::vec::Vec;

use super::memory::Memory;

#[derive(Layout)]
struct Data {
    byte: Buffer<u8>,
    wide: Buffer<[[[u32; 2]; 3]; 4]>,
    flat: Buffer<[u16; 40]>,
}

type Device = Nvm<Data, Memory<false>>;

fn offset<T: At<I>, I>(index: I) -> usize {
    T::offset(index)
}

#[test]
fn indices_are_those_of_nested_arrays() {
    type Cube = [[[u32; 2]; 3]; 4];
    let cube: Cube = [[[0; 2]; 3]; 4];
    let base = (&raw const cube).addr();
    for a in 0..4 {
        assert_eq!(offset::<Cube, _>(a), (&raw const cube[a]).addr() - base);
        for b in 0..3 {
            assert_eq!(
                offset::<Cube, _>([a, b]),
                (&raw const cube[a][b]).addr() - base
            );
            for c in 0..2 {
                assert_eq!(
                    offset::<Cube, _>([a, b, c]),
                    (&raw const cube[a][b][c]).addr() - base
                );
            }
        }
    }
    assert_eq!(
        offset::<[Cube; 2], _>([1, 3, 2, 1]),
        size_of::<Cube>() + offset::<Cube, _>([3, 2, 1])
    );
    assert_eq!(offset::<Cube, _>(()), 0);
}

#[test]
fn an_index_out_of_range_panics_as_an_array_does() {
    fn message(work: impl FnOnce() + std::panic::UnwindSafe) -> String {
        *std::panic::catch_unwind(work)
            .unwrap_err()
            .downcast::<String>()
            .unwrap()
    }
    let array = message(|| {
        let i = std::hint::black_box(5);
        std::hint::black_box([0_u8; 5][i]);
    });
    let view = message(|| {
        offset::<[u8; 5], _>(5);
    });
    assert_eq!(view, array);
    assert!(
        message(|| _ = offset::<[[u8; 5]; 3], _>([3, 0]))
            .contains("the len is 3 but the index is 3")
    );
    assert!(
        message(|| _ = offset::<[[u8; 5]; 3], _>([0, 5]))
            .contains("the len is 5 but the index is 5")
    );
}

/// Sets the same items on a store, and reads all back.
fn set_on<S: Store>(store: S, items: &[(usize, u16)]) -> ([u16; 40], [[[u32; 2]; 3]; 4]) {
    let mut nvm = Nvm::<Data, _>::open(store).unwrap();
    nvm.write(|m| &mut m.flat, &[7; 40]).unwrap();
    nvm.resume_or_start(&mut [0; 512], |cx, m| {
        let (core, arena) = cx.parts();
        let (mut flat, arena) = core.output(&mut m.flat, arena)?;
        let (mut wide, _) = core.output(&mut m.wide, arena)?;
        for &(i, value) in items {
            flat.set(i, value);
            wide.set([i % 4, 1, i % 2], u32::from(value));
            wide.set([i % 4, 2], [u32::from(value), 3]);
            flat.flush(core)?;
            wide.flush(core)?;
        }
        Ok(())
    })
    .unwrap();
    (
        nvm.read(|m| &m.flat).unwrap(),
        nvm.read(|m| &m.wide).unwrap(),
    )
}

#[test]
fn mapped_and_staged_outputs_give_the_same() {
    let items = [(3, 1), (4, 2), (39, 3), (0, 4), (4, 5)];
    let mut words = vec![0_u64; 64];
    let mapped = set_on(Mapped::from_words(&mut words), &items);
    assert_eq!(mapped, set_on(Memory::<false>::new(512), &items));
    assert_eq!(mapped.0[..6], [4, 7, 7, 1, 5, 7]);
}

#[test]
fn inputs_are_aligned_copies_where_nvm_is_not_mapped() {
    let mut nvm = Device::open(Memory::new(512)).unwrap();
    nvm.write(|m| &mut m.wide, &[[[5; 2]; 3]; 4]).unwrap();
    nvm.write(|m| &mut m.byte, &9).unwrap();
    let mut arena = [0xaa; 512];
    for skip in 0..5 {
        nvm.restart().unwrap();
        nvm.resume_or_start(&mut arena[skip..], |cx, m| {
            let (core, arena) = cx.parts();
            let (byte, arena) = core.input(&m.byte, arena)?;
            let (wide, arena) = core.input(&m.wide, arena)?;
            assert_eq!((*byte, *wide), (9, [[[5; 2]; 3]; 4]));
            assert!(arena.len() >= 512 - skip - 1 - 3 - 96);
            Ok(())
        })
        .unwrap();
    }
}

/// The writes of a flush after these sets.
fn flushed(sets: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let memory = Memory::<false>::new(512);
    let mut nvm = Device::open(memory.clone()).unwrap();
    let data = Device::DATA_AT + 4 + 96;
    let mut log = Vec::new();
    nvm.resume_or_start(&mut [0; 256], |cx, m| {
        let (core, arena) = cx.parts();
        let (mut flat, _) = core.output(&mut m.flat, arena)?;
        for &(from, len) in sets {
            for i in from..from + len {
                flat.set(i, i as u16);
            }
        }
        memory.log();
        flat.flush(core)?;
        log = memory.log();
        flat.flush(core)?;
        assert!(memory.log().is_empty());
        Ok(())
    })
    .unwrap();
    log.into_iter()
        .map(|(at, len)| ((at - data) / 2, len / 2))
        .collect()
}

#[test]
fn neighbouring_elements_are_written_in_one_piece() {
    assert_eq!(flushed(&[(3, 7)]), [(3, 7)]);
    assert_eq!(flushed(&[(3, 2), (20, 4), (5, 1)]), [(3, 3), (20, 4)]);
    assert_eq!(flushed(&[]), []);
}

proptest! {
    #![proptest_config(super::cases(500))]

    #[test]
    fn exactly_the_bytes_that_were_set_are_written(sets in prop::collection::vec((0usize..40, 0usize..6), 0..10)) {
        let sets: Vec<_> = sets.into_iter().map(|(from, len)| (from, len.min(40 - from))).collect();
        let mut want = [false; 40];
        for &(from, len) in &sets {
            want[from..from + len].fill(true);
        }
        let mut found = [false; 40];
        for (from, len) in flushed(&sets) {
            for place in &mut found[from..from + len] {
                prop_assert!(!*place, "written twice");
                *place = true;
            }
        }
        prop_assert_eq!(found, want);
    }
}
