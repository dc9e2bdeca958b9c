use rekindle::prelude::*;

fn plain(y: &mut [i32]) {
    #[rekindle::commit]
    for i in 0..y.len() {
        y[i] = 0;
    }
}

#[rekindle::run]
fn also_plain() {}

fn main() {}
