//! Two tasks that call each other (RK10 sees one that calls itself): the record has room for so many frames, and then
//! there is a typed error; what was committed stays.

use rekindle::prelude::*;

#[derive(Layout)]
struct Memory {
    y: Buffer<[u8; 64]>,
}

#[intermittent_task]
fn ping(y: Output<[u8; 64]>, depth: u8) {
    if depth < 200 {
        #[run]
        pong(y, depth + 1);
    }
}

#[intermittent_task]
fn pong(y: Output<[u8; 64]>, depth: u8) {
    #[run]
    ping(y, depth + 1);
}

#[test]
fn mutual_recursion_ends_in_a_typed_error() {
    let mut words = [0_u64; 256];
    let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words)).unwrap();
    let error = nvm
        .resume_or_start(&mut [], |cx, m| ping(cx, &mut m.y, 0))
        .expect_err("no record holds 200 frames");
    assert!(matches!(error, Error::FrameTooLarge { .. }), "{error}");
}
