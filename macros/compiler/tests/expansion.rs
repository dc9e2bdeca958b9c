//! What the macro makes of typical tasks, to the letter: a change of the expansion is a change that a person reads.

use quote::ToTokens;

fn expand(source: &str) -> String {
    let item: syn::ItemFn = syn::parse_str(source).expect("the test's own source is Rust");
    let out =
        rekindle_compiler::intermittent_task(Default::default(), item.into_token_stream(), true);
    prettyplease::unparse(&syn::parse2(out).expect("the expansion is Rust"))
}

macro_rules! snapshot {
    ($name:ident, $source:expr) => {
        #[test]
        fn $name() {
            insta::assert_snapshot!(expand($source));
        }
    };
}

snapshot!(
    a_counted_loop,
    "fn task(x: Input<[i8; 4]>, y: Output<[i8; 4]>) { #[commit(every = 2)] for i in 0..4 { y.set(i, x[i]); } }"
);

snapshot!(
    a_nest,
    "fn task(y: Output<[[i8; 4]; 4]>) { for r in 0..4 { y.set([r, 0], 1); #[commit] for c in 1..4 { y.set([r, c], 2); } } }"
);

snapshot!(
    a_paced_nest,
    "fn task(y: Output<[[i8; 4]; 4]>) { for r in 0..4 { #[commit(paced, cost = 9)] for c in 1..4 { y.set([r, c], 2); } } }"
);

snapshot!(
    a_paced_loop_with_a_bound,
    "fn task(y: Output<[i32; 4]>) { let mut sum: i32 = 0; #[commit(paced, every = 3)] for i in 0..4 { sum += 1; y.set(i, sum); } }"
);

snapshot!(
    a_counted_loop_around_a_commit,
    "fn task(b: InPlace<[i32; 4]>) { let mut k: usize = 0; #[commit(every = 3)] while k < 4 { #[commit] let v: i32 = b.get(k); b.set(k, v + 1); k += 1; } }"
);

snapshot!(
    saved_locals,
    "fn task(x: Input<[i8; 4]>, y: Output<[i32; 4]>) { let mut sum: i32 = 0; let top = x[3]; \
     #[commit] for i in 0..4 { if x[i] == top { continue; } sum += i32::from(x[i]); y.set(i, sum); } }"
);

snapshot!(
    sub_tasks,
    "fn task(m: &mut Memory, s: State<u32>) { for k in 0..3 { #[run] first(&m.x, k, &mut m.y); *s += 1; } \
     match *s { 3 => { #[run] second(&m.y, &mut m.x); } _ => {} } }"
);

snapshot!(
    tiles,
    "fn task(x: TileInput<[i8; 8]>, y: TileOutput<[i8; 2]>) { #[commit] for i in 0..2 { let mut tile = [0; 4]; if x.tile(0) > 0 { x.fetch(4 * i, &mut tile); } y.set(i, tile[x.tile(i) as usize]); } }"
);

snapshot!(
    rolling_rows,
    "fn task<const R: usize>(x: RollingInput<[[i8; 8]; 9], R>, y: RollingOutput<[[i8; 8]; 7]>) { #[commit] for r in 0..7 { let first = x.row(r)[0]; let rows = x.rows::<3>(r, 1, 3); for c in 0..8 { y.set([r, c], rows[2][c] - first); } } }"
);

#[test]
fn without_protection_only_the_views_remain() {
    let item: syn::ItemFn =
        syn::parse_str("fn task(x: Input<[i8; 4]>, y: Output<[i8; 4]>) { #[commit] for i in 0..4 { y.set(i, x[i]); } }")
            .expect("Rust");
    let out =
        rekindle_compiler::intermittent_task(Default::default(), item.into_token_stream(), false);
    let text = prettyplease::unparse(&syn::parse2(out).expect("the expansion is Rust"));
    assert!(
        !text.contains("commit") && !text.contains("__rk_at"),
        "{text}"
    );
    insta::assert_snapshot!(text);
}

/// Whatever the tokens, the compiler answers with tokens: it neither panics nor hangs.
#[test]
fn any_input_gives_tokens() {
    let inputs = [
        "",
        "struct S;",
        "fn f()",
        "fn f(self: Box<Self>, _: (), ..: u8) {}",
        "fn f() { #[commit] }",
        "fn f() { #[commit] #[run] g(); }",
        "fn f() { #[commit(every)] loop {} }",
        "fn f() { #[commit(every = -1)] loop { break 'x; } }",
        "trait T { fn f(); }",
        "fn f(x: Input, y: Output<>, z: State<'a>) { #[commit] x; }",
        "fn f() { let x; #[commit] let y = x; #[commit] m!{}; y }",
        "fn f() { #[run] m!(); #[run] g; #[run] (g)(); #[run] loop {} }",
        "fn f() { if let Some(x) = y && z { #[commit] {} } else if q { #[run] r() } }",
        "fn f() { match 1 { #[commit] a if { #[commit] {} true } => (), _ => {} } }",
        "fn f() { 'a: { #[commit] break 'a; } }",
    ];
    for input in inputs {
        let Ok(tokens) = input.parse::<proc_macro2::TokenStream>() else {
            continue;
        };
        let _ = rekindle_compiler::intermittent_task(Default::default(), tokens.clone(), true);
        let _ = rekindle_compiler::intermittent_task(tokens, Default::default(), false);
    }
}
