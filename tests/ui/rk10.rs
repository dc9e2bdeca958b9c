use rekindle::prelude::*;

struct Net;

#[intermittent_task]
fn by_name(m: &mut Memory, n: usize) {
    if n > 0 {
        #[run]
        by_name(m, n - 1);
    }
}

impl Net {
    #[intermittent_task]
    fn by_method(&self, m: &mut Memory, n: usize) {
        if n > 0 {
            #[run]
            self.by_method(m, n - 1);
        }
    }

    #[intermittent_task]
    fn by_path(m: &mut Memory, n: usize) {
        if n > 0 {
            #[run]
            Self::by_path(m, n - 1);
        }
    }
}

#[intermittent_task]
fn twice(m: &mut Memory, n: usize) {
    for k in 0..n {
        #[run]
        twice(m, k);
        #[run]
        twice(m, k + 1);
    }
}

#[derive(Layout)]
struct Memory {
    y: Buffer<[i32; 4]>,
}

fn main() {}
