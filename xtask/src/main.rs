//! Developer commands of Rekindle.
fn main() {}
