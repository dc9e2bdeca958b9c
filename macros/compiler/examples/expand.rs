//! Prints the expansion of the `#[intermittent_task]`s in a file: `cargo run --example expand -- FILE`.

use quote::ToTokens;

fn main() {
    let path = std::env::args().nth(1).expect("a file name");
    let file = syn::parse_file(&std::fs::read_to_string(path).expect("a readable file"))
        .expect("a Rust file");
    for item in file.items {
        let syn::Item::Fn(mut function) = item else {
            continue;
        };
        function
            .attrs
            .retain(|a| !a.path().is_ident("intermittent_task"));
        let out = rekindle_compiler::intermittent_task(
            Default::default(),
            function.into_token_stream(),
            true,
        );
        match syn::parse2(out.clone()) {
            Ok(file) => println!("{}", prettyplease::unparse(&file)),
            Err(e) => println!("does not parse: {e}\n{out}"),
        }
    }
}
