//! A handle is valid only where it was placed.

use core::mem::swap;
use rekindle::prelude::*;

use super::memory::Memory;

#[derive(Layout)]
struct Data {
    a: Buffer<[u32; 4]>,
    b: Buffer<[u32; 4]>,
    rows: [Buffer<[u32; 4]>; 2],
}

#[intermittent_task]
fn copy(x: Input<[u32; 4]>, y: Output<[u32; 4]>) {
    #[commit]
    for i in 0..4 {
        y.set(i, x[i]);
    }
}

fn device<const R: usize>() -> Nvm<Data, Memory<false>, R> {
    Nvm::open(Memory::new(512)).unwrap()
}

#[test]
fn swapped_handles_are_refused_because_an_outage_would_swap_them_back() {
    let mut nvm = device::<96>();
    let error = nvm
        .resume_or_start(&mut [0; 64], |cx, m| {
            swap(&mut m.a, &mut m.b);
            copy(cx, &m.a, &mut m.b)
        })
        .unwrap_err();
    assert_eq!(error, Error::WrongStore);
    let mut nvm = device::<96>();
    let error = nvm
        .resume_or_start(&mut [0; 64], |cx, m| {
            m.rows.swap(0, 1);
            copy(cx, &m.a, &mut m.rows[0])
        })
        .unwrap_err();
    assert_eq!(error, Error::WrongStore);
}

#[test]
fn handles_of_another_nvm_are_refused() {
    let (mut one, mut two) = (device::<96>(), device::<96>());
    let error = one
        .resume_or_start(&mut [0; 64], |cx, m| {
            two.resume_or_start(&mut [0; 64], |_, other| copy(cx, &other.a, &mut m.b))
                .map(|_| ())
        })
        .unwrap_err();
    assert_eq!(error, Error::WrongStore);
}

#[test]
fn handles_of_an_nvm_with_other_addresses_are_refused_even_at_the_right_place() {
    let (mut one, mut two) = (device::<96>(), device::<64>());
    let error = one
        .resume_or_start(&mut [0; 64], |cx, m| {
            two.resume_or_start(&mut [0; 64], |_, other| {
                swap(m, other);
                copy(cx, &m.a, &mut m.b)
            })
            .map(|_| ())
        })
        .unwrap_err();
    assert_eq!(error, Error::WrongStore);
}

#[test]
fn an_nvm_may_be_moved_between_runs() {
    let mut nvm = device::<96>();
    nvm.write(|m| &mut m.a, &[1, 2, 3, 4]).unwrap();
    let mut boxed = std::boxed::Box::new(nvm);
    boxed
        .resume_or_start(&mut [0; 64], |cx, m| copy(cx, &m.a, &mut m.rows[1]))
        .unwrap();
    let mut many = [*boxed];
    assert_eq!(many[0].read(|m| &m.rows[1]).unwrap(), [1, 2, 3, 4]);
}
