//! The attribute macros of Rekindle; use them through the `rekindle` crate, which re-exports them.
//!
//! The work is done by `rekindle-compiler`; this crate is its entry from the Rust compiler.

use proc_macro::TokenStream;

/// Turns a function into a resumable task.
///
/// The body stays ordinary Rust. Loops, blocks and statements marked `#[commit]`, and calls marked `#[run]`, become
/// resume points; everything that contains none of them reaches the Rust compiler unchanged. The function gets a
/// context as its first parameter, and returns `Result<(), rekindle::Error>`.
///
/// Options: `crate = path` where the runtime is re-exported; `budget = PATH`, a constant `rekindle::budget::Budget`: a
/// region that takes more than a power cycle holds is a compile error.
#[proc_macro_attribute]
pub fn intermittent_task(args: TokenStream, item: TokenStream) -> TokenStream {
    // Not a cargo feature: features are additive, and any crate of a program could switch off everybody's protection.
    let protect = cfg!(not(rekindle_unprotected));
    rekindle_compiler::intermittent_task(args.into(), item.into(), protect).into()
}

/// Marks a loop, block or statement of an intermittent task: what it has written is durable when it is passed.
///
/// `#[commit]` on a loop commits after each iteration, `#[commit(every = N)]` after each N-th.
///
/// `#[commit(paced)]` asks the pacer of the store after each iteration whether a commit is due; `cost = N` is what an
/// iteration is worth to it, in a unit of yours (default 1). With `every = N` a commit is made after N iterations
/// whatever the pacer says, which a `while` or `loop` needs. On a store without a pacer, `paced` alone commits after each
/// iteration, `paced, every = N` after each N-th.
#[proc_macro_attribute]
pub fn commit(_args: TokenStream, item: TokenStream) -> TokenStream {
    outside("commit", item)
}

/// Marks a call of another task inside an intermittent task: a resume point of its own.
#[proc_macro_attribute]
pub fn run(_args: TokenStream, item: TokenStream) -> TokenStream {
    outside("run", item)
}

/// Says what an outage may make of an effect on the world, in an intermittent task.
///
/// `#[effect(at_least_once)]`: it may happen again. `#[effect(at_most_once)]` on a call: the position is committed before
/// it, so that it never happens again; it is left out if the power fails in between.
#[proc_macro_attribute]
pub fn effect(_args: TokenStream, item: TokenStream) -> TokenStream {
    outside("effect", item)
}

/// `#[sense] let value: Type = …;` in an intermittent task: a value from outside, durable before it is used.
#[proc_macro_attribute]
pub fn sense(_args: TokenStream, item: TokenStream) -> TokenStream {
    outside("sense", item)
}

/// `#[assume_idempotent("why")]` on a statement of an intermittent task: its author answers for its repetition.
///
/// Rules RK01, RK06 and RK07 are not checked in it. `cargo xtask audit` lists all of them; the crash checker tests them
/// like everything else.
#[proc_macro_attribute]
pub fn assume_idempotent(_args: TokenStream, item: TokenStream) -> TokenStream {
    outside("assume_idempotent", item)
}

/// `#[cost(N)]` on a statement of an intermittent task with a budget: the most that it takes, in picojoules, where the
/// macro cannot count it itself.
#[proc_macro_attribute]
pub fn cost(_args: TokenStream, item: TokenStream) -> TokenStream {
    outside("cost", item)
}

/// Lays the buffers of a struct out in NVM, in the order of its fields.
///
/// Options: `#[rekindle(crate = path)]` where the runtime is re-exported.
#[proc_macro_derive(Layout, attributes(rekindle))]
pub fn derive_layout(input: TokenStream) -> TokenStream {
    rekindle_compiler::layout::derive_layout(input.into()).into()
}

fn outside(name: &str, item: TokenStream) -> TokenStream {
    rekindle_compiler::outside_task(name, item.into()).into()
}
